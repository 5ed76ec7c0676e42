// A message's way through the whole broker, from a socket's read to another one's write, per message.

import {
  EMPTY_TABLE,
  type FieldTable,
  type FieldValue,
} from "../../src/broker/message/field-table.ts";
import type { MessageProperties } from "../../src/broker/message/message-properties.ts";
import { assert } from "../../src/lib/assert.ts";
import { encodeMethod } from "../../src/perf/client/channel.ts";
import { MessageBatch } from "../../src/perf/message-batch.ts";
import type { MicroCase } from "./micro-case.ts";
import { type BenchSocket, World } from "./world.ts";

interface Path {
  readonly name: string;
  readonly sizeBytes: number;
  /** Every second message has a byte more: no two behind each other are alike. */
  readonly varySize?: boolean;
  readonly properties?: MessageProperties;
  readonly queueArguments?: FieldTable;
  readonly durable?: boolean;
  readonly confirms?: boolean;
  /** Each delivery is acknowledged, every so many with one frame; 0 = no acknowledgements. */
  readonly ackEvery: number;
  /** Declared first where it has a type. */
  readonly exchange?: {
    readonly name: string;
    readonly bindings: readonly string[];
    readonly type?: string;
  };
  readonly routingKey?: string;
  readonly varyKey?: boolean;
  readonly queues?: number;
}

const number = (value: number): FieldValue => ({ type: "I", value });

const paths: readonly Path[] = [
  { name: "16 B, no ack", sizeBytes: 16, ackEvery: 0 },
  { name: "16 and 17 B in turn, no ack", sizeBytes: 16, ackEvery: 0, varySize: true },
  { name: "1 KiB, no ack", sizeBytes: 1024, ackEvery: 0 },
  { name: "16 KiB, no ack", sizeBytes: 16_384, ackEvery: 0 },
  { name: "16 B, ack each", sizeBytes: 16, ackEvery: 1 },
  { name: "16 B, ack every 50", sizeBytes: 16, ackEvery: 50 },
  { name: "16 and 17 B in turn, ack every 50", sizeBytes: 16, ackEvery: 50, varySize: true },
  { name: "16 B, confirms, ack every 50", sizeBytes: 16, ackEvery: 50, confirms: true },
  {
    ...{ name: "1 KiB, durable, confirms, ack every 50", sizeBytes: 1024, ackEvery: 50 },
    ...{ durable: true, confirms: true, properties: { deliveryMode: 2 } },
  },
  {
    ...{ name: "16 B, queue with TTL", sizeBytes: 16, ackEvery: 0 },
    queueArguments: new Map([["x-message-ttl", number(60_000)]]),
  },
  {
    ...{ name: "16 B, ten priorities", sizeBytes: 16, ackEvery: 0, properties: { priority: 3 } },
    queueArguments: new Map([["x-max-priority", number(9)]]),
  },
  {
    ...{ name: "16 B, amq.topic", sizeBytes: 16, ackEvery: 0, routingKey: "eu.order.created" },
    exchange: { name: "amq.topic", bindings: ["eu.#", "*.order.*"] },
  },
  {
    ...{ name: "16 B, amq.topic, keys that vary", sizeBytes: 16, ackEvery: 0 },
    ...{ routingKey: "eu.order", varyKey: true },
    exchange: { name: "amq.topic", bindings: ["eu.#", "*.order.*"] },
  },
  {
    ...{ name: "16 B, fan-out to 10 queues", sizeBytes: 16, ackEvery: 0, queues: 10 },
    exchange: { name: "amq.fanout", bindings: [""] },
  },
  {
    ...{
      name: "16 B, x-consistent-hash over 4 queues, keys that vary",
      sizeBytes: 16,
      ackEvery: 0,
    },
    ...{ routingKey: "customer", varyKey: true, queues: 4 },
    exchange: { name: "hashed", type: "x-consistent-hash", bindings: ["10"] },
  },
  {
    ...{ name: "16 B, content type and three headers", sizeBytes: 16, ackEvery: 0 },
    properties: {
      contentType: "application/json",
      headers: new Map([
        ["tenant", number(7)],
        ["attempt", number(3)],
        ["zone", number(1)],
      ]),
    },
  },
];

const BATCH_BYTES = 65_536;
/** Rounds are this many batches. */
const BATCHES = 60;

export const dataPathCases: readonly MicroCase[] = paths.map((path) => ({
  name: `data path: ${path.name}`,
  prepare: () => preparePath(path),
}));

function preparePath(path: Path) {
  const world = new World();
  const publisher = world.connect();
  const consumers = declareAll(world, publisher, path);
  if (path.confirms) publisher.call(1, { name: "confirm.select", noWait: false });
  const shape = {
    exchange: path.exchange?.name ?? "",
    routingKey: path.routingKey ?? "queue0",
    varyKey: path.varyKey === true,
    mandatory: false,
    properties: path.properties ?? {},
    sizeBytes: path.sizeBytes,
    randomBody: false,
    bodies: path.varySize
      ? [path.sizeBytes, path.sizeBytes + 1].map((length) => new Uint8Array(length))
      : undefined,
  };
  const place = { channel: 1, frameMax: 131_072, run: 1, publisher: 0 };
  const batch = new MessageBatch(shape, place, BATCH_BYTES);
  const count = batch.capacity;
  const acks = consumers.map((socket) => new Acks(socket, path.ackEvery, count));
  const round = (): void => {
    for (let index = 0; index < BATCHES; index++) {
      publisher.receive(batch.fill(count, 1, 0));
      world.clock.runTurns();
      for (const each of acks) each.acknowledge();
      world.clock.runTurns();
    }
  };
  round();
  for (const socket of consumers) {
    const share = path.exchange?.type === undefined ? 1 : 1 / (2 * consumers.length);
    assert(
      socket.writtenBytes > count * path.sizeBytes * share,
      "what was published was delivered",
    );
  }
  return { round, count: count * BATCHES };
}

function declareAll(world: World, control: BenchSocket, path: Path): BenchSocket[] {
  if (path.exchange?.type !== undefined) {
    control.call(1, {
      ...{ name: "exchange.declare", exchange: path.exchange.name, type: path.exchange.type },
      ...{ passive: false, durable: false, autoDelete: false, internal: false, noWait: false },
      arguments: EMPTY_TABLE,
    });
  }
  return Array.from({ length: path.queues ?? 1 }, (_, index) => {
    const queue = `queue${index}`;
    control.call(1, {
      name: "queue.declare",
      queue,
      passive: false,
      durable: path.durable === true,
      exclusive: false,
      autoDelete: false,
      noWait: false,
      arguments: path.queueArguments ?? EMPTY_TABLE,
    });
    for (const routingKey of path.exchange?.bindings ?? []) {
      control.call(1, {
        name: "queue.bind",
        queue,
        exchange: path.exchange!.name,
        routingKey,
        noWait: false,
        arguments: EMPTY_TABLE,
      });
    }
    const consumer = world.connect();
    consumer.call(1, {
      name: "basic.consume",
      queue,
      consumerTag: "c",
      noLocal: false,
      noAck: path.ackEvery === 0,
      exclusive: false,
      noWait: false,
      arguments: EMPTY_TABLE,
    });
    return consumer;
  });
}

/** Acknowledges what one batch delivered. */
class Acks {
  readonly #socket: BenchSocket;
  readonly #every: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #batch: number;
  #tag = 0;

  constructor(socket: BenchSocket, every: number, batch: number) {
    this.#socket = socket;
    this.#every = every;
    this.#batch = batch;
    const ack = encodeMethod(1, { name: "basic.ack", deliveryTag: 0, multiple: every > 1 });
    const frames = every === 0 ? 0 : Math.ceil(batch / every);
    this.#bytes = new Uint8Array(frames * ack.length);
    for (let at = 0; at < this.#bytes.length; at += ack.length) this.#bytes.set(ack, at);
    this.#view = new DataView(this.#bytes.buffer);
  }

  acknowledge(): void {
    if (this.#every === 0) return;
    const last = this.#tag + this.#batch;
    for (let at = 0; at < this.#bytes.length; at += 21) {
      this.#tag = Math.min(last, this.#tag + this.#every);
      this.#view.setUint32(at + 15, this.#tag);
    }
    this.#socket.receive(this.#bytes);
  }
}
