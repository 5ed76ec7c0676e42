// hot path: runs per message
// The first 16 bytes of a body: which run and publisher it is from, its number there, and when it was sent.
//
//   u16 run | u16 publisher | u32 sequence | f64 monotonic microseconds         little-endian, for speed on usual machines
//
// Bodies of 8 to 15 bytes carry no time, shorter ones nothing.

/** Bodies of at least this size are checked for gaps and order. */
export const SEQUENCE_BYTES = 8;
/** Bodies of at least this size measure latency. */
export const STAMP_BYTES = 16;
/** Publishers a run can tell apart. */
export const PUBLISHERS_MAX = 65_535;

const RUN_AT = 0;
const PUBLISHER_AT = 2;
const SEQUENCE_AT = 4;
const SENT_AT = 8;

export function writeOrigin(view: DataView, at: number, run: number, publisher: number): void {
  view.setUint16(at + RUN_AT, run, true);
  view.setUint16(at + PUBLISHER_AT, publisher, true);
}
export function writeSequence(view: DataView, at: number, sequence: number): void {
  view.setUint32(at + SEQUENCE_AT, sequence, true);
}
export function writeSentAt(view: DataView, at: number, sentAtUs: number): void {
  view.setFloat64(at + SENT_AT, sentAtUs, true);
}

/** Run in the lower, publisher in the upper 16 bits. */
export function readOrigin(view: DataView, at: number): number {
  return view.getUint32(at + RUN_AT, true);
}
export function readSequence(view: DataView, at: number): number {
  return view.getUint32(at + SEQUENCE_AT, true);
}
export function readSentAt(view: DataView, at: number): number {
  return view.getFloat64(at + SENT_AT, true);
}
