// The messages of one exchange that wait. They lie in buckets by the time they are due: seconds when that is near,
// minutes, hours and days when it is not. A bucket whose time comes near is put in order, or when it is long shared
// out among finer ones; what is due goes on as one move. Everything is work in slices of turns.

import { CallbackTimer } from "../../lib/timer-wheel.ts";
import type { Deadline, Job } from "../flow/turn.ts";
import type { Publication } from "../message/publication.ts";
import type { RecordView } from "../message/record.ts";
import type { QueueNumber, Sequence } from "../numbers.ts";
import { Peek } from "../queue/backlog.ts";
import type { QueueContext } from "../queue/context.ts";
import type { Queue } from "../queue/queue.ts";
import { describeRecord, type MoveJournal } from "../routing/travel.ts";
import { type BucketHost, type BucketSpan, DelayBucket, LOST } from "./bucket.ts";

/** Widths of buckets, from the finest: what is due within `reachMs` lies in one of them. */
interface Width {
  readonly widthMs: number;
  readonly reachMs: number;
  /** So long before its time a bucket is looked at. */
  readonly leadMs: number;
}
const WIDTHS: readonly Width[] = [
  { widthMs: 1_000, reachMs: 64_000, leadMs: 2_000 },
  { widthMs: 60_000, reachMs: 3_840_000, leadMs: 3_000 },
  { widthMs: 3_600_000, reachMs: 172_800_000, leadMs: 120_000 },
  { widthMs: 86_400_000, reachMs: Number.POSITIVE_INFINITY, leadMs: 1_800_000 },
];
const FINEST_MS = 1_000;
/** A bucket up to this size is put in order as it is. */
const ORDERED_BYTES_MAX = 4_194_304;
/** The timer looks at least so often: the wall clock may have been set. */
const LOOK_EVERY_MS = 60_000;
/** What could not go on is tried again after this: the log takes what waits for it in a few milliseconds. */
const RETRY_AFTER_MS = 10;

/** What stores share. */
export interface DelayParts {
  readonly context: QueueContext;
  readonly journal: MoveJournal;
  readonly publication: Publication;
  nextQueueNumber(): QueueNumber;
  /** A new bucket: the log hears of it and finds it by its number. */
  onBucketAdded(store: DelayStore, bucket: DelayBucket): void;
  onBucketRemoved(bucket: DelayBucket): void;
  /** Puts the message in the publication into a bucket, and into the log. False: no memory. */
  enqueue(bucket: DelayBucket): boolean;
  /** Its time has come: publishes the message to where the exchange sends it now. False when that must wait. */
  release(store: DelayStore, record: RecordView): boolean;
}

/** Whose messages they are. */
export interface DelayOwner {
  readonly vhost: string;
  readonly name: string;
  readonly number: number;
  readonly durable: boolean;
}

/** What became of a message somebody wanted out. `reading`: its page is being read; `busy`: the log or memory is short. */
export type TakenOut = "done" | "gone" | "reading" | "busy";

export class DelayStore implements BucketHost, Job {
  readonly owner: DelayOwner;
  readonly #parts: DelayParts;
  readonly #buckets = new Map<string, DelayBucket>();
  readonly #timer = new CallbackTimer(() => this.#work());
  #inTurn = false;
  #isDisposed = false;
  /** Until then the bucket that `#nextDue` found is the first. */
  #nextDueAtMs = 0;

  constructor(parts: DelayParts, owner: DelayOwner) {
    this.#parts = parts;
    this.owner = owner;
  }

  /** By the beginning of their spans. */
  buckets(): DelayBucket[] {
    return [...this.#buckets.values()].sort((a, b) => a.span.fromMs - b.span.fromMs);
  }

  get size(): { readonly count: number; readonly bytes: number } {
    let [count, bytes] = [0, 0];
    for (const { size } of this.#buckets.values()) {
      count += size.count;
      bytes += size.bytes;
    }
    return { count, bytes };
  }

  /** The bucket for a message that is due then; told so, for it is published to it next. */
  bucketFor(dueAtMs: number): Queue {
    const bucket = this.#bucketFor(dueAtMs);
    bucket.nextDueAtMs = dueAtMs;
    // Whatever happens, somebody looks when it is due.
    this.#schedule(Math.min(dueAtMs, this.#lookAtMs(bucket)));
    return bucket;
  }

  #bucketFor(dueAtMs: number): DelayBucket {
    const waitMs = dueAtMs - this.#nowMs();
    const { widthMs } = WIDTHS.find(({ reachMs }) => waitMs < reachMs) as Width;
    const fromMs = Math.floor(dueAtMs / widthMs) * widthMs;
    const known = this.#buckets.get(keyOf({ fromMs, widthMs }));
    if (known !== undefined) return known;
    const bucket = this.addBucket(this.#parts.nextQueueNumber(), { fromMs, widthMs });
    // Nothing is in it yet: in order from the start, if its time is near.
    if (this.#lookAtMs(bucket) <= this.#nowMs()) {
      bucket.isNear = true;
      bucket.indexState = "complete";
    }
    this.#parts.onBucketAdded(this, bucket);
    return bucket;
  }

  /** Also for replay, which knows the number. */
  addBucket(number: QueueNumber, span: BucketSpan): DelayBucket {
    const { vhost, name, durable } = this.owner;
    const place = { vhost, owner: name, durable };
    const bucket = new DelayBucket(this.#parts.context, place, number, span, this);
    this.#buckets.set(keyOf(span), bucket);
    return bucket;
  }

  /** The exchange is gone, and what waits with it. */
  dispose(): void {
    this.#isDisposed = true;
    this.#parts.context.timers.cancel(this.#timer);
    for (const bucket of this.#buckets.values()) this.#remove(bucket);
  }

  removeBucket(number: QueueNumber): void {
    const bucket = this.bucketNumbered(number);
    if (bucket !== undefined) this.#remove(bucket);
  }

  bucketNumbered(number: QueueNumber): DelayBucket | undefined {
    for (const bucket of this.#buckets.values()) {
      if (bucket.definition.number === number) return bucket;
    }
    return undefined;
  }

  #remove(bucket: DelayBucket): void {
    this.#buckets.delete(keyOf(bucket.span));
    this.#parts.onBucketRemoved(bucket);
    bucket.delete();
  }

  // ---- for people ----------------------------------------------------------------------------------------------

  /** Takes a message out for good. */
  cancel(number: QueueNumber, sequence: Sequence): TakenOut {
    const bucket = this.bucketNumbered(number);
    const found = bucket?.locate(sequence);
    if (bucket === undefined || found === false) return "gone";
    if (found === undefined) return "reading";
    bucket.remove(sequence, found.location, found.record.bodySizeBytes, false);
    return "done";
  }

  /** Sends a message on now. */
  deliverNow(number: QueueNumber, sequence: Sequence): TakenOut {
    const bucket = this.bucketNumbered(number);
    const found = bucket?.locate(sequence);
    if (bucket === undefined || found === false) return "gone";
    if (found === undefined) return "reading";
    const { location, record } = found;
    const bytes = record.bodySizeBytes;
    const isLogged = this.#beginMove(bucket, sequence, record);
    if (!this.#endMove(isLogged, this.#parts.release(this, record))) return "busy";
    bucket.remove(sequence, location, bytes, true);
    return "done";
  }

  // ---- when time passes ----------------------------------------------------------------------------------------

  onBucketReady(): void {
    this.#work();
  }

  #work(): void {
    if (this.#inTurn || this.#isDisposed) return;
    this.#inTurn = true;
    this.#parts.context.turn.addJob(this);
  }

  runSlice(deadline: Deadline): boolean {
    if (this.#isDisposed) return this.#leave();
    for (const bucket of this.#buckets.values()) this.#look(bucket);
    for (const bucket of this.#buckets.values()) {
      while (bucket.indexState === "being-made" && bucket.readOn(deadline)) {
        if (deadline()) return false;
      }
    }
    for (;;) {
      const bucket = this.#nextDue() ?? this.#nextToShareOut();
      if (bucket === undefined) break;
      do {
        const isGone =
          bucket.indexState === "none" ? this.#shareOut(bucket) : this.#releaseFirst(bucket);
        if (!isGone) return this.#leave();
        if (deadline()) return false;
      } while (bucket.index.dueAtMs <= this.#nextDueAtMs);
    }
    this.#schedule(this.#nextLookMs());
    return this.#leave();
  }

  #leave(): true {
    this.#inTurn = false;
    return true;
  }

  /** Decides what to do with a bucket whose time is near, and drops one whose time is over. */
  #look(bucket: DelayBucket): void {
    const nowMs = this.#nowMs();
    const { fromMs, widthMs } = bucket.span;
    if (bucket.isEmpty && fromMs + widthMs <= nowMs) {
      this.#remove(bucket);
      return;
    }
    if (bucket.isNear || this.#lookAtMs(bucket) > nowMs) return;
    bucket.isNear = true;
    const isSmall = widthMs <= FINEST_MS || bucket.size.bytes <= ORDERED_BYTES_MAX;
    if (isSmall) bucket.beginIndex();
  }

  /**
   * The bucket with the message that is due first, if one is due. Its messages up to `#nextDueAtMs` come before those
   * of all other buckets.
   */
  #nextDue(): DelayBucket | undefined {
    let first: DelayBucket | undefined;
    const nowMs = this.#nowMs();
    let dueAtMs = nowMs;
    this.#nextDueAtMs = nowMs;
    for (const bucket of this.#buckets.values()) {
      if (bucket.indexState !== "complete") continue;
      const bucketDueAtMs = bucket.index.dueAtMs;
      if (bucketDueAtMs > dueAtMs) {
        this.#nextDueAtMs = Math.min(this.#nextDueAtMs, bucketDueAtMs);
        continue;
      }
      // The one that was first until now is the next.
      if (first !== undefined) this.#nextDueAtMs = dueAtMs;
      first = bucket;
      dueAtMs = bucketDueAtMs;
    }
    return first;
  }

  #nextToShareOut(): DelayBucket | undefined {
    for (const bucket of this.#buckets.values()) {
      if (bucket.isNear && bucket.indexState === "none" && !bucket.isEmpty) return bucket;
    }
    return undefined;
  }

  /** False when it must wait; whatever it waits for calls `onBucketReady`, or the timer does. */
  #releaseFirst(bucket: DelayBucket): boolean {
    const record = bucket.firstRecord();
    // Its page is being read.
    if (record === undefined) return false;
    if (record === LOST) return true;
    const { sequence } = bucket.index;
    const bytes = record.bodySizeBytes;
    const isLogged = this.#beginMove(bucket, sequence, record);
    if (!this.#endMove(isLogged, this.#parts.release(this, record))) {
      this.#retryLater();
      return false;
    }
    bucket.firstMoved(bytes);
    return true;
  }

  /** Puts the oldest message of a long bucket into a finer one, or sends it on if it is due. */
  #shareOut(bucket: DelayBucket): boolean {
    const peeked = bucket.peekOldest();
    if (peeked === Peek.out) return false;
    if (peeked === Peek.empty) {
      // Its last messages are lost, or not counted yet.
      this.#remove(bucket);
      return true;
    }
    const { record, sequence } = bucket.oldest;
    const dueAtMs = record.expiresAtMs;
    const isLogged = this.#beginMove(bucket, sequence, record);
    const isMoved =
      dueAtMs <= this.#nowMs()
        ? this.#parts.release(this, record)
        : this.#putInto(this.#finerThan(bucket, dueAtMs), record, dueAtMs);
    if (!this.#endMove(isLogged, isMoved)) {
      this.#retryLater();
      return false;
    }
    bucket.oldestMoved();
    return true;
  }

  /** A bucket that is not the one being shared out: that one's time is near, so a finer one is in reach. */
  #finerThan(bucket: DelayBucket, dueAtMs: number): DelayBucket {
    const finer = this.#bucketFor(dueAtMs);
    return finer === bucket ? this.#bucketFor(this.#nowMs()) : finer;
  }

  #putInto(bucket: DelayBucket, record: RecordView, dueAtMs: number): boolean {
    describeRecord(record, this.#parts.publication);
    bucket.nextDueAtMs = dueAtMs;
    return this.#parts.enqueue(bucket);
  }

  /** What is published until `#endMove` takes the message's place in the log. Answers whether the log knows it. */
  #beginMove(bucket: DelayBucket, sequence: Sequence, record: RecordView): boolean {
    const isLogged = bucket.isLogged && record.persistent;
    if (isLogged) this.#parts.journal.beginMove(bucket.definition.number, sequence);
    return isLogged;
  }

  /** Answers `isGone`: whether the message is somewhere else now. */
  #endMove(isLogged: boolean, isGone: boolean): boolean {
    const { journal } = this.#parts;
    if (isLogged && isGone) journal.endMove();
    else if (isLogged) journal.cancelMove();
    return isGone;
  }

  // ---- the timer -----------------------------------------------------------------------------------------------

  #nowMs(): number {
    return this.#parts.context.clock.nowMs();
  }

  #lookAtMs({ span: { fromMs, widthMs } }: DelayBucket): number {
    const width = WIDTHS.find((each) => each.widthMs === widthMs) as Width;
    return fromMs - width.leadMs;
  }

  #nextLookMs(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const bucket of this.#buckets.values()) {
      const { fromMs, widthMs } = bucket.span;
      if (!bucket.isNear) atMs = Math.min(atMs, this.#lookAtMs(bucket));
      else if (bucket.isEmpty) atMs = Math.min(atMs, fromMs + widthMs);
      else if (bucket.indexState === "complete") atMs = Math.min(atMs, bucket.index.dueAtMs);
    }
    return atMs;
  }

  #scheduledMs = Number.POSITIVE_INFINITY;

  /** Looks then, unless it is to look earlier anyway. */
  #schedule(atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY) return;
    if (this.#timer.isScheduled && this.#scheduledMs <= atMs) return;
    this.#scheduledMs = atMs;
    const waitMs = Math.min(Math.max(0, atMs - this.#nowMs()), LOOK_EVERY_MS);
    this.#parts.context.timers.scheduleAfter(this.#timer, waitMs);
  }

  #retryLater(): void {
    this.#schedule(this.#nowMs() + RETRY_AFTER_MS);
  }
}

function keyOf({ fromMs, widthMs }: BucketSpan): string {
  return `${widthMs}:${fromMs}`;
}
