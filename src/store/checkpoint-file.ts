// A checkpoint as a file: a file header, then blocks of entries as in the log. The first entry says where the log
// goes on, entries of the kind `pagePlaces` where pages lie; all others are the broker's.

import type { CheckpointSink, EntryKind, PageHandle } from "../broker/ports.ts";
import type { Address } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import { byteBlock } from "../lib/byte-block.ts";
import { BLOCK_HEADER_BYTES, closeBlock, forEachEntry, readBlock } from "./block.ts";
import { FILE_HEADER_BYTES, readFileHeader, writeFileHeader } from "./file-header.ts";
import {
  BLOCK_BYTES,
  type DirectoryId,
  ENTRY_HEADER_BYTES,
  FORMAT_VERSION,
  Magic,
} from "./format.ts";
import type { LogPlace } from "./log-reader.ts";
import type { PagePlace } from "./page-store.ts";

/** Kinds of entry that only the store writes and reads. Never reuse a number. */
const StoreEntryKind = { state: 128, pagePlaces: 129 } as const;
const PAGE_PLACE_BYTES = 32;
const PLACES_PER_ENTRY = 1_024;

/** What the store itself must know again after a restart. */
export interface StoreState {
  /** Where reading the log begins. */
  readonly log: LogPlace;
  /** Message entries count from here on. */
  readonly position: number;
  /** Definition entries count from here on: the checkpoint knows all before. */
  readonly definitionsPosition: number;
  readonly lastPageHandle: number;
  /** The store was stopped orderly: there is nothing behind the checkpoint in the log. */
  readonly stopped: boolean;
}

/** {f64 handle, f64 segment, f64 offset, f64 length} */
export interface StoredPagePlace {
  readonly handle: number;
  readonly segment: number;
  readonly offset: number;
  readonly lengthBytes: number;
}

export interface CheckpointHead {
  readonly number: number;
  readonly id: DirectoryId;
  readonly createdAtMs: number;
}

/** Bytes copied into the whole file in one slice. */
const PIECE_BYTES = 1_048_576;
/** Most checkpoints are small. The first piece grows, the others are whole at once. */
const FIRST_PIECE_BYTES = 65_536;

/** Collects a checkpoint in memory. No call takes longer the more there is already. */
export class CheckpointBuilder implements CheckpointSink {
  readonly #head: CheckpointHead;
  readonly #placeOf: (page: PageHandle) => PagePlace | undefined;
  /** The block that is being filled. */
  u8: Uint8Array = new Uint8Array(65_536);
  view: DataView = new DataView(this.u8.buffer);
  #used = BLOCK_HEADER_BYTES;
  /** Blocks that are complete, in full pieces; the last one is filled up to `#pieceUsed`. */
  readonly #pieces: Uint8Array[] = [new Uint8Array(FIRST_PIECE_BYTES)];
  #pieceUsed = FILE_HEADER_BYTES;
  #blockIndex = 0;
  #blockPosition = 0;
  #position = 0;
  #crcBefore = 0;
  /** Rows of an entry of page places, number by number. */
  readonly #places: number[] = [];

  constructor(head: CheckpointHead, placeOf: (page: PageHandle) => PagePlace | undefined) {
    this.#head = head;
    this.#placeOf = placeOf;
  }

  append(kind: EntryKind, lengthBytes: number): Address {
    return this.#append(kind, lengthBytes);
  }

  state(state: StoreState): void {
    const json = new TextEncoder().encode(JSON.stringify(state));
    this.u8.set(json, this.#append(StoreEntryKind.state, json.length));
  }

  page(handle: PageHandle): void {
    const place = this.#placeOf(handle);
    assert(place?.segment.durable === true, "a checkpoint names pages that are on disk");
    this.#places.push(handle, place.segment.number, place.offset, place.lengthBytes);
    if (this.#places.length * 8 >= PLACES_PER_ENTRY * PAGE_PLACE_BYTES) this.#flushPlaces();
  }

  /** The whole file, put together in slices. Nothing can be added afterwards. */
  *finish(): Generator<void, Uint8Array> {
    this.#flushPlaces();
    this.#closeBlock(true);
    const { id, number, createdAtMs } = this.#head;
    const pieces = this.#pieces;
    const first = byteBlock(pieces[0] as Uint8Array);
    writeFileHeader(first.u8, first.view, 0, Magic.checkpoint, { id, number, createdAtMs });
    const bytes = new Uint8Array((pieces.length - 1) * PIECE_BYTES + this.#pieceUsed);
    for (const [index, piece] of pieces.entries()) {
      const at = index * PIECE_BYTES;
      bytes.set(piece.subarray(0, bytes.length - at), at);
      yield;
    }
    return bytes;
  }

  #flushPlaces(): void {
    const numbers = this.#places;
    if (numbers.length === 0) return;
    let at = this.#append(StoreEntryKind.pagePlaces, numbers.length * 8);
    for (const number of numbers) {
      this.view.setFloat64(at, number, true);
      at += 8;
    }
    numbers.length = 0;
  }

  #append(kind: number, lengthBytes: number): Address {
    if (this.#used >= BLOCK_BYTES) this.#closeBlock(false);
    const wholeBytes = ENTRY_HEADER_BYTES + ((lengthBytes + 7) & ~7);
    this.#grow(wholeBytes);
    const at = this.#used;
    this.view.setUint32(at, lengthBytes, true);
    this.view.setUint32(at + 4, kind, true);
    this.#used += wholeBytes;
    this.#position += wholeBytes;
    return at + ENTRY_HEADER_BYTES;
  }

  #grow(moreBytes: number): void {
    const needed = this.#used + moreBytes;
    if (needed <= this.u8.length) return;
    const larger = new Uint8Array(Math.max(needed, this.u8.length * 2));
    larger.set(this.u8);
    this.u8 = larger;
    this.view = new DataView(larger.buffer);
  }

  #closeBlock(isLast: boolean): void {
    this.#crcBefore = closeBlock(
      this.u8,
      this.view,
      this.#head.id,
      0,
      {
        lengthBytes: this.#used,
        index: this.#blockIndex++,
        batch: this.#head.number,
        position: this.#blockPosition,
        crcBefore: this.#crcBefore,
        isLast,
      },
      Magic.checkpointBlock,
    );
    this.#keep(this.u8.subarray(0, this.#used));
    this.#used = BLOCK_HEADER_BYTES;
    this.#blockPosition = this.#position;
  }

  #growPiece(neededBytes: number): void {
    const piece = this.#pieces.at(-1) as Uint8Array;
    if (neededBytes <= piece.length) return;
    const larger = new Uint8Array(Math.min(PIECE_BYTES, Math.max(neededBytes, 2 * piece.length)));
    larger.set(piece);
    this.#pieces[this.#pieces.length - 1] = larger;
  }

  #keep(block: Uint8Array): void {
    for (let kept = 0; kept < block.length; ) {
      if (this.#pieceUsed === PIECE_BYTES) {
        this.#pieces.push(new Uint8Array(PIECE_BYTES));
        this.#pieceUsed = 0;
      }
      const some = block.subarray(kept, kept + PIECE_BYTES - this.#pieceUsed);
      this.#growPiece(this.#pieceUsed + some.length);
      (this.#pieces.at(-1) as Uint8Array).set(some, this.#pieceUsed);
      this.#pieceUsed += some.length;
      kept += some.length;
    }
  }
}

export interface CheckpointReading {
  readonly head: CheckpointHead;
  readonly state: StoreState;
  readonly places: readonly StoredPagePlace[];
  /** Tells every entry of the broker, in order; `at` is a position in `bytes`. */
  forEach(onEntry: (kind: EntryKind, at: number, lengthBytes: number) => void): void;
  readonly bytes: Uint8Array;
}

/** A checkpoint that is whole, or why it is not to be used. */
export type CheckpointResult =
  | { readonly kind: "good"; readonly checkpoint: CheckpointReading }
  | { readonly kind: "damaged"; readonly reason: string }
  | { readonly kind: "unknown version"; readonly version: number };

/** Reads a checkpoint; every byte is checked before any is believed. */
export function readCheckpoint(bytes: Uint8Array): CheckpointResult {
  const { u8, view } = byteBlock(bytes);
  const header = readFileHeader(u8, view, 0, Magic.checkpoint);
  if (header === undefined) return { kind: "damaged", reason: "its header is damaged" };
  if (header.version !== FORMAT_VERSION) {
    return { kind: "unknown version", version: header.version };
  }
  const blocks: number[] = [];
  let at = FILE_HEADER_BYTES;
  let crcBefore = 0;
  for (let isLast = false; !isLast; ) {
    const block = readBlock(u8, view, header.id, at, u8.length, Magic.checkpointBlock);
    const isGood =
      block !== undefined &&
      block !== "short" &&
      block.batch === header.number &&
      block.index === blocks.length &&
      block.crcBefore === crcBefore;
    if (!isGood) return { kind: "damaged", reason: `the block at byte ${at} is damaged` };
    blocks.push(at);
    at += block.lengthBytes;
    crcBefore = block.crc;
    isLast = block.isLast;
  }
  if (at !== u8.length)
    return { kind: "damaged", reason: `it goes on behind its end at byte ${at}` };
  return { kind: "good", checkpoint: contentOf(bytes, header, blocks) };
}

function contentOf(
  bytes: Uint8Array,
  header: CheckpointHead,
  blocks: readonly number[],
): CheckpointReading {
  const { u8, view } = byteBlock(bytes);
  const places: StoredPagePlace[] = [];
  let state: StoreState | undefined;
  const entries = (onEntry: (kind: number, at: number, lengthBytes: number) => void) => {
    for (const at of blocks) {
      const block = readBlock(u8, view, header.id, at, u8.length, Magic.checkpointBlock);
      if (block !== undefined && block !== "short") forEachEntry(view, at, block, onEntry);
    }
  };
  entries((kind, at, lengthBytes) => {
    if (kind === StoreEntryKind.state) {
      const json = new TextDecoder().decode(u8.subarray(at, at + lengthBytes));
      state = JSON.parse(json) as StoreState;
    } else if (kind === StoreEntryKind.pagePlaces) {
      for (let place = at; place < at + lengthBytes; place += PAGE_PLACE_BYTES) {
        places.push({
          handle: view.getFloat64(place, true),
          segment: view.getFloat64(place + 8, true),
          offset: view.getFloat64(place + 16, true),
          lengthBytes: view.getFloat64(place + 24, true),
        });
      }
    }
  });
  return {
    head: { number: header.number, id: header.id, createdAtMs: header.createdAtMs },
    state: state as unknown as StoreState,
    places,
    bytes,
    forEach(onEntry) {
      entries((kind, at, lengthBytes) => {
        if (kind < StoreEntryKind.state) onEntry(kind as EntryKind, at, lengthBytes);
      });
    },
  };
}
