// Streams as three clients read and write them with what AMQP 0-9-1 has: arguments of queue.declare and basic.consume.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestBroker } from "../../src/testing/index.ts";
import type { Client, Got, Table } from "./client.ts";
import { clients, refusal } from "./clients.ts";

const STREAM = { "x-queue-type": "stream" };
const COUNT = 50;
const COLOURS = ["red", "green", "blue"];

const offsetsOf = (all: readonly Got[]) => all.map(({ headers }) => headers["x-stream-offset"]);
const bodiesOf = (all: readonly Got[]) => all.map(({ body }) => body);

describe.each(clients)("%s", (_name, isThere, connect) => {
  let broker: TestBroker;
  let client: Client;
  let lastTag = 0;
  let beganAtSeconds = 0;

  beforeAll(async () => {
    if (!isThere) return;
    broker = await TestBroker.start();
    client = await connect(broker.url);
    await client.prefetch(100);
    await client.declareQueue("numbers", STREAM);
    beganAtSeconds = Math.floor(broker.clock.now().getTime() / 1_000);
    for (let i = 0; i < COUNT; i++) {
      const headers = { "x-stream-filter-value": COLOURS[i % 3] as string };
      expect(await client.publish("", "numbers", `${i}`, { headers })).toBe("confirmed");
    }
  });
  afterAll(async () => {
    await client?.end();
    await broker?.stop();
  });

  /** The first `count` messages that a reader with these arguments gets. */
  async function read(stream: string, options: Table, count: number): Promise<readonly Got[]> {
    const tag = `reader-${++lastTag}`;
    await client.consume(stream, tag, { arguments: options });
    const all = await client.take(tag, count);
    for (const got of all) await client.ack(got);
    await client.cancel(tag);
    return all;
  }

  test.skipIf(!isThere).each([
    ["first", "first", 0],
    ["last", "last", COUNT - 1],
    ["a number", COUNT - 10, COUNT - 10],
    ["an interval", "1h", 0],
  ])("offset: %s", async (_what, offset, first) => {
    const all = await read("numbers", { "x-stream-offset": offset }, COUNT - first);
    expect(offsetsOf(all)).toEqual(Array.from({ length: COUNT - first }, (_, i) => first + i));
    expect(bodiesOf(all)).toEqual(offsetsOf(all).map(String));
  });

  test.skipIf(!isThere)("offset: a time", async (context) => {
    if (!client.writesTimestamps) context.skip("it has no timestamps in field tables");
    const since = { "x-stream-offset": { timestamp: beganAtSeconds - 60 } };
    expect(offsetsOf(await read("numbers", since, COUNT))[0]).toBe(0);
  });

  test.skipIf(!isThere)("offset: next, which is also what is meant without any", async () => {
    await client.declareQueue("next", STREAM);
    await client.publish("", "next", "old");
    for (const [tag, options] of [
      ["next", { "x-stream-offset": "next" }],
      ["without", {}],
    ] as const) {
      await client.consume("next", tag, { arguments: options });
      await client.publish("", "next", `for ${tag}`);
      expect(bodiesOf(await client.take(tag, 1))).toEqual([`for ${tag}`]);
      await client.cancel(tag);
    }
  });

  test.skipIf(!isThere)("filters: by one value, and by several", async () => {
    const first = { "x-stream-offset": "first" };
    const red = await read("numbers", { ...first, "x-stream-filter": "red" }, 17);
    for (const { headers } of red) expect(headers["x-stream-filter-value"]).toBe("red");
    const wanted = ["green", "blue"];
    const both = await read("numbers", { ...first, "x-stream-filter": wanted }, 33);
    for (const { headers } of both) expect(wanted).toContain(headers["x-stream-filter-value"]);
  });

  test.skipIf(!isThere)(
    "tracking: a reader with a name goes on behind what it settled",
    async () => {
      const named = { "x-stream-consumer-name": "accounts" };
      const begun = await read("numbers", { ...named, "x-stream-offset": "first" }, 20);
      expect(offsetsOf(begun).at(-1)).toBe(19);
      expect(offsetsOf(await read("numbers", named, 10))[0]).toBe(20);
    },
  );

  test.skipIf(!isThere)("of the readers of one name one is active", async () => {
    await client.declareQueue("group", STREAM);
    const named = { "x-stream-consumer-name": "group", "x-single-active-consumer": true };
    await client.consume("group", "group-1", { arguments: named });
    await client.consume("group", "group-2", { arguments: named });
    await client.publish("", "group", "a");
    const [got] = await client.take("group-1", 1);
    await client.ack(got as Got);
    await client.cancel("group-1");
    await client.publish("", "group", "b");
    expect(bodiesOf(await client.take("group-2", 1))).toEqual(["b"]);
    await client.cancel("group-2");
  });

  test.skipIf(!isThere)(
    "retention by size: the oldest go, and readers begin behind them",
    async () => {
      const sizes = { "x-max-length-bytes": 20_000, "x-stream-max-segment-size-bytes": 4_000 };
      await client.declareQueue("short", { ...STREAM, ...sizes });
      for (let i = 0; i < 60; i++) await client.publish("", "short", "x".repeat(1_000));
      const [oldest] = await read("short", { "x-stream-offset": "first" }, 1);
      const offset = oldest?.headers["x-stream-offset"] as number;
      expect(offset).toBeGreaterThan(20);
      expect(offset).toBeLessThan(60);
    },
  );

  test.skipIf(!isThere)("what a stream has not is refused", async () => {
    const ttl = { ...STREAM, "x-message-ttl": 1_000 };
    expect(await refusal(client.declareQueue("refused", ttl))).toContain("rabbit_stream_queue");
    await client.closed();
    await client.prefetch(100);
    const offset = { arguments: { "x-stream-offset": "third" } };
    expect(await refusal(client.consume("numbers", "wrong", offset))).toContain("x-stream-offset");
    await client.closed();
    await client.prefetch(100);
  });
});
