// A logged queue, its log and its checkpoints: whatever happens, a restart brings back what was not settled.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Memory } from "../../lib/memory.ts";
import type { CheckpointWriter, PageFacts, Recoverable } from "../journal/recovery.ts";
import type { LogPosition, QueueNumber, Sequence } from "../numbers.ts";
import type { QueueJournal } from "./context.ts";
import { FakePager } from "./fake-pager.ts";
import {
  consumerOf,
  createFixture,
  definitionOf,
  type Note,
  NotingTarget,
  settingsOf,
} from "./fixture.ts";
import { Outcome } from "./queue.ts";
import { queueTypes } from "./types.ts";
import { WorkQueue } from "./work-queue.ts";

type Entry = (queue: Recoverable, memory: Memory) => void;

/** Keeps what a real log would, as calls to be made again. */
class KeepingLog implements QueueJournal {
  position: LogPosition = 0;
  readonly entries: Entry[] = [];
  /** Of the first entry still kept. */
  firstPosition: LogPosition = 0;
  checkpointEntries: Entry[] = [];
  #inCheckpoint = false;

  #keep(entry: Entry): void {
    if (this.#inCheckpoint) this.checkpointEntries.push(entry);
    else {
      this.entries.push(entry);
      this.position++;
    }
  }

  readonly isInTransaction = false;
  track(): void {}
  publish(record: Uint8Array, sequence: Sequence, expiresAtMs: number): void {
    const position = this.position;
    this.#keep((queue, memory) => {
      const at = memory.read.at;
      memory.arena.u8.set(record, at);
      expect(queue.restore(at, sequence, expiresAtMs, position)).toBe(true);
    });
  }
  settle(_queue: QueueNumber, from: Sequence, to: Sequence): void {
    this.#keep((queue) => queue.restoreSettled(from, to));
  }
  returned(_queue: QueueNumber, from: Sequence, to: Sequence, count: number): void {
    this.#keep((queue) => queue.restoreReturned(from, to, count));
  }
  waiting(): void {}
  deliveredUpTo(_queue: QueueNumber, sequence: Sequence): void {
    this.#keep((queue) => queue.restoreDeliveredUpTo(sequence, true));
  }
  lastSequences(_queue: QueueNumber, sequences: readonly Sequence[]): void {
    this.#keep((queue) => queue.restoreLastSequences(sequences));
  }
  page(_queue: QueueNumber, page: PageFacts): void {
    this.#keep((queue) => queue.restorePage(page));
  }
  settledInPages(from: Sequence, to: Sequence): void {
    this.#keep((queue) => queue.restoreSettled(from, to));
  }

  /** Takes a checkpoint, and forgets what is not needed any more. */
  checkpoint(queue: Recoverable): void {
    this.checkpointEntries = [];
    this.#inCheckpoint = true;
    const writer: CheckpointWriter = {
      lastSequences: (number, sequences) => this.lastSequences(number, sequences),
      waiting: () => {},
      deliveredUpTo: (number, sequence) => this.deliveredUpTo(number, sequence),
      page: (number, page) => this.page(number, page),
      bodies: () => {},
      looked: () => {},
      settled: (_number, from, to) => this.settledInPages(from, to),
      returned: (number, from, to, count) => this.returned(number, from, to, count),
      pageFilter: () => {},
      tracked: () => {},
    };
    queue.checkpoint(writer);
    this.#inCheckpoint = false;
    const needed = Math.min(queue.lowestLogPosition, this.position);
    this.entries.splice(0, needed - this.firstPosition);
    this.firstPosition = needed;
  }

  /** `between` is called now and then: memory may be short while a long log is read. */
  replay(queue: Recoverable, memory: Memory, between: () => void): void {
    for (const entry of this.checkpointEntries) entry(queue, memory);
    for (const [index, entry] of this.entries.entries()) {
      entry(queue, memory);
      if (index % 11 === 10) between();
    }
    queue.restored();
  }
}

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      times: fc.constantFrom(1, 5, 60),
      persistent: fc.constantFrom(true, true, true, false),
      priority: fc.integer({ min: 0, max: 2 }),
      size: fc.constantFrom(3, 40, 900),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("settle" as const),
      which: fc.nat(1000),
      times: fc.constantFrom(1, 10, 50),
      outcome: fc.constantFrom(Outcome.accept, Outcome.accept, Outcome.returned, Outcome.requeue),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("deliver" as const),
      count: fc.constantFrom(1, 20, 200),
      noAck: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("purge" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("checkpoint", "write out", "send out", "restart", "restart, send out"),
    }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

interface Expected {
  readonly id: string;
  readonly level: number;
  readonly place: number;
  readonly persistent: boolean;
  delivered: boolean;
}

class World {
  readonly #memory = new Memory({ arenaBytes: 16 * 1_048_576 });
  readonly #pager = new FakePager(this.#memory.arena);
  readonly #log = new KeepingLog();
  #fixture = this.#newFixture();
  #queue = this.#newQueue();
  #target = new NotingTarget(this.#memory);
  /** What is in the queue, delivered or not. */
  #expected = new Map<string, Expected>();
  #unacked: Note[] = [];
  #place = 0;

  #newFixture() {
    return createFixture({ memory: this.#memory, pager: this.#pager, journal: this.#log });
  }

  #newQueue(): WorkQueue {
    const definition = definitionOf({ durable: true, type: queueTypes.classic as never });
    const settings = settingsOf({ maxPriority: 2, deliveryLimit: 1_000 });
    return new WorkQueue(this.#fixture.context, definition, settings);
  }

  constructor() {
    this.#pager.hasCheckpoints = true;
  }

  run(each: Command): void {
    switch (each.do) {
      case "publish":
        for (let i = 0; i < each.times; i++) this.#publish(each);
        break;
      case "deliver":
        this.#deliver(each.count, each.noAck);
        break;
      case "settle":
        for (let i = 0; i < each.times; i++) this.#settle(each.which, each.outcome);
        break;
      case "purge":
        this.#queue.purge();
        this.#expected = new Map(this.#unacked.map((note) => this.#entryOf(note)));
        break;
      case "checkpoint":
        this.#log.checkpoint(this.#recoverable);
        this.#pager.onCheckpoint();
        break;
      case "write out":
        this.#recoverable.writeOutBefore(this.#log.position);
        this.#settleDown();
        expect(this.#recoverable.lowestLogPosition).toBeGreaterThanOrEqual(this.#log.position);
        break;
      case "send out":
        for (const pages of this.#fixture.context.pageBudget.owners()) pages.sendOutAll();
        break;
      case "restart":
        this.#restart();
        this.#check();
        break;
      case "restart, send out":
        this.#restart();
        this.#sendAllOut();
        this.#check();
        break;
    }
    this.#settleDown();
    expect(this.#queue.depth.ready + this.#unacked.length).toBe(this.#expected.size);
  }

  get #recoverable(): Recoverable {
    return this.#queue.recoverable as Recoverable;
  }

  #settleDown(): void {
    this.#fixture.clock.runTurns();
    for (let i = 0; i < 1000 && this.#pager.pendingCount > 0; i++) {
      this.#pager.answer();
      this.#fixture.clock.runTurns();
    }
  }

  #publish({ persistent, priority, size }: Extract<Command, { do: "publish" }>): void {
    const id = `${this.#place++}`;
    const body = `${id}|`.padEnd(size, ".");
    const publication = this.#fixture.publication(body, { persistent, priority });
    this.#queue.publish(publication);
    const level = priority;
    this.#expected.set(id, { id, level, place: this.#place, persistent, delivered: false });
    if (!persistent) return;
    const record = this.#recordOf(this.#fixture.publication(body, { persistent, priority }));
    this.#log.publish(record, this.#queue.lastSequence, this.#queue.lastExpiresAtMs);
  }

  /** The record as a log entry has it. */
  #recordOf(publication: Parameters<WorkQueue["publish"]>[0]): Uint8Array {
    const scratch = createFixture({ memory: this.#memory });
    const queue = new WorkQueue(scratch.context, definitionOf(), settingsOf());
    queue.publish(publication);
    let bytes = new Uint8Array(0);
    queue.get({
      noAck: true,
      onGot: (_queue, { record }) => {
        bytes = this.#memory.arena.u8.slice(record.at, record.at + record.lengthBytes);
      },
      onEmpty: () => {},
    });
    return bytes;
  }

  #deliver(count: number, noAck: boolean): void {
    const consumer = consumerOf(this.#queue, this.#target, { noAck, prefetchMax: count });
    const before = this.#target.notes.length;
    this.#queue.consume(consumer);
    this.#settleDown();
    this.#queue.cancel(consumer);
    for (const note of this.#target.notes.slice(before)) {
      const [id, expected] = this.#entryOf(note);
      if (noAck) this.#expected.delete(id);
      else {
        expected.delivered = true;
        this.#unacked.push(note);
      }
    }
  }

  #entryOf(note: Note): [string, Expected] {
    const id = note.body.split("|")[0] as string;
    return [id, this.#expected.get(id) as Expected];
  }

  #settle(which: number, outcome: Outcome): void {
    if (this.#unacked.length === 0) return;
    const [note] = this.#unacked.splice(which % this.#unacked.length, 1) as [Note];
    if (outcome === Outcome.accept) this.#expected.delete(this.#entryOf(note)[0]);
    this.#queue.settle(
      note.consumer,
      note.sequence,
      note.location,
      note.bytes,
      outcome,
      note.deliveryCount,
    );
  }

  /** The process dies and starts again: all that is left are the pages, the checkpoint and the log. */
  #restart(): void {
    this.#fixture.clock.runTurns();
    const before = this.#queue;
    this.#pager.forgetReleases = true;
    before.delete("deleted");
    this.#pager.forgetReleases = false;
    this.#pager.crash();
    this.#fixture = this.#newFixture();
    this.#queue = this.#newQueue();
    this.#unacked = [];
    this.#log.replay(this.#recoverable, this.#memory, () => {
      for (const pages of this.#fixture.context.pageBudget.owners()) pages.sendOutAll();
    });
    for (const [id, { persistent }] of this.#expected) if (!persistent) this.#expected.delete(id);
    this.#settleDown();
  }

  /** What was looked at after the start leaves memory, and comes back as it lies on disk. */
  #sendAllOut(): void {
    // A page that has just been read stays once.
    for (let times = 0; times < 2; times++) {
      for (const pages of this.#fixture.context.pageBudget.owners()) pages.sendOutAll();
      this.#settleDown();
    }
  }

  /** Everything that should be there is, in order, with what is known of its past. */
  #check(): void {
    const wanted = [...this.#expected.values()].sort(
      (one, other) => other.level - one.level || one.place - other.place,
    );
    expect(this.#queue.depth.ready).toBe(wanted.length);
    expect(this.#queue.depth.persistent).toBe(wanted.length);
    const target = new NotingTarget(this.#memory);
    const consumer = consumerOf(this.#queue, target);
    this.#queue.consume(consumer);
    this.#settleDown();
    this.#queue.cancel(consumer);
    expect(target.notes.map((note) => note.body.split("|")[0])).toEqual(wanted.map(({ id }) => id));
    for (const note of target.notes) {
      const [, expected] = this.#entryOf(note);
      if (expected.delivered) expect(note.redelivered).toBe(true);
      expected.delivered = true;
      this.#unacked.push(note);
    }
  }
}

describe("QueueRecovery", () => {
  it("forgets transient messages for good, also when their page leaves memory again", () => {
    const world = new World();
    for (const persistent of [true, false, true]) {
      world.run({ do: "publish", times: 1, persistent, priority: 0, size: 40 });
    }
    for (const each of ["write out", "checkpoint", "restart, send out"] as const) {
      world.run({ do: each });
    }
  });

  it("brings back exactly what was not settled, in order", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const world = new World();
        for (const each of commands) world.run(each as Command);
        world.run({ do: "restart" } as Command);
      }),
      { numRuns: 40 },
    );
  });
});
