// For the tests and benchmarks of this folder: a queue on a manual clock, with a journal and targets that take notes.

import type { Clock, TimerHandle } from "../../env/env.ts";
import { Memory } from "../../lib/memory.ts";
import { TimerWheel } from "../../lib/timer-wheel.ts";
import { Gates } from "../flow/gates.ts";
import { Turn } from "../flow/turn.ts";
import { NoJournal } from "../journal/journaling.ts";
import { defaultLimits } from "../limits.ts";
import { EMPTY_TABLE } from "../message/field-table.ts";
import { PagedBodies } from "../message/paged-bodies.ts";
import { NO_BODY_REFERENCE, NO_EXPIRATION, Publication } from "../message/publication.ts";
import { RecordFlag, type RecordView } from "../message/record.ts";
import type { Location, LogPosition, QueueNumber, Sequence } from "../numbers.ts";
import { Observers } from "../observing/observers.ts";
import { NO_CAPACITY, type Pager } from "../ports.ts";
import type { EffectiveSettings } from "../settings/effective.ts";
import { DEFAULT_QUEUE_SETTINGS, type QueueSettings } from "../settings/queue-settings.ts";
import { StreamPageCache } from "../stream/page-cache.ts";
import { Consumer, type ConsumerOptions, type DeliveryTarget } from "./consumer.ts";
import type { QueueContext, QueueJournal } from "./context.ts";
import { PageBudget } from "./page-budget.ts";
import type { Delivery, Queue, QueueDefinition } from "./queue.ts";
import { queueTypes } from "./types.ts";

/** Time stands still until a test moves it; turns run when a test says so. */
export class ManualClock implements Clock {
  wallMs = 1_700_000_000_000;
  #elapsedMs = 0;
  #turns: (() => void)[] = [];
  #timers: { atMs: number; onTimer: () => void }[] = [];

  nowMs(): number {
    return this.wallMs;
  }
  monotonicMs(): number {
    return this.#elapsedMs;
  }
  setTimer(afterMs: number, onTimer: () => void): TimerHandle {
    const timer = { atMs: this.#elapsedMs + afterMs, onTimer };
    this.#timers.push(timer);
    return timer;
  }
  clearTimer(timer: TimerHandle): void {
    this.#timers = this.#timers.filter((each) => each !== timer);
  }
  nextTurn(onTurn: () => void): void {
    this.#turns.push(onTurn);
  }

  /** Runs turns until none is asked for (at most `limit`). */
  runTurns(limit = 10_000): void {
    for (let i = 0; i < limit && this.#turns.length > 0; i++) {
      for (const turn of this.#turns.splice(0)) turn();
    }
  }

  /** Moves both clocks, firing timers in order, with turns between them. */
  advance(byMs: number): void {
    const untilMs = this.#elapsedMs + byMs;
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.atMs <= untilMs)
        .sort((one, other) => one.atMs - other.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#moveTo(Math.max(due.atMs, this.#elapsedMs));
      due.onTimer();
      this.runTurns();
    }
    this.#moveTo(untilMs);
    this.runTurns();
  }

  #moveTo(elapsedMs: number): void {
    this.wallMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}

/** Remembers the ranges it was told of. */
export class NotingJournal implements QueueJournal {
  position: LogPosition = 0;
  readonly settled: { queue: QueueNumber; from: Sequence; to: Sequence }[] = [];
  readonly delivered: Sequence[] = [];
  readonly returns: { from: Sequence; to: Sequence; deliveryCount: number }[] = [];

  isInTransaction = false;
  readonly tracked: { kind: number; name: string; value: number }[] = [];

  track(_queue: QueueNumber, kind: number, name: string, value: number): void {
    this.tracked.push({ kind, name, value });
  }
  settle(queue: QueueNumber, from: Sequence, to: Sequence): void {
    this.settled.push({ queue, from, to });
  }
  waiting(): void {}
  deliveredUpTo(_queue: QueueNumber, sequence: Sequence): void {
    this.delivered.push(sequence);
  }
  returned(_queue: QueueNumber, from: Sequence, to: Sequence, deliveryCount: number): void {
    this.returns.push({ from, to, deliveryCount });
  }
}

/** Nothing leaves memory. */
export const memoryOnlyPager: Pager = {
  capacityBytes: NO_CAPACITY,
  write: () => {
    throw new Error("nothing is written where nothing leaves memory");
  },
  read: () => {
    throw new Error("nothing is read where nothing leaves memory");
  },
  release: () => {},
};

export function settingsOf(values: Partial<QueueSettings> = {}): EffectiveSettings {
  return {
    values: { ...DEFAULT_QUEUE_SETTINGS, ...values },
    origins: new Map(),
    policy: undefined,
    operatorPolicy: undefined,
  };
}

export function definitionOf(changes: Partial<QueueDefinition> = {}): QueueDefinition {
  return {
    number: 1,
    name: "q",
    vhost: "/",
    durable: false,
    autoDelete: false,
    owner: undefined,
    type: queueTypes.classic as QueueDefinition["type"],
    arguments: EMPTY_TABLE,
    ...changes,
  };
}

export interface Fixture {
  readonly clock: ManualClock;
  readonly memory: Memory;
  readonly turn: Turn;
  readonly journal: NotingJournal;
  readonly bodies: PagedBodies;
  readonly context: QueueContext;
  /** Queues that asked for their end. */
  readonly unused: { queue: Queue; reason: string }[];
  /** Fills the publication from a text body; addressing is ("", "q"). */
  publication(body: string | Uint8Array, options?: MessageOptions): Publication;
}

export interface MessageOptions {
  readonly persistent?: boolean;
  readonly priority?: number;
  readonly expirationMs?: number;
  /** The body lies in pages of its own. */
  readonly external?: boolean;
}

const CONTENT_HEADER_FRAME_BYTES = 22;
const FRAME_END = 0xce;
/** Addressing, content header frame, body frame header. */
const BODY_OFFSET = 4 + CONTENT_HEADER_FRAME_BYTES + 7;

export function createFixture(changes: Partial<QueueContext> = {}, arenaMiB = 32): Fixture {
  const clock = new ManualClock();
  const memory = changes.memory ?? new Memory({ arenaBytes: arenaMiB * 1_048_576 });
  const turn = new Turn(clock);
  const journal = new NotingJournal();
  const timers = new TimerWheel(clock);
  const pager = changes.pager ?? memoryOnlyPager;
  const bodies = new PagedBodies({ memory, pager, journal: new NoJournal(), timers });
  const unused: Fixture["unused"] = [];
  const context: QueueContext = {
    memory,
    turn,
    clock,
    timers,
    limits: defaultLimits,
    journal,
    bodies,
    deadLetters: { move: () => true },
    observers: new Observers(),
    pager: memoryOnlyPager,
    pageBudget: new PageBudget(memory.pages, turn, timers, defaultLimits.residentPageBytesMax),
    streamPages: new StreamPageCache(memory.pages, turn, timers),
    gates: new Gates(turn),
    keeper: { onQueueUnused: (queue, reason) => unused.push({ queue, reason }) },
    ...changes,
  };
  const publication = new Publication();
  const scratch = memory.read.at;
  return {
    clock,
    memory,
    turn,
    journal,
    bodies,
    context,
    unused,
    publication(body, options = {}) {
      const bytes = typeof body === "string" ? Buffer.from(body) : body;
      writeContent(memory, scratch, bytes);
      fillPublication(publication, scratch, bytes.length, options);
      if (options.external === true) {
        publication.contentLengthBytes = CONTENT_HEADER_FRAME_BYTES;
        publication.bodyReference = bodies.begin(bytes.length, false);
        bodies.append(publication.bodyReference, scratch + BODY_OFFSET, bytes.length);
      }
      return publication;
    },
  };
}

function writeContent(memory: Memory, at: number, body: Uint8Array): void {
  const { view, u8 } = memory.arena;
  u8.set([0, 1, 0x71], at);
  const header = at + 4;
  view.setUint8(header, 2);
  view.setUint16(header + 1, 1);
  view.setUint32(header + 3, 14);
  view.setUint16(header + 7, 60);
  view.setUint16(header + 9, 0);
  view.setBigUint64(header + 11, BigInt(body.length));
  view.setUint16(header + 19, 0);
  view.setUint8(header + 21, FRAME_END);
  const frame = header + CONTENT_HEADER_FRAME_BYTES;
  view.setUint8(frame, 3);
  view.setUint16(frame + 1, 1);
  view.setUint32(frame + 3, body.length);
  u8.set(body, frame + 7);
  view.setUint8(frame + 7 + body.length, FRAME_END);
}

function fillPublication(
  publication: Publication,
  at: number,
  bodySizeBytes: number,
  options: MessageOptions,
): void {
  publication.addressingAt = at;
  publication.addressingLength = 3;
  publication.contentAt = at + 4;
  publication.contentLengthBytes =
    CONTENT_HEADER_FRAME_BYTES + (bodySizeBytes === 0 ? 0 : bodySizeBytes + 8);
  publication.bodySizeBytes = bodySizeBytes;
  publication.flags = options.persistent === true ? RecordFlag.persistent : 0;
  publication.hasPriority = options.priority !== undefined;
  publication.priority = options.priority ?? 0;
  publication.expirationMs = options.expirationMs ?? NO_EXPIRATION;
  publication.bodyReference = NO_BODY_REFERENCE;
}

/** The body of a message, as text. */
export function bodyOfRecord(memory: Memory, record: RecordView): string {
  if ((record.flags & RecordFlag.externalBody) !== 0) return "";
  const at = record.contentAt + record.headerFrameLength + 7;
  return memory.arena.buffer.utf8Slice(at, at + record.bodySizeBytes);
}

/** What a target remembers of one delivery. */
export interface Note {
  readonly consumer: Consumer;
  readonly body: string;
  readonly sequence: Sequence;
  readonly location: Location;
  readonly bytes: number;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
}

/** A consumer's other side that copies what it gets. */
export class NotingTarget implements DeliveryTarget {
  writable = true;
  readonly notes: Note[] = [];
  readonly cancelled: Consumer[] = [];
  protected readonly memory: Memory;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  deliver(consumer: Consumer, delivery: Delivery): void {
    this.notes.push(noteOf(this.memory, consumer, delivery));
  }
  onCancelled(consumer: Consumer): void {
    this.cancelled.push(consumer);
  }
  /** The bodies delivered so far, in order. */
  get bodies(): string[] {
    return this.notes.map((note) => note.body);
  }
}

/** The same for a consumer that also takes messages that were never stored. */
export class TakingTarget extends NotingTarget {
  handedOver = 0;

  handOver(consumer: Consumer, first: Publication, count: number, strideBytes: number): number {
    this.handedOver += count;
    const { view, buffer } = this.memory.arena;
    const bytes = first.bodySizeBytes;
    const never = { sequence: 0, location: 0, redelivered: false, deliveryCount: 0 };
    for (let index = 0; index < count; index++) {
      const contentAt = first.contentAt + index * strideBytes;
      const at = contentAt + view.getInt32(contentAt + 3) + 8 + 7;
      this.notes.push({ consumer, body: buffer.utf8Slice(at, at + bytes), bytes, ...never });
    }
    return count;
  }
}

export function noteOf(memory: Memory, consumer: Consumer, delivery: Delivery): Note {
  return {
    consumer,
    body: bodyOfRecord(memory, delivery.record),
    sequence: delivery.sequence,
    location: delivery.location,
    bytes: delivery.record.bodySizeBytes,
    redelivered: delivery.redelivered,
    deliveryCount: delivery.deliveryCount,
  };
}

export function consumerOf(
  queue: Queue,
  target: DeliveryTarget,
  changes: Partial<ConsumerOptions> = {},
): Consumer {
  return new Consumer({
    tag: "c",
    queue,
    target,
    noAck: false,
    exclusive: false,
    priority: 0,
    prefetchMax: 0,
    arguments: EMPTY_TABLE,
    ...changes,
  });
}
