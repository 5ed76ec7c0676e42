// Replays the recorded cases and prints the score:
//   npx tsx test/conformance/run.ts                         against an embedded broker
//   npx tsx test/conformance/run.ts --url amqp://host:port  against any broker (prepared with set-up.ts)
//   ... --remarks                                           also what differs without being wrong
//   ... C12 G04a                                            only these cases

import { parseArgs } from "node:util";
import { threadCpuMs } from "../../src/env/thread-cpu.ts";
import { type Case, loadCases } from "./cases.ts";
import { startEmbedded } from "./embedded.ts";
import { replay, type Target, type Verdict } from "./replay.ts";

/** Most cases wait for the broker most of the time. */
const PARALLEL = 16;

export async function replayAll(target: Target, cases: readonly Case[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const together = cases.filter((replayed) => !isAlone(replayed));
  const waiting = [...together];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      verdicts.push(await replay(target, next));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  for (const replayed of cases.filter(isAlone)) {
    verdicts.push(await replay(target, replayed));
    // The broker must have noticed that the connections of this case are gone before the next one counts.
    await new Promise((done) => setTimeout(done, 300));
  }
  return verdicts.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Others would be part of what is measured. */
function isAlone({ alone, steps }: Case): boolean {
  return alone === true || steps.some((step) => step.includes(" <within "));
}

export function report(verdicts: readonly Verdict[], withRemarks: boolean): string {
  const lines: string[] = [];
  for (const { id, title, problem, skipped, remarks } of verdicts) {
    if (problem !== "") lines.push(`${id} ${title}\n   ${problem}`);
    if (skipped !== "") lines.push(`${id} ${title}\n   skipped: ${skipped}`);
    if (withRemarks) lines.push(...remarks.map((remark) => `${id} ${title}\n   ${remark}`));
  }
  const run = verdicts.filter(({ skipped }) => skipped === "");
  const right = run.filter(({ problem }) => problem === "");
  const same = right.filter(({ remarks }) => remarks.length === 0);
  lines.push(
    `conformance: ${right.length} of ${run.length} right, ${same.length} of them with RabbitMQ's very bytes and texts`,
  );
  return lines.join("\n");
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { url: { type: "string" }, remarks: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const cases = loadCases().filter(
    ({ id }) => positionals.length === 0 || positionals.some((wanted) => id.startsWith(wanted)),
  );
  const embedded = values.url === undefined ? await startEmbedded() : undefined;
  const url = new URL(values.url ?? `amqp://127.0.0.1:${embedded?.port}`);
  const address = { host: url.hostname, port: Number(url.port || 5672) };
  const target = embedded === undefined ? address : { ...address, clockMs: threadCpuMs };
  const startedMs = performance.now();
  const verdicts = await replayAll(target, cases);
  console.log(report(verdicts, values.remarks));
  console.log(`${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
  await embedded?.stop();
  process.exitCode = verdicts.some(({ problem }) => problem !== "") ? 1 : 0;
}

if (import.meta.url === `file://${process.argv[1]}`) await main();
