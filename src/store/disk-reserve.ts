// A file that takes up some space and is given up when the disk is full: room for acknowledgements, the log and a
// checkpoint, so that consumers can go on and what they are done with can be freed.

import type { Clock, Disk, TimerHandle } from "../env/env.ts";

/** How often a full disk is looked at. */
const LOOK_MS = 1_000;
/** The reserve takes no more than this part of the disk. */
const SHARE_MAX = 1 / 16;
/** The disk has room again when so many times the reserve is free. */
const ROOM_FACTOR = 2;

export interface DiskReserveOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly directory: string;
  /** Name of the file in the directory. */
  readonly name: string;
  /** 0 = none is kept; a full disk is noticed all the same. */
  readonly sizeBytes: number;
  /** The disk is full, or has room again. */
  readonly onFull: (isFull: boolean) => void;
  /** Again and again while it is full: what can be freed should be. */
  readonly whileFull: () => void;
}

export class DiskReserve {
  readonly #options: DiskReserveOptions;
  readonly #path: string;
  #timer: TimerHandle | undefined = undefined;
  #working: Promise<void> | undefined = undefined;
  #stopped = false;
  isFull = false;

  constructor(options: DiskReserveOptions) {
    this.#options = options;
    this.#path = `${options.directory}/${options.name}`;
  }

  /** Takes the space in the background, as soon as there is enough. */
  prepare(): void {
    if (this.#options.sizeBytes > 0) this.#work(() => this.#prepare());
  }

  /** A write has found the disk full. */
  noteFull(): void {
    if (this.isFull || this.#stopped) return;
    this.isFull = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#options.onFull(true);
    this.#work(() => this.#giveUp());
    this.#lookLater();
  }

  /** Whether a disk that was full still is: not known otherwise before the next look. */
  async look(): Promise<void> {
    if (!this.isFull) return;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#work(() => this.#look());
    await this.#working;
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    await this.#working;
  }

  /** One thing after the other; trouble with the reserve is no trouble for anybody else. */
  #work(task: () => Promise<void>): void {
    const before = this.#working ?? Promise.resolve();
    this.#working = before.then(task).catch(() => {});
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
    const sizeBytes = this.#sizeOn(totalBytes);
    const known = await disk.stat(this.#path);
    if (known?.sizeBytes === sizeBytes || sizeBytes === 0) return true;
    if (freeBytes + (known?.sizeBytes ?? 0) < ROOM_FACTOR * sizeBytes) return false;
    try {
      await disk.allocate(this.#path, sizeBytes);
      return true;
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
  }

  async #giveUp(): Promise<void> {
    const { disk } = this.#options;
    if ((await disk.stat(this.#path)) !== undefined) await disk.unlink(this.#path);
  }

  #lookLater(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.setTimer(LOOK_MS, () => {
      this.#timer = undefined;
      this.#work(() => this.#look());
    });
  }

  async #look(): Promise<void> {
    const { disk, directory, onFull, whileFull } = this.#options;
    const { freeBytes, totalBytes } = await disk.space(directory);
    if (freeBytes < ROOM_FACTOR * this.#sizeOn(totalBytes) || freeBytes === 0) {
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
}
