// A queue of the real process changes its type under real clients, and the process is killed meanwhile.

import { join } from "node:path";
import amqplib from "amqplib";
import { expect, test } from "vitest";
import type { LeveretProcess } from "./leveret-process.ts";
import { AUTHORIZATION, brokersOfEachTest, ownFolder } from "./set-up.ts";

const COUNT = 20_000;

const folder = ownFolder("conversions");
const startAnywhere = brokersOfEachTest();
const start = (name: string) => startAnywhere("--data-dir", join(folder, name));

async function connect(leveret: LeveretProcess) {
  const connection = await amqplib.connect(
    `amqp://guest:guest@127.0.0.1:${await leveret.port("amqp")}`,
  );
  connection.on("error", () => {});
  const channel = await connection.createConfirmChannel();
  channel.on("error", () => {});
  return { connection, channel };
}

async function ask(leveret: LeveretProcess, path: string, body?: object) {
  return fetch(`http://127.0.0.1:${await leveret.port("http")}/api/${path}`, {
    method: body === undefined ? "GET" : "PUT",
    headers: { authorization: AUTHORIZATION },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function api(leveret: LeveretProcess, path: string) {
  const answer = await ask(leveret, path);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

/** The last conversion may not have let go of everything yet. */
async function convert(leveret: LeveretProcess, type: string): Promise<void> {
  for (;;) {
    const answer = await ask(leveret, "queues/%2F/q/type", { type });
    if (answer.status === 200) return;
    expect(await answer.text()).toContain("deliveries from before are not settled yet");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function converted(leveret: LeveretProcess, type: string): Promise<void> {
  for (;;) {
    const queue = await api(leveret, "queues/%2F/q");
    if (queue.type === type && queue.state === "running") return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("killed while it converts: every message is there once, in its order", async () => {
  let leveret = start("killed");
  const { channel } = await connect(leveret);
  await channel.assertQueue("q");
  for (let i = 0; i < COUNT; i++) {
    channel.sendToQueue("q", Buffer.from(`${i}`), { persistent: true });
  }
  await channel.waitForConfirms();
  const types = ["quorum", "classic", "stream", "quorum", "stream", "classic"];
  for (const [round, type] of types.entries()) {
    await convert(leveret, type);
    await new Promise((resolve) => setTimeout(resolve, round * 15));
    await leveret.kill();
    leveret = start("killed");
    await converted(leveret, type);
  }
  const reader = await connect(leveret);
  const seen: number[] = [];
  await reader.channel.prefetch(1_000);
  await new Promise<void>((resolve) => {
    void reader.channel.consume("q", (message) => {
      if (message === null) return;
      seen.push(Number(message.content.toString()));
      reader.channel.ack(message);
      if (seen.length === COUNT) resolve();
    });
  });
  expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  expect((await reader.channel.checkQueue("q")).messageCount).toBe(0);
  await reader.connection.close();
});

test("publishers and consumers go on meanwhile; into a stream consumers are cancelled", async () => {
  const leveret = start("used");
  const { connection, channel } = await connect(leveret);
  const publisher = await connect(leveret);
  await channel.assertQueue("q");
  await channel.assertExchange("x", "topic");
  await channel.bindQueue("q", "x", "a.#");
  await channel.prefetch(100);
  const seen: number[] = [];
  let isCancelled = false;
  await channel.consume("q", (message) => {
    isCancelled = message === null;
    if (message === null) return;
    seen.push(Number(message.content.toString()));
    channel.ack(message);
  });
  for (let i = 0; i < COUNT; i++) {
    publisher.channel.publish("x", "a.b", Buffer.from(`${i}`), { persistent: true });
    if (i === COUNT / 4) await convert(leveret, "quorum");
    if (i % 1_000 === 0) await publisher.channel.waitForConfirms();
  }
  await publisher.channel.waitForConfirms();
  await converted(leveret, "quorum");
  while (seen.length < COUNT) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  expect(isCancelled).toBe(false);
  await convert(leveret, "stream");
  await converted(leveret, "stream");
  while (!isCancelled) await new Promise((resolve) => setTimeout(resolve, 10));
  await connection.close();
  await publisher.connection.close();
});

test("readers of a stream are cancelled when it becomes a queue; who comes meanwhile consumes it then", async () => {
  const leveret = start("read");
  const { connection, channel } = await connect(leveret);
  await channel.assertQueue("q", { arguments: { "x-queue-type": "stream" } });
  await channel.prefetch(100);
  for (let i = 0; i < COUNT; i++) {
    channel.sendToQueue("q", Buffer.from(`${i}`), { persistent: true });
  }
  await channel.waitForConfirms();
  let read = 0;
  const cancelled = new Promise<void>((resolve) => {
    const onMessage = (message: amqplib.ConsumeMessage | null) => {
      if (message === null) return resolve();
      read++;
      channel.ack(message);
    };
    void channel.consume("q", onMessage, { arguments: { "x-stream-offset": "first" } });
  });
  while (read < COUNT / 4) await new Promise((resolve) => setTimeout(resolve, 1));
  await convert(leveret, "quorum");
  await cancelled;
  const seen: number[] = [];
  const consumer = await connect(leveret);
  await consumer.channel.prefetch(100);
  await consumer.channel.consume("q", (message) => {
    if (message === null) return;
    seen.push(Number(message.content.toString()));
    consumer.channel.ack(message);
  });
  await converted(leveret, "quorum");
  while (seen.length < COUNT) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  await consumer.connection.close();
  await connection.close();
});
