// Writes big-endian numbers and text, into memory of its own that grows, or into a fixed range of a block.

import { assert } from "./assert.ts";
import { type ByteBlock, ByteRangeError, byteBlock } from "./byte-block.ts";
import { encodeUtf8Lossless, isWellFormed } from "./lossless-utf8.ts";

const TWO_TO_32 = 4_294_967_296;

export class ByteWriter {
  block: ByteBlock;
  /** The next byte to write. */
  at: number;
  /** The first byte that may not be written (a growing writer moves it). */
  end: number;
  readonly #grows: boolean;

  /** With a block: writes from `at` to `end` and refuses more. Without: starts empty and grows. */
  constructor(block?: ByteBlock, at = 0, end = block?.u8.length ?? 0) {
    this.#grows = block === undefined;
    this.block = block ?? byteBlock(new Uint8Array(256));
    this.at = at;
    this.end = block === undefined ? this.block.u8.length : end;
  }

  /** Makes a writer into a fixed range write into another one. */
  reset(block: ByteBlock, at: number, end: number): void {
    assert(!this.#grows, "only a writer into a fixed range is moved");
    this.block = block;
    this.at = at;
    this.end = end;
  }

  /** Starts over in the same memory. */
  clear(): void {
    assert(this.#grows, "only a growing writer is cleared");
    this.at = 0;
  }

  /** A copy of everything a growing writer has written. */
  toBytes(): Uint8Array {
    assert(this.#grows, "only a growing writer knows where it began");
    return this.block.u8.slice(0, this.at);
  }

  u8(value: number): void {
    const at = this.#take(1);
    this.block.view.setUint8(at, value);
  }
  u16(value: number): void {
    const at = this.#take(2);
    this.block.view.setUint16(at, value);
  }
  u32(value: number): void {
    const at = this.#take(4);
    this.block.view.setUint32(at, value);
  }
  /** A whole number from 0 to 2^53. */
  u64(value: number): void {
    assert(value >= 0 && value <= Number.MAX_SAFE_INTEGER + 1, "a 64-bit number fits a double");
    const at = this.#take(8);
    this.block.view.setUint32(at, Math.floor(value / TWO_TO_32));
    this.block.view.setUint32(at + 4, value % TWO_TO_32);
  }
  /** Signed or unsigned, its low 64 bits. */
  big64(value: bigint): void {
    const at = this.#take(8);
    this.block.view.setBigUint64(at, BigInt.asUintN(64, value));
  }
  f32(value: number): void {
    const at = this.#take(4);
    this.block.view.setFloat32(at, value);
  }
  f64(value: number): void {
    const at = this.#take(8);
    this.block.view.setFloat64(at, value);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.block.u8.set(bytes, at);
  }

  /** Writes the text as UTF-8 and answers how many bytes that took. */
  text(text: string): number {
    if (!isWellFormed(text)) {
      const bytes = encodeUtf8Lossless(text);
      this.bytes(bytes);
      return bytes.length;
    }
    const lengthBytes = Buffer.byteLength(text, "utf8");
    const at = this.#take(lengthBytes);
    this.block.buffer.utf8Write(text, at, lengthBytes);
    return lengthBytes;
  }

  /** Leaves room for a length that is known later (see `patchU32`) and answers where. */
  reserve(count: number): number {
    return this.#take(count);
  }
  patchU8(at: number, value: number): void {
    this.block.view.setUint8(at, value);
  }
  patchU32(at: number, value: number): void {
    this.block.view.setUint32(at, value);
  }

  /** Must be called before `this.block` is used: growing replaces it. */
  #take(count: number): number {
    const at = this.at;
    if (count > this.end - at) this.#makeRoom(count);
    this.at = at + count;
    return at;
  }

  #makeRoom(count: number): void {
    if (!this.#grows) {
      throw new ByteRangeError(`${count} bytes to write at ${this.at}, the end is at ${this.end}`);
    }
    const grown = new Uint8Array(Math.max(this.block.u8.length * 2, this.at + count));
    grown.set(this.block.u8.subarray(0, this.at));
    this.block = byteBlock(grown);
    this.end = grown.length;
  }
}
