// A block: some log entries behind a header that says what they are and guards them.
//
//   0  u32 CRC-32 of everything behind this word
//   4  u32 magic "LVTB", in a checkpoint "LVTK"
//   8  u32 length of the whole block, a multiple of 8
//  12  u32 index within its batch, from 0
//  16  f64 number of its batch
//  24  f64 log position of its first entry
//  32  u32 CRC of the block before it in the log
//  36  u32, u32 directory id
//  44  u32 flags (1 = the last of its batch, 2 = no batch: the log goes on in the next file, 4 = holds the same
//      entries as the block before it)
//  48      entries
//
// A batch is what one write carried: blocks in a row from a multiple of 4 KiB on. Only the newest batch can be torn.

import type { Address } from "../lib/arena.ts";
import { crc32Of } from "../lib/crc32.ts";
import { type DirectoryId, ENTRY_HEADER_BYTES, Magic } from "./format.ts";

export const BLOCK_HEADER_BYTES = 48;
export const BlockFlag = { lastOfBatch: 1, goesOn: 2, copy: 4 } as const;

/** Blocks of the log, or of a checkpoint: one is never taken for the other. */
type BlockMagic = typeof Magic.block | typeof Magic.checkpointBlock;

/** What a block says about itself, apart from its entries. */
export interface BlockHeader {
  readonly lengthBytes: number;
  readonly index: number;
  readonly batch: number;
  readonly position: number;
  readonly crcBefore: number;
  readonly crc: number;
  readonly isLast: boolean;
  /** Stands behind the newest batch of a file that has been left: the next file is in use. Not part of the chain. */
  readonly goesOn: boolean;
  /** Its entries are those of the block before it, and count only if that one is damaged. */
  readonly isCopy: boolean;
}

type NewBlockHeader = Omit<BlockHeader, "crc" | "goesOn" | "isCopy"> & {
  readonly goesOn?: boolean;
  readonly isCopy?: boolean;
};

/** Fills the header of the block at `at` and answers its CRC. The entries are in place. */
export function closeBlock(
  u8: Uint8Array,
  view: DataView,
  id: DirectoryId,
  at: Address,
  header: NewBlockHeader,
  magic: BlockMagic = Magic.block,
): number {
  view.setUint32(at + 4, magic, true);
  view.setUint32(at + 8, header.lengthBytes, true);
  view.setUint32(at + 12, header.index, true);
  view.setFloat64(at + 16, header.batch, true);
  view.setFloat64(at + 24, header.position, true);
  view.setUint32(at + 32, header.crcBefore, true);
  view.setUint32(at + 36, id.low, true);
  view.setUint32(at + 40, id.high, true);
  let flags = header.isLast ? BlockFlag.lastOfBatch : 0;
  if (header.goesOn === true) flags |= BlockFlag.goesOn;
  if (header.isCopy === true) flags |= BlockFlag.copy;
  view.setUint32(at + 44, flags, true);
  const crc = crc32Of(u8, at + 4, at + header.lengthBytes);
  view.setUint32(at, crc, true);
  return crc;
}

/**
 * The header of the block at `at` if there is a whole and undamaged one of this directory before `end`;
 * "short" if it looks like one but reaches past `end`; otherwise undefined.
 */
export function readBlock(
  u8: Uint8Array,
  view: DataView,
  id: DirectoryId,
  at: Address,
  end: Address,
  magic: BlockMagic = Magic.block,
): BlockHeader | "short" | undefined {
  if (end - at < BLOCK_HEADER_BYTES) return "short";
  if (view.getUint32(at + 4, true) !== magic) return undefined;
  if (view.getUint32(at + 36, true) !== id.low) return undefined;
  if (view.getUint32(at + 40, true) !== id.high) return undefined;
  const lengthBytes = view.getUint32(at + 8, true);
  if (lengthBytes < BLOCK_HEADER_BYTES || lengthBytes % 8 !== 0) return undefined;
  if (lengthBytes > end - at) return "short";
  const crc = view.getUint32(at, true);
  if (crc32Of(u8, at + 4, at + lengthBytes) !== crc) return undefined;
  return {
    lengthBytes,
    index: view.getUint32(at + 12, true),
    batch: view.getFloat64(at + 16, true),
    position: view.getFloat64(at + 24, true),
    crcBefore: view.getUint32(at + 32, true),
    crc,
    isLast: (view.getUint32(at + 44, true) & BlockFlag.lastOfBatch) !== 0,
    goesOn: (view.getUint32(at + 44, true) & BlockFlag.goesOn) !== 0,
    isCopy: (view.getUint32(at + 44, true) & BlockFlag.copy) !== 0,
  };
}

/** The log position behind the last entry of a block. */
export function positionBehind(header: BlockHeader): number {
  return header.position + header.lengthBytes - BLOCK_HEADER_BYTES;
}

/**
 * Calls `onEntry` for each entry of the (checked) block at `at`, from the one that lies `from` bytes behind its header
 * on, until it answers false. Answers where that entry lies, likewise; undefined at the end of the block.
 */
export function forEachEntry(
  view: DataView,
  at: Address,
  header: BlockHeader,
  onEntry: (kind: number, at: Address, lengthBytes: number, position: number) => unknown,
  from = 0,
): number | undefined {
  const first = at + BLOCK_HEADER_BYTES;
  const bytes = header.lengthBytes - BLOCK_HEADER_BYTES;
  for (let offset = from; offset < bytes; ) {
    const entry = first + offset;
    const lengthBytes = view.getUint32(entry, true);
    const kind = view.getUint8(entry + 4);
    const position = header.position + offset;
    if (onEntry(kind, entry + ENTRY_HEADER_BYTES, lengthBytes, position) === false) return offset;
    offset += ENTRY_HEADER_BYTES + ((lengthBytes + 7) & ~7);
  }
  return undefined;
}
