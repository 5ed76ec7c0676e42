// A window on the log files while they are read at start: blocks at any place, and the search for blocks behind damage.

import type { Disk } from "../env/env.ts";
import { byteBlock } from "../lib/byte-block.ts";
import type { Region } from "../lib/memory.ts";
import { BLOCK_HEADER_BYTES, type BlockHeader, closeBlock, readBlock } from "./block.ts";
import { ColdFile } from "./cold-file.ts";
import { type DirectoryId, Magic } from "./format.ts";

/** Another block of the same place would differ in its checksum alone in more bits, but for one in a million. */
const NEARLY_BITS = 4;

export interface LogWindowOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly id: DirectoryId;
  readonly u8: Uint8Array;
  readonly view: DataView;
  /** Where bytes are read to; at least 1 MiB, so that every block fits. */
  readonly region: Region;
  /** Names of the log files by number. */
  readonly names: ReadonlyMap<number, string>;
}

export interface FoundBlock {
  readonly file: number;
  readonly offset: number;
  readonly block: BlockHeader;
}

export class LogWindow {
  readonly #options: LogWindowOptions;
  /** The arena as words: where a block may begin is found quickest in these. */
  readonly #words: Int32Array;
  #open: ColdFile | undefined = undefined;
  #file = -1;
  #from = 0;
  #lengthBytes = 0;
  /** Where the block `block` answered lies in memory. */
  blockAt = 0;

  constructor(options: LogWindowOptions) {
    this.#options = options;
    this.#words = new Int32Array(options.view.buffer as ArrayBuffer);
  }

  close(): void {
    this.#open?.close();
    this.#open = undefined;
    this.#file = -1;
  }

  /** The good block at that place, if there is one. */
  async block(file: number, offset: number): Promise<BlockHeader | undefined> {
    const { u8, view, id, region } = this.#options;
    for (let attempt = 0; attempt < 2; attempt++) {
      const isLoaded = file === this.#file && offset >= this.#from;
      if (!isLoaded || offset + BLOCK_HEADER_BYTES > this.#from + this.#lengthBytes) {
        await this.#load(file, offset);
      }
      this.blockAt = region.at + offset - this.#from;
      const end = region.at + this.#lengthBytes;
      const block = readBlock(u8, view, id, this.blockAt, end);
      if (block !== "short") return block;
      if (this.#from === offset) return undefined;
      await this.#load(file, offset);
    }
    return undefined;
  }

  /**
   * Something like a block that is none, or one newer than `batch`, lies there: the rest of a write that never
   * ended. Whole older blocks are what the file was used for before.
   */
  async hasRemains(file: number, offset: number, batch: number): Promise<boolean> {
    const block = await this.block(file, offset);
    if (block !== undefined) return block.batch > batch && !block.goesOn;
    await this.#load(file, offset);
    if (this.#lengthBytes < BLOCK_HEADER_BYTES) return false;
    const { view, id, region } = this.#options;
    const likenesses = [
      view.getUint32(region.at + 4, true) === Magic.block,
      view.getUint32(region.at + 36, true) === id.low,
      view.getUint32(region.at + 40, true) === id.high,
    ];
    return likenesses.filter(Boolean).length >= 2;
  }

  /** There lies not the empty block or the mark that is due, but something that differs from it in a few bits. */
  async isNearlyEmptyBlock(
    file: number,
    offset: number,
    due: Omit<BlockHeader, "crc" | "lengthBytes" | "goesOn" | "isCopy">,
  ): Promise<boolean> {
    await this.#load(file, offset);
    if (this.#lengthBytes < BLOCK_HEADER_BYTES) return false;
    const expected = new Uint8Array(BLOCK_HEADER_BYTES);
    const { u8, view } = byteBlock(expected);
    const found = this.#options.u8;
    const { at } = this.#options.region;
    return [false, true].some((goesOn) => {
      const header = { ...due, lengthBytes: BLOCK_HEADER_BYTES, goesOn };
      closeBlock(u8, view, this.#options.id, 0, header);
      let differing = 0;
      for (let i = 0; i < BLOCK_HEADER_BYTES; i++) {
        differing += bitCount((expected[i] as number) ^ (found[at + i] as number));
      }
      return differing > 0 && differing <= NEARLY_BITS;
    });
  }

  /** The first good block in `file[from, to)` that belongs behind (batch, index). */
  async find(
    file: number,
    from: number,
    to: number,
    batch: number,
    index: number,
  ): Promise<FoundBlock | undefined> {
    const { view, region } = this.#options;
    let offset = from;
    await this.#load(file, offset);
    while (offset < to) {
      const end = this.#from + this.#lengthBytes;
      if (offset + BLOCK_HEADER_BYTES > end) {
        if (this.#lengthBytes < region.lengthBytes) return undefined;
        await this.#load(file, offset);
        continue;
      }
      const limit = Math.min(to, end - BLOCK_HEADER_BYTES + 1);
      offset = this.#nextLikely(offset, limit);
      if (offset >= limit) continue;
      const at = region.at + offset - this.#from;
      const candidate = view.getFloat64(at + 16, true);
      const isBehind =
        candidate > batch || (candidate === batch && view.getUint32(at + 12, true) > index);
      const block = isBehind ? await this.block(file, offset) : undefined;
      if (block !== undefined && !block.goesOn) return { file, offset, block };
      offset += 8;
    }
    return undefined;
  }

  /** The first offset in `[from, limit)`, in steps of 8, where a block seems to begin; if there is none, the first step behind. */
  #nextLikely(from: number, limit: number): number {
    const base = this.#options.region.at - this.#from;
    const words = this.#words.subarray((base + from) / 4, Math.ceil((base + limit) / 4) + 1);
    // The magic is the second word of a block.
    for (let word = words.indexOf(Magic.block, 1); word !== -1; ) {
      const offset = from + (word - 1) * 4;
      if (offset % 8 === from % 8 && offset < limit) return offset;
      word = words.indexOf(Magic.block, word + 1);
    }
    return from + Math.ceil((limit - from) / 8) * 8;
  }

  async #load(file: number, offset: number): Promise<void> {
    if (file !== this.#file) {
      this.close();
      const { disk, directory, names } = this.#options;
      const name = names.get(file);
      this.#file = file;
      if (name !== undefined) {
        const options = { write: false, create: false, synced: false };
        this.#open = await ColdFile.open(disk, `${directory}/${name}`, options);
      }
    }
    const { region } = this.#options;
    this.#from = offset;
    this.#lengthBytes = (await this.#open?.read(region.at, region.lengthBytes, offset)) ?? 0;
  }
}

function bitCount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest &= rest - 1) count++;
  return count;
}
