// A stretch of memory with the three views that reading and writing it needs. An Arena is one.

import type { TextBuffer } from "./arena.ts";

export interface ByteBlock {
  readonly u8: Uint8Array;
  readonly view: DataView;
  /** The same bytes as a Buffer, for text. */
  readonly buffer: TextBuffer;
}

/** The views of `bytes`, sharing its memory; position 0 is its first byte. */
export function byteBlock(bytes: Uint8Array): ByteBlock {
  return {
    u8: bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    buffer: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as TextBuffer,
  };
}

/** Reading or writing went past the end of what there is. */
export class ByteRangeError extends Error {
  override readonly name = "ByteRangeError";
}
