// A checkpoint as a file: a file header, then blocks of entries as in the log. The first entry says where the log
// goes on, entries of the kind `pagePlaces` where pages lie; all others are the broker's.

import type { EntryKind, EntrySink } from "../broker/ports.ts";
import type { Address } from "../lib/arena.ts";
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

/** Collects a checkpoint in memory. */
export class CheckpointBuilder implements EntrySink {
  readonly #head: CheckpointHead;
  u8: Uint8Array = new Uint8Array(65_536);
  view: DataView = new DataView(this.u8.buffer);
  #used = FILE_HEADER_BYTES;
  #blockAt = 0;
  #blockIndex = 0;
  #blockPosition = 0;
  #position = 0;
  #crcBefore = 0;

  constructor(head: CheckpointHead) {
    this.#head = head;
    this.#openBlock();
  }

  append(kind: EntryKind, lengthBytes: number): Address {
    return this.#append(kind, lengthBytes);
  }

  state(state: StoreState): void {
    const json = new TextEncoder().encode(JSON.stringify(state));
    this.u8.set(json, this.#append(StoreEntryKind.state, json.length));
  }

  pagePlaces(places: Iterable<StoredPagePlace>): void {
    let some: StoredPagePlace[] = [];
    for (const place of places) {
      some.push(place);
      if (some.length < PLACES_PER_ENTRY) continue;
      this.#pagePlaces(some);
      some = [];
    }
    if (some.length > 0) this.#pagePlaces(some);
  }

  /** The whole file. Nothing can be added afterwards. */
  finish(): Uint8Array {
    this.#closeBlock(true);
    const { id, number, createdAtMs } = this.#head;
    writeFileHeader(this.u8, this.view, 0, Magic.checkpoint, { id, number, createdAtMs });
    return this.u8.subarray(0, this.#used);
  }

  #pagePlaces(places: readonly StoredPagePlace[]): void {
    let at = this.#append(StoreEntryKind.pagePlaces, places.length * PAGE_PLACE_BYTES);
    for (const { handle, segment, offset, lengthBytes } of places) {
      this.view.setFloat64(at, handle, true);
      this.view.setFloat64(at + 8, segment, true);
      this.view.setFloat64(at + 16, offset, true);
      this.view.setFloat64(at + 24, lengthBytes, true);
      at += PAGE_PLACE_BYTES;
    }
  }

  #append(kind: number, lengthBytes: number): Address {
    if (this.#used - this.#blockAt >= BLOCK_BYTES) {
      this.#closeBlock(false);
      this.#openBlock();
    }
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

  #openBlock(): void {
    this.#grow(BLOCK_HEADER_BYTES);
    this.#blockAt = this.#used;
    this.#blockPosition = this.#position;
    this.#used += BLOCK_HEADER_BYTES;
  }

  #closeBlock(isLast: boolean): void {
    this.#crcBefore = closeBlock(
      this.u8,
      this.view,
      this.#head.id,
      this.#blockAt,
      {
        lengthBytes: this.#used - this.#blockAt,
        index: this.#blockIndex++,
        batch: this.#head.number,
        position: this.#blockPosition,
        crcBefore: this.#crcBefore,
        isLast,
      },
      Magic.checkpointBlock,
    );
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
