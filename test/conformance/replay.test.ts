// The recorded answers of RabbitMQ, replayed against a broker of ours. `npx tsx test/conformance/run.ts` says more.

import { afterAll, beforeAll, expect, it } from "vitest";
import { threadCpuMs } from "../../src/env/thread-cpu.ts";
import { loadCases } from "./cases.ts";
import { type EmbeddedBroker, startEmbedded } from "./embedded.ts";
import { replayAll, report } from "./run.ts";

let broker: EmbeddedBroker;
beforeAll(async () => {
  broker = await startEmbedded();
});
afterAll(() => broker?.stop());

it("answers what the recorded cases accept", async () => {
  // The machine may be busy with other things.
  const target = { host: "127.0.0.1", port: broker.port, clockMs: threadCpuMs };
  const verdicts = await replayAll(target, loadCases());
  console.log(report(verdicts, false));
  const wrong = verdicts.filter(({ problem }) => problem !== "");
  expect(wrong.map(({ id, title, problem }) => `${id} ${title}: ${problem}`)).toEqual([]);
  expect(verdicts.length).toBe(298);
  expect(broker.bugs).toEqual([]);
});
