// Makes checkpoints, so that old log files and dead segments can go: has live messages written to segments,
// describes everything, and only when that is on disk lets go what the description no longer needs.

import type { CheckpointSource } from "../broker/ports.ts";
import type { Clock, Disk } from "../env/env.ts";
import { atOnce } from "../lib/slices.ts";
import { CheckpointBuilder } from "./checkpoint-file.ts";
import { Name } from "./data-directory.ts";
import type { DirectoryId } from "./format.ts";
import type { LogFiles } from "./log-files.ts";
import type { PageStore } from "./page-store.ts";
import type { SegmentSet } from "./segment-set.ts";
import type { WriteAheadLog } from "./write-ahead-log.ts";

/** How often it is looked whether pages have been written, and how long at most. */
const POLL_MS = 5;
const WRITE_OUT_LIMIT_MS = 30_000;
/** After a failed attempt the next one waits this long. */
const RETRY_MS = 10_000;
/** On a full disk it is a checkpoint that frees space. */
const FULL_DISK_RETRY_MS = 1_000;
/** Definitions that change while they are exported are exported anew, so often. */
const EXPORT_ATTEMPTS_MAX = 3;
/** Looks at what came while the last checkpoint was prepared. */
const LAST_ATTEMPTS_MAX = 5;

export interface CheckpointerOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly directory: string;
  readonly id: DirectoryId;
  readonly source: CheckpointSource;
  readonly log: WriteAheadLog;
  readonly files: LogFiles;
  readonly pages: PageStore;
  readonly durable: SegmentSet;
  /** False while a full disk has no room for pages: a checkpoint then only frees what it can. */
  readonly mayWriteOut: () => boolean;
  /** Looks whether a disk that was full has room again. */
  readonly lookForRoom: () => Promise<void>;
  readonly lastNumber: number;
  /** An attempt failed; it will be tried again. */
  readonly onTrouble: (error: unknown) => void;
  /** A segment can't be synced: what it holds can't be relied on. */
  readonly onFailed: (reason: string) => void;
}

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #number: number;
  /** Of the definitions that lie beside the checkpoint. */
  #exportedVersion: number | undefined = undefined;
  #running: Promise<boolean> | undefined = undefined;
  #isWanted = false;
  #stopped = false;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#number = options.lastNumber;
  }

  /** The number of the newest checkpoint on disk. */
  get number(): number {
    return this.#number;
  }

  /** Makes a checkpoint soon, in the background. */
  want(): void {
    if (this.#stopped) return;
    this.#isWanted = true;
    if (this.#running === undefined) void this.#run();
  }

  /** The last one, at an orderly stop: afterwards nothing in the log is needed. */
  async finish(): Promise<boolean> {
    this.#stopped = true;
    await this.#running;
    return this.#attempt(true);
  }

  /** No more checkpoints; waits for the one being made. */
  async abandon(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isWanted && !this.#stopped) {
      this.#isWanted = false;
      this.#running = this.#attempt(false);
      const succeeded = await this.#running;
      if (succeeded || this.#stopped) continue;
      await this.#delay(this.#options.mayWriteOut() ? RETRY_MS : FULL_DISK_RETRY_MS);
      this.#isWanted = true;
    }
    this.#running = undefined;
  }

  async #attempt(isLast: boolean): Promise<boolean> {
    try {
      await this.#make(isLast);
      return true;
    } catch (error) {
      this.#options.onTrouble(error);
      return false;
    }
  }

  async #make(isLast: boolean): Promise<void> {
    const { log, source, durable, files, pages } = this.#options;
    if (isLast) await this.#writeOutAll();
    else {
      await this.#writeOut(log.previousFileStart, false);
      await this.#inSlices(source.prepareCapture());
    }
    // What comes while it is looked is in the log from here on, and what is there now is only ever needed less.
    const lookedFrom = log.position;
    const looking = source.findLowestLogPosition();
    const lowest = isLast ? atOnce(looking) : await this.#inSlices(looking);
    const position = Math.min(lowest, lookedFrom);
    const place = log.placeBefore(position);
    const builder = this.#begin();
    // From here to the first await nothing happens in between: definitions are as they are at this moment. What is
    // described later is at least as new, and the log from here on is read over it.
    const definitionsPosition = log.position;
    const dead = durable.markNamed();
    try {
      await this.#inSlices(source.capture(builder));
      const capturedPosition = log.position;
      builder.state({
        ...{ log: place, position, definitionsPosition, lastPageHandle: pages.lastHandle },
        stopped: isLast && position === definitionsPosition,
      });
      const bytes = await this.#inSlices(builder.finish());
      await this.#syncSegments();
      // What is described must not be newer than the log: half a transaction would be whole.
      await log.whenDurable(capturedPosition);
      await this.#write(bytes);
    } catch (error) {
      durable.keepDead(dead);
      throw error;
    }
    this.#number++;
    log.forgetBefore(place);
    durable.removeDead(dead);
    await files.release(place.file);
    await this.#exportDefinitions();
  }

  /** Beside the checkpoint, a little later than it. */
  async #exportDefinitions(): Promise<void> {
    const { source } = this.#options;
    for (let attempts = 1; source.definitionsVersion !== this.#exportedVersion; attempts++) {
      const version = source.definitionsVersion;
      const definitions = await this.#inSlices(source.exportDefinitions());
      // Put together before and after a change they may not fit together; the next checkpoint does better then.
      if (version !== source.definitionsVersion && attempts < EXPORT_ATTEMPTS_MAX) continue;
      await this.#writeDefinitions(definitions);
      this.#exportedVersion = version;
      return;
    }
  }

  /** What expires or moves on while pages are written is in the log only: it is written too, unless there is no end. */
  async #writeOutAll(): Promise<void> {
    const { log, source } = this.#options;
    for (let attempts = 1; attempts <= LAST_ATTEMPTS_MAX; attempts++) {
      await this.#writeOut(log.position, true);
      await this.#inSlices(source.prepareCapture());
      await log.flush();
      if (atOnce(source.findLowestLogPosition()) >= log.position) return;
    }
  }

  /** Has everything before `position` written to segments, as far as that is possible within the limit. */
  async #writeOut(position: number, isLast: boolean): Promise<void> {
    const { source, pages, clock } = this.#options;
    const untilMs = clock.monotonicMs() + WRITE_OUT_LIMIT_MS;
    while (clock.monotonicMs() < untilMs && (await this.#mayWriteOut(isLast))) {
      // New pages may become old while others are written.
      const isDone = await this.#inSlices(source.writeOutBefore(position));
      pages.flush();
      if (isDone) return;
      await this.#delay(POLL_MS);
    }
  }

  /** The last time nobody else will look whether a full disk has room again. */
  async #mayWriteOut(isLast: boolean): Promise<boolean> {
    const { mayWriteOut, lookForRoom } = this.#options;
    if (isLast && !mayWriteOut()) await lookForRoom();
    return mayWriteOut();
  }

  /** Others have their turn between two slices. */
  async #inSlices<Result>(work: Generator<void, Result>): Promise<Result> {
    const { clock } = this.#options;
    let step = work.next();
    while (step.done !== true) {
      await new Promise<void>((resolve) => clock.nextTurn(resolve));
      step = work.next();
    }
    return step.value;
  }

  #begin(): CheckpointBuilder {
    const { id, clock, pages } = this.#options;
    const head = { number: this.#number + 1, id, createdAtMs: clock.nowMs() };
    return new CheckpointBuilder(head, (page) => pages.place(page));
  }

  async #syncSegments(): Promise<void> {
    try {
      await this.#options.durable.sync();
    } catch (error) {
      this.#options.onFailed(`a segment could not be synced: ${(error as Error).message}`);
      throw error;
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { disk, directory } = this.#options;
    await disk.replaceFile(`${directory}/${Name.checkpoint}`, bytes);
    await disk.replaceFile(`${directory}/${Name.checkpointCopy}`, bytes);
  }

  async #writeDefinitions(definitions: string): Promise<void> {
    const { disk, directory } = this.#options;
    const bytes = new TextEncoder().encode(definitions);
    await disk.replaceFile(`${directory}/${Name.definitions}`, bytes);
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimer(ms, resolve));
  }
}
