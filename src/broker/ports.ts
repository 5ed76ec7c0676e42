// What the core needs from whatever keeps its bytes: the embedded store, the memory log, or a replicated engine.
// "Append these bytes, tell me when they are durable, replay them", and pages that leave memory for a while.
// Nothing here answers with a promise or a closure: answers come as numbers through one handler.

import type { Address } from "../lib/arena.ts";
import type { LogPosition, QueueNumber } from "./numbers.ts";

/**
 * Kinds of log entry. The numbers are on disk: never reuse one (4 is free). Payloads are drawn in log-entries.ts.
 * Those from `numbers` to `pageFilters`, but for `tracked`, stand only in checkpoints, which are entries too: replay
 * hears the checkpoint, then the log.
 */
export const EntryKind = {
  publish: 1,
  settle: 2,
  returned: 3,
  definition: 5,
  move: 6,
  part: 7,
  transactionPublish: 8,
  commit: 9,
  /** Read only: what `outUpTo` says, of a run that did not note each return. */
  deliveredUpTo: 10,
  numbers: 11,
  lastSequences: 12,
  pages: 13,
  bodies: 14,
  /** Read only: what `bodyRuns` says, one message at a time. */
  bodyReferences: 15,
  tracked: 16,
  pageFilters: 17,
  waiting: 18,
  bodyRuns: 19,
  outUpTo: 20,
} as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** An entry is never longer than this; whoever may need more writes several. */
export const ENTRY_BYTES_MAX = 983_040;

/** The write-ahead log of this node: one order for everything that must survive. */
export interface Log {
  /**
   * Room for one entry of `lengthBytes` in the current log buffer; the caller fills it before anything else happens.
   * Never refuses: callers stop taking publishes while `congested`, and what is in hand then always fits.
   */
  append(kind: EntryKind, lengthBytes: number): Address;
  /** Just behind the last entry appended. */
  readonly position: LogPosition;
  /** Everything before this is safe. Starts at `position` after recovery. */
  readonly durablePosition: LogPosition;
  /** More waits for the disk than a publisher may add to; the handler hears `onRelieved`. */
  readonly congested: boolean;
  /**
   * Once per turn: starts writing what was appended, unless a write is in flight. `isAwaited`: a reply waits for all of
   * it, so that nothing is put off.
   */
  commit(isAwaited?: boolean): void;
  /** Set once, before the first append. */
  handler: LogHandler;
}

export interface LogHandler {
  /** Everything before `position` is durable now. Never called from inside `append` or `commit`. */
  onDurable(position: LogPosition): void;
  onRelieved(): void;
  /** A write or sync failed: nothing will be durable any more. The process must stop. */
  onFailed(reason: string): void;
}

/** Hears the log again at start, entry by entry, in order. */
export interface ReplayHandler {
  /** Memory is short: no more entries until pages have been written out. */
  readonly congested: boolean;
  /**
   * The payload lies in the arena until this returns; the entry started at `position`. False while there is no memory
   * for it: the same entry comes again when pages have been written out.
   */
  onEntry(kind: EntryKind, at: Address, lengthBytes: number, position: LogPosition): boolean;
}

/** Where entries of a checkpoint are written. `u8` and `view` may be others after each `append`. */
export interface EntrySink {
  readonly u8: Uint8Array;
  readonly view: DataView;
  /** Room for an entry; answers its position in `u8`. */
  append(kind: EntryKind, lengthBytes: number): Address;
}

/** Takes down what a checkpoint says. */
export interface CheckpointSink extends EntrySink {
  /** What is described needs that page, which is written: the checkpoint says where it lies now. */
  page(handle: PageHandle): void;
}

/**
 * What an engine that keeps a log asks of the broker above, to be able to forget old entries.
 * A checkpoint says all that is true; after a restart it is replayed first, then the log from the lowest position
 * that is needed on: its definitions only from where the checkpoint was taken, messages from there on again.
 */
export interface CheckpointSource {
  /**
   * Looks, in slices, from where on the log is needed for what came before the first slice; infinite when it is not.
   * Messages that are written meanwhile may still count: then the answer is lower than it need be.
   */
  findLowestLogPosition(): Generator<void, LogPosition>;
  /**
   * Has pages written that hold something before `position`, in slices of a few milliseconds. True when there was
   * nothing left to write; otherwise it has to be done again when the writes have ended.
   */
  writeOutBefore(position: LogPosition): Generator<void, boolean>;
  /** Does in slices what makes `capture` short. */
  prepareCapture(): Generator<void, void>;
  /**
   * Describes everything that is durable: definitions as they are in the first slice, then bodies and queues as each
   * is when its turn comes. They may have changed since the first slice: whoever reads the description hears the log
   * from there on too, and no entry does harm to what knows of it already.
   */
  capture(sink: CheckpointSink): Generator<void, void>;
  /** Changes whenever `exportDefinitions` would answer something else. */
  readonly definitionsVersion: number;
  /** All definitions in RabbitMQ's export format, for people and other tools, in slices. */
  exportDefinitions(): Generator<void, string>;
}

/** Names a page that was written out: whatever the pager likes, within 2^53. */
export type PageHandle = number & { readonly flavour?: "page handle" };

/** `Pager.capacityBytes` where pages cannot leave memory. */
export const NO_CAPACITY = 0;

/**
 * Bytes at the end of a page of `pageBytes` that its owner leaves free: the pager puts checksums there, one for
 * every 4 KiB, so that page and checksums are one write and one read and damage is known to 4 KiB.
 */
export function pageTrailerBytes(pageBytes: number): number {
  return 32 + Math.max(8, pageBytes >>> 9);
}

/** Takes sealed pages out of memory and brings them back. */
export interface Pager {
  /** 0 when nothing can leave memory (in-memory brokers): then publishers are held back instead. */
  readonly capacityBytes: number;
  /**
   * Writes `lengthBytes` of a sealed page, a multiple of 8; the `pageTrailerBytes` behind them may be overwritten.
   * Everything stays untouched until `onPageWritten(token, handle)`.
   * `durable`: the page must be found again after a restart (it belongs to a durable queue); it is, once a
   * checkpoint has named it.
   */
  write(
    owner: PageOwner,
    token: number,
    queue: QueueNumber,
    at: Address,
    lengthBytes: number,
    durable: boolean,
  ): void;
  /** Reads a page back to `at`, where `lengthBytes` and the trailer have room; `onPageRead(token)` follows. */
  read(owner: PageOwner, token: number, page: PageHandle, at: Address, lengthBytes: number): void;
  /** Nothing in the page is needed any more. */
  release(page: PageHandle): void;
}

export interface PageOwner {
  /** Pages are rows of records from their first byte to their last; false for pages of large bodies. */
  readonly pagesHoldRecords: boolean;
  onPageWritten(token: number, page: PageHandle): void;
  onPageRead(token: number): void;
  /**
   * Comes before `onPageRead`, once for each damaged stretch of the page: what lies there is lost, the rest is good.
   * In a page of records the stretch has become one record with the `settled` flag; the owner counts again.
   */
  onPageDamaged(token: number, fromOffset: number, toOffset: number): void;
  /** The page cannot be written (disk full, error) or not be read at all. */
  onPageFailed(token: number, reason: string): void;
}

/** What a broker runs on. */
export interface Engine {
  readonly log: Log;
  readonly pager: Pager;
}
