// x-recent-history: queues that come late get what was published last.

import { expect, test } from "vitest";
import type { FieldTable, FieldValue } from "../../broker/message/field-table.ts";
import { bindQueue, consume, declareExchange, declareQueue } from "./test-methods.ts";
import type { Client } from "./testing.ts";
import { createWorld } from "./testing.ts";

function declareHistory(client: Client, fields: Record<string, FieldValue> = {}): void {
  const special = { arguments: new Map(Object.entries(fields)) };
  client.send(1, declareExchange("x", "x-recent-history", special));
}

/** Declares and binds a queue, and answers what is in it. */
function bodiesOf(client: Client, queue: string): string[] {
  client.send(1, declareQueue(queue));
  client.send(1, bindQueue(queue, "x"));
  client.send(1, consume(queue, { consumerTag: queue }));
  return bodies(client);
}

const bodies = (client: Client) =>
  client.receive().flatMap(({ body }) => (body === undefined ? [] : [String(body)]));

test("the last 20 messages reach a queue that is bound late, in order, and the next ones too", async () => {
  const client = (await createWorld({})).connect().open();
  declareHistory(client);
  expect(client.answer().method.name).toBe("exchange.declare-ok");
  for (let i = 0; i < 25; i++) client.publish(1, "x", `key${i}`, `m${i}`);
  expect(bodiesOf(client, "late")).toEqual(Array.from({ length: 20 }, (_, i) => `m${i + 5}`));
  client.publish(1, "x", "", "next");
  expect(bodies(client)).toEqual(["next"]);
  expect(bodiesOf(client, "later")).toHaveLength(20);
});

test("the length can be set, large bodies are kept too, and messages can ask not to be", async () => {
  const client = (await createWorld({})).connect().open();
  declareHistory(client, { "x-recent-history-length": { type: "I", value: 2 } });
  client.answer();
  const large = "x".repeat(200_000);
  const notStored: FieldTable = new Map([
    ["x-recent-history-no-store", { type: "t", value: true }],
  ]);
  client.publish(1, "x", "", "one");
  client.publish(1, "x", "", "two", { headers: new Map([["n", { type: "I", value: 2 }]]) });
  client.publish(1, "x", "", large);
  client.publish(1, "x", "", "hidden", { headers: notStored });
  const found = bodiesOf(client, "q");
  expect(found.map((body) => body.length)).toEqual([3, 200_000]);
  expect(found[1] === large).toBe(true);
});

test("a length that is none is refused", async () => {
  const client = (await createWorld({})).connect().open();
  declareHistory(client, { "x-recent-history-length": { type: "I", value: 0 } });
  expect(client.answer().method).toMatchObject({ name: "channel.close", replyCode: 406 });
});
