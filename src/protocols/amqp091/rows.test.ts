// Messages that come in one read and differ in their bodies only take a way of their own: nobody may see a difference.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { FieldValue } from "../../broker/message/field-table.ts";
import type { MessageProperties } from "../../broker/message/message-properties.ts";
import { type Client, createWorld, publishBytes } from "./testing.ts";

interface Message {
  readonly channel: number;
  readonly routingKey: string;
  readonly sizeBytes: number;
  readonly properties: MessageProperties;
  readonly mandatory: boolean;
  /** So many of them, one behind the other. */
  readonly times: number;
}

const propertySets: readonly MessageProperties[] = [
  {},
  { contentType: "text/plain" },
  { contentType: "text/html" },
  { deliveryMode: 1 },
  { deliveryMode: 2 },
  { expiration: "60000" },
  { priority: 3 },
  { userId: "guest" },
  { headers: new Map([["a", { type: "I", value: 1 }]]) },
  { headers: new Map([["CC", { type: "A", value: [{ type: "S", value: Buffer.from("b") }] }]]) },
];

const message: fc.Arbitrary<Message> = fc.record({
  channel: fc.integer({ min: 1, max: 2 }),
  routingKey: fc.constantFrom("a", "a", "a", "b", "nobody"),
  sizeBytes: fc.constantFrom(0, 1, 2, 16, 16, 16, 1024, 5_000),
  properties: fc.constantFrom({}, {}, {}, ...propertySets),
  mandatory: fc.constantFrom(false, false, false, true),
  times: fc.constantFrom(1, 1, 2, 3, 10, 140),
});

const situation = fc.record({
  messages: fc.array(message, { minLength: 1, maxLength: 6 }),
  /** Of queue "a"; several take turns. */
  consumers: fc.integer({ min: 1, max: 3 }),
  noAck: fc.boolean(),
  prefetchMax: fc.constantFrom(0, 0, 5),
  highestPriority: fc.constantFrom(undefined, undefined, 5),
  confirms: fc.boolean(),
  durable: fc.boolean(),
  lengthMax: fc.constantFrom(undefined, undefined, 20),
  ttlMs: fc.constantFrom(undefined, undefined, undefined, 60_000),
});
type Situation = typeof situation extends fc.Arbitrary<infer Each> ? Each : never;

/** What clients and figures see of it, published in one read or message by message. */
async function outcomeOf(each: Situation, atOnce: boolean) {
  const world = await createWorld();
  const publisher = world.connect().open(2);
  for (const queue of ["a", "b"]) {
    const queueArguments = new Map<string, FieldValue>();
    const add = (name: string, value: number | undefined): void => {
      if (value !== undefined) queueArguments.set(name, { type: "I", value });
    };
    add("x-message-ttl", each.ttlMs);
    // Not where consumers wait: what overtakes what, and what a limit takes, depends on turns.
    if (queue === "b") add("x-max-priority", each.highestPriority);
    if (queue === "b") add("x-max-length", each.lengthMax);
    publisher.send(1, {
      ...{ name: "queue.declare", queue, passive: false, durable: each.durable },
      ...{ exclusive: false, autoDelete: false, noWait: false },
      arguments: queueArguments,
    });
  }
  if (each.confirms) publisher.send(1, { name: "confirm.select", noWait: false });
  publisher.receive();
  const consumers = Array.from({ length: each.consumers }, () => {
    return consume(world.connect(), "a", each.noAck, each.prefetchMax);
  });
  const framesBefore = framesOf(world);
  const pieces = piecesOf(each.messages);
  const answers = (atOnce ? [Buffer.concat(pieces)] : pieces).flatMap((bytes) => {
    publisher.raw.write(bytes);
    return publisher.receive(1);
  });
  answers.push(...publisher.receive(200));
  const delivered = consumers.map((client) => deliveriesOf(client.receive()));
  const vhost = world.broker.vhosts.get("/")!;
  const queues = ["a", "b"].map((name) => vhost.queues.get(name)!);
  return {
    delivered,
    left: deliveriesOf(consume(world.connect(), "b", true, 0).receive()),
    queues: queues.map(({ counters, depth }) => ({ counters, ready: depth.ready })),
    exchange: vhost.defaultExchange.counters,
    sizes: [...world.broker.messageSizes.counts],
    returned: answers.filter(({ method }) => method.name === "basic.return").length,
    confirmed: confirmedBy(answers),
    frames: framesOf(world) - framesBefore,
  };
}

function consume(client: Client, queue: string, noAck: boolean, prefetchCount: number): Client {
  client.open();
  client.send(1, { name: "basic.qos", prefetchSize: 0, prefetchCount, global: false });
  client.receive();
  return client.send(1, {
    ...{ name: "basic.consume", queue, consumerTag: "", noLocal: false, noAck },
    ...{ exclusive: false, noWait: true, arguments: new Map() },
  });
}

function deliveriesOf(received: ReturnType<Client["receive"]>) {
  return received.map(({ method, properties, body }) => ({
    ...("deliveryTag" in method ? { tag: method.deliveryTag } : {}),
    ...("routingKey" in method ? { key: method.routingKey } : {}),
    ...{ name: method.name, properties, body: body?.toString("latin1") },
  }));
}

/** Bodies are numbered, so that a wrong one is seen. */
function piecesOf(messages: readonly Message[]): Uint8Array[] {
  let number = 0;
  return messages.flatMap(({ channel, routingKey, sizeBytes, properties, mandatory, times }) =>
    Array.from({ length: times }, () => {
      const body = Buffer.alloc(sizeBytes, String(number++));
      return publishBytes(channel, "", routingKey, body, properties, { mandatory });
    }),
  );
}

function framesOf(world: Awaited<ReturnType<typeof createWorld>>): number {
  let frames = 0;
  for (const connection of world.broker.connections.all()) {
    frames += connection.describe().receivedFrames;
  }
  return frames;
}

function confirmedBy(answers: ReturnType<Client["receive"]>): number {
  let last = 0;
  for (const { method } of answers) {
    if (method.name === "basic.ack") last = Math.max(last, method.deliveryTag);
  }
  return last;
}

test("what comes in one read has the same effects as what comes message by message", async () => {
  await fc.assert(
    fc.asyncProperty(situation, async (each) => {
      expect(await outcomeOf(each, true)).toEqual(await outcomeOf(each, false));
    }),
    { numRuns: 50 },
  );
});

test("a publish that is cut by the end of a read counts as one that is not", async () => {
  const bytes = publishBytes(1, "", "a", Buffer.alloc(16, "x"), {});
  const frames: number[] = [];
  for (let cut = 1; cut <= bytes.length; cut++) {
    const world = await createWorld();
    const publisher = world.connect().open(1);
    const before = framesOf(world);
    publisher.raw.write(bytes.subarray(0, cut));
    publisher.receive(1);
    publisher.raw.write(bytes.subarray(cut));
    publisher.receive(1);
    frames.push(framesOf(world) - before);
  }
  expect(new Set(frames)).toEqual(new Set([1]));
});
