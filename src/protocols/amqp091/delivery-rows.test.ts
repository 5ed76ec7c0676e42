// Messages that were stored in a row are delivered in rows, and acknowledgements that follow each other are settled in
// rows: nobody may see a difference to the same messages, and the same acknowledgements, one by one.

import fc from "fast-check";
import { expect, test } from "vitest";
import { type FieldValue, longString } from "../../broker/message/field-table.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { type ClientMethod, writeClientMethod } from "./codec/methods.generated.ts";
import { type Client, createWorld, publishBytes, type World } from "./testing.ts";

const CLIENTS = 3;

const client = fc.nat(CLIENTS - 1);
const count = fc.constantFrom(1, 2, 5, 30, 200);
const publish = fc.record({
  name: fc.constant("publish" as const),
  times: fc.constantFrom(1, 2, 3, 10, 70, 200),
  sizeBytes: fc.constantFrom(0, 1, 16, 16, 1024),
  properties: fc.constantFrom({}, {}, {}, { priority: 3 }, { deliveryMode: 2 }),
});
const consume = fc.record({
  name: fc.constant("consume" as const),
  client,
  prefetchMax: fc.constantFrom(0, 1, 5, 50),
  isGlobal: fc.constantFrom(false, false, false, true),
  noAck: fc.constantFrom(false, false, false, true),
  priority: fc.constantFrom(0, 0, 0, 1),
});
/** What a client does with the oldest it has out, or asks for. */
const settle = fc.record({
  name: fc.constantFrom(
    ...(["ack-each", "ack-each", "ack-all", "requeue", "return", "discard", "get"] as const),
  ),
  client,
  count,
});
const end = fc.record({ name: fc.constantFrom("cancel" as const, "close" as const), client });
const purge = fc.record({ name: fc.constant("purge" as const) });
const step = fc.oneof(
  { weight: 3, arbitrary: publish },
  { weight: 3, arbitrary: consume },
  { weight: 6, arbitrary: settle },
  { weight: 1, arbitrary: end },
  { weight: 1, arbitrary: purge },
);
type Of<Each> = Each extends fc.Arbitrary<infer Value> ? Value : never;
type Step = Of<typeof step>;

const kinds = {
  classic: [],
  priorities: [["x-max-priority", { type: "I", value: 5 }]],
  "single active consumer": [["x-single-active-consumer", { type: "t", value: true }]],
  quorum: [
    ["x-queue-type", longString("quorum")],
    ["x-delivery-limit", { type: "I", value: 2 }],
  ],
} satisfies Record<string, readonly (readonly [string, FieldValue])[]>;

/** A client, what it was sent, and what of that it has yet to settle. */
class Actor {
  readonly client: Client;
  readonly received: unknown[] = [];
  /** Tags of its consumers, the newest last. */
  readonly consumers: string[] = [];
  #out: number[] = [];

  constructor(world: World) {
    this.client = world.connect().open();
  }

  collect(): void {
    for (const { method, properties, body } of this.client.receive()) {
      this.received.push({ method, properties, body: body?.toString("latin1") });
      const isDelivery = method.name === "basic.deliver" && method.consumerTag.startsWith("ack");
      if (isDelivery || method.name === "basic.get-ok") this.#out.push(method.deliveryTag);
    }
  }

  send(method: ClientMethod): void {
    this.client.send(1, method);
  }

  oldest(most: number): number[] {
    return this.#out.splice(0, most);
  }

  reopen(): void {
    this.send({ name: "channel.close", replyCode: 200, replyText: "", classId: 0, methodId: 0 });
    this.collect();
    this.#out = [];
    this.consumers.length = 0;
    this.send({ name: "channel.open" });
  }
}

/** Plays the steps; `atOnce`: messages of a step, and acknowledgements of a step, come in one read. */
class Play {
  readonly #world: World;
  readonly #atOnce: boolean;
  readonly #publisher: Client;
  readonly #actors: readonly Actor[];
  #number = 0;

  constructor(world: World, atOnce: boolean, kind: keyof typeof kinds) {
    this.#world = world;
    this.#atOnce = atOnce;
    this.#publisher = world.connect().open();
    this.#publisher.send(1, {
      ...{ name: "queue.declare", queue: "q", passive: false, durable: true },
      ...{ exclusive: false, autoDelete: false, noWait: false },
      arguments: new Map<string, FieldValue>(kinds[kind]),
    });
    this.#publisher.receive();
    this.#actors = Array.from({ length: CLIENTS }, () => new Actor(world));
  }

  run(steps: readonly Step[]) {
    for (const each of steps) {
      this.#do(each);
      for (const actor of this.#actors) actor.collect();
    }
    const queue = this.#world.broker.vhosts.get("/")!.queues.get("q")!;
    const { counters, depth } = queue;
    const consumers = [...queue.consumers()].map(({ tag, unackedCount, unackedBytes, target }) => {
      const held = target.held?.().map(({ deliveryTag, sequence }) => [deliveryTag, sequence]);
      return { tag, unackedCount, unackedBytes, held };
    });
    return { received: this.#actors.map(({ received }) => received), counters, depth, consumers };
  }

  #do(step: Step): void {
    if (step.name === "publish") return this.#publish(step);
    if (step.name === "purge") {
      this.#publisher.send(1, { name: "queue.purge", queue: "q", noWait: true });
      this.#publisher.receive(1);
      return;
    }
    const actor = this.#actors[step.client]!;
    if (step.name === "consume") this.#consume(actor, step);
    else if (step.name === "close") actor.reopen();
    else if (step.name === "cancel") {
      const consumerTag = actor.consumers.pop();
      if (consumerTag !== undefined)
        actor.send({ name: "basic.cancel", consumerTag, noWait: true });
    } else if ("count" in step) this.#settle(actor, step);
  }

  #publish(step: Of<typeof publish>): void {
    this.#write(
      this.#publisher,
      Array.from({ length: step.times }, () => {
        const body = Buffer.alloc(step.sizeBytes, String(this.#number++));
        return publishBytes(1, "", "q", body, step.properties);
      }),
    );
  }

  #consume(actor: Actor, step: Of<typeof consume>): void {
    const { prefetchMax: prefetchCount, isGlobal, priority, noAck } = step;
    // A quorum queue knows no prefetch for a whole channel.
    actor.send({ name: "basic.qos", prefetchSize: 0, prefetchCount, global: isGlobal });
    const consumerTag = `${noAck ? "no ack" : "ack"} ${actor.consumers.length}`;
    actor.consumers.push(consumerTag);
    actor.send({
      ...{ name: "basic.consume", queue: "q", consumerTag, noAck, noLocal: false },
      ...{ exclusive: false, noWait: true },
      arguments: new Map([["x-priority", { type: "I", value: priority }]]),
    });
  }

  #settle(actor: Actor, { name, count: most }: Of<typeof settle>): void {
    if (name === "get") {
      actor.send({ name: "basic.get", queue: "q", noAck: false });
      return;
    }
    const tags = actor.oldest(most);
    const last = tags.at(-1);
    if (last === undefined) return;
    if (name === "ack-each") {
      const each = tags.map((deliveryTag) => {
        return methodBytes({ name: "basic.ack", deliveryTag, multiple: false });
      });
      this.#write(actor.client, each);
    } else if (name === "ack-all") {
      actor.send({ name: "basic.ack", deliveryTag: last, multiple: true });
    } else if (name === "return") {
      for (const deliveryTag of tags) {
        actor.send({ name: "basic.reject", deliveryTag, requeue: true });
      }
    } else {
      const requeue = name === "requeue";
      actor.send({ name: "basic.nack", deliveryTag: last, multiple: true, requeue });
    }
  }

  #write({ raw }: Client, pieces: readonly Uint8Array[]): void {
    for (const bytes of this.#atOnce ? [Buffer.concat(pieces)] : pieces) {
      raw.write(bytes);
      this.#world.run(1);
    }
  }
}

function methodBytes(method: ClientMethod): Uint8Array {
  const writer = new ByteWriter();
  writeClientMethod(writer, 1, method);
  return writer.toBytes();
}

const everyKind = Object.keys(kinds) as (keyof typeof kinds)[];

test.each(everyKind)("what goes in rows has the same effects as one by one: %s", async (kind) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      const [inRows, single] = [await createWorld(), await createWorld()];
      expect(new Play(inRows, true, kind).run(steps)).toEqual(
        new Play(single, false, kind).run(steps),
      );
    }),
    { numRuns: 40 },
  );
});
