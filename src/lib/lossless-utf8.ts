// UTF-8 that loses nothing: bytes which are not UTF-8 become lone surrogates U+DC80..U+DCFF and turn back into
// the same bytes when written. Names and header keys from the wire stay byte-exact without keeping the bytes.

import type { ByteBlock } from "./byte-block.ts";

const REPLACEMENT = "\uFFFD";
const ESCAPE_BASE = 0xdc00;

/** True when every byte of the text came from, and goes back into, well-formed UTF-8. */
export function isWellFormed(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
    if (unit >= 0xdc00 || next < 0xdc00 || next > 0xdfff) return false;
    i++;
  }
  return true;
}

export function decodeUtf8Lossless(block: ByteBlock, from: number, to: number): string {
  const text = block.buffer.utf8Slice(from, to);
  // The decoder marks what it can't read; without the mark everything was well-formed.
  return text.includes(REPLACEMENT) ? decodeSlowly(block, from, to) : text;
}

function decodeSlowly(block: ByteBlock, from: number, to: number): string {
  let text = "";
  let at = from;
  while (at < to) {
    const length = sequenceLength(block.u8, at, to);
    if (length === 0) {
      text += String.fromCharCode(ESCAPE_BASE + (block.u8[at] as number));
      at++;
    } else {
      text += block.buffer.utf8Slice(at, at + length);
      at += length;
    }
  }
  return text;
}

/** Length of the well-formed UTF-8 sequence at `at`, or 0 (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF). */
function sequenceLength(u8: Uint8Array, at: number, to: number): number {
  const first = u8[at] as number;
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || at + length > to) return 0;
  for (let i = 1; i < length; i++) {
    if (((u8[at + i] as number) & 0xc0) !== 0x80) return 0;
  }
  const second = u8[at + 1] as number;
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return length;
}

/** The bytes of a text made by `decodeUtf8Lossless` (or of any other text: a lone surrogate outside the escapes becomes U+FFFD). */
export function encodeUtf8Lossless(text: string): Uint8Array {
  if (isWellFormed(text)) return Buffer.from(text, "utf8");
  const parts: number[] = [];
  for (const character of text) {
    const unit = character.charCodeAt(0);
    if (character.length === 1 && unit >= ESCAPE_BASE + 0x80 && unit <= ESCAPE_BASE + 0xff) {
      parts.push(unit - ESCAPE_BASE);
    } else {
      parts.push(...Buffer.from(character, "utf8"));
    }
  }
  return Uint8Array.from(parts);
}
