// Space that is kept for a full disk, so that consumers can go on and what they are done with can be freed. Two files: one
// becomes the log's next file, whose bytes nobody else can take; the other is given up, as room for checkpoints.

import type { Clock, Disk, TimerHandle } from "../env/env.ts";
import { alignedDown } from "./format.ts";

/** How often a full disk is looked at. */
const LOOK_MS = 1_000;
/** The reserve takes no more than this part of the disk. */
const SHARE_MAX = 1 / 16;
/** What is in hand for the log when the disk is found full must fit into its part, and then settlements. */
const LOG_SHARE = 5 / 8;
/** Checkpoints alone have half of the rest; pages may have the other, for a few may be all that keeps log files from going. */
const CHECKPOINT_SHARE = 3 / 16;
/** The disk has room again when so many times the reserve is free. */
const ROOM_FACTOR = 2;

export interface DiskReserveOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly directory: string;
  /** Names of the two files in the directory. */
  readonly name: string;
  readonly logName: string;
  /** Of both together. 0 = none is kept; a full disk is noticed all the same. */
  readonly sizeBytes: number;
  /** The disk is full, or has room again. */
  readonly onFull: (isFull: boolean) => void;
  /** Resolves when nothing is being written any more that would take what is given up. */
  readonly whenOthersRest: () => Promise<void>;
  /** Again and again while it is full: what can be freed should be. */
  readonly whileFull: () => void;
}

/** One of the two files. */
interface Part {
  readonly path: string;
  readonly sizeBytes: number;
}

export class DiskReserve {
  readonly #options: DiskReserveOptions;
  readonly #path: string;
  readonly #logPath: string;
  #timer: TimerHandle | undefined = undefined;
  #working: Promise<void> | undefined = undefined;
  #stopped = false;
  /** What pages may take of a full disk until it is looked at again. */
  #pageBytes = 0;
  isFull = false;

  constructor(options: DiskReserveOptions) {
    this.#options = options;
    this.#path = `${options.directory}/${options.name}`;
    this.#logPath = `${options.directory}/${options.logName}`;
  }

  /** Takes the space in the background, as soon as there is enough. */
  prepare(): void {
    if (this.#options.sizeBytes > 0) this.#work(() => this.#prepare());
  }

  /** A write has found the disk full. */
  noteFull(): void {
    if (this.isFull || this.#stopped) return;
    this.isFull = true;
    this.#pageBytes = 0;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#options.onFull(true);
    this.#work(() => this.#giveUp());
    this.#lookLater();
  }

  /** Whether there is any room for pages. */
  get hasRoomForPages(): boolean {
    return !this.isFull || this.#pageBytes > 0;
  }

  /** Whether pages may take so much: then they have it. */
  takeForPages(lengthBytes: number): boolean {
    if (!this.isFull) return true;
    if (lengthBytes > this.#pageBytes) {
      // Whoever waits for all of its pages should not try for ever.
      this.#pageBytes = 0;
      return false;
    }
    this.#pageBytes -= lengthBytes;
    return true;
  }

  /** Gives the log its part, as a file `path` that is not there yet. Answers its size; 0 = it has been given already. */
  async giveToLog(path: string): Promise<number> {
    let sizeBytes = 0;
    await this.#work(async () => {
      const known = await this.#options.disk.stat(this.#logPath);
      if (known === undefined) return;
      const { disk, directory } = this.#options;
      await disk.rename(this.#logPath, path);
      // A crash must not leave it under both names once something stands in it.
      await disk.syncDirectory(directory);
      sizeBytes = known.sizeBytes;
    });
    return sizeBytes;
  }

  /** Whether a disk that was full still is: not known otherwise before the next look. */
  async look(): Promise<void> {
    if (!this.isFull) return;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    await this.#work(() => this.#look());
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    await this.#working;
  }

  /** One thing after the other; trouble with the reserve is no trouble for anybody else. */
  #work(task: () => Promise<void>): Promise<void> {
    const before = this.#working ?? Promise.resolve();
    this.#working = before.then(task).catch(() => {});
    return this.#working;
  }

  /** A broker that was started on a full disk, or a nearly full one, has no reserve yet: it waits for room. */
  async #prepare(): Promise<void> {
    const isThere = await this.#take().catch(() => false);
    if (isThere || this.#stopped || this.isFull) return;
    this.#timer = this.#options.clock.setTimer(LOOK_MS, () => {
      this.#timer = undefined;
      this.prepare();
    });
  }

  /** False where there is not enough space for it. */
  async #take(): Promise<boolean> {
    const { disk, directory } = this.#options;
    const { freeBytes, totalBytes } = await disk.space(directory);
    const missing: Part[] = [];
    let knownBytes = 0;
    for (const part of this.#partsOn(totalBytes)) {
      const sizeBytes = (await disk.stat(part.path))?.sizeBytes ?? 0;
      knownBytes += sizeBytes;
      if (sizeBytes !== part.sizeBytes) missing.push(part);
    }
    if (missing.length === 0) return true;
    if (freeBytes + knownBytes < ROOM_FACTOR * this.#sizeOn(totalBytes)) return false;
    for (const { path, sizeBytes } of missing) {
      try {
        await disk.allocate(path, sizeBytes);
      } catch (error) {
        // Half a file is of no use, and others need the space.
        await this.#remove(path);
        throw error;
      }
    }
    return true;
  }

  async #giveUp(): Promise<void> {
    await this.#options.whenOthersRest();
    await this.#remove(this.#path);
  }

  async #remove(path: string): Promise<void> {
    const { disk } = this.#options;
    if ((await disk.stat(path)) !== undefined) await disk.unlink(path);
  }

  #lookLater(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.setTimer(LOOK_MS, () => {
      this.#timer = undefined;
      void this.#work(() => this.#look());
    });
  }

  async #look(): Promise<void> {
    const { disk, directory, onFull, whileFull } = this.#options;
    const { freeBytes, totalBytes } = await disk.space(directory);
    const sizeBytes = this.#sizeOn(totalBytes);
    if (freeBytes < ROOM_FACTOR * sizeBytes || freeBytes === 0) {
      this.#pageBytes = Math.max(0, freeBytes - sizeBytes * CHECKPOINT_SHARE);
      whileFull();
      this.#lookLater();
      return;
    }
    await this.#take();
    if (this.#stopped) return;
    this.isFull = false;
    onFull(false);
  }

  #sizeOn(totalBytes: number): number {
    return Math.min(this.#options.sizeBytes, Math.floor(totalBytes * SHARE_MAX));
  }

  #partsOn(totalBytes: number): readonly Part[] {
    const sizeBytes = this.#sizeOn(totalBytes);
    const logBytes = alignedDown(sizeBytes * LOG_SHARE);
    const parts = [
      { path: this.#logPath, sizeBytes: logBytes },
      { path: this.#path, sizeBytes: sizeBytes - logBytes },
    ];
    return parts.filter((part) => part.sizeBytes > 0);
  }
}
