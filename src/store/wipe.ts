// Takes away what a torn write left, so that no later start can take it for something newer.

import type { Disk } from "../env/env.ts";
import type { Memory } from "../lib/memory.ts";
import { ColdFile } from "./cold-file.ts";
import { BATCH_BYTES_MAX } from "./log-reader.ts";

/** Overwrites what the longest batch could have covered behind `offset`, as far as the file reaches. */
export async function wipe(
  disk: Disk,
  memory: Memory,
  path: string,
  offset: number,
  fileBytes: number,
): Promise<void> {
  const { at, lengthBytes } = memory.logBuffers[0];
  const end = Math.min(fileBytes, offset + BATCH_BYTES_MAX);
  if (offset >= end) return;
  memory.arena.u8.fill(0, at, at + Math.min(lengthBytes, end - offset));
  const file = await ColdFile.open(disk, path, { write: true, create: false, synced: false });
  for (let from = offset; from < end; from += lengthBytes) {
    await file.write(at, Math.min(lengthBytes, end - from), from);
  }
  await file.sync();
  file.close();
}
