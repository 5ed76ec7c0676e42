// hot path: runs per message
// Records of messages that differ in sequence and body only, one behind the other in a page: those behind the first
// say so, so that nobody has to compare them again.

import type { Address, Arena } from "../../lib/arena.ts";
import { type Publication, writeRecord } from "../message/publication.ts";
import {
  padded4,
  RECORD_FLAGS_OFFSET,
  RECORD_HEADER_BYTES,
  RECORD_SEQUENCE_OFFSET,
  RecordFlag,
} from "../message/record.ts";
import type { Sequence } from "../numbers.ts";

const IN_ROW_MASK = RecordFlag.twin | RecordFlag.settled;

/**
 * Writes `count` messages that lie `strideBytes` apart and differ in their bodies only as records at `to`, one behind
 * the other, under sequences from `sequence` on. They have no external body and do not expire. `first` describes the
 * message behind them then.
 */
export function writeRow(
  arena: Arena,
  to: Address,
  first: Publication,
  sequence: Sequence,
  count: number,
  strideBytes: number,
): void {
  writeRecord(arena, to, first, sequence, 0);
  const others = count - 1;
  if (others > 0) {
    const { view } = arena;
    const lengthBytes = first.recordLengthBytes;
    const contentBytes = first.contentLengthBytes;
    const headBytes = RECORD_HEADER_BYTES + padded4(first.addressingLength);
    const next = to + lengthBytes;
    const flagsAt = to + RECORD_FLAGS_OFFSET;
    view.setUint8(flagsAt, first.flags | RecordFlag.twin);
    arena.copyRow(next, lengthBytes, to, 0, headBytes, others);
    view.setUint8(flagsAt, first.flags);
    const contentAt = first.contentAt + strideBytes;
    arena.copyRow(next + headBytes, lengthBytes, contentAt, strideBytes, contentBytes, others);
    let sequenceAt = next + RECORD_SEQUENCE_OFFSET;
    for (let index = 1; index < count; index++, sequenceAt += lengthBytes) {
      view.setFloat64(sequenceAt, sequence + index, true);
    }
  }
  first.moveOn(count * strideBytes);
}

/** How many records from the one at `at` on, which end at `end`, are of one row and not settled; at most `max`. */
export function rowLengthAt(view: DataView, at: Address, end: Address, max: number): number {
  const lengthBytes = view.getInt32(at, true);
  const most = Math.min(max, (end - at) / lengthBytes);
  let flagsAt = at + RECORD_FLAGS_OFFSET + lengthBytes;
  for (let count = 1; count < most; count++, flagsAt += lengthBytes) {
    if ((view.getUint8(flagsAt) & IN_ROW_MASK) !== RecordFlag.twin) return count;
  }
  return Math.max(1, Math.floor(most));
}
