// hot path: runs per message
// Where log entries gather until they are written: two fixed buffers filled in turn, and when the disk falls far
// behind, pages borrowed from the pool. What lies in one of them becomes one batch, written by one call.

import { EntryKind } from "../broker/ports.ts";
import type { Address } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import type { Memory } from "../lib/memory.ts";
import { LARGE_PAGE_BYTES, NO_PAGE } from "../lib/page-pool.ts";
import { BLOCK_HEADER_BYTES, closeBlock } from "./block.ts";
import { BLOCK_BYTES, type DirectoryId, ENTRY_HEADER_BYTES } from "./format.ts";

/** Publishers wait while this much of a buffer is filled and not being written. */
const CONGESTED_SHARE = 0.75;

/** Longer blocks are not copied. */
const COPIED_BLOCK_BYTES_MAX = 65_536;

/** A stretch of memory that becomes one batch. */
interface Extent {
  at: Address;
  sizeBytes: number;
  borrowed: boolean;
  usedBytes: number;
  batch: number;
  firstPosition: number;
  endPosition: number;
  /** CRC of the block before its first one, and of its last one. */
  crcBefore: number;
  crc: number;
}

/** A batch that is ready to be written. */
export type Batch = Readonly<Extent>;

export class LogBuffers {
  readonly #memory: Memory;
  readonly #view: DataView;
  readonly #id: DirectoryId;
  readonly #free: Extent[];
  readonly #sealed: Extent[] = [];
  #current: Extent | undefined = undefined;
  /** Offset in the current extent of the block that is open. */
  #blockOffset = 0;
  #blockIndex = 0;
  #blockPosition = 0;
  /** Definitions are logged twice: one damaged bit must not cost a queue with all that is in it. */
  #isBlockCopied = false;
  #crcBefore = 0;
  #nextBatch = 1;
  #sealedBytes = 0;
  #begun = false;
  position = 0;

  constructor(memory: Memory, id: DirectoryId) {
    this.#memory = memory;
    this.#view = memory.arena.view;
    this.#id = id;
    this.#free = [];
  }

  /** Goes on behind what recovery found. Until then the buffers are used for reading, and nothing can be appended. */
  begin(from: {
    readonly position: number;
    readonly batch: number;
    readonly crcBefore: number;
  }): void {
    for (const { at, lengthBytes } of this.#memory.logBuffers) {
      this.#free.push(newExtent(at, lengthBytes, false));
    }
    this.position = from.position;
    this.#nextBatch = from.batch + 1;
    this.#crcBefore = from.crcBefore;
    this.#begun = true;
  }

  /** Filled and not taken to be written yet. */
  get waitingBytes(): number {
    return this.#sealedBytes + (this.#current?.usedBytes ?? 0);
  }

  get congested(): boolean {
    return this.waitingBytes > this.#memory.logBuffers[0].lengthBytes * CONGESTED_SHARE;
  }

  append(kind: EntryKind, lengthBytes: number): Address {
    const wholeBytes = ENTRY_HEADER_BYTES + ((lengthBytes + 7) & ~7);
    let extent = this.#current;
    if (extent === undefined) {
      extent = this.#openExtent();
    } else if (extent.usedBytes + this.#roomFor(kind, wholeBytes, extent) > extent.sizeBytes) {
      this.#seal(extent);
      extent = this.#openExtent();
    } else if (this.#isBlockFull(extent.usedBytes - this.#blockOffset, wholeBytes)) {
      this.#closeBlock(extent, false);
      this.#openBlock(extent);
    }
    if (kind === EntryKind.definition) this.#isBlockCopied = true;
    const at = extent.at + extent.usedBytes;
    assert(extent.usedBytes + wholeBytes <= extent.sizeBytes, "an entry fits into a log buffer");
    this.#view.setUint32(at, lengthBytes, true);
    this.#view.setUint32(at + 4, kind, true);
    extent.usedBytes += wholeBytes;
    this.position += wholeBytes;
    return at + ENTRY_HEADER_BYTES;
  }

  /** The next batch to write, or undefined when nothing waits. Give it back with `written`. */
  take(): Batch | undefined {
    if (this.#sealed.length === 0 && this.#current !== undefined) this.#seal(this.#current);
    const batch = this.#sealed.shift();
    if (batch !== undefined) this.#sealedBytes -= batch.usedBytes;
    return batch;
  }

  /** A batch without entries: it tells that the one before it was complete. Only when nothing waits. */
  takeEmpty(): Batch {
    assert(this.waitingBytes === 0, "an empty batch follows everything");
    this.#openExtent();
    return this.take() as Batch;
  }

  /** Writes to `at` what stands in the old file when `batch` is the first one in the next. */
  writeMark(at: Address, batch: Batch): void {
    closeBlock(this.#memory.arena.u8, this.#view, this.#id, at, {
      lengthBytes: BLOCK_HEADER_BYTES,
      index: 0,
      batch: batch.batch,
      position: batch.firstPosition,
      crcBefore: batch.crcBefore,
      isLast: true,
      goesOn: true,
    });
  }

  /** The batch is on disk: its memory is free. */
  written(batch: Batch): void {
    const extent = batch as Extent;
    if (extent.borrowed) this.#memory.pages.free(extent.at, LARGE_PAGE_BYTES);
    else this.#free.push(extent);
  }

  #openExtent(): Extent {
    assert(this.#begun, "nothing is logged before the log has been read");
    const extent = this.#free.pop() ?? this.#borrow();
    extent.usedBytes = 0;
    extent.crcBefore = this.#crcBefore;
    extent.batch = this.#nextBatch++;
    extent.firstPosition = this.position;
    this.#current = extent;
    this.#blockIndex = 0;
    this.#openBlock(extent);
    return extent;
  }

  #borrow(): Extent {
    const page = this.#memory.pages.allocate(LARGE_PAGE_BYTES);
    // Publishers have been waiting since the first buffer was nearly full: only a broken caller gets here.
    assert(page !== NO_PAGE, "there is memory for what is in hand when the log is congested");
    return newExtent(page, LARGE_PAGE_BYTES, true);
  }

  /** What is to be copied must not grow too long for it. */
  #isBlockFull(blockBytes: number, moreBytes: number): boolean {
    if (blockBytes >= BLOCK_BYTES) return true;
    return this.#isBlockCopied && blockBytes + moreBytes > COPIED_BLOCK_BYTES_MAX;
  }

  /** An entry may need a new block, and the block it is in may need a copy. */
  #roomFor(kind: EntryKind, wholeBytes: number, extent: Extent): number {
    const bytes = wholeBytes + BLOCK_HEADER_BYTES;
    if (kind !== EntryKind.definition && !this.#isBlockCopied) return bytes;
    // At most the block as it is gets a copy, and what the entry adds to it or to the next one.
    const blockBytes = extent.usedBytes - this.#blockOffset;
    const copyBytes = Math.min(blockBytes, COPIED_BLOCK_BYTES_MAX);
    return bytes + copyBytes + (bytes > COPIED_BLOCK_BYTES_MAX ? 0 : bytes);
  }

  #openBlock(extent: Extent): void {
    this.#isBlockCopied = false;
    this.#blockOffset = extent.usedBytes;
    this.#blockPosition = this.position;
    extent.usedBytes += BLOCK_HEADER_BYTES;
  }

  #closeBlock(extent: Extent, isLast: boolean): void {
    const lengthBytes = extent.usedBytes - this.#blockOffset;
    const isCopied = this.#isBlockCopied && lengthBytes <= COPIED_BLOCK_BYTES_MAX;
    this.#writeHeader(extent, lengthBytes, isLast && !isCopied, false);
    if (!isCopied) return;
    const { u8 } = this.#memory.arena;
    const from = extent.at + this.#blockOffset;
    u8.copyWithin(from + lengthBytes, from, from + lengthBytes);
    this.#blockOffset += lengthBytes;
    extent.usedBytes += lengthBytes;
    this.#writeHeader(extent, lengthBytes, isLast, true);
  }

  #writeHeader(extent: Extent, lengthBytes: number, isLast: boolean, isCopy: boolean): void {
    this.#crcBefore = closeBlock(
      this.#memory.arena.u8,
      this.#view,
      this.#id,
      extent.at + this.#blockOffset,
      {
        lengthBytes,
        index: this.#blockIndex++,
        batch: extent.batch,
        position: this.#blockPosition,
        crcBefore: this.#crcBefore,
        isLast,
        isCopy,
      },
    );
  }

  #seal(extent: Extent): void {
    this.#closeBlock(extent, true);
    extent.endPosition = this.position;
    extent.crc = this.#crcBefore;
    this.#sealed.push(extent);
    this.#sealedBytes += extent.usedBytes;
    this.#current = undefined;
  }
}

function newExtent(at: Address, sizeBytes: number, borrowed: boolean): Extent {
  return {
    at,
    sizeBytes,
    borrowed,
    usedBytes: 0,
    batch: 0,
    firstPosition: 0,
    endPosition: 0,
    crcBefore: 0,
    crc: 0,
  };
}
