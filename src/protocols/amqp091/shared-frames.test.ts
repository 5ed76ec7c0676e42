// Frames made once for many readers of a stream: each gets every message as if it were the only one.

import fc from "fast-check";
import { beforeEach, expect, it, vi } from "vitest";
import { longString } from "../../broker/message/field-table.ts";
import { Output } from "../output.ts";
import { SharedFrames } from "./shared-frames.ts";
import { consume, declareQueue } from "./test-methods.ts";
import { type Client, createWorld, type Received, type World } from "./testing.ts";

const sent = vi.spyOn(SharedFrames.prototype, "send");
const lent = vi.spyOn(Output.prototype, "writeLent");

beforeEach(() => {
  sent.mockClear();
  lent.mockClear();
});

const streamArguments = new Map([["x-queue-type", longString("stream")]]);

/** No two messages are alike, and their headers and lengths are not either. */
function bodyOf(offset: number, sizeBytes: number): Buffer {
  return Buffer.alloc(sizeBytes, `${offset} of ${sizeBytes} `);
}

function ownHeaders(offset: number) {
  return new Map([["of", { type: "I", value: offset } as const]]);
}

function publish(world: World, sizes: readonly number[]): void {
  const client = world.connect().open();
  client.send(1, declareQueue("s", { durable: true, arguments: streamArguments }));
  for (const [offset, size] of sizes.entries()) {
    const headers = ownHeaders(offset);
    client.publish(1, "", "s", bodyOf(offset, size), offset % 3 === 0 ? { headers } : {});
    // The input of one turn is bounded.
    if (offset % 50 === 49) client.receive();
  }
  expect(client.receive().filter(({ method }) => method.name === "channel.close")).toEqual([]);
}

interface ReaderShape {
  readonly channel: number;
  readonly consumerTag: string;
  readonly prefetch: number;
  readonly from: number;
}

class Reader {
  readonly #client: Client;
  readonly #shape: ReaderShape;
  readonly #sizes: readonly number[];
  /** The next message to come. */
  next: number;
  #tag = 0;
  #acknowledged = 0;

  constructor(client: Client, shape: ReaderShape, sizes: readonly number[]) {
    this.#client = client;
    this.#shape = shape;
    this.#sizes = sizes;
    this.next = shape.from;
    const { channel, consumerTag } = shape;
    client.open(channel);
    const qos = { prefetchSize: 0, prefetchCount: shape.prefetch, global: false };
    client.send(channel, { name: "basic.qos", ...qos });
    const offset = { type: "l", value: BigInt(shape.from) } as const;
    const consumerArguments = new Map([["x-stream-offset", offset]]);
    client.send(channel, consume("s", { consumerTag, noAck: false, arguments: consumerArguments }));
  }

  /** Takes what has come, which must be what follows. Answers whether anything has. */
  take(): boolean {
    const received = this.#client.receive().filter(({ body }) => body !== undefined);
    for (const one of received) this.#check(one);
    return received.length > 0;
  }

  #check({ channel, method, properties, body }: Received): void {
    const offset = this.next++;
    this.#tag++;
    const { consumerTag } = this.#shape;
    const facts = { consumerTag, deliveryTag: this.#tag, redelivered: false, exchange: "" };
    expect({ channel, ...method }).toEqual({
      ...{ channel: this.#shape.channel, name: "basic.deliver", ...facts, routingKey: "s" },
    });
    const own = offset % 3 === 0 ? ownHeaders(offset) : [];
    expect([...(properties?.headers ?? [])]).toEqual([
      ...own,
      ["x-stream-offset", { type: "l", value: BigInt(offset) }],
    ]);
    expect(body?.equals(bodyOf(offset, this.#sizes[offset] as number))).toBe(true);
  }

  /** Acknowledges all but `spared` of what it has. */
  acknowledge(spared: number): void {
    const deliveryTag = this.#tag - spared;
    if (deliveryTag <= this.#acknowledged) return;
    this.#acknowledged = deliveryTag;
    this.#client.send(this.#shape.channel, { name: "basic.ack", deliveryTag, multiple: true });
  }
}

/** Until nobody gets anything more. */
function readAll(readers: readonly Reader[], spared: readonly number[]): void {
  for (let round = 0, quiet = 0; quiet < 3; round++) {
    let isQuiet = true;
    for (const [index, reader] of readers.entries()) {
      if (reader.take()) isQuiet = false;
      reader.acknowledge(isQuiet ? 0 : (spared[(round + index) % spared.length] as number));
    }
    quiet = isQuiet ? quiet + 1 : 0;
  }
}

const shapes = fc.record({
  channel: fc.integer({ min: 1, max: 2 }),
  consumerTag: fc.constantFrom("a", "b", "reader 1", "reader 2", "a longer one", "another one."),
  prefetch: fc.constantFrom(3, 20, 200, 1_000),
  from: fc.integer({ min: 0, max: 150 }),
});

it("gives each of many readers all messages, whoever else reads and however slowly", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(shapes, { minLength: 1, maxLength: 6 }),
      fc.array(fc.constantFrom(0, 1, 16, 900, 1_100, 4_000, 9_000), { minLength: 1 }),
      fc.constantFrom(0, 0.1, 0.5),
      fc.boolean(),
      fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 8 }),
      fc.integer(),
      async (all, few, inFlight, hasLarge, spared, seed) => {
        const sizes = Array.from({ length: 300 }, (_, at) => few[at % few.length] as number);
        if (hasLarge) sizes[40] = sizes[170] = 150_000;
        const net = { inFlight, windowBytes: 4_194_304 };
        const world = await createWorld({ seed, net });
        publish(world, sizes);
        const readers = all.map((shape) => new Reader(world.connect(), shape, sizes));
        readAll(readers, spared);
        for (const { next } of readers) expect(next).toBe(sizes.length);
      },
    ),
    { numRuns: 60 },
  );
  expect(sent).toHaveBeenCalled();
  expect(lent.mock.results.some(({ value }) => value === true)).toBe(true);
  expect(lent.mock.results.some(({ value }) => value === false)).toBe(true);
});

it("goes on with what is published meanwhile, and has no memory left behind", async () => {
  const world = await createWorld();
  const sizes = Array.from({ length: 200 }, () => 1_000);
  publish(world, sizes.slice(0, 100));
  const before = world.broker.memory.output.usedBytes;
  const shape = { channel: 1, prefetch: 1_000, from: 0 };
  const connect = (consumerTag: string) =>
    new Reader(world.connect(), { ...shape, consumerTag }, sizes);
  const readers = [connect("one"), connect("two")];
  readAll(readers, [0]);
  expect(readers.map(({ next }) => next)).toEqual([100, 100]);
  const publisher = world.connect().open();
  for (let offset = 100; offset < 200; offset++) {
    const headers = ownHeaders(offset);
    const properties = offset % 3 === 0 ? { headers } : {};
    publisher.publish(1, "", "s", bodyOf(offset, 1_000), properties);
  }
  publisher.receive();
  readAll(readers, [0]);
  expect(readers.map(({ next }) => next)).toEqual([200, 200]);
  expect(lent.mock.calls.length).toBeGreaterThanOrEqual(4);
  // One page with frames stays.
  expect(world.broker.memory.output.usedBytes - before).toBeLessThanOrEqual(1_048_576);
});
