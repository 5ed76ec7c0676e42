// A page as it lies in a segment: the owner's bytes, then a checksum for every 4 KiB of them, then a footer.
//
//        0  content, `lengthBytes`, a multiple of 8
//           one for each 4 KiB of it: {u32 CRC-32 seeded with the page's handle, u32 offset of the first record that
//           starts there, or 0xffffffff}
//   footer  {u32 CRC-32 of the table and what follows this word, u32 magic "LVTP", u32 lengthBytes, u32 half the
//           directory id, f64 handle, f64 queue}
//
// The seed makes a page that lies where another one belongs as bad as a damaged one.

import { RECORD_FLAGS_OFFSET, RECORD_HEADER_BYTES, RecordFlag } from "../broker/message/record.ts";
import type { QueueNumber } from "../broker/numbers.ts";
import type { PageHandle } from "../broker/ports.ts";
import type { Address } from "../lib/arena.ts";
import { crc32Of } from "../lib/crc32.ts";
import { type DirectoryId, Magic } from "./format.ts";

const CHUNK_BYTES = 4_096;
const CHUNK_ENTRY_BYTES = 8;
const FOOTER_BYTES = 32;
const NO_RECORD = 0xffffffff;

/** Bytes of a page of that length with all that guards it; at most `lengthBytes + pageTrailerBytes`. */
export function pageImageBytes(lengthBytes: number): number {
  return lengthBytes + chunkCount(lengthBytes) * CHUNK_ENTRY_BYTES + FOOTER_BYTES;
}

export interface PageIdentity {
  readonly handle: PageHandle;
  readonly queue: QueueNumber;
  readonly lengthBytes: number;
}

/** Writes table and footer behind the content. */
export function sealPage(
  u8: Uint8Array,
  view: DataView,
  id: DirectoryId,
  at: Address,
  page: PageIdentity,
  holdsRecords: boolean,
): void {
  const { handle, queue, lengthBytes } = page;
  const table = at + lengthBytes;
  const chunks = chunkCount(lengthBytes);
  const seed = seedOf(handle);
  let record = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const from = chunk * CHUNK_BYTES;
    const to = Math.min(from + CHUNK_BYTES, lengthBytes);
    const entry = table + chunk * CHUNK_ENTRY_BYTES;
    view.setUint32(entry, crc32Of(u8, at + from, at + to, seed), true);
    view.setUint32(entry + 4, holdsRecords && record < to ? record : NO_RECORD, true);
    while (holdsRecords && record < to) record += view.getUint32(at + record, true);
  }
  const footer = table + chunks * CHUNK_ENTRY_BYTES;
  view.setUint32(footer + 4, Magic.page, true);
  view.setUint32(footer + 8, lengthBytes, true);
  view.setUint32(footer + 12, id.low, true);
  view.setFloat64(footer + 16, handle, true);
  view.setFloat64(footer + 24, queue, true);
  view.setUint32(footer, footerCrc(u8, table, footer), true);
}

/** A stretch of a page that is not what was written. */
export interface BadStretch {
  readonly fromOffset: number;
  readonly toOffset: number;
}

/** What is wrong with a page. */
export interface PageCheck {
  readonly bad: readonly BadStretch[];
  /** What guards the page is damaged, beside what is bad. */
  readonly isTableDamaged: boolean;
}

/**
 * Checks a page that was read to `at`. In a page of records every bad stretch is widened to whole records and made
 * one record that is settled, so that whoever walks over the page passes it.
 */
export function checkPage(
  u8: Uint8Array,
  view: DataView,
  at: Address,
  page: Omit<PageIdentity, "queue">,
  holdsRecords: boolean,
): PageCheck {
  const { handle, lengthBytes } = page;
  const table = at + lengthBytes;
  const seed = seedOf(handle);
  const chunks = chunkCount(lengthBytes);
  const isTableGood = isPageTableGood(u8, view, at, lengthBytes);
  const bad: BadStretch[] = [];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const from = chunk * CHUNK_BYTES;
    const to = Math.min(from + CHUNK_BYTES, lengthBytes);
    const entry = table + chunk * CHUNK_ENTRY_BYTES;
    const expected = view.getUint32(entry, true);
    const found = crc32Of(u8, at + from, at + to, seed);
    if (found === expected) continue;
    if (!isTableGood) {
      // Perhaps it is the checksum that was hit: then it fits to the rest of the table as it should be.
      view.setUint32(entry, found, true);
      if (isPageTableGood(u8, view, at, lengthBytes)) return { bad: [], isTableDamaged: true };
      view.setUint32(entry, expected, true);
    }
    const last = bad.at(-1);
    if (last?.toOffset === from) bad[bad.length - 1] = { ...last, toOffset: to };
    else bad.push({ fromOffset: from, toOffset: to });
  }
  const isTableDamaged = !isTableGood;
  if (bad.length === 0 || !holdsRecords) return { bad, isTableDamaged };
  const widened = widenToRecords(view, at, lengthBytes, bad, isTableGood);
  return { bad: widened, isTableDamaged };
}

/** Whether what tells apart and guards the stretches of a page is as it was written. */
function isPageTableGood(
  u8: Uint8Array,
  view: DataView,
  at: Address,
  lengthBytes: number,
): boolean {
  const table = at + lengthBytes;
  const footer = table + chunkCount(lengthBytes) * CHUNK_ENTRY_BYTES;
  return view.getUint32(footer, true) === footerCrc(u8, table, footer);
}

/** Makes all of a page one settled record: what is left of a page that can't be read at all. */
export function blankPage(view: DataView, at: Address, lengthBytes: number): void {
  view.setUint32(at, lengthBytes, true);
  for (let offset = 4; offset < RECORD_HEADER_BYTES; offset += 4)
    view.setUint32(at + offset, 0, true);
  view.setUint8(at + RECORD_FLAGS_OFFSET, RecordFlag.settled);
}

function widenToRecords(
  view: DataView,
  at: Address,
  lengthBytes: number,
  bad: readonly BadStretch[],
  isTableGood: boolean,
): BadStretch[] {
  const table = at + lengthBytes;
  const widened: BadStretch[] = [];
  let record = 0;
  for (const { fromOffset, toOffset } of bad) {
    if (record >= toOffset) continue;
    // Everything from `record` to the bad stretch is good, lengths included.
    for (;;) {
      if (record >= fromOffset) break;
      const next = record + view.getUint32(at + record, true);
      if (next > fromOffset) break;
      record = next;
    }
    const next = isTableGood ? firstRecordFrom(view, table, lengthBytes, toOffset) : lengthBytes;
    blankPage(view, at + record, next - record);
    widened.push({ fromOffset: record, toOffset: next });
    record = next;
  }
  return widened;
}

/** Offset of the first record that starts at `offset` (a multiple of 4 KiB) or behind it. */
function firstRecordFrom(
  view: DataView,
  table: Address,
  lengthBytes: number,
  offset: number,
): number {
  const chunks = chunkCount(lengthBytes);
  for (let chunk = Math.ceil(offset / CHUNK_BYTES); chunk < chunks; chunk++) {
    const first = view.getUint32(table + chunk * CHUNK_ENTRY_BYTES + 4, true);
    if (first !== NO_RECORD) return first;
  }
  return lengthBytes;
}

function footerCrc(u8: Uint8Array, table: Address, footer: Address): number {
  return crc32Of(u8, footer + 4, footer + FOOTER_BYTES, crc32Of(u8, table, footer));
}

function chunkCount(lengthBytes: number): number {
  return Math.ceil(lengthBytes / CHUNK_BYTES);
}

/** Another number for every handle. */
function seedOf(handle: PageHandle): number {
  return (Math.imul(handle % 2 ** 32, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
}
