// Answers that go on (taps, the live log) end as soon as whoever reads them may no longer, and not before.

import { beforeAll, expect, test } from "vitest";
import { SharedBroker } from "./set-up.ts";

const broker = new SharedBroker("live");
let base: string;

beforeAll(async () => {
  base = await broker.api();
});

function login(user: string): { readonly authorization: string } {
  return { authorization: `Basic ${btoa(`${user}:${user}`)}` };
}

async function api(method: string, path: string, body?: object): Promise<number> {
  const answer = await fetch(base + path, {
    method,
    headers: login("guest"),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Begins to read as `user`; says whether the broker has ended the answer. */
async function read(user: string, path: string) {
  const end = new AbortController();
  const answer = await fetch(base + path, { headers: login(user), signal: end.signal });
  expect(answer.status).toBe(200);
  const reading = { isEnded: false, text: "", close: () => end.abort() };
  void (async () => {
    try {
      const text = answer.body!.pipeThrough(new TextDecoderStream());
      for await (const piece of text) reading.text += piece;
      reading.isEnded = true;
    } catch {
      // Closed here.
    }
  })();
  return reading;
}

const publish = (text: string) =>
  api("POST", "/exchanges/%2F/amq.topic/publish", {
    ...{ properties: {}, routing_key: "kept.a", payload: text, payload_encoding: "string" },
  });

const TAP = "/tap/%2F?exchange=amq.topic";
const QUEUE_TAP = "/tap/%2F?queue=seen";

test.each([
  ["the user is deleted", TAP, "management", ["DELETE", "/users/ann"]],
  ["its tags are taken", TAP, "management", ["PUT", "/users/ann", { password: "ann", tags: "" }]],
  ["its permissions are cleared", TAP, "management", ["DELETE", "/permissions/%2F/ann"]],
  [
    "it may not read the exchange any more",
    TAP,
    "management",
    ["PUT", "/permissions/%2F/ann", { configure: "", write: "", read: "^seen$" }],
  ],
  [
    "it may not read the queue any more",
    QUEUE_TAP,
    "management",
    ["PUT", "/permissions/%2F/ann", { configure: "", write: "", read: "^amq" }],
  ],
  [
    "an administrator is one no longer",
    "/tap/%2F",
    "administrator",
    ["PUT", "/users/ann", { password: "ann", tags: "management" }],
  ],
  ["the reader of the log is deleted", "/livelog", "monitoring", ["DELETE", "/users/ann"]],
  [
    "the reader of the log may not monitor any more",
    "/livelog",
    "monitoring",
    ["PUT", "/users/ann", { password: "ann", tags: "management" }],
  ],
] as const)("it ends when %s", async (_, path, tags, [method, where, body]) => {
  await api("PUT", "/queues/%2F/seen", {});
  await api("PUT", "/users/ann", { password: "ann", tags });
  await api("PUT", "/permissions/%2F/ann", { configure: "", write: "", read: ".*" });
  const reading = await read("ann", path);
  // Somebody else's changes end nothing.
  await api("PUT", "/users/ben", { password: "ben", tags: "" });
  await api("DELETE", "/users/ben");
  await publish("one");
  if (path === TAP) await expect.poll(() => reading.text).toContain('"one"');
  expect(reading.isEnded).toBe(false);

  expect(await api(method, where, body)).toBeLessThan(300);
  await expect.poll(() => reading.isEnded).toBe(true);
  await publish("two");
  expect(reading.text).not.toContain('"two"');
});

test("a tap of a queue goes on when the queue is deleted and declared anew", async () => {
  await api("PUT", "/queues/%2F/seen", {});
  const reading = await read("guest", QUEUE_TAP);
  await api("DELETE", "/queues/%2F/seen");
  await api("PUT", "/users/ben", { password: "ben", tags: "" });
  await api("PUT", "/queues/%2F/seen", {});
  await api("POST", "/exchanges/%2F/amq.default/publish", {
    ...{ properties: {}, routing_key: "seen", payload: "anew", payload_encoding: "string" },
  });
  await expect.poll(() => reading.text).toContain('"anew"');
  expect(reading.isEnded).toBe(false);
  reading.close();
});

test("it ends when the virtual host is deleted", async () => {
  await api("PUT", "/vhosts/shop");
  await api("PUT", "/permissions/shop/guest", { configure: ".*", write: ".*", read: ".*" });
  const reading = await read("guest", "/tap/shop");
  expect(await api("DELETE", "/vhosts/shop")).toBe(204);
  await expect.poll(() => reading.isEnded).toBe(true);
});
