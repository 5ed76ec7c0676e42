// Streams with client libraries that know nothing of them but queue.declare and basic.consume arguments.

import { type ChannelModel, type ConsumeMessage, connect } from "amqplib";
import { Connection } from "rabbitmq-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmbeddedTarget, startTarget, type Target } from "./target.ts";

const STREAM = { durable: true, arguments: { "x-queue-type": "stream" } } as const;
const text = (body: Uint8Array) => Buffer.from(body).toString();

async function publish(connection: ChannelModel, stream: string, bodies: readonly string[]) {
  const channel = await connection.createConfirmChannel();
  for (const body of bodies) {
    const headers = { "x-stream-filter-value": body.at(-1) as string };
    channel.sendToQueue(stream, Buffer.from(body), { headers });
  }
  await channel.waitForConfirms();
  await channel.close();
}

/** The first `count` messages a reader with these arguments gets. */
async function read(
  connection: ChannelModel,
  stream: string,
  consumerArguments: Record<string, unknown>,
  count: number,
): Promise<ConsumeMessage[]> {
  const channel = await connection.createChannel();
  await channel.prefetch(100);
  const found: ConsumeMessage[] = [];
  await new Promise<void>((resolve, reject) => {
    channel.on("error", reject);
    const onMessage = (message: ConsumeMessage | null) => {
      if (message === null || found.length === count) return;
      found.push(message);
      channel.ack(message);
      if (found.length === count) resolve();
    };
    channel.consume(stream, onMessage, { arguments: consumerArguments }).catch(reject);
  });
  await channel.close();
  return found;
}

const bodiesOf = (messages: readonly ConsumeMessage[]) =>
  messages.map(({ content }) => text(content));
const offsetsOf = (messages: readonly ConsumeMessage[]) =>
  messages.map(({ properties }) => properties.headers?.["x-stream-offset"] as number);

const numbers = Array.from({ length: 1_000 }, (_, i) => `message ${i}`);

describe.each([
  ["on disk", startTarget],
  ["in memory", startEmbeddedTarget],
])("streams %s", (where, start) => {
  let target: Target;
  let connection: ChannelModel;
  beforeAll(async () => {
    target = await start();
    connection = await connect(target.url);
    const channel = await connection.createChannel();
    await channel.assertQueue("numbers", STREAM);
    await publish(connection, "numbers", numbers);
  });
  afterAll(async () => {
    await connection?.close();
    await target?.stop();
  });

  it("are read by many from wherever they like, again and again", async () => {
    const all = await Promise.all(
      Array.from({ length: 5 }, () =>
        read(connection, "numbers", { "x-stream-offset": "first" }, numbers.length),
      ),
    );
    for (const messages of all) {
      expect(bodiesOf(messages)).toEqual(numbers);
      expect(offsetsOf(messages)).toEqual(numbers.map((_, i) => i));
    }
    const some = await read(connection, "numbers", { "x-stream-offset": 700 }, 300);
    expect(bodiesOf(some)).toEqual(numbers.slice(700));
    const hourAgo = { "x-stream-offset": "1h" };
    expect(offsetsOf(await read(connection, "numbers", hourAgo, 1))).toEqual([0]);
    const date = Math.floor(Date.now() / 1_000) - 3_600;
    const since = { "x-stream-offset": { "!": "timestamp", value: date } };
    expect(offsetsOf(await read(connection, "numbers", since, 1))).toEqual([0]);
  });

  it("give who comes for what is next only what is new", async () => {
    const channel = await connection.createChannel();
    await channel.assertQueue("next", STREAM);
    await publish(connection, "next", ["old"]);
    await channel.prefetch(10);
    const seen: string[] = [];
    const isThere = new Promise<void>((resolve) => {
      void channel.consume("next", (message) => {
        seen.push(text((message as ConsumeMessage).content));
        resolve();
      });
    });
    // The consumer stands before anything else on this channel is answered.
    await channel.checkQueue("next");
    await publish(connection, "next", ["new"]);
    await isThere;
    expect(seen).toEqual(["new"]);
    await channel.close();
  });

  it("give who filters what was filtered for", async () => {
    const filter = { "x-stream-offset": "first", "x-stream-filter": "7" };
    const found = await read(connection, "numbers", filter, 100);
    // Brokers may give more than was asked for; clients look again.
    const wanted = found.filter(
      ({ properties }) => properties.headers?.["x-stream-filter-value"] === "7",
    );
    expect(bodiesOf(wanted)).toEqual(
      numbers.filter((body) => body.endsWith("7")).slice(0, wanted.length),
    );
    expect(wanted.length).toBeGreaterThan(0);
  });

  it("refuse what streams do not have", async () => {
    const refusals: [Record<string, unknown>, string][] = [
      [{ ...STREAM, durable: false }, "invalid property 'non-durable'"],
      [{ ...STREAM, exclusive: true }, "invalid property 'exclusive-owner'"],
      [{ ...STREAM, autoDelete: true }, "invalid property 'auto-delete'"],
      [{ ...STREAM, messageTtl: 1_000 }, "of queue type rabbit_stream_queue"],
    ];
    for (const [options, words] of refusals) {
      const channel = await connection.createChannel();
      channel.on("error", () => {});
      await expect(channel.assertQueue("refused", options)).rejects.toThrow(words);
    }
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    await expect(channel.consume("numbers", () => {})).rejects.toThrow(
      "consumer prefetch count is not set",
    );
  });

  it("work with rabbitmq-client", async () => {
    const client = new Connection(target.url);
    const seen: number[] = [];
    const sub = client.createConsumer(
      {
        ...{ queue: "numbers", queueOptions: STREAM, qos: { prefetchCount: 50 } },
        arguments: { "x-stream-offset": 900 },
      },
      async (message) => {
        seen.push(message.headers?.["x-stream-offset"]);
      },
    );
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (seen.length < 100) return;
        clearInterval(timer);
        resolve();
      }, 10);
    });
    expect(seen.slice().sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => 900 + i),
    );
    await sub.close();
    await client.close();
  });

  it.skipIf(where === "in memory")("are there after a restart", async () => {
    await connection.close();
    await target.restart();
    connection = await connect(target.url);
    const first = { "x-stream-offset": "first" };
    expect(bodiesOf(await read(connection, "numbers", first, 1_000))).toEqual(numbers);
    const filter = { "x-stream-offset": 500, "x-stream-filter": ["3"] };
    const [found] = await read(connection, "numbers", filter, 1);
    expect(offsetsOf([found as ConsumeMessage])[0]).toBeGreaterThanOrEqual(500);
  });
});
