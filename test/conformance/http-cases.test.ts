// Odd and bad HTTP requests: the status must be the one that is right, and nothing may break.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EmbeddedBroker, startEmbedded } from "./embedded.ts";
import { call } from "./http-client.ts";

interface HttpCase {
  readonly id: string;
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly as?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | { start: string; fill: string; times: number; end: string };
  readonly status: number;
}

const file = new URL("data/http-cases.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: HttpCase[] };

/** Users the cases name; all others have their name as password. */
const TAGGED = [
  ["rel-mgmt", "management"],
  ["rel-monitoring", "monitoring"],
  ["rel-policymaker", "policymaker"],
] as const;

let broker: EmbeddedBroker;

beforeAll(async () => {
  broker = await startEmbedded({ management: true });
  const { access } = broker.server.broker;
  for (const [name, tag] of TAGGED) {
    await new Promise<void>((done) => access.setPassword(name, "p", [tag], "test", done));
    const everything = { configure: ".*", write: ".*", read: ".*" };
    access.setPermissions({ user: name, vhost: "rel-lab", ...everything }, "test");
  }
  const everything = { configure: ".*", write: ".*", read: ".*" };
  access.setPermissions({ user: "guest", vhost: "rel-lab", ...everything }, "test");
});
afterAll(() => broker?.stop());

function bodyOf(body: HttpCase["body"]): string | undefined {
  if (body === undefined || typeof body === "string") return body;
  return body.start + body.fill.repeat(body.times) + body.end;
}

test.each(cases)("$id $title: $status", async ({ method, path, as, headers, body, status }) => {
  const password = as === undefined ? undefined : as.startsWith("rel-") ? "p" : as;
  const answer = await call({
    port: broker.httpPort,
    ...{ method, path, headers },
    credentials: as === undefined ? undefined : `${as}:${password}`,
    body: bodyOf(body),
  });
  expect(answer.status, answer.text).toBe(status);
  expect(broker.bugs).toEqual([]);
});

test("a 64-bit integer comes back digit by digit", async () => {
  const request = { port: broker.httpPort, credentials: "guest:guest" };
  const path = "/api/queues/rel-lab/hq10";
  await call({ ...request, method: "PUT", path, body: '{"arguments":{"x-foo":9007199254740993}}' });
  const answer = await call({ ...request, method: "GET", path });
  expect(answer.text).toContain('"x-foo":9007199254740993');
});
