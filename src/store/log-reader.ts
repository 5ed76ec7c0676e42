// Reads the log at start: block after block from where the checkpoint says, up to the first bad block of the newest
// batch. A bad block with a newer batch behind it is damage: what it held is lost, everything behind it counts.

import { BLOCK_HEADER_BYTES, type BlockHeader, positionBehind } from "./block.ts";
import type { Damage } from "./damage.ts";
import { Name } from "./data-directory.ts";
import { alignedUp, BATCH_ALIGNMENT_BYTES } from "./format.ts";
import { logFileName } from "./log-files.ts";
import type { FoundBlock, LogWindow } from "./log-window.ts";

/** A batch is never longer, so behind a damaged one the next begins within this. */
export const BATCH_BYTES_MAX = 9 * 1_048_576;

/** Numbers of log files start here: a new directory's checkpoint names a file before the first. */
export const FIRST_LOG_FILE = 1;

/** The place in the log where reading starts or writing goes on, and what must stand before it. */
export interface LogPlace {
  readonly file: number;
  readonly offset: number;
  readonly position: number;
  readonly batch: number;
  readonly crcBefore: number;
}

export interface LogReading {
  /** Where the next batch belongs; its number is `end.batch + 1`. */
  readonly end: LogPlace;
  /** Where each file that was read begins. */
  readonly starts: readonly LogPlace[];
  readonly damage: readonly Damage[];
  /** The newest batch was not written completely: its rest never counted, and must be wiped. */
  readonly torn: boolean;
  /** Behind the end stands that the log goes on in the next file, in which nothing counts. */
  readonly goesOn: boolean;
  readonly blockCount: number;
}

/** Gets every good block in order; it lies in the window until the call returns. Reading goes on when it is through. */
export type OnBlock = (at: number, block: BlockHeader) => Promise<void> | undefined;

export class LogReader {
  readonly #window: LogWindow;
  readonly #names: ReadonlyMap<number, string>;
  readonly #onBlock: OnBlock;
  readonly #damage: Damage[] = [];
  readonly #starts: LogPlace[];
  #blockCount = 0;
  #place: LogPlace;
  /** Index of the newest good block in its batch, and whether it was the last one there. */
  #index = 0;
  #atBatchEnd = true;
  /** The file that says it has been left. */
  #left = -1;

  constructor(
    window: LogWindow,
    names: ReadonlyMap<number, string>,
    from: LogPlace,
    onBlock: OnBlock,
  ) {
    this.#window = window;
    this.#names = names;
    this.#place = from;
    this.#starts = [from];
    this.#onBlock = onBlock;
  }

  async read(): Promise<LogReading> {
    const { file } = this.#place;
    if (file >= FIRST_LOG_FILE && !this.#names.has(file)) this.#reportMissing(file);
    do {
      await this.#readRow();
    } while (
      (await this.#goOnInNextFile()) ||
      (await this.#goOnBehindDamage()) ||
      (await this.#goOnBehindStray())
    );
    const offset = alignedUp(this.#place.offset);
    const remains = !(await this.#isVouchDamaged(offset)) && (await this.#hasRemains(offset));
    const goesOn = this.#left === this.#place.file;
    if (goesOn && !this.#names.has(this.#left + 1)) this.#reportMissing(this.#left + 1);
    const isUnfinished = !this.#atBatchEnd || (await this.#findNext(BATCH_BYTES_MAX)) !== undefined;
    const torn = isUnfinished || remains;
    return {
      end: { ...this.#place, offset },
      starts: this.#starts,
      damage: this.#damage,
      torn,
      goesOn,
      blockCount: this.#blockCount,
    };
  }

  #hasRemains(offset: number): Promise<boolean> {
    return this.#window.hasRemains(this.#place.file, offset, this.#place.batch);
  }

  /** An empty batch fits into a sector and can't have been torn: what looks nearly like the one due here was it. */
  async #isVouchDamaged(offset: number): Promise<boolean> {
    const { file, batch, position, crcBefore } = this.#place;
    const name = this.#names.get(file);
    if (!this.#atBatchEnd || name === undefined) return false;
    const due = { index: 0, batch: batch + 1, position, crcBefore, isLast: true };
    if (!(await this.#window.isNearlyEmptyBlock(file, offset, due))) return false;
    this.#damage.push({
      file: `${Name.log}/${name}`,
      fromOffset: offset,
      toOffset: offset + BLOCK_HEADER_BYTES,
      effect: "nothing is lost: it says that what stands before it was whole",
    });
    return true;
  }

  /** Reads good blocks that follow each other, until something else comes. */
  async #readRow(): Promise<void> {
    for (;;) {
      const { file, offset } = this.#place;
      const block = await this.#window.block(file, offset);
      if (block === undefined || !this.#isNext(block)) {
        if (await this.#startsAnewAt(file, alignedUp(offset))) continue;
        return;
      }
      if (block.goesOn) {
        this.#left = file;
        return;
      }
      if (block.index === 0 && this.#starts.at(-1)?.file !== file) this.#starts.push(this.#place);
      // The copy of a block that was good says nothing new.
      if (block.position === this.#place.position) {
        const pause = this.#onBlock(this.#window.blockAt, block);
        if (pause !== undefined) await pause;
        this.#blockCount++;
      }
      this.#index = block.index;
      this.#atBatchEnd = block.isLast;
      const behind = offset + block.lengthBytes;
      this.#place = {
        file,
        offset: block.isLast ? alignedUp(behind) : behind,
        position: positionBehind(block),
        batch: block.batch,
        crcBefore: block.crc,
      };
    }
  }

  #isNext(block: BlockHeader): boolean {
    const { batch, position, crcBefore } = this.#place;
    const isInPlace =
      block.position === position || (block.isCopy && positionBehind(block) === position);
    if (!isInPlace || block.crcBefore !== crcBefore) return false;
    return this.#atBatchEnd ? block.batch > batch && block.index === 0 : block.batch === batch;
  }

  async #goOnInNextFile(): Promise<boolean> {
    const file = this.#place.file + 1;
    return this.#names.has(file) && this.#startsAnewAt(file, BATCH_ALIGNMENT_BYTES);
  }

  /**
   * The next batch begins there. If the one before it is unfinished, a crash cut it off and an earlier start went on
   * behind what was left of it.
   */
  async #startsAnewAt(file: number, offset: number): Promise<boolean> {
    const { batch, position, crcBefore } = this.#place;
    if (file === this.#place.file && offset === this.#place.offset && this.#atBatchEnd)
      return false;
    const block = await this.#window.block(file, offset);
    const isNext =
      block?.index === 0 &&
      block.batch > batch &&
      block.position === position &&
      block.crcBefore === crcBefore;
    if (!isNext) return false;
    this.#atBatchEnd = true;
    this.#place = { ...this.#place, file, offset };
    return true;
  }

  /**
   * Only the newest batch can have been torn by a crash: if there is anything newer than the batch that should
   * come here, what should come here was on disk once.
   */
  async #goOnBehindDamage(): Promise<boolean> {
    const due = this.#atBatchEnd ? this.#place.batch + 1 : this.#place.batch;
    const newer = await this.#findNewer(due, Number.POSITIVE_INFINITY, BATCH_BYTES_MAX);
    if (newer === undefined) return false;
    const first = await this.#findOldest(due);
    const { block, file, offset } = first;
    // The copy of a block that was good comes behind it.
    const isBehind = block.isCopy && positionBehind(block) === this.#place.position;
    const position = isBehind ? this.#place.position : block.position;
    this.#reportGap(first, position - this.#place.position);
    this.#atBatchEnd = block.index === 0;
    this.#index = block.index - 1;
    this.#place = {
      file,
      offset,
      position,
      batch: block.index === 0 ? block.batch - 1 : block.batch,
      crcBefore: block.crcBefore,
    };
    return true;
  }

  /** What was read here belongs elsewhere, as the copy of a page does: the batch that follows it stands further on. */
  async #goOnBehindStray(): Promise<boolean> {
    const next = await this.#findNext(BATCH_BYTES_MAX);
    return next !== undefined && this.#startsAnewAt(next.file, next.offset);
  }

  /**
   * Where reading goes on: the oldest block that could follow. Blocks follow each other, but a page that was written to
   * a wrong place must not hide what lies between.
   */
  async #findOldest(due: number): Promise<FoundBlock> {
    let oldest = (await this.#findNext(Number.POSITIVE_INFINITY)) as FoundBlock;
    let { file, offset } = oldest;
    const index = this.#atBatchEnd ? Number.POSITIVE_INFINITY : this.#index;
    // What comes right behind a damaged batch, or a damaged block, needs no search.
    const isDue = ({ block }: FoundBlock) =>
      block.batch === due || (block.batch === due + 1 && block.index === 0);
    while (!isDue(oldest)) {
      const names = [...this.#names.keys()].sort((a, b) => a - b);
      const from = offset + 8;
      const everything = Number.POSITIVE_INFINITY;
      const { batch } = this.#place;
      const next = await this.#window.find(file, from, everything, batch, index);
      if (next === undefined) {
        const nextFile = names.find((name) => name > file);
        if (nextFile === undefined) return oldest;
        [file, offset] = [nextFile, 0];
        continue;
      }
      ({ offset } = next);
      const { block } = next;
      const isOlder =
        block.batch < oldest.block.batch ||
        (block.batch === oldest.block.batch && block.index < oldest.block.index);
      if (isOlder) oldest = next;
    }
    return oldest;
  }

  /** The first block behind this place that could follow: of a newer batch, or later in the one that is unfinished. */
  #findNext(bytesMax: number): Promise<FoundBlock | undefined> {
    const index = this.#atBatchEnd ? Number.POSITIVE_INFINITY : this.#index;
    return this.#findNewer(this.#place.batch, index, bytesMax);
  }

  /** The first block behind this place that is newer than (batch, index). */
  async #findNewer(
    batch: number,
    index: number,
    bytesMax: number,
  ): Promise<FoundBlock | undefined> {
    for (const file of [...this.#names.keys()].sort((a, b) => a - b)) {
      if (file < this.#place.file) continue;
      const from = file === this.#place.file ? this.#place.offset : BATCH_ALIGNMENT_BYTES;
      const found = await this.#window.find(file, from, from + bytesMax, batch, index);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #reportGap(found: FoundBlock, lost: number): void {
    const { file, offset, position } = this.#place;
    const effect =
      lost === 0 ? "nothing is lost" : `${lost} bytes of log entries behind ${position} are lost`;
    for (let number = Math.max(file, FIRST_LOG_FILE); number <= found.file; number++) {
      const name = this.#names.get(number);
      if (name === undefined) {
        this.#reportMissing(number);
      } else if (number === file || number === found.file) {
        const fromOffset = number === file ? offset : BATCH_ALIGNMENT_BYTES;
        const toOffset = number === found.file ? found.offset : Number.POSITIVE_INFINITY;
        this.#damage.push({ file: `${Name.log}/${name}`, fromOffset, toOffset, effect });
      }
    }
  }

  #reportMissing(file: number): void {
    this.#damage.push({
      file: `${Name.log}/${logFileName(file)}`,
      fromOffset: 0,
      toOffset: Number.POSITIVE_INFINITY,
      effect: "the file is missing, and all it held is lost",
    });
  }
}
