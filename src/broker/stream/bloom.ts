// hot path: runs per message
// Which filter values may be among the messages of a page: a Bloom filter with three bits a value.
// A message without a value counts as one with the empty value.

import type { Address } from "../../lib/arena.ts";

/** RabbitMQ's default and bounds for x-stream-filter-size-bytes. */
export const FILTER_BYTES_DEFAULT = 16;

/** The filter of a page in which no message has a value. */
export const NO_VALUES = new Uint8Array(0);

const BITS_PER_VALUE = 3;
const NO_BYTES = new Uint8Array(0);

/** Notes a value that lies at `at` in `u8`. */
export function addToBloom(filter: Uint8Array, u8: Uint8Array, at: Address, length: number): void {
  const bits = filter.length * 8;
  const first = hash(u8, at, length, 0x811c9dc5);
  const step = hash(u8, at, length, 0x01234567) | 1;
  for (let i = 0; i < BITS_PER_VALUE; i++) {
    const bit = ((first + Math.imul(i, step)) >>> 0) % bits;
    filter[bit >>> 3] = (filter[bit >>> 3] as number) | (1 << (bit & 7));
  }
}

/** Notes that a message has no value. */
export function addNoneToBloom(filter: Uint8Array): void {
  addToBloom(filter, NO_BYTES, 0, 0);
}

/** False: no message of the page has the value. */
export function mayHave(filter: Uint8Array, value: Uint8Array): boolean {
  const bits = filter.length * 8;
  if (bits === 0) return value.length === 0;
  const first = hash(value, 0, value.length, 0x811c9dc5);
  const step = hash(value, 0, value.length, 0x01234567) | 1;
  for (let i = 0; i < BITS_PER_VALUE; i++) {
    const bit = ((first + Math.imul(i, step)) >>> 0) % bits;
    if (((filter[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

/** FNV-1a, mixed at the end so that short values differ in all bits. */
function hash(u8: Uint8Array, at: Address, length: number, seed: number): number {
  let h = seed;
  for (let i = 0; i < length; i++) h = Math.imul(h ^ (u8[at + i] as number), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
