// The queue against its model, under random commands.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { QueueSettings } from "../settings/queue-settings.ts";
import type { Consumer } from "./consumer.ts";
import {
  bodyOfRecord,
  consumerOf,
  createFixture,
  definitionOf,
  type Note,
  NotingTarget,
  noteOf,
  settingsOf,
} from "./fixture.ts";
import { hasCredit, type ModelConsumer, type ModelMessage, ModelQueue } from "./model.ts";
import { Enqueued, type Getter, Outcome } from "./queue.ts";
import { createQueue } from "./work-queue.ts";

const index = fc.nat({ max: 1000 });
const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      priority: fc.integer({ min: 0, max: 5 }),
      ttlMs: fc.constantFrom(undefined, undefined, undefined, 0, 500, 3000),
      size: fc.constantFrom(1, 1, 30, 700, 5000),
      times: fc.constantFrom(1, 1, 3, 20),
      turns: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("consume" as const),
      prefetch: fc.constantFrom(0, 1, 3, 10),
      noAck: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), which: index }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("settle" as const),
      which: index,
      outcome: fc.constantFrom(...Object.values(Outcome)),
      times: fc.constantFrom(1, 1, 1, 15),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("get" as const), noAck: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("purge", "pause", "resume") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("advance" as const),
      ms: fc.constantFrom(100, 600, 2500),
    }),
  },
);
type Publish = Extract<Command, { do: "publish" }>;
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const settings: fc.Arbitrary<Partial<QueueSettings>> = fc.record({
  maxPriority: fc.constantFrom(undefined, 3),
  maxLength: fc.constantFrom(undefined, undefined, 0, 1, 7),
  overflow: fc.constantFrom("drop-head", "reject-publish", "reject-publish-dlx"),
  deliveryLimit: fc.constantFrom(undefined, 2),
  messageTtlMs: fc.constantFrom(undefined, undefined, 1000),
  deadLetterExchange: fc.constantFrom(undefined, "dlx"),
});

interface Unacked {
  readonly note: Note;
  readonly message: ModelMessage;
}

/** One real queue beside one model; every command is given to both. */
class Pair {
  readonly dead: [string, string][] = [];
  readonly fixture = createFixture(
    {
      deadLetters: {
        move: (_queue, record, _sequence, reason) => {
          this.dead.push([idOf(bodyOfRecord(this.fixture.memory, record)), reason]);
          return true;
        },
      },
    },
    16,
  );
  readonly #settings;
  readonly #queue;
  readonly #model;
  readonly #target = new NotingTarget(this.fixture.memory);
  readonly #consumers = new Map<Consumer, ModelConsumer>();
  readonly #unacked: Unacked[] = [];
  #heard = 0;
  #nextId = 0;

  constructor(changes: Partial<QueueSettings>) {
    this.#settings = settingsOf(changes);
    this.#queue = createQueue(this.fixture.context, definitionOf(), this.#settings);
    this.#model = new ModelQueue(this.#settings.values);
    this.#model.nowMs = this.fixture.clock.wallMs;
  }

  run(each: Command): void {
    switch (each.do) {
      case "publish":
        for (let i = 0; i < each.times; i++) this.#publish(each);
        break;
      case "consume": {
        const consumer = consumerOf(this.#queue, this.#target, {
          prefetchMax: each.prefetch,
          noAck: each.noAck,
        });
        const { prefetch, noAck } = each;
        const model: ModelConsumer = { prefetch, noAck, unacked: 0, cancelled: false };
        this.#consumers.set(consumer, model);
        this.#model.consumers.push(model);
        this.#queue.consume(consumer);
        break;
      }
      case "cancel": {
        const all = [...this.#consumers.keys()].filter((consumer) => !consumer.cancelled);
        const consumer = all[each.which % all.length];
        if (consumer === undefined) break;
        this.#queue.cancel(consumer);
        (this.#consumers.get(consumer) as ModelConsumer).cancelled = true;
        break;
      }
      case "settle":
        for (let i = 0; i < each.times; i++) this.#settle(each.which, each.outcome);
        break;
      case "get":
        this.#get(each.noAck);
        break;
      case "purge":
        expect(this.#queue.purge()).toBe(this.#model.ready.splice(0).length);
        break;
      case "pause":
        this.#queue.pause();
        this.#model.paused = true;
        break;
      case "resume":
        this.#queue.resume();
        this.#model.paused = false;
        break;
      case "advance":
        this.fixture.clock.advance(each.ms);
        this.#compareDeliveries();
        this.#model.advanceTo(this.fixture.clock.wallMs);
        break;
    }
    this.fixture.clock.runTurns();
    this.#compare();
  }

  /** Everything is let go of; nothing may be left in memory. */
  finish(): void {
    this.run({ do: "resume" } as Command);
    while (this.#unacked.length > 0) this.#settle(0, Outcome.accept);
    this.fixture.clock.runTurns();
    this.#compare();
    while (this.#unacked.length > 0) this.#settle(0, Outcome.discard);
    this.run({ do: "purge" } as Command);
    expect(this.fixture.memory.pages.usedBytes).toBe(0);
  }

  #publish({ priority, ttlMs, size, turns }: Publish): void {
    // With a limit, what expires at once within a turn may or may not have counted: not modelled.
    if (turns || (ttlMs === 0 && this.#settings.values.maxLength !== undefined)) {
      this.fixture.clock.runTurns();
      this.#compare();
    }
    const id = `${this.#nextId++}`;
    const body = `${id}|`.padEnd(size, ".");
    const options = { priority, ...(ttlMs === undefined ? {} : { expirationMs: ttlMs }) };
    const ttl = Math.min(
      ttlMs ?? Number.POSITIVE_INFINITY,
      this.#settings.values.messageTtlMs ?? Number.POSITIVE_INFINITY,
    );
    const instant = ttl === 0 ? 1 : this.#model.nowMs + ttl;
    const outcome = this.#queue.publish(this.fixture.publication(body, options));
    this.#compareDeliveries();
    const taken = this.#model.publish(id, priority, ttl === Number.POSITIVE_INFINITY ? 0 : instant);
    expect(outcome === Enqueued.refused).toBe(!taken);
    // What comes in one turn may be delivered before it counts against a limit.
    this.#compareDeliveries();
    if (!this.#model.deliverable) this.#model.trimLength();
  }

  #settle(which: number, outcome: Outcome): void {
    if (this.#unacked.length === 0) return;
    const at = which % this.#unacked.length;
    const { note, message } = this.#unacked.splice(at, 1)[0] as Unacked;
    const consumer = this.#consumers.get(note.consumer);
    if (consumer !== undefined) consumer.unacked--;
    if (outcome === Outcome.discard) this.#model.discard(message);
    else if (outcome !== Outcome.accept) this.#model.putBack(message, outcome === Outcome.returned);
    this.#queue.settle(
      note.consumer,
      note.sequence,
      note.location,
      note.bytes,
      outcome,
      note.deliveryCount,
    );
    this.fixture.clock.runTurns();
    this.#compare();
  }

  #get(noAck: boolean): void {
    const expected = this.#model.paused ? undefined : this.#model.take();
    const getter: Getter = {
      noAck,
      onGot: (_queue, delivery, readyAfter) => {
        const note = noteOf(this.fixture.memory, undefined as never, delivery);
        expect(idOf(note.body)).toBe(expected?.id);
        expect(readyAfter).toBe(this.#model.ready.length);
        if (!noAck) this.#unacked.push({ note, message: expected as ModelMessage });
      },
      onEmpty: () => expect(expected).toBeUndefined(),
    };
    this.#queue.get(getter);
  }

  #compareDeliveries(): void {
    for (; this.#heard < this.#target.notes.length; this.#heard++) {
      const note = this.#target.notes[this.#heard] as Note;
      const message = this.#model.take();
      expect({
        id: idOf(note.body),
        redelivered: note.redelivered,
        count: note.deliveryCount,
      }).toEqual({ id: message?.id, redelivered: message?.redelivered, count: message?.count });
      const consumer = this.#consumers.get(note.consumer) as ModelConsumer;
      expect(hasCredit(consumer)).toBe(true);
      if (consumer.noAck) continue;
      consumer.unacked++;
      this.#unacked.push({ note, message: message as ModelMessage });
    }
  }

  #compare(): void {
    this.#compareDeliveries();
    this.#model.trim();
    expect(this.#model.deliverable && this.#model.ready.length > 0).toBe(false);
    expect(this.#queue.depth).toMatchObject({
      ready: this.#model.ready.length,
      unacknowledged: this.#unacked.length,
    });
    expect(this.dead).toEqual(this.#model.dead);
  }
}

function idOf(body: string): string {
  return body.split("|")[0] as string;
}

describe("a queue is what its model says", () => {
  it("with everything in memory", () => {
    fc.assert(
      fc.property(settings, fc.array(command, { maxLength: 60 }), (changes, commands) => {
        const pair = new Pair(changes);
        for (const each of commands) pair.run(each as Command);
        pair.finish();
      }),
      { numRuns: 150 },
    );
  });
});
