// Short strings (up to 255 bytes) and long strings as methods carry them.

import { assert } from "../../../lib/assert.ts";
import type { ByteReader } from "../../../lib/byte-reader.ts";
import type { ByteWriter } from "../../../lib/byte-writer.ts";
import { isWellFormed } from "../../../lib/lossless-utf8.ts";
import { CodecError } from "./codec-error.ts";

export const SHORT_STRING_BYTES_MAX = 255;

/** RabbitMQ answers this one with class and method 0, whichever method it was in. */
export class MalformedTextError extends CodecError {
  constructor() {
    super("frame-error", "Malformed UTF-8 in shortstr");
  }
}

/** A short string of a method. As in RabbitMQ it must be UTF-8 (header names and properties need not be). */
export function readShortString(reader: ByteReader): string {
  const text = reader.text(reader.u8());
  if (!isWellFormed(text)) throw new MalformedTextError();
  return text;
}

/** A short string whose bytes are nobody's business: kept exactly, UTF-8 or not. */
export function readOpaqueShortString(reader: ByteReader): string {
  return reader.text(reader.u8());
}

export function writeShortString(writer: ByteWriter, text: string): void {
  const lengthAt = writer.reserve(1);
  const lengthBytes = writer.text(text);
  assert(lengthBytes <= SHORT_STRING_BYTES_MAX, "a short string has at most 255 bytes");
  writer.patchU8(lengthAt, lengthBytes);
}

export function readLongString(reader: ByteReader): Uint8Array {
  return reader.bytes(reader.u32());
}

export function writeLongString(writer: ByteWriter, bytes: Uint8Array): void {
  writer.u32(bytes.length);
  writer.bytes(bytes);
}

/** `text` cut so that it fits a short string, never inside a character. For reply texts. */
export function fitShortString(text: string): string {
  if (Buffer.byteLength(text, "utf8") <= SHORT_STRING_BYTES_MAX) return text;
  const ELLIPSIS = "...";
  let fitted = "";
  let lengthBytes = ELLIPSIS.length;
  for (const character of text) {
    lengthBytes += Buffer.byteLength(character, "utf8");
    if (lengthBytes > SHORT_STRING_BYTES_MAX) break;
    fitted += character;
  }
  return fitted + ELLIPSIS;
}
