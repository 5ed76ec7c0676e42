// The files of the write-ahead log: which one is written, the next one prepared beforehand, old ones used again.
// Knows sizes and names; what is in a file is the log's and the reader's business.

import {
  type Clock,
  type Disk,
  DiskError,
  type File,
  type FileHandler,
  isFullDisk,
} from "../env/env.ts";
import type { Address } from "../lib/arena.ts";
import { writeFileHeader } from "./file-header.ts";
import { alignedDown, BATCH_ALIGNMENT_BYTES, type DirectoryId, Magic } from "./format.ts";

export interface LogFileSizes {
  readonly smallestBytes: number;
  readonly largestBytes: number;
}

export const defaultLogFileSizes: LogFileSizes = {
  smallestBytes: 8 * 1_048_576,
  largestBytes: 256 * 1_048_576,
};

/** Log files grow with the load, but a few of them must not be most of a small disk. */
const DISK_SHARE_MAX = 1 / 32;

/** A file that is full sooner than this gets a larger successor, later than that a smaller one. */
const GROW_BELOW_MS = 4_000;
const SHRINK_ABOVE_MS = 120_000;
const SPARE_FILES_MAX = 1;

export function logFileName(number: number): string {
  return `log-${String(number).padStart(8, "0")}`;
}

/** Ends the name of a log file on its way to its right name. */
export const MOVED = ".moved";

export function logFileNumber(name: string): number | undefined {
  const digits = /^log-(\d{8,})(?:\.moved)?$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** One open log file. Its calls end at `owner`, except while it is being prepared. */
export class LogFile implements FileHandler {
  readonly number: number;
  readonly path: string;
  readonly owner: FileHandler;
  sizeBytes: number;
  /** Where the next batch goes. */
  offset = BATCH_ALIGNMENT_BYTES;
  #file: File | undefined = undefined;
  #preparing: { resolve(): void; reject(error: DiskError): void } | undefined = undefined;

  constructor(number: number, path: string, sizeBytes: number, owner: FileHandler) {
    this.number = number;
    this.path = path;
    this.sizeBytes = sizeBytes;
    this.owner = owner;
  }

  async open(disk: Disk): Promise<void> {
    this.#file = await disk.open(this.path, { write: true, create: false, synced: true }, this);
  }

  write(token: number, at: Address, lengthBytes: number, offset: number): void {
    (this.#file as File).write(token, at, lengthBytes, offset);
  }

  /** Whether so much would reach past the space it was made with. */
  growsWith(lengthBytes: number): boolean {
    return this.offset + lengthBytes > this.sizeBytes;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** Only while it is being prepared. */
  prepare(start: (file: File) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#preparing = { resolve, reject };
      start(this.#file as File);
    });
  }

  onDone(token: number, lengthBytes: number): void {
    const preparing = this.#preparing;
    this.#preparing = undefined;
    if (preparing === undefined) this.owner.onDone(token, lengthBytes);
    else preparing.resolve();
  }

  onFailed(token: number, error: DiskError): void {
    const preparing = this.#preparing;
    this.#preparing = undefined;
    if (preparing === undefined) this.owner.onFailed(token, error);
    else preparing.reject(error);
  }
}

export interface LogFilesOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly directory: string;
  readonly id: DirectoryId;
  /** 4 KiB of the arena for file headers. */
  readonly scratchAt: Address;
  /** As much for marks. */
  readonly markAt: Address;
  readonly u8: Uint8Array;
  readonly view: DataView;
  readonly sizes: LogFileSizes;
  /** What the file system holds, used or free. */
  readonly diskBytes: number;
  /** Hears how writes end. */
  readonly writer: FileHandler;
  /** On a full disk: makes the file `path` of space kept for it, and answers its size; 0 = there is none. */
  readonly fromReserve: (path: string) => Promise<number>;
}

/** A log file without a writer. */
interface IdleFile {
  readonly path: string;
  readonly sizeBytes: number;
}

export class LogFiles {
  readonly #options: LogFilesOptions;
  #current: LogFile;
  #next: LogFile | undefined = undefined;
  #preparing: Promise<void> | undefined = undefined;
  /** Files that hold batches a restart may need, oldest first; the current one is not among them. */
  readonly #kept: (IdleFile & { readonly number: number })[] = [];
  readonly #spare: IdleFile[] = [];
  #left: LogFile | undefined = undefined;
  #currentSinceMs: number;
  #nextSizeBytes: number;
  /** A file has been filled and its successor taken. */
  onSwitched: () => void = () => {};
  /** A file could not be prepared; the current one grows meanwhile. */
  onTrouble: (error: unknown) => void = () => {};

  private constructor(options: LogFilesOptions, current: LogFile) {
    this.#options = options;
    this.#current = current;
    this.#currentSinceMs = options.clock.monotonicMs();
    this.#nextSizeBytes = options.sizes.smallestBytes;
  }

  /** Makes the first log file of a new directory, with that number. */
  static async create(options: LogFilesOptions, number: number): Promise<LogFiles> {
    const file = await makeFile(options, number, options.sizes.smallestBytes, undefined);
    return new LogFiles(options, file);
  }

  /** Goes on in a file recovery has read, at `offset`. `older` may still be needed. */
  static async resume(
    options: LogFilesOptions,
    current: { readonly number: number; readonly sizeBytes: number; readonly offset: number },
    older: readonly { readonly number: number; readonly sizeBytes: number }[],
  ): Promise<LogFiles> {
    const path = `${options.directory}/${logFileName(current.number)}`;
    const file = new LogFile(current.number, path, current.sizeBytes, options.writer);
    await file.open(options.disk);
    // What a killed process wrote may be in the system's cache only: nothing may follow it before it is on disk.
    await file.prepare((x) => x.sync(0));
    file.offset = current.offset;
    const files = new LogFiles(options, file);
    for (const { number, sizeBytes } of older) {
      files.#kept.push({
        number,
        sizeBytes,
        path: `${options.directory}/${logFileName(number)}`,
      });
    }
    return files;
  }

  get currentNumber(): number {
    return this.#current.number;
  }

  /** There are files that were left and have not been released. */
  get hasOld(): boolean {
    return this.#kept.length > 0;
  }

  /** Space that log files take on disk. */
  get sizeBytes(): number {
    let sum = Math.max(this.#current.sizeBytes, this.#current.offset);
    for (const file of this.#kept) sum += file.sizeBytes;
    for (const file of this.#spare) sum += file.sizeBytes;
    return sum + (this.#next?.sizeBytes ?? 0);
  }

  /** The file for a batch of that length. A full one is left when its successor is ready, and grows until then. */
  forBatch(lengthBytes: number): LogFile {
    const current = this.#current;
    const next = this.#next;
    if (!current.growsWith(lengthBytes)) return current;
    if (next === undefined || current.offset === BATCH_ALIGNMENT_BYTES) {
      this.prepareNext();
      return current;
    }
    return this.#goOn(current, next);
  }

  /** Tells where a batch goes for which the current file can't grow, the disk being full; undefined = there is no next file. */
  insteadOfGrowing(tell: (file: LogFile | undefined) => void): void {
    this.prepareNext();
    void Promise.resolve(this.#preparing).then(() => {
      tell(this.#next && this.#goOn(this.#current, this.#next));
    });
  }

  #goOn(current: LogFile, next: LogFile): LogFile {
    this.#left = current;
    this.#adjustSize(current.sizeBytes);
    const sizeBytes = Math.max(current.sizeBytes, current.offset);
    this.#kept.push({ number: current.number, path: current.path, sizeBytes });
    this.#current = next;
    this.#next = undefined;
    this.onSwitched();
    this.prepareNext();
    return next;
  }

  /** The file that has just been left: whoever takes it closes it. */
  takeLeft(): LogFile | undefined {
    const left = this.#left;
    this.#left = undefined;
    return left;
  }

  get markAt(): Address {
    return this.#options.markAt;
  }

  /** Has the next file made in the background unless it is there. */
  prepareNext(): void {
    if (this.#next !== undefined || this.#preparing !== undefined) return;
    this.#preparing = this.#prepare()
      .catch((error: unknown) => this.onTrouble(error))
      .finally(() => {
        this.#preparing = undefined;
      });
  }

  /** No restart needs files before `number` any more: one is kept to be used again, the others go. */
  async release(number: number): Promise<void> {
    const { disk, directory } = this.#options;
    let removed = false;
    while (this.#kept.length > 0 && (this.#kept[0] as { number: number }).number < number) {
      const file = this.#kept.shift() as IdleFile;
      if (this.#spare.length < SPARE_FILES_MAX) {
        this.#spare.push(file);
      } else {
        await disk.unlink(file.path);
        removed = true;
      }
    }
    if (removed) await disk.syncDirectory(directory);
  }

  /** Waits for what is being prepared, and closes. */
  async close(): Promise<void> {
    await this.#preparing;
    this.#next?.close();
    this.#current.close();
  }

  /** Files follow the write rate: a file should last some seconds. */
  #adjustSize(filledBytes: number): void {
    const { clock, sizes, diskBytes } = this.#options;
    const nowMs = clock.monotonicMs();
    const ageMs = nowMs - this.#currentSinceMs;
    this.#currentSinceMs = nowMs;
    const factor = ageMs < GROW_BELOW_MS ? 2 : ageMs > SHRINK_ABOVE_MS ? 0.5 : 1;
    const shareBytes = alignedDown(diskBytes * DISK_SHARE_MAX);
    const wanted = Math.min(sizes.largestBytes, shareBytes, filledBytes * factor);
    this.#nextSizeBytes = Math.max(sizes.smallestBytes, wanted);
  }

  async #prepare(): Promise<void> {
    const number = this.#current.number + 1;
    const spare = this.#spare.pop();
    try {
      if (spare === undefined) await this.#checkRoom();
      this.#next = await makeFile(this.#options, number, this.#nextSizeBytes, spare);
    } catch (error) {
      // Half a file would hold on to space that others need to free some.
      const { disk, directory, sizes } = this.#options;
      this.#nextSizeBytes = sizes.smallestBytes;
      await disk.unlink(`${directory}/${logFileName(number)}`).catch(() => {});
      if (error instanceof DiskError && isFullDisk(error)) await this.#prepareFromReserve(number);
      throw error;
    }
  }

  /** Without a try: until it fails, it would take what others need to free some. */
  async #checkRoom(): Promise<void> {
    const { disk, directory } = this.#options;
    const { freeBytes } = await disk.space(directory);
    if (freeBytes < this.#nextSizeBytes) {
      throw new DiskError("ENOSPC", "there is no room for another log file");
    }
  }

  async #prepareFromReserve(number: number): Promise<void> {
    const { directory, fromReserve } = this.#options;
    const path = `${directory}/${logFileName(number)}`;
    const sizeBytes = await fromReserve(path);
    if (sizeBytes === 0) return;
    this.#next = await makeFile(this.#options, number, sizeBytes, { path, sizeBytes });
  }
}

/** A file ready for its first batch: named, of that size, its header on disk. Takes over `spare` if there is one. */
async function makeFile(
  options: LogFilesOptions,
  number: number,
  sizeBytes: number,
  spare: IdleFile | undefined,
): Promise<LogFile> {
  const { disk, directory, scratchAt, u8, view, id, clock } = options;
  const path = `${directory}/${logFileName(number)}`;
  if (spare !== undefined && spare.path !== path) await disk.rename(spare.path, path);
  if (spare === undefined || spare.sizeBytes !== sizeBytes) await disk.allocate(path, sizeBytes);
  const file = new LogFile(number, path, sizeBytes, options.writer);
  await file.open(disk);
  u8.fill(0, scratchAt, scratchAt + BATCH_ALIGNMENT_BYTES);
  const createdAtMs = clock.nowMs();
  writeFileHeader(u8, view, scratchAt, Magic.logFile, { id, number, createdAtMs, sizeBytes });
  await file.prepare((x) => x.write(0, scratchAt, BATCH_ALIGNMENT_BYTES, 0));
  await file.prepare((x) => x.sync(0));
  await disk.syncDirectory(directory);
  return file;
}
