// hot path: runs per message
// What is inside log entries: drawings, encoders and decoders. The same entries are in the write-ahead log, in
// checkpoints, and later in replicated logs. Numbers are little-endian; f64 stands for whole numbers below 2^53.
//
//   publish            {u32 targetCount, u32 0} targetCount x {f64 queue, f64 sequence, f64 expiresAtMs} record
//   settle             f64 queue, n x {f64 from, f64 to}
//   returned           f64 queue, n x {f64 from, f64 to, f64 deliveryCount}
//   definition         {u8 kindLength, u8 flags (1 = continued in the next entry, 2 = continues the one before), u16 0,
//                      u32 jsonLength} kind, JSON
//   move               f64 fromQueue, f64 fromSequence, then as publish
//   part               f64 bodyReference, f64 offset, {u32 length, u32 size of the whole body} bytes of the body
//   transactionPublish f64 transaction, then as publish
//   commit             {f64 transaction, u32 flags (1 = continued), u32 0} n x {f64 queue, f64 from, f64 to}
//   outUpTo            n x {f64 queue, f64 sequence}: up to there messages were handed out; returns are noted
//   deliveredUpTo      the same of a run that noted returns only when they counted
//   waiting            f64 queue, n x {f64 sequence, f64 dueAtMs}
//   numbers            f64 lastQueueNumber, f64 lastExchangeNumber, f64 lastTransaction, f64 lastBodyReference
//   lastSequences      f64 queue, n x f64 the highest sequence given out on each level used
//   pages              f64 queue, n x PageFacts (see recovery.ts), in the order of their sequences
//   bodies             f64 bodyReference, f64 size of the body, n x {f64 page handle, f64 length}
//   bodyReferences     f64 queue, n x {f64 sequence, f64 bodyReference}
//   bodyRuns           f64 queue, n x {f64 first sequence, f64 count, f64 first bodyReference}
//   tracked            f64 queue, f64 value, {u32 kind (TrackedKind), u32 length of the name} name
//   pageFilters        f64 queue, n x {f64 first sequence of the page, u32 length of the filter, u32 0} filter, to 8
//
// A record in an entry has sequence 0 and expiry 0: every target has its own (see record.ts).

import type { Address, Arena } from "../../lib/arena.ts";
import type { Publication } from "../message/publication.ts";
import { writeRecord } from "../message/publication.ts";
import { padded8 } from "../message/record.ts";
import type { QueueNumber, Sequence } from "../numbers.ts";
import type { TrackedKind } from "../stream/offset-tracking.ts";
import type { PageFacts } from "./recovery.ts";

export const TARGET_BYTES = 24;
export const RANGE_BYTES = 16;
export const COMMIT_RANGE_BYTES = 24;
export const RETURNED_RANGE_BYTES = 24;
export const PAGE_FACTS_BYTES = 56;
/** Longer definitions are split into entries of this length. */
export const ENTRY_PIECE_BYTES_MAX = 524_288;
/** `flags` of a definition or commit entry that goes on in the next entry of its kind. */
export const CONTINUED = 1;
/** `flags` of a definition entry that continues the one before it. */
const CONTINUES = 2;

const TARGETS_HEAD_BYTES = 8;
const DEFINITION_HEAD_BYTES = 8;
const COMMIT_HEAD_BYTES = 16;
const PART_HEAD_BYTES = 24;
/** Bytes in front of the targets of a publish, and of the kinds built like it. */
export const PUBLISH_PREFIX_BYTES = 0;
export const MOVE_PREFIX_BYTES = 16;
export const TRANSACTION_PREFIX_BYTES = 8;

/** Payload of a publish with `prefixBytes` in front of it. */
export function publishBytes(
  prefixBytes: number,
  targetCount: number,
  publication: Publication,
): number {
  const head = prefixBytes + TARGETS_HEAD_BYTES;
  return head + targetCount * TARGET_BYTES + publication.recordLengthBytes;
}

/** Writes the targets' count and the record; the targets themselves follow with `writeTarget`. */
export function writePublish(
  arena: Arena,
  at: Address,
  targetCount: number,
  publication: Publication,
): void {
  arena.view.setUint32(at, targetCount, true);
  arena.view.setUint32(at + 4, 0, true);
  const recordAt = at + TARGETS_HEAD_BYTES + targetCount * TARGET_BYTES;
  writeRecord(arena, recordAt, publication, 0, 0);
}

export function writeTarget(
  view: DataView,
  publishAt: Address,
  index: number,
  queue: QueueNumber,
  sequence: Sequence,
  expiresAtMs: number,
): void {
  const at = publishAt + TARGETS_HEAD_BYTES + index * TARGET_BYTES;
  view.setFloat64(at, queue, true);
  view.setFloat64(at + 8, sequence, true);
  view.setFloat64(at + 16, expiresAtMs, true);
}

/** Reads publishes and what is built like them. Moving it costs one assignment. */
export class PublishView {
  readonly #view: DataView;
  /** Behind the prefix. */
  at: Address = 0;

  constructor(view: DataView) {
    this.#view = view;
  }

  get targetCount(): number {
    return this.#view.getUint32(this.at, true);
  }
  get recordAt(): Address {
    return this.at + TARGETS_HEAD_BYTES + this.targetCount * TARGET_BYTES;
  }
  queue(index: number): QueueNumber {
    return this.#view.getFloat64(this.at + TARGETS_HEAD_BYTES + index * TARGET_BYTES, true);
  }
  sequence(index: number): Sequence {
    return this.#view.getFloat64(this.at + TARGETS_HEAD_BYTES + index * TARGET_BYTES + 8, true);
  }
  expiresAtMs(index: number): number {
    return this.#view.getFloat64(this.at + TARGETS_HEAD_BYTES + index * TARGET_BYTES + 16, true);
  }
}

export function definitionBytes(kindLength: number, jsonLength: number): number {
  return DEFINITION_HEAD_BYTES + kindLength + jsonLength;
}

/** `flags` of the piece of a definition that begins at `from`. */
export function pieceFlags(from: number, jsonLength: number): number {
  const isContinued = from + ENTRY_PIECE_BYTES_MAX < jsonLength;
  return (isContinued ? CONTINUED : 0) | (from > 0 ? CONTINUES : 0);
}

/** Writes one piece of a definition: all its JSON, or some of it. */
export function writeDefinition(
  bytes: Uint8Array,
  at: Address,
  kind: Uint8Array,
  json: Uint8Array,
  flags: number,
): void {
  // Byte by byte: a checkpoint writes a hundred thousand of these in one go, and a view each would cost more.
  const { length } = json;
  bytes[at] = kind.length;
  bytes[at + 1] = flags;
  bytes[at + 2] = 0;
  bytes[at + 3] = 0;
  bytes[at + 4] = length & 255;
  bytes[at + 5] = (length >>> 8) & 255;
  bytes[at + 6] = (length >>> 16) & 255;
  bytes[at + 7] = length >>> 24;
  bytes.set(kind, at + DEFINITION_HEAD_BYTES);
  bytes.set(json, at + DEFINITION_HEAD_BYTES + kind.length);
}

/** One piece of a definition; `json` is a view that is valid as long as the entry. */
export interface DefinitionPiece {
  readonly kind: string;
  readonly json: Uint8Array;
  readonly continued: boolean;
  readonly continues: boolean;
}

const text = new TextDecoder();

export function readDefinition(bytes: Uint8Array, at: Address): DefinitionPiece {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, DEFINITION_HEAD_BYTES);
  const kindAt = at + DEFINITION_HEAD_BYTES;
  const jsonAt = kindAt + view.getUint8(0);
  return {
    kind: text.decode(bytes.subarray(kindAt, jsonAt)),
    json: bytes.subarray(jsonAt, jsonAt + view.getUint32(4, true)),
    continued: (view.getUint8(1) & CONTINUED) !== 0,
    continues: (view.getUint8(1) & CONTINUES) !== 0,
  };
}

/** Puts definitions together again. Pieces whose other pieces were lost to damage are passed over. */
export class DefinitionPieces {
  readonly #pieces: Uint8Array[] = [];

  /** The definition that `piece` completes. */
  add({ json, continued, continues }: DefinitionPiece): string | undefined {
    if (!continues) this.#pieces.length = 0;
    else if (this.#pieces.length === 0) return undefined;
    this.#pieces.push(json.slice());
    if (continued) return undefined;
    const whole = text.decode(Buffer.concat(this.#pieces));
    this.#pieces.length = 0;
    return whole;
  }
}

export function partBytes(length: number): number {
  return PART_HEAD_BYTES + length;
}

/** Writes the head of a part; the body's bytes belong at the address it answers. */
export function writePartHead(
  view: DataView,
  at: Address,
  bodyReference: number,
  offset: number,
  length: number,
  bodySizeBytes: number,
): Address {
  view.setFloat64(at, bodyReference, true);
  view.setFloat64(at + 8, offset, true);
  view.setUint32(at + 16, length, true);
  view.setUint32(at + 20, bodySizeBytes, true);
  return at + PART_HEAD_BYTES;
}

export const PartField = {
  bodyReference: 0,
  offset: 8,
  length: 16,
  bodySize: 20,
  bytes: PART_HEAD_BYTES,
} as const;

export function commitBytes(rangeCount: number): number {
  return COMMIT_HEAD_BYTES + rangeCount * COMMIT_RANGE_BYTES;
}

/** Writes the head of a commit entry; its ranges belong at the address it answers. */
export function writeCommitHead(
  view: DataView,
  at: Address,
  transaction: number,
  continued: boolean,
): Address {
  view.setFloat64(at, transaction, true);
  view.setUint32(at + 8, continued ? CONTINUED : 0, true);
  view.setUint32(at + 12, 0, true);
  return at + COMMIT_HEAD_BYTES;
}

export const CommitField = { transaction: 0, flags: 8, ranges: COMMIT_HEAD_BYTES } as const;

export function writePageFacts(view: DataView, at: Address, page: PageFacts): void {
  view.setFloat64(at, page.handle, true);
  view.setFloat64(at + 8, page.lengthBytes, true);
  view.setFloat64(at + 16, page.firstSequence, true);
  view.setFloat64(at + 24, page.lastSequence, true);
  view.setFloat64(at + 32, page.messageCount, true);
  view.setFloat64(at + 40, page.messageBytes, true);
  view.setFloat64(at + 48, page.lastExpiryMs, true);
}

export function readPageFacts(view: DataView, at: Address): PageFacts {
  return {
    handle: view.getFloat64(at, true),
    lengthBytes: view.getFloat64(at + 8, true),
    firstSequence: view.getFloat64(at + 16, true),
    lastSequence: view.getFloat64(at + 24, true),
    messageCount: view.getFloat64(at + 32, true),
    messageBytes: view.getFloat64(at + 40, true),
    lastExpiryMs: view.getFloat64(at + 48, true),
  };
}

export interface TrackedEntry {
  readonly queue: QueueNumber;
  readonly kind: TrackedKind;
  readonly value: number;
  readonly name: Uint8Array;
}

const TRACKED_HEAD_BYTES = 24;

export function trackedBytes(nameLength: number): number {
  return TRACKED_HEAD_BYTES + nameLength;
}

export function writeTracked(u8: Uint8Array, view: DataView, at: Address, entry: TrackedEntry) {
  view.setFloat64(at, entry.queue, true);
  view.setFloat64(at + 8, entry.value, true);
  view.setUint32(at + 16, entry.kind, true);
  view.setUint32(at + 20, entry.name.length, true);
  u8.set(entry.name, at + TRACKED_HEAD_BYTES);
}

export function readTracked(u8: Uint8Array, view: DataView, at: Address): TrackedEntry {
  const nameAt = at + TRACKED_HEAD_BYTES;
  return {
    queue: view.getFloat64(at, true),
    value: view.getFloat64(at + 8, true),
    kind: view.getUint32(at + 16, true) as TrackedKind,
    name: u8.slice(nameAt, nameAt + view.getUint32(at + 20, true)),
  };
}

/** Bytes of one row of a pageFilters entry, behind its queue. */
export function pageFilterBytes(filterLength: number): number {
  return 16 + padded8(filterLength);
}
