// hot path: runs per message
// The write-ahead log: one write in flight, and the next batch is whatever arrived meanwhile. Files are opened so
// that a write that has ended is on the disk.

import type { LogPosition } from "../broker/numbers.ts";
import { EntryKind, type Log, type LogHandler } from "../broker/ports.ts";
import type { Clock, DiskError, FileHandler, TimerHandle } from "../env/env.ts";
import type { Address } from "../lib/arena.ts";
import { BATCH_ALIGNMENT_BYTES } from "./format.ts";
import type { Batch, LogBuffers } from "./log-buffers.ts";
import type { LogFile, LogFiles } from "./log-files.ts";

/** What nobody waits for is written after this time at the latest, sooner with anything else. */
export const LAZY_MS = 50;
/** How often a write is tried again that found the disk full. */
const FULL_DISK_RETRY_MS = 1_000;

/** Kinds no reply waits for. */
const lazyKinds: boolean[] = [];
lazyKinds[EntryKind.settle] = true;
lazyKinds[EntryKind.returned] = true;
lazyKinds[EntryKind.deliveredUpTo] = true;

export class WriteAheadLog implements Log, FileHandler {
  readonly #buffers: LogBuffers;
  readonly #clock: Clock;
  #files: LogFiles | undefined = undefined;
  /** Being written, to `#file`, of which `#written` bytes are done. */
  #batch: Batch | undefined = undefined;
  #file: LogFile | undefined = undefined;
  #written = 0;
  #urgent = false;
  #lazyTimer: TimerHandle | undefined = undefined;
  #idleTimer: TimerHandle | undefined = undefined;
  #failed = false;
  #wasCongested = false;
  /** The newest batch on disk has no entries: it vouches for the one before it. */
  #vouched = true;
  #onIdle: (() => void) | undefined = undefined;
  durablePosition: LogPosition;
  handler: LogHandler = { onDurable() {}, onRelieved() {}, onFailed() {} };
  /** The disk is full; called again with each attempt that fails. */
  onDiskFull: () => void = () => {};

  constructor(buffers: LogBuffers, clock: Clock) {
    this.#buffers = buffers;
    this.#clock = clock;
    this.durablePosition = buffers.position;
  }

  /** Must be called before the first append. */
  start(files: LogFiles): void {
    this.#files = files;
    files.prepareNext();
  }

  get position(): LogPosition {
    return this.#buffers.position;
  }

  get congested(): boolean {
    if (!this.#buffers.congested) return false;
    this.#wasCongested = true;
    return true;
  }

  append(kind: EntryKind, lengthBytes: number): Address {
    if (lazyKinds[kind] !== true) this.#urgent = true;
    return this.#buffers.append(kind, lengthBytes);
  }

  commit(): void {
    if (this.#batch !== undefined || this.#failed || this.#buffers.waitingBytes === 0) return;
    if (this.#urgent) this.#writeNext();
    else this.#lazyTimer ??= this.#clock.setTimer(LAZY_MS, () => this.#lazyIsDue());
  }

  /** Calls back when everything appended is on disk. Does nothing after a failure. */
  flush(onFlushed: () => void): void {
    if (this.#failed) return;
    this.#onIdle = onFlushed;
    if (this.#batch !== undefined) return;
    if (this.#buffers.waitingBytes > 0) this.#writeNext();
    else if (!this.#vouched) this.#vouch();
    else this.#tellIdle();
  }

  /** Nothing is written any more. */
  stop(): void {
    this.#failed = true;
    this.#clearTimers();
  }

  onDone(_token: number, lengthBytes: number): void {
    if (this.#failed) return;
    const batch = this.#batch as Batch;
    this.#written += lengthBytes;
    if (this.#written < batch.usedBytes) {
      this.#writeRest(batch);
      return;
    }
    (this.#file as LogFile).offset += aligned(batch.usedBytes);
    this.#batch = undefined;
    this.#buffers.written(batch);
    this.#vouched = batch.endPosition === batch.firstPosition;
    const isNews = batch.endPosition !== this.durablePosition;
    this.durablePosition = batch.endPosition;
    if (this.#buffers.waitingBytes > 0 && (this.#urgent || this.#onIdle !== undefined)) {
      this.#writeNext();
    } else if (this.#buffers.waitingBytes > 0) {
      this.commit();
    } else if (!this.#vouched) {
      if (this.#onIdle !== undefined) this.#vouch();
      else this.#idleTimer ??= this.#clock.setTimer(LAZY_MS, () => this.#idleIsDue());
    }
    if (isNews) this.handler.onDurable(this.durablePosition);
    if (this.#wasCongested && !this.#buffers.congested) {
      this.#wasCongested = false;
      this.handler.onRelieved();
    }
    if (this.#batch === undefined && this.#vouched && this.#buffers.waitingBytes === 0) {
      this.#tellIdle();
    }
  }

  onFailed(_token: number, error: DiskError): void {
    if (this.#failed) return;
    if (error.code === "ENOSPC" || error.code === "EDQUOT") {
      // Nothing was promised and nothing lost: the same bytes go to the same place once there is room.
      this.onDiskFull();
      this.#clock.setTimer(FULL_DISK_RETRY_MS, () => {
        if (!this.#failed) this.#writeRest(this.#batch as Batch);
      });
      return;
    }
    // Whether the bytes are on disk can't be found out any more: a second sync may lie.
    this.#failed = true;
    this.#clearTimers();
    this.handler.onFailed(`the log could not be written: ${error.message}`);
  }

  #writeNext(): void {
    const batch = this.#buffers.take() as Batch;
    // Whole buffers come before the rest: only the last one is known to hold nothing urgent.
    if (this.#buffers.waitingBytes === 0) this.#urgent = false;
    this.#start(batch);
  }

  #vouch(): void {
    this.#start(this.#buffers.takeEmpty());
  }

  #start(batch: Batch): void {
    this.#clearTimers();
    this.#batch = batch;
    this.#written = 0;
    this.#file = (this.#files as LogFiles).forBatch(aligned(batch.usedBytes));
    this.#writeRest(batch);
  }

  #writeRest(batch: Batch): void {
    const file = this.#file as LogFile;
    const done = this.#written;
    file.write(0, batch.at + done, batch.usedBytes - done, file.offset + done);
  }

  #lazyIsDue(): void {
    this.#lazyTimer = undefined;
    if (this.#batch === undefined && !this.#failed && this.#buffers.waitingBytes > 0) {
      this.#writeNext();
    }
  }

  #idleIsDue(): void {
    this.#idleTimer = undefined;
    if (this.#batch === undefined && !this.#failed && this.#buffers.waitingBytes === 0) {
      this.#vouch();
    }
  }

  #tellIdle(): void {
    const onIdle = this.#onIdle;
    this.#onIdle = undefined;
    onIdle?.();
  }

  #clearTimers(): void {
    if (this.#lazyTimer !== undefined) this.#clock.clearTimer(this.#lazyTimer);
    if (this.#idleTimer !== undefined) this.#clock.clearTimer(this.#idleTimer);
    this.#lazyTimer = undefined;
    this.#idleTimer = undefined;
  }
}

function aligned(lengthBytes: number): number {
  return Math.ceil(lengthBytes / BATCH_ALIGNMENT_BYTES) * BATCH_ALIGNMENT_BYTES;
}
