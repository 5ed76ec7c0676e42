// Reads big-endian numbers and text from a range of bytes. Checks every step against the end; makes no views.

import { type ByteBlock, ByteRangeError, byteBlock } from "./byte-block.ts";
import { decodeUtf8Lossless } from "./lossless-utf8.ts";

const EMPTY = byteBlock(new Uint8Array(0));
const TWO_TO_32 = 4_294_967_296;

/** One reader serves many ranges: `reset` moves it without allocating. */
export class ByteReader {
  block: ByteBlock = EMPTY;
  /** The next byte to read. */
  at = 0;
  /** The first byte that may not be read. */
  end = 0;

  /** A reader of all of `bytes`. */
  static of(bytes: Uint8Array): ByteReader {
    const reader = new ByteReader();
    reader.reset(byteBlock(bytes), 0, bytes.length);
    return reader;
  }

  reset(block: ByteBlock, at: number, end: number): void {
    if (at < 0 || end < at || end > block.u8.length) {
      throw new ByteRangeError(`bytes ${at} to ${end} of ${block.u8.length}`);
    }
    this.block = block;
    this.at = at;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  skip(count: number): void {
    this.#take(count);
  }

  u8(): number {
    return this.block.view.getUint8(this.#take(1));
  }
  i8(): number {
    return this.block.view.getInt8(this.#take(1));
  }
  u16(): number {
    return this.block.view.getUint16(this.#take(2));
  }
  i16(): number {
    return this.block.view.getInt16(this.#take(2));
  }
  u32(): number {
    return this.block.view.getUint32(this.#take(4));
  }
  i32(): number {
    return this.block.view.getInt32(this.#take(4));
  }
  /** An unsigned 64-bit number as a double: exact up to 2^53, the nearest double above. */
  u64(): number {
    const at = this.#take(8);
    return this.block.view.getUint32(at) * TWO_TO_32 + this.block.view.getUint32(at + 4);
  }
  bigU64(): bigint {
    return this.block.view.getBigUint64(this.#take(8));
  }
  bigI64(): bigint {
    return this.block.view.getBigInt64(this.#take(8));
  }
  f32(): number {
    return this.block.view.getFloat32(this.#take(4));
  }
  f64(): number {
    return this.block.view.getFloat64(this.#take(8));
  }

  /** A copy of the next bytes, which may outlive the block. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.block.u8.slice(at, at + count);
  }

  /** Text of that many bytes; bytes that are not UTF-8 survive as lone surrogates (see lossless-utf8.ts). */
  text(lengthBytes: number): string {
    const at = this.#take(lengthBytes);
    return decodeUtf8Lossless(this.block, at, at + lengthBytes);
  }

  #take(count: number): number {
    const at = this.at;
    // Written so that a negative or absurd count fails too.
    if (!(count >= 0 && count <= this.end - at)) {
      throw new ByteRangeError(`${count} bytes wanted at ${at}, the end is at ${this.end}`);
    }
    this.at = at + count;
    return at;
  }
}
