// The queue against its model, under random commands.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Memory } from "../../lib/memory.ts";
import type { EffectiveSettings } from "../settings/effective.ts";
import type { QueueSettings } from "../settings/queue-settings.ts";
import type { Consumer } from "./consumer.ts";
import { createQueue } from "./create-queue.ts";
import { FakePager } from "./fake-pager.ts";
import {
  bodyOfRecord,
  consumerOf,
  createFixture,
  definitionOf,
  type Fixture,
  type Note,
  noteOf,
  settingsOf,
  TakingTarget,
} from "./fixture.ts";
import { hasCredit, type ModelConsumer, type ModelMessage, ModelQueue } from "./model.ts";
import { areInRow } from "./page.ts";
import { Enqueued, type Getter, Outcome, type Queue } from "./queue.ts";

/** The property suites run this many times as much when somebody wants to be sure. */
const RUNS_FACTOR = Number(process.env.LEVERET_PROPERTY_RUNS_FACTOR ?? 1);

const index = fc.nat({ max: 1000 });
const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      priority: fc.integer({ min: 0, max: 5 }),
      ttlMs: fc.constantFrom(undefined, undefined, undefined, 0, 500, 3000),
      size: fc.constantFrom(1, 1, 30, 700, 5000),
      persistent: fc.boolean(),
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
  { weight: 4, arbitrary: fc.record({ do: fc.constant("acceptRun" as const), which: index }) },
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
  readonly fixture: Fixture;
  readonly #pager: FakePager | undefined;
  readonly #mood: Mood;
  readonly #settings: EffectiveSettings;
  readonly #queue: Queue;
  readonly #model: ModelQueue;
  readonly #target: TakingTarget;
  readonly #consumers = new Map<Consumer, ModelConsumer>();
  readonly #unacked: Unacked[] = [];
  #heard = 0;
  #isEnding = false;
  #nextId = 0;
  /** By id. */
  readonly #priorities: number[] = [];

  constructor(changes: Partial<QueueSettings>, mood: Mood) {
    const memory = new Memory({ arenaBytes: 16 * 1_048_576 });
    this.#mood = mood;
    this.#target = new TakingTarget(memory);
    this.#pager = mood.pages ? new FakePager(memory.arena) : undefined;
    this.fixture = createFixture({
      memory,
      ...(this.#pager === undefined ? {} : { pager: this.#pager }),
      deadLetters: {
        move: (_queue, record, _sequence, reason) => {
          this.dead.push([idOf(bodyOfRecord(memory, record)), reason]);
          return true;
        },
      },
    });
    this.#settings = settingsOf(changes);
    this.#queue = createQueue(
      this.fixture.context,
      definitionOf({ durable: mood.durable }),
      this.#settings,
    );
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
      case "acceptRun":
        this.#acceptRun(each.which);
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
    this.#settleDown();
    this.#compare();
  }

  /** Runs turns until nothing more happens; pages come and go meanwhile. */
  #settleDown(): void {
    const { clock, context } = this.fixture;
    clock.runTurns();
    const pager = this.#pager;
    for (const pages of context.pageBudget.owners())
      for (const page of pages) pages.host?.compact(page);
    if (pager === undefined) return;
    // Whatever may leave memory leaves, in the middle of everything.
    for (const pages of context.pageBudget.owners()) pages.sendOutAll();
    if (this.#mood.refuses) pager.refusals = 1;
    if (this.#mood.lags && !this.#isEnding) {
      this.#answerPager(this.#mood.seed % 3);
      return;
    }
    this.#answerPager();
    // What was refused is tried again a moment later.
    if (this.#isEnding && this.#mood.lags) {
      clock.advance(1000);
      this.#answerPager();
    }
    expect(pager.pendingCount).toBe(0);
  }

  #answerPager(roundsMax = 1000): void {
    const pager = this.#pager as FakePager;
    for (let i = 0; i < roundsMax && pager.pendingCount > 0; i++) {
      pager.answer((count) => (this.#mood.seed * (i + 1)) % count);
      this.fixture.clock.runTurns();
    }
  }

  /** Everything is let go of; nothing may be left in memory. */
  finish(): void {
    this.#isEnding = true;
    this.run({ do: "resume" } as Command);
    while (this.#unacked.length > 0) this.#settle(0, Outcome.accept);
    this.#settleDown();
    this.#compare();
    while (this.#unacked.length > 0) this.#settle(0, Outcome.discard);
    this.run({ do: "purge" } as Command);
    expect(this.fixture.memory.pages.usedBytes).toBe(0);
    expect(this.#pager?.keptCount ?? 0).toBe(0);
  }

  #publish({ priority, ttlMs: wantedTtlMs, size, turns, persistent }: Publish): void {
    const isLimited = this.#settings.values.maxLength !== undefined;
    // Which of two goes, the one too many or the one that expires at once, depends on which page is in memory.
    const isUnclear = this.#mood.lags || (this.#mood.pages && isLimited && wantedTtlMs === 0);
    const ttlMs = isUnclear ? undefined : wantedTtlMs;
    // With a limit, what expires at once within a turn may or may not have counted: not modelled.
    if (turns || (ttlMs === 0 && isLimited)) {
      this.#settleDown();
      this.#compare();
    }
    const id = `${this.#nextId++}`;
    this.#priorities.push(priority);
    const body = `${id}|`.padEnd(size, ".");
    const options = {
      priority,
      persistent,
      ...(ttlMs === undefined ? {} : { expirationMs: ttlMs }),
    };
    const ttl = Math.min(
      ttlMs ?? Number.POSITIVE_INFINITY,
      this.#settings.values.messageTtlMs ?? Number.POSITIVE_INFINITY,
    );
    const instant = ttl === 0 ? 1 : this.#model.nowMs + ttl;
    const { handedOver } = this.#target;
    const outcome = this.#queue.publish(this.fixture.publication(body, options));
    // What was handed over at once is not behind anything that is to be compared first.
    if (this.#target.handedOver === handedOver) this.#compareDeliveries();
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
    this.#settleDown();
    this.#compare();
  }

  /** Accepts one, and at once all that lie in a row behind it. */
  #acceptRun(which: number): void {
    if (this.#unacked.length === 0) return;
    const at = which % this.#unacked.length;
    const { note } = this.#unacked[at] as Unacked;
    let count = 1;
    for (; at + count < this.#unacked.length; count++) {
      const { consumer, sequence, location } = (this.#unacked[at + count] as Unacked).note;
      if (consumer !== note.consumer) break;
      if (!areInRow(note.sequence, note.location, sequence, location, count)) break;
    }
    const run = this.#unacked.splice(at, count);
    const bytes = run.reduce((sum, each) => sum + each.note.bytes, 0);
    const consumer = this.#consumers.get(note.consumer);
    if (consumer !== undefined) consumer.unacked -= count;
    const { sequence, location } = note;
    this.#queue.settle(note.consumer, sequence, location, bytes, Outcome.accept, 0, count);
    this.#settleDown();
    this.#compare();
  }

  #get(noAck: boolean): void {
    const getter: Getter = {
      noAck,
      onGot: (_queue, delivery, readyAfter) => {
        const note = noteOf(this.fixture.memory, undefined as never, delivery);
        this.#compareDeliveries();
        const expected = this.#model.take();
        expect(idOf(note.body)).toBe(expected?.id);
        expect(readyAfter).toBe(this.#model.ready.length);
        if (!noAck) this.#unacked.push({ note, message: expected as ModelMessage });
      },
      onEmpty: () => {
        this.#compareDeliveries();
        expect(this.#model.paused ? undefined : this.#model.take()).toBeUndefined();
      },
    };
    this.#queue.get(getter);
    this.#settleDown();
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
    const isQuiet = !this.#mood.lags || this.#isEnding;
    if (isQuiet) expect(this.#model.deliverable && this.#model.ready.length > 0).toBe(false);
    expect(this.#queue.depth).toMatchObject({
      ready: this.#model.ready.length,
      unacknowledged: this.#unacked.length,
    });
    const expected = isQuiet ? this.#model.dead : this.#model.dead.slice(0, this.dead.length);
    expect(this.#inOrder(this.dead)).toEqual(this.#inOrder(expected));
  }

  /** Which of two levels loses its expired messages first depends on which page is in memory: each has its own order. */
  #inOrder(dead: readonly [string, string][]): readonly [string, string][] {
    if (!this.#mood.pages || this.#mood.lags) return dead;
    return [...dead].sort(([a], [b]) => this.#priorityOf(a) - this.#priorityOf(b));
  }

  #priorityOf(id: string): number {
    return Math.min(this.#priorities[Number(id)] as number, this.#settings.values.maxPriority ?? 0);
  }
}

function idOf(body: string): string {
  return body.split("|")[0] as string;
}

interface Mood {
  /** Pages leave memory whenever they can. */
  readonly pages: boolean;
  /** Every now and then the pager refuses to take one. */
  readonly refuses: boolean;
  /** Answers come some commands later. */
  readonly lags: boolean;
  readonly durable: boolean;
  /** Decides the order of its answers. */
  readonly seed: number;
}

function holds(mood: fc.Arbitrary<Mood>, numRuns: number, fixed: Partial<QueueSettings> = {}) {
  fc.assert(
    fc.property(settings, mood, fc.array(command, { maxLength: 60 }), (changes, how, commands) => {
      const pair = new Pair({ ...changes, ...fixed }, how);
      for (const each of commands) pair.run(each as Command);
      pair.finish();
    }),
    { numRuns: numRuns * RUNS_FACTOR },
  );
}

const publishOne: Publish = {
  do: "publish",
  priority: 0,
  ttlMs: undefined,
  size: 1,
  persistent: false,
  times: 1,
  turns: false,
};

describe("what random commands have found once", () => {
  it("a message with a TTL of 0 behind another one in a paused queue is dead when the queue goes on", () => {
    const mood = { pages: false, refuses: false, lags: false, durable: false, seed: 0 };
    const pair = new Pair({ overflow: "drop-head", deadLetterExchange: "dlx" }, mood);
    pair.run({ do: "pause" } as Command);
    pair.run(publishOne);
    pair.run({ ...publishOne, ttlMs: 0 });
    pair.run({ do: "consume", prefetch: 0, noAck: false });
    pair.run(publishOne);
    pair.finish();
    expect(pair.dead).toEqual([["1", "expired"]]);
  });
  it("a message with a TTL of 0 that comes back has expired, whatever the queue's limit", () => {
    const mood = { pages: false, refuses: false, lags: false, durable: false, seed: 0 };
    const pair = new Pair({ maxLength: 0, deadLetterExchange: "dlx" }, mood);
    pair.run({ do: "consume", prefetch: 0, noAck: false });
    pair.run({ ...publishOne, ttlMs: 0 });
    pair.run({ do: "settle", which: 0, outcome: Outcome.returned, times: 1 });
    pair.finish();
    expect(pair.dead).toEqual([["0", "expired"]]);
  });
  it("a message with a TTL of 0 does not wait for credit behind others that came in the same turn", () => {
    const mood = { pages: false, refuses: false, lags: false, durable: false, seed: 0 };
    const pair = new Pair({ overflow: "drop-head", deadLetterExchange: "dlx" }, mood);
    pair.run({ do: "consume", prefetch: 1, noAck: false });
    pair.run({ ...publishOne, times: 3 });
    pair.run({ ...publishOne, ttlMs: 0 });
    pair.finish();
    expect(pair.dead).toEqual([["3", "expired"]]);
  });
});

describe("a queue is what its model says", () => {
  it("with everything in memory", () => {
    const durable = fc.boolean();
    holds(
      fc.record({
        pages: fc.constant(false),
        refuses: fc.constant(false),
        lags: fc.constant(false),
        durable,
        seed: fc.constant(0),
      }),
      60,
    );
  });

  it("with a pager that takes every page away and answers late, in any order, or not at all", () => {
    holds(
      fc.record({
        pages: fc.constant(true),
        refuses: fc.boolean(),
        lags: fc.constant(false),
        durable: fc.boolean(),
        seed: fc.nat({ max: 97 }),
      }),
      60,
    );
  });

  it("with a pager whose answers come when other things have happened", () => {
    holds(
      fc.record({
        pages: fc.constant(true),
        refuses: fc.boolean(),
        lags: fc.constant(true),
        durable: fc.boolean(),
        seed: fc.nat({ max: 97 }),
      }),
      60,
      // When messages expire or are too many depends on when pages come: not modelled.
      { messageTtlMs: undefined, maxLength: undefined },
    );
  });
});
