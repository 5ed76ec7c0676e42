// x-recent-history: queues that come late get what was published last.

import { expect, test } from "vitest";
import { EMPTY_TABLE, type FieldTable, type FieldValue } from "../../broker/field-table.ts";
import type { Client } from "./testing.ts";
import { createWorld } from "./testing.ts";

function declareExchange(client: Client, fields: Record<string, FieldValue> = {}): void {
  client.send(1, {
    name: "exchange.declare",
    exchange: "x",
    type: "x-recent-history",
    passive: false,
    durable: false,
    autoDelete: false,
    internal: false,
    noWait: false,
    arguments: new Map(Object.entries(fields)),
  });
}

/** Declares and binds a queue, and answers what is in it. */
function bodiesOf(client: Client, queue: string): string[] {
  client.send(1, {
    name: "queue.declare",
    queue,
    passive: false,
    durable: false,
    exclusive: false,
    autoDelete: false,
    noWait: false,
    arguments: EMPTY_TABLE,
  });
  client.send(1, {
    name: "queue.bind",
    queue,
    exchange: "x",
    routingKey: "",
    noWait: false,
    arguments: EMPTY_TABLE,
  });
  client.send(1, {
    name: "basic.consume",
    queue,
    consumerTag: queue,
    noLocal: false,
    noAck: true,
    exclusive: false,
    noWait: false,
    arguments: EMPTY_TABLE,
  });
  return bodies(client);
}

const bodies = (client: Client) =>
  client.receive().flatMap(({ body }) => (body === undefined ? [] : [String(body)]));

test("the last 20 messages reach a queue that is bound late, in order, and the next ones too", async () => {
  const client = (await createWorld({})).connect().open();
  declareExchange(client);
  expect(client.answer().method.name).toBe("exchange.declare-ok");
  for (let i = 0; i < 25; i++) client.publish(1, "x", `key${i}`, `m${i}`);
  expect(bodiesOf(client, "late")).toEqual(Array.from({ length: 20 }, (_, i) => `m${i + 5}`));
  client.publish(1, "x", "", "next");
  expect(bodies(client)).toEqual(["next"]);
  expect(bodiesOf(client, "later")).toHaveLength(20);
});

test("the length can be set, large bodies are kept too, and messages can ask not to be", async () => {
  const client = (await createWorld({})).connect().open();
  declareExchange(client, { "x-recent-history-length": { type: "I", value: 2 } });
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
  declareExchange(client, { "x-recent-history-length": { type: "I", value: 0 } });
  expect(client.answer().method).toMatchObject({ name: "channel.close", replyCode: 406 });
});
