// Numbers of the on-disk format: magic words, versions, sizes. docs/internals/storage-format.md draws them.
// Whoever changes the meaning of a byte raises FORMAT_VERSION and keeps reading the old one.

/** Every file of a data directory carries it. */
export const FORMAT_VERSION = 1;

/** "LVTL", "LVTB", "LVTC", "LVTK", "LVTS", "LVTP" in the order they lie on disk. */
export const Magic = {
  logFile: 0x4c54564c,
  block: 0x4254564c,
  checkpoint: 0x4354564c,
  checkpointBlock: 0x4b54564c,
  segment: 0x5354564c,
  page: 0x5054564c,
} as const;

/** Batches start at multiples of this: a write never touches a sector that holds something durable. */
export const BATCH_ALIGNMENT_BYTES = 4_096;

/** So many bytes, and those up to the next place where a batch may start. */
export function alignedUp(bytes: number): number {
  return Math.ceil(bytes / BATCH_ALIGNMENT_BYTES) * BATCH_ALIGNMENT_BYTES;
}

/** So many bytes without those behind the last place where a batch may start. */
export function alignedDown(bytes: number): number {
  return Math.floor(bytes / BATCH_ALIGNMENT_BYTES) * BATCH_ALIGNMENT_BYTES;
}

/** A block is closed when it has this many bytes: what one damaged bit can cost. */
export const BLOCK_BYTES = 4_096;

/** Every entry starts with {u32 length of the payload, u8 kind, 3 zero bytes} and ends at a multiple of 8. */
export const ENTRY_HEADER_BYTES = 8;

/** Tells one data directory's files from another's, and blocks from bytes that clients made look like blocks. */
export interface DirectoryId {
  readonly low: number;
  readonly high: number;
}

export function directoryIdText(id: DirectoryId): string {
  return [id.low, id.high].map((x) => x.toString(16).padStart(8, "0")).join("");
}

export function directoryIdFrom(text: string): DirectoryId | undefined {
  if (!/^[0-9a-f]{16}$/.test(text)) return undefined;
  return { low: Number.parseInt(text.slice(0, 8), 16), high: Number.parseInt(text.slice(8), 16) };
}
