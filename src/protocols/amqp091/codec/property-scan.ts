// hot path: runs per message
// Walks a content header frame once: checks all of it and notes where the properties lie. Builds and allocates nothing.

import { FIELD_TABLE_DEPTH_MAX } from "../../../broker/message/field-table.ts";
import { NO_EXPIRATION } from "../../../broker/message/publication.ts";
import type { Address } from "../../../lib/arena.ts";
import type { ByteBlock } from "../../../lib/byte-block.ts";
import { CodecError } from "./codec-error.ts";
import { erlangOctets } from "./erlang-text.ts";
import { EXPIRATION_MS_MAX, parseExpiration } from "./expiration.ts";
import { BASIC_CLASS_ID, CONTENT_HEADER_FIXED_BYTES, FRAME_HEADER_BYTES } from "./frames.ts";

/** What `scan` answers. */
export const ScanResult = { ok: 0, malformed: 1, wrongClass: 2, wrongWeight: 3 } as const;

/** `expirationMs` of a message whose expiration is not a time to live; `parseExpiration` says why. */
export const INVALID_EXPIRATION = -2;

/** Bit numbers of the property flags, which are also the indexes of `positionOf`. */
export const PropertyBit = {
  contentType: 15,
  contentEncoding: 14,
  headers: 13,
  deliveryMode: 12,
  priority: 11,
  correlationId: 10,
  replyTo: 9,
  expiration: 8,
  messageId: 7,
  timestamp: 6,
  type: 5,
  userId: 4,
  appId: 3,
  clusterId: 2,
} as const;

const ALL_PROPERTIES = 0xfffc;
const CONTINUATION = 1;
/** Properties that are not short strings. */
const UNUSUAL =
  (1 << PropertyBit.headers) |
  (1 << PropertyBit.deliveryMode) |
  (1 << PropertyBit.priority) |
  (1 << PropertyBit.timestamp);

const TWO_TO_32 = 4_294_967_296;
const LENGTH_WORD_BYTES = 4;

/** Bytes of a field value by its type octet; the negative ones are special. */
const UNKNOWN = -1;
const LENGTH_PREFIXED = -2;
const NESTED = -3;
const valueBytes = new Int8Array(256).fill(UNKNOWN);
for (const [letter, size] of Object.entries({
  ...{ t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, l: 8, L: 8, f: 4, d: 8, D: 5, T: 8, V: 0 },
  ...{ S: LENGTH_PREFIXED, x: LENGTH_PREFIXED, F: NESTED, A: NESTED },
})) {
  valueBytes[letter.charCodeAt(0)] = size;
}
const ARRAY = 0x41;
const LETTER_B = 0x42;
const LETTER_C = 0x43;

/** Reused for every message of a connection: `scan` overwrites all of it. */
export class PropertyScan {
  readonly #block: ByteBlock;
  readonly #u8: Uint8Array;
  readonly #view: DataView;
  readonly #positions = new Uint32Array(16);
  readonly #ends = new Uint32Array(FIELD_TABLE_DEPTH_MAX);
  readonly #isArray = new Uint8Array(FIELD_TABLE_DEPTH_MAX);

  /** The property flags as sent. */
  flags = 0;
  /** What the header announces; a double, so only exact up to 2^53. */
  bodySizeBytes = 0;
  /** 0 when absent. */
  deliveryMode = 0;
  /** 0 when absent. */
  priority = 0;
  hasPriority = false;
  /** NO_EXPIRATION when absent, INVALID_EXPIRATION when it is not a number that will do. */
  expirationMs = NO_EXPIRATION;
  /** The headers table after its length word, 0 when absent. */
  headersAt: Address = 0;
  headersLength = 0;
  /** The top level of the headers has a CC or BCC. */
  hasCarbonCopies = false;

  constructor(block: ByteBlock) {
    this.#block = block;
    this.#u8 = block.u8;
    this.#view = block.view;
  }

  /** Where the property of a PropertyBit lies (short strings: at their length octet), or 0 when absent. */
  positionOf(bit: number): Address {
    return (this.flags & (1 << bit)) === 0 ? 0 : (this.#positions[bit] as number);
  }

  /** The text of a short-string property, or "" when absent. */
  textOf(bit: number): string {
    const at = this.positionOf(bit);
    if (at === 0) return "";
    return this.#block.buffer.utf8Slice(at + 1, at + 1 + (this.#u8[at] as number));
  }

  /** Scans the content header frame (complete, frame header included) at `frameAt`; answers a ScanResult. */
  scan(frameAt: Address): number {
    const view = this.#view;
    const payloadAt = frameAt + FRAME_HEADER_BYTES;
    const end = payloadAt + view.getUint32(frameAt + 3);
    this.#forget();
    if (end - payloadAt < CONTENT_HEADER_FIXED_BYTES) return ScanResult.malformed;
    if (view.getUint16(payloadAt) !== BASIC_CLASS_ID) return ScanResult.wrongClass;
    if (view.getUint16(payloadAt + 2) !== 0) return ScanResult.wrongWeight;
    this.bodySizeBytes = view.getUint32(payloadAt + 4) * TWO_TO_32 + view.getUint32(payloadAt + 8);
    const flags = view.getUint16(payloadAt + 12);
    this.flags = flags & ALL_PROPERTIES;
    if ((flags & CONTINUATION) !== 0) return ScanResult.malformed;
    return this.#scanProperties(payloadAt + CONTENT_HEADER_FIXED_BYTES, end);
  }

  #forget(): void {
    this.flags = 0;
    this.bodySizeBytes = 0;
    this.deliveryMode = 0;
    this.priority = 0;
    this.hasPriority = false;
    this.expirationMs = NO_EXPIRATION;
    this.headersAt = 0;
    this.headersLength = 0;
    this.hasCarbonCopies = false;
  }

  #scanProperties(from: Address, end: Address): number {
    let at = from;
    for (let rest = this.flags; rest !== 0; ) {
      const bit = 31 - Math.clz32(rest);
      rest ^= 1 << bit;
      this.#positions[bit] = at;
      if (at >= end) return ScanResult.malformed;
      if ((UNUSUAL & (1 << bit)) === 0) {
        const lengthBytes = this.#u8[at] as number;
        if (bit === PropertyBit.expiration && lengthBytes < end - at) {
          this.#readExpiration(at + 1, lengthBytes);
        }
        at += 1 + lengthBytes;
      } else {
        at = this.#scanUnusual(bit, at, end);
      }
    }
    // Past the end: the last property was cut short. Before it: bytes nobody announced.
    return at === end ? ScanResult.ok : ScanResult.malformed;
  }

  /** The address after the property, or one that can't be the end when it is malformed. */
  #scanUnusual(bit: number, at: Address, end: Address): Address {
    if (bit === PropertyBit.deliveryMode) {
      this.deliveryMode = this.#u8[at] as number;
      return at + 1;
    }
    if (bit === PropertyBit.priority) {
      this.priority = this.#u8[at] as number;
      this.hasPriority = true;
      return at + 1;
    }
    if (bit === PropertyBit.timestamp) return at + 8;
    const tableAt = at + LENGTH_WORD_BYTES;
    if (tableAt > end) return end + 1;
    const lengthBytes = this.#view.getUint32(at);
    if (lengthBytes > end - tableAt) return end + 1;
    this.headersAt = tableAt;
    this.headersLength = lengthBytes;
    return this.#scanTable(tableAt, tableAt + lengthBytes) ? tableAt + lengthBytes : end + 1;
  }

  /** Walks a table without recursion; true when every value fills its container exactly. */
  #scanTable(from: Address, end: Address): boolean {
    const u8 = this.#u8;
    const ends = this.#ends;
    const isArray = this.#isArray;
    let depth = 0;
    ends[0] = end;
    isArray[0] = 0;
    let at = from;
    for (;;) {
      const limit = ends[depth] as number;
      if (at >= limit) {
        if (at > limit) return false;
        if (depth === 0) return true;
        depth--;
        continue;
      }
      if (isArray[depth] === 0) {
        const nameLength = u8[at] as number;
        if (depth === 0 && (nameLength - 2) >>> 0 <= 1) this.#noteName(at + 1, nameLength);
        at += 1 + nameLength;
        if (at >= limit) return false;
      }
      const type = u8[at++] as number;
      const size = valueBytes[type] as number;
      if (size >= 0) {
        at += size;
        continue;
      }
      if (size === UNKNOWN || limit - at < LENGTH_WORD_BYTES) return false;
      const lengthBytes = this.#view.getUint32(at);
      at += LENGTH_WORD_BYTES;
      if (lengthBytes > limit - at) return false;
      if (size === LENGTH_PREFIXED) {
        at += lengthBytes;
      } else {
        if (++depth === FIELD_TABLE_DEPTH_MAX) return false;
        ends[depth] = at + lengthBytes;
        isArray[depth] = type === ARRAY ? 1 : 0;
      }
    }
  }

  /** A name of two or three bytes at the top level: CC or BCC makes the message go to more keys than one. */
  #noteName(at: Address, length: number): void {
    const u8 = this.#u8;
    if (u8[at + length - 1] !== LETTER_C || u8[at + length - 2] !== LETTER_C) return;
    if (length === 2 || u8[at] === LETTER_B) this.hasCarbonCopies = true;
  }

  #readExpiration(from: Address, lengthBytes: number): void {
    const u8 = this.#u8;
    let value = 0;
    // 15 digits are exact; nothing longer is within the limit unless it begins with zeros.
    let isPlain = lengthBytes > 0 && lengthBytes <= 15;
    for (let at = from; isPlain && at < from + lengthBytes; at++) {
      const digit = (u8[at] as number) - 48;
      if (digit < 0 || digit > 9) isPlain = false;
      value = value * 10 + digit;
    }
    if (isPlain && value <= EXPIRATION_MS_MAX) {
      this.expirationMs = value;
    } else {
      this.#readUnusualExpiration(from, lengthBytes);
    }
  }

  #readUnusualExpiration(from: Address, lengthBytes: number): void {
    const parsed = parseExpiration(this.#block.buffer.latin1Slice(from, from + lengthBytes));
    this.expirationMs = typeof parsed === "number" ? parsed : INVALID_EXPIRATION;
  }
}

const PUBLISH = { classId: BASIC_CLASS_ID, methodId: 40 } as const;

/** The error for what `scan` answered about the frame at `frameAt`. */
export function scanError(result: number, block: ByteBlock, frameAt: Address): CodecError {
  const { classId, methodId } = PUBLISH;
  const payloadAt = frameAt + FRAME_HEADER_BYTES;
  const end = payloadAt + block.view.getUint32(frameAt + 3);
  if (result === ScanResult.wrongClass) {
    const found = block.view.getUint16(payloadAt);
    const text = `expected content header for class ${classId}, got one for class ${found} instead`;
    return new CodecError("unexpected-frame", text, classId, methodId);
  }
  if (result === ScanResult.wrongWeight) {
    const text = `expected content header for class ${classId}, got non content header frame instead`;
    return new CodecError("unexpected-frame", text, classId, methodId);
  }
  const properties = block.u8.subarray(Math.min(end, payloadAt + 12), end);
  const text = `cannot decode ${erlangOctets(properties)}`;
  return new CodecError("frame-error", text, classId, methodId);
}
