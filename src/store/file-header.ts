// The first bytes of every file of a data directory: which kind, which version, which directory, which number.
//
//   0  u32 CRC-32 of the 36 bytes behind this word
//   4  u32 magic
//   8  u32 format version
//  12  u32 size of the file in 4 KiB, as it was when it was made; 0 for files that grow
//  16  u32, u32 directory id
//  24  f64 number of the file within its kind
//  32  f64 when it was put to use, wall time in ms

import { crc32Of } from "../lib/crc32.ts";
import { type DirectoryId, FORMAT_VERSION } from "./format.ts";

export const FILE_HEADER_BYTES = 40;
const SIZE_UNIT_BYTES = 4_096;

export interface FileHeader {
  readonly version: number;
  readonly id: DirectoryId;
  readonly number: number;
  readonly createdAtMs: number;
  /** The file has never been shorter; 0 = files of that kind grow. A multiple of 4 KiB. */
  readonly sizeBytes: number;
}

type NewFileHeader = Omit<FileHeader, "version" | "sizeBytes"> & {
  readonly version?: number;
  readonly sizeBytes?: number;
};

export function writeFileHeader(
  u8: Uint8Array,
  view: DataView,
  at: number,
  magic: number,
  header: NewFileHeader,
): void {
  view.setUint32(at + 4, magic, true);
  view.setUint32(at + 8, header.version ?? FORMAT_VERSION, true);
  view.setUint32(at + 12, (header.sizeBytes ?? 0) / SIZE_UNIT_BYTES, true);
  view.setUint32(at + 16, header.id.low, true);
  view.setUint32(at + 20, header.id.high, true);
  view.setFloat64(at + 24, header.number, true);
  view.setFloat64(at + 32, header.createdAtMs, true);
  view.setUint32(at, crc32Of(u8, at + 4, at + FILE_HEADER_BYTES), true);
}

/** The header at `at`, or undefined if it is damaged or another kind of file. */
export function readFileHeader(
  u8: Uint8Array,
  view: DataView,
  at: number,
  magic: number,
): FileHeader | undefined {
  if (u8.length - at < FILE_HEADER_BYTES) return undefined;
  if (view.getUint32(at + 4, true) !== magic) return undefined;
  if (crc32Of(u8, at + 4, at + FILE_HEADER_BYTES) !== view.getUint32(at, true)) return undefined;
  return {
    version: view.getUint32(at + 8, true),
    id: { low: view.getUint32(at + 16, true), high: view.getUint32(at + 20, true) },
    number: view.getFloat64(at + 24, true),
    createdAtMs: view.getFloat64(at + 32, true),
    sizeBytes: view.getUint32(at + 12, true) * SIZE_UNIT_BYTES,
  };
}
