// hot path: runs per message
// The write-ahead log: one write in flight, and the next batch is whatever arrived meanwhile. Files are opened so
// that a write that has ended is on the disk.

import type { LogPosition } from "../broker/numbers.ts";
import { EntryKind, type Log, type LogHandler } from "../broker/ports.ts";
import {
  type Clock,
  type DiskError,
  type FileHandler,
  isFullDisk,
  type TimerHandle,
} from "../env/env.ts";
import type { Address } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import { BLOCK_HEADER_BYTES } from "./block.ts";
import { alignedUp } from "./format.ts";
import type { Batch, LogBuffers } from "./log-buffers.ts";
import type { LogFile, LogFiles } from "./log-files.ts";
import type { LogPlace } from "./log-reader.ts";
import { LogWaiters } from "./log-waiters.ts";

/** What nobody waits for is written after this time at the latest, sooner with anything else. */
export const LAZY_MS = 50;
/** How often a write is tried again that found the disk full. */
const FULL_DISK_RETRY_MS = 200;

/** What a write carries. */
const Token = { batch: 0, mark: 1 } as const;

/** Kinds no reply waits for. */
const lazyKinds: boolean[] = [];
lazyKinds[EntryKind.settle] = true;
lazyKinds[EntryKind.returned] = true;
lazyKinds[EntryKind.outUpTo] = true;
lazyKinds[EntryKind.waiting] = true;

export class WriteAheadLog implements Log, FileHandler {
  readonly #buffers: LogBuffers;
  readonly #clock: Clock;
  #files: LogFiles | undefined = undefined;
  /** Being written, to `#file`, of which `#written` bytes are done. */
  #batch: Batch | undefined = undefined;
  #file: LogFile | undefined = undefined;
  #written = 0;
  /** Left for `#file`, which is not written before a mark in this one says so. */
  #left: LogFile | undefined = undefined;
  #urgent = false;
  /** Runs while what nobody waits for gathers, during a write too. */
  #lazyTimer: TimerHandle | undefined = undefined;
  readonly #lazyIsDue = () => {
    this.#lazyTimer = undefined;
    this.#urgent = true;
    this.commit();
  };
  /** A file that can't grow is left for the next one: what room others make should not be taken by growing. */
  readonly #goOnOrGrow = (next: LogFile | undefined) => {
    if (this.#waiters.hasFailed) return;
    const batch = this.#batch as Batch;
    // What has been written of it counts no more: the mark takes the place of its beginning.
    if (next !== undefined) this.#startIn(next, batch);
    else this.#writeRest(batch);
  };
  #idleTimer: TimerHandle | undefined = undefined;
  #wasCongested = false;
  /** The newest batch on disk has no entries: it vouches for the one before it. */
  #vouched = true;
  durablePosition: LogPosition = 0;
  /** Where each file that is kept begins, oldest first, and the place behind the newest batch. */
  readonly #starts: LogPlace[] = [];
  #end: LogPlace | undefined = undefined;
  readonly #waiters = new LogWaiters();
  handler: LogHandler = { onDurable() {}, onRelieved() {}, onFailed() {} };
  /** The disk is full; called again with each attempt that fails. */
  onDiskFull: () => void = () => {};

  constructor(buffers: LogBuffers, clock: Clock) {
    this.#buffers = buffers;
    this.#clock = clock;
  }

  /**
   * Goes on at `end`. Must be called before the first append. `starts`: of the files recovery has read. `isCut`: the
   * newest batch there is not whole. Before anything else an empty one says that the log goes on behind what is left:
   * it can't be torn, and without it a next batch that is would pass for damage.
   */
  begin(files: LogFiles, end: LogPlace, starts: readonly LogPlace[], isCut: boolean): void {
    this.#buffers.begin(end);
    this.durablePosition = end.position;
    this.#files = files;
    this.#end = end;
    this.#starts.push(...starts);
    files.prepareNext();
    if (isCut) this.#vouch();
  }

  /** The newest place from which everything behind `position` can be read. */
  placeBefore(position: LogPosition): LogPlace {
    const end = this.#end as LogPlace;
    if (position >= end.position) return end;
    const start = this.#starts.findLast((x) => x.position <= position);
    assert(start !== undefined, "the log is kept as long as it is needed");
    return start;
  }

  /** Where the file before the current one begins: what lies before it is due to be forgotten. */
  get previousFileStart(): LogPosition {
    return this.#starts.at(-2)?.position ?? 0;
  }

  /** Files before `place` are not needed any more. */
  forgetBefore(place: LogPlace): void {
    while (this.#starts.length > 0 && (this.#starts[0] as LogPlace).file < place.file) {
      this.#starts.shift();
    }
  }

  /** Resolves when `position` is on disk; rejects when the log fails or stops before that. */
  whenDurable(position: LogPosition) {
    const durable = this.#waiters.until(position);
    if (this.durablePosition >= position) {
      this.#waiters.tellDurable(this.durablePosition);
    } else {
      this.#urgent = true;
      this.commit();
    }
    return durable;
  }

  /** Behind the newest batch that is on disk. */
  get place(): LogPlace {
    return this.#end as LogPlace;
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

  commit(isAwaited = false): void {
    if (this.#buffers.waitingBytes === 0) return;
    if (isAwaited) this.#urgent = true;
    if (this.#waiters.hasFailed) return;
    // The time runs during a write too: what comes early in a slow one must not wait for it and then once more.
    if (!this.#urgent) this.#lazyTimer ??= this.#clock.setTimer(LAZY_MS, this.#lazyIsDue);
    else if (this.#batch === undefined) this.#writeNext();
  }

  /** Resolves when everything appended is on disk; rejects when the log fails or stops before that. */
  flush() {
    const flushed = this.#waiters.untilIdle();
    if (this.#batch !== undefined || this.#waiters.hasFailed) return flushed;
    if (this.#buffers.waitingBytes > 0) this.#writeNext();
    else if (!this.#vouched) this.#vouch();
    else this.#waiters.tellIdle();
    return flushed;
  }

  /** Nothing is written any more. */
  stop(reason = "the log was stopped"): void {
    this.#waiters.fail(reason);
    this.#clearTimers();
  }

  onDone(token: number, lengthBytes: number): void {
    if (this.#waiters.hasFailed) return;
    if (token === Token.mark) {
      this.#onMarked(lengthBytes);
      return;
    }
    const batch = this.#batch as Batch;
    this.#written += lengthBytes;
    if (this.#written < batch.usedBytes) {
      this.#writeRest(batch);
      return;
    }
    const file = this.#file as LogFile;
    file.offset += alignedUp(batch.usedBytes);
    this.#end = {
      file: file.number,
      offset: file.offset,
      position: batch.endPosition,
      batch: batch.batch,
      crcBefore: batch.crc,
    };
    this.#batch = undefined;
    this.#buffers.written(batch);
    this.#vouched = batch.endPosition === batch.firstPosition;
    const isNews = batch.endPosition !== this.durablePosition;
    this.durablePosition = batch.endPosition;
    if (this.#buffers.waitingBytes > 0 && (this.#urgent || this.#waiters.wantsIdle)) {
      this.#writeNext();
    } else if (this.#buffers.waitingBytes > 0) {
      this.commit();
    } else if (!this.#vouched) {
      if (this.#waiters.wantsIdle) this.#vouch();
      else this.#idleTimer ??= this.#clock.setTimer(LAZY_MS, () => this.#idleIsDue());
    }
    if (isNews) this.#tellDurable();
    if (this.#wasCongested && !this.#buffers.congested) {
      this.#wasCongested = false;
      this.handler.onRelieved();
    }
    if (this.#batch === undefined && this.#vouched && this.#buffers.waitingBytes === 0) {
      this.#waiters.tellIdle();
    }
  }

  onFailed(token: number, error: DiskError): void {
    if (this.#waiters.hasFailed) return;
    if (isFullDisk(error)) {
      // Nothing was promised and nothing lost: the same bytes are written again, until there is room.
      this.onDiskFull();
      this.#clock.setTimer(FULL_DISK_RETRY_MS, () => this.#tryAgain(token));
      return;
    }
    // Whether the bytes are on disk can't be found out any more: a second sync may lie.
    this.fail(`the log could not be written: ${error.message}`);
  }

  /** What was written can't be relied on any more: nothing else is written, and nothing becomes durable. */
  fail(reason: string): void {
    if (this.#waiters.hasFailed) return;
    this.stop(reason);
    this.handler.onFailed(reason);
  }

  #writeNext(): void {
    const batch = this.#buffers.take() as Batch;
    // Whole buffers come before the rest, which is as old: only what comes from now on may wait.
    this.#urgent = this.#buffers.waitingBytes > 0;
    this.#start(batch);
  }

  #vouch(): void {
    this.#start(this.#buffers.takeEmpty());
  }

  #start(batch: Batch): void {
    this.#clearTimers();
    this.#batch = batch;
    this.#startIn((this.#files as LogFiles).forBatch(alignedUp(batch.usedBytes)), batch);
  }

  #startIn(file: LogFile, batch: Batch): void {
    this.#file = file;
    this.#written = 0;
    if (this.#starts.at(-1)?.file !== file.number) {
      this.#starts.push({
        file: file.number,
        offset: file.offset,
        position: batch.firstPosition,
        batch: batch.batch - 1,
        crcBefore: batch.crcBefore,
      });
    }
    this.#left = (this.#files as LogFiles).takeLeft();
    if (this.#left === undefined) this.#writeRest(batch);
    else this.#writeMark();
  }

  #tryAgain(token: number): void {
    if (this.#waiters.hasFailed) return;
    const batch = this.#batch as Batch;
    if (token === Token.mark) {
      // Nothing can stand behind the end of a full file: it may go without.
      if ((this.#left as LogFile).growsWith(1)) this.#endLeft(batch);
      else this.#writeMark();
      return;
    }
    if ((this.#file as LogFile).growsWith(alignedUp(batch.usedBytes))) {
      (this.#files as LogFiles).insteadOfGrowing(this.#goOnOrGrow);
    } else {
      this.#writeRest(batch);
    }
  }

  /** Behind the newest batch of the file that is left: recovery misses the next file if it is gone. */
  #writeMark(): void {
    const left = this.#left as LogFile;
    const at = (this.#files as LogFiles).markAt;
    this.#buffers.writeMark(at, this.#batch as Batch);
    left.write(Token.mark, at, BLOCK_HEADER_BYTES, left.offset);
  }

  #onMarked(lengthBytes: number): void {
    if (lengthBytes < BLOCK_HEADER_BYTES) {
      this.#writeMark();
      return;
    }
    this.#endLeft(this.#batch as Batch);
  }

  #endLeft(batch: Batch): void {
    this.#left?.close();
    this.#left = undefined;
    this.#writeRest(batch);
  }

  #writeRest(batch: Batch): void {
    const file = this.#file as LogFile;
    const done = this.#written;
    file.write(Token.batch, batch.at + done, batch.usedBytes - done, file.offset + done);
  }

  #idleIsDue(): void {
    this.#idleTimer = undefined;
    if (this.#batch === undefined && !this.#waiters.hasFailed && this.#buffers.waitingBytes === 0) {
      this.#vouch();
    }
  }

  #tellDurable(): void {
    this.#waiters.tellDurable(this.durablePosition);
    this.handler.onDurable(this.durablePosition);
  }

  #clearTimers(): void {
    if (this.#lazyTimer !== undefined) this.#clock.clearTimer(this.#lazyTimer);
    if (this.#idleTimer !== undefined) this.#clock.clearTimer(this.#idleTimer);
    this.#lazyTimer = undefined;
    this.#idleTimer = undefined;
  }
}
