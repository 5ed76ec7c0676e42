// What a queue does so that it can be found again after a restart: what checkpoints ask of it while it runs,
// and what replay tells it at start. A checkpoint is a list of log entries (see log-entries.ts); replay hears the
// checkpoint, then the log from the checkpoint's position on, and every entry may meet a queue that knows of it already.

import type { Address } from "../../lib/arena.ts";
import type { BodyReference, LogPosition, QueueNumber, Sequence } from "../numbers.ts";
import type { PageHandle } from "../ports.ts";
import type { BodyRun } from "../queue/noted-bodies.ts";
import type { TrackedKind } from "../stream/offset-tracking.ts";

/** `lowestLogPosition` of what needs nothing of the log. */
export const NO_LOG_POSITION: LogPosition = Number.POSITIVE_INFINITY;

/** A written page as checkpoints name it. */
export interface PageFacts {
  readonly handle: PageHandle;
  /** Without the trailer. */
  readonly lengthBytes: number;
  readonly firstSequence: Sequence;
  readonly lastSequence: Sequence;
  /** Persistent messages in it that are not settled, and the bytes of their bodies. Others are gone after a restart. */
  readonly messageCount: number;
  readonly messageBytes: number;
  /** The highest expiry instant in it, wall time; 0 = some never expire. */
  readonly lastExpiryMs: number;
}

/** A large body as checkpoints name it: its pages from the first on, as far as they are written. */
export interface BodyFacts {
  readonly reference: BodyReference;
  readonly sizeBytes: number;
  readonly pages: readonly { readonly handle: PageHandle; readonly lengthBytes: number }[];
}

/** Takes down what a checkpoint says about the queues. */
export interface CheckpointWriter {
  /** The highest sequence ever given out on each level that was used. */
  lastSequences(queue: QueueNumber, sequences: readonly Sequence[]): void;
  /** Survivors up to here on the sequence's level come back as redelivered. */
  deliveredUpTo(queue: QueueNumber, sequence: Sequence): void;
  /** Pages of one level in their order. */
  page(queue: QueueNumber, page: PageFacts): void;
  /** Messages in one of the named pages, not settled, whose bodies lie elsewhere. */
  bodies(queue: QueueNumber, run: BodyRun): void;
  /** So many records were looked at to find that out: it is work, and a slice of the checkpoint ends the sooner. */
  looked(recordCount: number): void;
  /** Settled since their page was written; a range may reach over what lies outside of pages. */
  settled(queue: QueueNumber, from: Sequence, to: Sequence): void;
  returned(queue: QueueNumber, from: Sequence, to: Sequence, deliveryCount: number): void;
  /** It waits until then (wall time) before it goes out again. */
  waiting(queue: QueueNumber, sequence: Sequence, dueAtMs: number): void;
  /** Streams: the filter of the named page that begins with that message. */
  pageFilter(queue: QueueNumber, firstSequence: Sequence, filter: Uint8Array): void;
  /** Streams: a number kept under a name. */
  tracked(queue: QueueNumber, kind: TrackedKind, name: string, value: number): void;
}

/** The side of a logged queue that checkpoints look at. */
export interface Checkpointed {
  /**
   * Log files from here on are needed: the lowest position of a persistent message that is in memory alone and not
   * settled; NO_LOG_POSITION (infinite) when there is none.
   */
  readonly lowestLogPosition: LogPosition;
  /**
   * Has everything written that the log holds below `position` and that is not settled, sealing open pages as needed.
   * Afterwards (writes take a while) `lowestLogPosition` is `position` or more. Pages that are written stay in
   * memory if there is room for them.
   */
  writeOutBefore(position: LogPosition): void;
  /**
   * Describes the queue. Named are the pages of each level up to the first one that is not written: what lies behind
   * comes back from the log.
   */
  checkpoint(writer: CheckpointWriter): void;
}

/** The side of a logged queue that replay speaks to. Called before anybody else knows the queue. */
export interface Restorable {
  restoreLastSequences(sequences: readonly Sequence[]): void;
  restoreDeliveredUpTo(sequence: Sequence, isCounted: boolean): void;
  restorePage(page: PageFacts): void;
  /** Messages in a row in restored pages refer to bodies in a row: calls `restoreReference` of the bodies for each. */
  restoreBodies(firstSequence: Sequence, count: number, firstReference: BodyReference): void;
  /**
   * The record at `at` was enqueued as `sequence`; nothing happens if it lies in a restored page or was settled.
   * `at` is valid until this returns. Answers false when there is no memory for it.
   */
  restore(at: Address, sequence: Sequence, expiresAtMs: number, position: LogPosition): boolean;
  restoreSettled(from: Sequence, to: Sequence): void;
  restoreReturned(from: Sequence, to: Sequence, deliveryCount: number): void;
  /** Only queues have it whose messages come back. */
  restoreWaiting?(sequence: Sequence, dueAtMs: number): void;
  /** Only streams have the next two. */
  restoreFilter?(firstSequence: Sequence, filter: Uint8Array): void;
  restoreTracked?(kind: TrackedKind, name: string, value: number): void;
  /** Replay is over: counters are right from here on, deliveries may start. */
  restored(): void;
}

export interface Recoverable extends Checkpointed, Restorable {}
