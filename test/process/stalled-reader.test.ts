// A consumer that stops reading costs the broker no memory, and nobody else anything.

import { readFileSync } from "node:fs";
import { connect } from "amqplib";
import { expect, test } from "vitest";
import { WireConnection } from "../conformance/wire.ts";
import { SharedBroker } from "./set-up.ts";

const BODY_BYTES = 60_000;
const MESSAGES = 8_000;
/** Half of what is published. Without bounds on output the process would hold it all. */
const GROWTH_BYTES_MAX = (BODY_BYTES * MESSAGES) / 2;

const broker = new SharedBroker("stalled");

/** Resident memory that is the process's own, not shared pages of files. */
function memoryBytes(): number {
  const status = readFileSync(`/proc/${broker.process.processId}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

test.skipIf(process.platform !== "linux")(
  "half a gigabyte waits for a consumer that stopped reading, on disk, not in memory",
  async () => {
    const port = await broker.process.port("amqp");
    const publisher = await connect({ port });
    const channel = await publisher.createConfirmChannel();
    await channel.assertQueue("stalled");
    const reader = await WireConnection.connect("127.0.0.1", port);
    await reader.open({ user: "guest", password: "guest", vhost: "/", channels: 1 });
    reader.sendMethod(1, {
      ...{ name: "basic.consume", queue: "stalled", consumerTag: "sleeper", noLocal: false },
      ...{ noAck: true, exclusive: false, noWait: false, arguments: new Map() },
    });
    await reader.next("basic.consume-ok");
    reader.pauseReading();

    const before = memoryBytes();
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, memoryBytes());
    }, 20);
    const body = Buffer.alloc(BODY_BYTES);
    for (let i = 0; i < MESSAGES; i++) {
      body.writeUInt32BE(i);
      if (!channel.sendToQueue("stalled", Buffer.from(body))) await channel.waitForConfirms();
    }
    await channel.waitForConfirms();
    // Others are served as ever.
    await channel.assertQueue("lively");
    channel.sendToQueue("lively", Buffer.from("quick"));
    await channel.waitForConfirms();
    expect(await channel.get("lively", { noAck: true })).not.toBe(false);
    expect(most - before).toBeLessThan(GROWTH_BYTES_MAX);

    // And it gets all there is, in order, once it reads again.
    let next = 0;
    let isBodyStart = false;
    let read = reader.frames.length;
    reader.resumeReading();
    await reader.until(() => {
      for (; read < reader.frames.length; read++) {
        const frame = reader.frames[read];
        if (frame?.kind === "BODY" && isBodyStart && frame.bytes.readUInt32BE(7) === next) next++;
        isBodyStart = frame?.kind === "HEADER";
      }
      return next === MESSAGES;
    }, 20_000);
    clearInterval(watch);
    expect(next).toBe(MESSAGES);
    expect(most - before).toBeLessThan(GROWTH_BYTES_MAX);
    reader.disconnect();
    await publisher.close();
  },
  60_000,
);

test("a hundred and fifty readers of a stream that stopped reading hold nobody else up", async () => {
  const port = await broker.process.port("amqp");
  const publisher = await connect({ port });
  const channel = await publisher.createConfirmChannel();
  await channel.assertQueue("long", { arguments: { "x-queue-type": "stream" } });
  // More for each than the system's buffers take.
  for (let i = 0; i < 300; i++) channel.sendToQueue("long", Buffer.alloc(BODY_BYTES));
  await channel.waitForConfirms();
  const first = { type: "S", value: new TextEncoder().encode("first") } as const;
  const readers: WireConnection[] = [];
  for (let i = 0; i < 150; i++) {
    const reader = await WireConnection.connect("127.0.0.1", port);
    readers.push(reader);
    await reader.open({ user: "guest", password: "guest", vhost: "/", channels: 1 });
    reader.sendMethod(1, {
      ...{ name: "basic.qos", prefetchSize: 0, prefetchCount: 1_000, global: false },
    });
    await reader.next("basic.qos-ok");
    reader.sendMethod(1, {
      ...{ name: "basic.consume", queue: "long", consumerTag: "sleeper", noLocal: false },
      ...{ noAck: false, exclusive: false, noWait: false },
      arguments: new Map([["x-stream-offset", first]]),
    });
    await reader.next("basic.consume-ok");
    reader.pauseReading();
  }
  await channel.assertQueue("others");
  let received = 0;
  const all = new Promise<void>((resolve) => {
    channel.consume("others", () => {
      if (++received === 100) resolve();
    });
  });
  for (let i = 0; i < 100; i++) channel.sendToQueue("others", Buffer.from("quick"));
  await all;
  for (const reader of readers) reader.disconnect();
  await publisher.close();
}, 60_000);
