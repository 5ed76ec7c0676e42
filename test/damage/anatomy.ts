// Which byte of a known store is what: written or not, needed or not, and which messages it is part of.

import { byteBlock } from "../../src/lib/byte-block.ts";
import { type BlockHeader, positionBehind, readBlock } from "../../src/store/block.ts";
import { type CheckpointReading, readCheckpoint } from "../../src/store/checkpoint-file.ts";
import { FILE_HEADER_BYTES, readFileHeader } from "../../src/store/file-header.ts";
import { BATCH_ALIGNMENT_BYTES, Magic } from "../../src/store/format.ts";
import { pageImageBytes } from "../../src/store/page-image.ts";
import { DIRECTORY } from "../simulation/life.ts";
import type { KnownStore } from "./stores.ts";

/** A stretch of a file. */
export interface Part {
  readonly file: string;
  readonly from: number;
  readonly to: number;
  /** "dead": no start looks at it. */
  readonly use: "live" | "dead" | "unwritten";
  /** The only messages that damage there may cost. */
  readonly ids: readonly number[];
}

/** All parts of all files, in their order. */
export function anatomyOf(store: KnownStore): Part[] {
  const checkpoint = checkpointOf(store);
  return store.disk.files().flatMap((path) => {
    const file = path.slice(DIRECTORY.length + 1);
    const bytes = store.disk.bytesOf(path);
    if (file.startsWith("log/")) return logParts(store, checkpoint, file, bytes);
    if (file.startsWith("segments/")) return segmentParts(checkpoint, file, bytes);
    const use = file === "definitions.json" ? "dead" : "live";
    return [{ file, from: 0, to: bytes.length, use, ids: [] } as const];
  });
}

function checkpointOf({ disk }: KnownStore): CheckpointReading {
  const result = readCheckpoint(disk.bytesOf(`${DIRECTORY}/checkpoint`));
  if (result.kind !== "good") throw new Error("the store is good");
  return result.checkpoint;
}

function logParts(
  store: KnownStore,
  { state, head }: CheckpointReading,
  file: string,
  bytes: Uint8Array,
): Part[] {
  const { u8, view } = byteBlock(bytes);
  const header = readFileHeader(u8, view, 0, Magic.logFile);
  const isNeeded = header !== undefined && header.number === state.log.file;
  const use = isNeeded ? "live" : "dead";
  const parts: Part[] = [{ file, from: 0, to: FILE_HEADER_BYTES, use, ids: [] }];
  let at: number = BATCH_ALIGNMENT_BYTES;
  parts.push({ file, from: FILE_HEADER_BYTES, to: at, use: "unwritten", ids: [] });
  for (let before: Part | undefined; ; ) {
    const block = readBlock(u8, view, head.id, at, bytes.length);
    if (block === undefined || block === "short") break;
    const end = at + block.lengthBytes;
    const isDead = !isNeeded || end <= state.log.offset;
    const part: Part = {
      ...{ file, from: at, to: end },
      use: isDead ? "dead" : "live",
      ids: block.isCopy ? [] : idsIn(store, block),
    };
    // What has a copy is not lost.
    if (block.isCopy && before !== undefined) parts[parts.indexOf(before)] = { ...before, ids: [] };
    parts.push(part);
    before = part;
    at = end;
    if (!block.isLast) continue;
    const next = Math.ceil(at / BATCH_ALIGNMENT_BYTES) * BATCH_ALIGNMENT_BYTES;
    if (next > at) parts.push({ file, from: at, to: next, use: "unwritten", ids: [] });
    at = next;
  }
  parts.push({ file, from: at, to: bytes.length, use: "unwritten", ids: [] });
  return parts;
}

/** Messages whose entry ends in that block. */
function idsIn({ positions }: KnownStore, block: BlockHeader): number[] {
  return [...positions]
    .filter(([, position]) => position > block.position && position <= positionBehind(block))
    .map(([id]) => id);
}

const CHUNK_BYTES = 4_096;

function segmentParts({ places }: CheckpointReading, file: string, bytes: Uint8Array): Part[] {
  const { view } = byteBlock(bytes);
  const parts: Part[] = [{ file, from: 0, to: FILE_HEADER_BYTES, use: "live", ids: [] }];
  for (const { offset, lengthBytes } of [...places].sort((a, b) => a.offset - b.offset)) {
    const chunks: number[][] = [];
    for (let record = 0; record < lengthBytes; ) {
      const length = view.getUint32(offset + record, true);
      const first = Math.floor(record / CHUNK_BYTES);
      const last = Math.floor((record + length - 1) / CHUNK_BYTES);
      const id = idAt(view, offset + record);
      for (let chunk = first; chunk <= last; chunk++) {
        chunks[chunk] ??= [];
        (chunks[chunk] as number[]).push(id);
      }
      record += length;
    }
    for (const [chunk, ids] of chunks.entries()) {
      const from = offset + chunk * CHUNK_BYTES;
      const to = Math.min(from + CHUNK_BYTES, offset + lengthBytes);
      parts.push({ file, from, to, use: "live", ids });
    }
    // What guards the page costs nothing.
    const end = offset + pageImageBytes(lengthBytes);
    parts.push({ file, from: offset + lengthBytes, to: end, use: "live", ids: [] });
  }
  return parts;
}

/** The number that the body of a record begins with. */
function idAt(view: DataView, record: number): number {
  const addressing = view.getUint16(record + 6, true);
  const content = record + 32 + ((addressing + 3) & ~3);
  const body = content + view.getInt32(content + 3) + 8 + 7;
  return view.getUint32(body, true);
}
