// A message for many queues lies on the disk once; everybody who looks at it sees all of it.

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChannelModel, connect } from "amqplib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LeveretProcess } from "../process/leveret-process.ts";

const QUEUES = 40;
const MESSAGES = 60;
const BODY_BYTES = 20_000;
const FLAGS = ["--amqp-port", "0", "--http-port", "0"];

let directory: string;
let broker: LeveretProcess;
let connection: ChannelModel;

async function start(): Promise<void> {
  broker = LeveretProcess.start(...FLAGS, "--data-dir", join(directory, "data"));
  connection = await connect({ port: await broker.port("amqp") });
  connection.on("error", () => {});
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "leveret-fanout-"));
  await start();
});

afterEach(async () => {
  await broker.kill();
  rmSync(directory, { recursive: true });
});

/** Every kind of queue there is among them. */
function argumentsOf(index: number): Record<string, unknown> {
  if (index === 0) return { "x-queue-type": "quorum" };
  if (index === 1) return { "x-queue-type": "stream" };
  if (index === 2) return { "x-max-priority": 3 };
  if (index === 3) return { "x-message-ttl": 1, "x-dead-letter-exchange": "dead" };
  return {};
}

function bodyOf(index: number): Buffer {
  return Buffer.alloc(BODY_BYTES, `message ${index} `);
}

async function declareAll(): Promise<void> {
  const channel = await connection.createChannel();
  await channel.assertExchange("all", "fanout");
  await channel.assertExchange("dead", "fanout");
  await channel.assertQueue("dead");
  await channel.bindQueue("dead", "dead", "");
  for (let i = 0; i < QUEUES; i++) {
    await channel.assertQueue(`q${i}`, { durable: true, arguments: argumentsOf(i) });
    await channel.bindQueue(`q${i}`, "all", "");
  }
  await channel.close();
}

async function publishAll(): Promise<void> {
  const channel = await connection.createConfirmChannel();
  for (let i = 0; i < MESSAGES; i++) {
    channel.publish("all", "key", bodyOf(i), { persistent: true, messageId: String(i) });
  }
  await channel.waitForConfirms();
  await channel.close();
}

/** All messages of `queue`, in order, as a consumer gets them. */
async function consumeAll(queue: string, noAck: boolean): Promise<Map<string, Buffer>> {
  const channel = await connection.createChannel();
  const bodies = new Map<string, Buffer>();
  await channel.prefetch(10);
  await new Promise<void>((resolve) => {
    const onMessage = (message: import("amqplib").ConsumeMessage | null) => {
      if (message === null) return;
      bodies.set(message.properties.messageId, message.content);
      if (!noAck) channel.ack(message);
      if (bodies.size === MESSAGES) resolve();
    };
    const options = queue === "q1" ? { arguments: { "x-stream-offset": "first" } } : {};
    void channel.consume(queue, onMessage, { noAck, ...options });
  });
  await channel.close();
  return bodies;
}

async function expectAllIn(queue: string, noAck = false): Promise<void> {
  const bodies = await consumeAll(queue, noAck);
  expect([...bodies.keys()]).toEqual(Array.from({ length: MESSAGES }, (_, i) => String(i)));
  for (const [id, body] of bodies) expect(body.equals(bodyOf(Number(id)))).toBe(true);
}

function sizeOnDisk(): number {
  const data = join(directory, "data");
  const files = readdirSync(data, { recursive: true, withFileTypes: true });
  const segments = files.filter((file) => file.isFile() && file.name.startsWith("segment"));
  return segments.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

/** Nobody answers a settlement: it is on the disk when something that came later has been answered. */
async function settlementsAreDurable(): Promise<void> {
  const channel = await connection.createChannel();
  await channel.assertQueue("behind the settlements");
  await channel.close();
}

test("consumers of every kind of queue get all of it, from memory and after a crash", async () => {
  await declareAll();
  await publishAll();
  await expectAllIn("q5");
  await expectAllIn("q6", true);
  await expectAllIn("q2");
  await expectAllIn("dead");
  await settlementsAreDurable();
  await broker.kill();
  await start();
  for (const queue of ["q0", "q7", "q8", `q${QUEUES - 1}`]) await expectAllIn(queue);
  await expectAllIn("q1");
  await settlementsAreDurable();
  // What was read is gone, in streams it stays.
  await connection.close();
  await broker.kill();
  await start();
  const channel = await connection.createChannel();
  for (const queue of ["q5", "q7", "q8"]) {
    expect(await channel.checkQueue(queue)).toMatchObject({ messageCount: 0 });
  }
  await expectAllIn("q1");
  await expectAllIn("q9");
});

test("its body lies on the disk once, and goes with the last queue that has it", async () => {
  await declareAll();
  const channel = await connection.createChannel();
  await channel.deleteQueue("q1");
  await publishAll();
  await connection.close();
  broker.signal("SIGTERM");
  await broker.exitCode();
  const once = MESSAGES * BODY_BYTES;
  expect(sizeOnDisk()).toBeGreaterThan(once);
  expect(sizeOnDisk()).toBeLessThan(2 * once);
  await start();
  for (let i = 0; i < QUEUES; i++) if (i !== 1 && i !== 3) await expectAllIn(`q${i}`, true);
  await expectAllIn("dead");
  await connection.close();
  broker.signal("SIGTERM");
  await broker.exitCode();
  expect(sizeOnDisk()).toBeLessThan(once / 4);
});

test("the management looks into it", async () => {
  await declareAll();
  await publishAll();
  const url = `http://127.0.0.1:${await broker.port("http")}/api/queues/%2F/q9/get`;
  const answer = await fetch(url, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("guest:guest")}` },
    body: JSON.stringify({ count: 2, ackmode: "ack_requeue_true", encoding: "auto" }),
  });
  const messages = (await answer.json()) as { payload: string; payload_bytes: number }[];
  expect(messages.map(({ payload }) => payload)).toEqual([String(bodyOf(0)), String(bodyOf(1))]);
});
