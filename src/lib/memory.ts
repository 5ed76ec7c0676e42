// How the arena is divided: one read region, two log buffers, output slabs, and pages for the rest.

import { type Address, Arena, type CopyMethod } from "./arena.ts";
import { assert } from "./assert.ts";
import { LARGE_PAGE_BYTES, PagePool } from "./page-pool.ts";

/** A stretch of the arena. */
export interface Region {
  readonly at: Address;
  readonly lengthBytes: number;
}

export interface MemoryOptions {
  /** Whole arena, a multiple of 1 MiB, at least 16 MiB. 256 MiB by default, 32 in the test kit. */
  readonly arenaBytes: number;
  readonly copyMethod?: CopyMethod;
  /** An arena to be used again: simulations make thousands of memories. */
  readonly arena?: Arena;
}

/** Bytes the system may read into the arena at once; every connection reads into the same place. */
export const READ_BYTES = 262_144;
/** Room in front of the read region where the unfinished rest of an earlier read is put. */
export const READ_SLACK_BYTES = 262_144;
const LOG_BUFFER_BYTES_MAX = 8 * LARGE_PAGE_BYTES;
const OUTPUT_BYTES_MAX = 64 * LARGE_PAGE_BYTES;

/** The arena and its named budgets. Everything that holds message bytes gets them from here. */
export class Memory {
  readonly arena: Arena;
  /** Where sockets read. The READ_SLACK_BYTES before `read.at` are free for a rest kept back. */
  readonly read: Region;
  /** The two buffers the write-ahead log fills in turn. */
  readonly logBuffers: readonly [Region, Region];
  /** Slabs borrowed while a connection has output. */
  readonly output: PagePool;
  /** Queue pages, bodies, partly received contents. */
  readonly pages: PagePool;

  constructor(options: MemoryOptions) {
    const total = options.arenaBytes;
    assert(total % LARGE_PAGE_BYTES === 0, "the arena is made of large pages");
    assert(total >= 16 * LARGE_PAGE_BYTES, "the arena has at least 16 MiB");
    this.arena =
      options.arena ??
      new Arena({
        sizeBytes: total,
        ...(options.copyMethod === undefined ? {} : { copyMethod: options.copyMethod }),
      });
    assert(this.arena.sizeBytes === total, "the arena has the size it is divided into");
    const logBytes = Math.min(LOG_BUFFER_BYTES_MAX, wholePages(total / 16));
    const outputBytes = Math.min(OUTPUT_BYTES_MAX, wholePages(total / 4));
    let at = 0;
    const take = (lengthBytes: number): Region => {
      const region = { at, lengthBytes };
      at += lengthBytes;
      return region;
    };
    take(READ_SLACK_BYTES);
    this.read = take(READ_BYTES);
    take(LARGE_PAGE_BYTES - READ_SLACK_BYTES - READ_BYTES);
    this.logBuffers = [take(logBytes), take(logBytes)];
    const output = take(outputBytes);
    this.output = new PagePool(output.at, output.lengthBytes);
    this.pages = new PagePool(at, total - at);
  }
}

function wholePages(bytes: number): number {
  return Math.max(1, Math.floor(bytes / LARGE_PAGE_BYTES)) * LARGE_PAGE_BYTES;
}
