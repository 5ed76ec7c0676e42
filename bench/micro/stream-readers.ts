// What a reader of a stream costs per message, from the page to a socket's write, and its acknowledgement.

import { longString } from "../../src/broker/message/field-table.ts";
import { assert } from "../../src/lib/assert.ts";
import { encodeMethod } from "../../src/perf/client/channel.ts";
import { MessageBatch } from "../../src/perf/message-batch.ts";
import type { MicroCase } from "./micro-case.ts";
import { type BenchSocket, World } from "./world.ts";

const STORED = 8_192;
const READERS = 16;
const PREFETCH = 1_000;
const BATCH_BYTES = 65_536;
const QUEUE = "stream";

export const streamReaderCases: readonly MicroCase[] = [16, 1_024].map((sizeBytes) => ({
  name: `stream: ${READERS} readers, ${sizeBytes} B, ack of all so far`,
  prepare: () => prepare(sizeBytes),
}));

function prepare(sizeBytes: number) {
  const world = new World();
  store(world, sizeBytes);
  const ackAll = encodeMethod(1, { name: "basic.ack", deliveryTag: 0, multiple: true });
  const readers = Array.from({ length: READERS }, () => world.connect());
  for (const reader of readers) {
    const method = { prefetchSize: 0, prefetchCount: PREFETCH, global: false };
    reader.call(1, { name: "basic.qos", ...method });
  }
  let rounds = 0;
  const round = (): void => {
    rounds++;
    for (const reader of readers) consume(reader, `reader ${rounds}`);
    for (let before = -1; before !== written(readers); ) {
      before = written(readers);
      for (const reader of readers) reader.receive(ackAll);
      world.clock.runTurns();
    }
    for (const reader of readers) {
      reader.call(1, { name: "basic.cancel", consumerTag: `reader ${rounds}`, noWait: true });
    }
  };
  round();
  const expected = STORED * READERS;
  assert(written(readers) > expected * sizeBytes, "all that is stored was delivered");
  return { round, count: expected };
}

function written(readers: readonly BenchSocket[]): number {
  return readers.reduce((sum, reader) => sum + reader.writtenBytes, 0);
}

function store(world: World, sizeBytes: number): void {
  const publisher = world.connect();
  publisher.call(1, {
    ...{ name: "queue.declare", queue: QUEUE, passive: false, durable: true, exclusive: false },
    ...{ autoDelete: false, noWait: false },
    arguments: new Map([["x-queue-type", longString("stream")]]),
  });
  const shape = {
    ...{ exchange: "", routingKey: QUEUE, varyKey: false, mandatory: false, sizeBytes },
    ...{ properties: { deliveryMode: 2 }, randomBody: false },
  };
  const place = { channel: 1, frameMax: 131_072, run: 1, publisher: 0 };
  const batch = new MessageBatch(shape, place, BATCH_BYTES);
  for (let sent = 0; sent < STORED; sent += batch.capacity) {
    publisher.receive(batch.fill(Math.min(batch.capacity, STORED - sent), 1, 0));
    world.clock.runTurns();
  }
}

function consume(reader: BenchSocket, consumerTag: string): void {
  reader.call(1, {
    ...{ name: "basic.consume", queue: QUEUE, consumerTag, noLocal: false, noAck: false },
    ...{ exclusive: false, noWait: false },
    arguments: new Map([["x-stream-offset", longString("first")]]),
  });
}
