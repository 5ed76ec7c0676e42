// The embedded store: a data directory with a write-ahead log, segments and checkpoints, opened by one process.
// `open` looks and locks, `replay` tells the broker what was, `begin` lets it go on, `close` makes the next start quick.

import type { CheckpointSource, Engine, ReplayHandler } from "../broker/ports.ts";
import {
  type Clock,
  type Disk,
  DiskError,
  isFullDisk,
  type Random,
  type TimerHandle,
} from "../env/env.ts";
import type { Memory } from "../lib/memory.ts";
import { SMALL_PAGE_BYTES } from "../lib/page-pool.ts";
import type { CheckpointReading } from "./checkpoint-file.ts";
import { Checkpointer } from "./checkpointer.ts";
import { type Damage, damageText } from "./damage.ts";
import { lockDirectory, Name } from "./data-directory.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { BATCH_ALIGNMENT_BYTES, type DirectoryId } from "./format.ts";
import { GatherBuffer } from "./gather-buffer.ts";
import { IoQueue } from "./io-queue.ts";
import { LogBuffers } from "./log-buffers.ts";
import {
  defaultLogFileSizes,
  type LogFileSizes,
  LogFiles,
  type LogFilesOptions,
  logFileName,
  MOVED,
} from "./log-files.ts";
import type { LogPlace, LogReading } from "./log-reader.ts";
import { logFileDamage, readLog, replayCheckpoint } from "./log-replay.ts";
import { type PageKeeping, PageStore } from "./page-store.ts";
import { SEGMENT_BYTES, SegmentSet } from "./segment-set.ts";
import { type Contents, StoreDirectory } from "./store-directory.ts";
import { wipe } from "./wipe.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

/** Segments without messages go with a checkpoint, which a load brings sooner and an idle broker not at all. */
const DEAD_SEGMENTS_MS = 5_000;

export interface StoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: Memory;
  readonly directory: string;
  readonly logFileSizes?: LogFileSizes;
  readonly segmentBytes?: number;
  /** Space kept so that a full disk can be drained; none if undefined. */
  readonly reserveBytes?: number;
  /** Tells what people should know: damage, trouble that passes. One sentence. */
  readonly onNotice: (text: string) => void;
}

/** What a start found. */
export interface RecoveryReport {
  readonly isNew: boolean;
  readonly stoppedOrderly: boolean;
  readonly blockCount: number;
  /** The newest write was cut off by the crash; nobody had been told that it was safe. */
  readonly torn: boolean;
  readonly damage: readonly Damage[];
}

export class Store implements Engine {
  readonly log: WriteAheadLog;
  readonly pager: PageStore;
  readonly #options: StoreOptions;
  readonly #contents: Contents;
  readonly #lock: { release(): Promise<void> };
  readonly #id: DirectoryId;
  readonly #buffers: LogBuffers;
  readonly #io: IoQueue;
  readonly #durable: SegmentSet;
  readonly #transient: SegmentSet;
  readonly #scratchAt: number;
  readonly #markAt: number;
  readonly #damage: Damage[] = [];
  readonly #reserve: DiskReserve;
  #files: LogFiles | undefined = undefined;
  #checkpointer: Checkpointer | undefined = undefined;
  #deadTimer: TimerHandle | undefined = undefined;
  /** The disk is full: nothing more should be published. Or it has room again. */
  onDiskFull: (isFull: boolean) => void = () => {};

  /** Locks the directory, making it if it is not there. Rejects with a StoreRefusal, which changes nothing. */
  static async open(options: StoreOptions): Promise<Store> {
    const { disk, memory, directory } = options;
    await StoreDirectory.check(disk, memory, directory);
    if ((await disk.stat(directory)) === undefined) {
      await disk.makeDirectory(directory);
      await disk.syncDirectory(directory.slice(0, Math.max(0, directory.lastIndexOf("/"))) || ".");
    }
    const lock = await lockDirectory(disk, directory);
    try {
      const contents = await new StoreDirectory(options).load();
      return new Store(options, contents, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  private constructor(
    options: StoreOptions,
    contents: Contents,
    lock: { release(): Promise<void> },
  ) {
    const { memory, clock } = options;
    this.#options = options;
    this.#contents = contents;
    this.#lock = lock;
    this.#id = contents.id;
    this.#scratchAt = memory.pages.allocate(SMALL_PAGE_BYTES);
    this.#markAt = memory.pages.allocate(SMALL_PAGE_BYTES);
    this.#buffers = new LogBuffers(memory, contents.id);
    this.log = new WriteAheadLog(this.#buffers, clock);
    // A start that has more to read than memory holds needs any room there is.
    const mayWrite = (lengthBytes: number) =>
      this.#checkpointer === undefined || this.#reserve.takeForPages(lengthBytes);
    this.#io = new IoQueue(clock, mayWrite);
    this.#durable = this.#segmentSet(Name.segments, true);
    this.#transient = this.#segmentSet(Name.transient, false);
    this.pager = new PageStore({
      u8: memory.arena.u8,
      view: memory.arena.view,
      id: contents.id,
      io: this.#io,
      durable: this.#keeping(this.#durable),
      transient: this.#keeping(this.#transient),
      capacityBytes: Number.MAX_SAFE_INTEGER,
      onDamage: (damage) => this.#reportDamage(damage),
      onDiskFull: () => this.#reserve.noteFull(),
    });
    this.#reserve = this.#newReserve();
    this.log.onDiskFull = () => this.#reserve.noteFull();
    this.#restorePages();
    for (const damage of contents.damage) this.#reportDamage(damage);
  }

  get directory(): string {
    return this.#options.directory;
  }

  /** Everything that was found wrong since the start. */
  get damage(): readonly Damage[] {
    return this.#damage;
  }

  /** Tells `handler` the checkpoint, then the log. Afterwards `begin`. */
  async replay(handler: ReplayHandler): Promise<RecoveryReport> {
    const { checkpoint, isNew } = this.#contents;
    replayCheckpoint(checkpoint, this.#options.memory, handler);
    const untilRelieved = () => this.#untilRelieved(handler);
    const reading = await readLog({ ...this.#options, handler, untilRelieved }, this.#contents);
    await this.#resume(checkpoint, reading);
    const stoppedOrderly = checkpoint.state.stopped && reading.blockCount === 0 && !isNew;
    for (const damage of reading.damage) this.#reportDamage(damage);
    for (const damage of logFileDamage(this.#contents, reading)) this.#reportDamage(damage);
    if (reading.torn) {
      this.#options.onNotice("the newest write was cut off by a crash; it was never confirmed");
    }
    const { blockCount, torn } = reading;
    return { isNew, stoppedOrderly, blockCount, torn, damage: this.#damage };
  }

  /** The broker runs on what it was told: from here on there are checkpoints. */
  begin(source: CheckpointSource): void {
    const { disk, clock, directory, onNotice } = this.#options;
    const files = this.#files as LogFiles;
    const checkpointer = new Checkpointer({
      disk,
      clock,
      directory,
      id: this.#id,
      source,
      log: this.log,
      files,
      pages: this.pager,
      durable: this.#durable,
      mayWriteOut: () => this.#reserve.hasRoomForPages,
      lookForRoom: () => this.#reserve.look(),
      lastNumber: this.#contents.checkpoint.head.number,
      onTrouble: (error) => {
        if (isDiskFull(error)) this.#reserve.noteFull();
        onNotice(`a checkpoint failed: ${messageOf(error)}`);
      },
      // A second sync of the segment may succeed though its bytes are lost: no checkpoint may name them any more.
      onFailed: (reason) => this.log.fail(reason),
    });
    files.onSwitched = () => checkpointer.want();
    this.#checkpointer = checkpointer;
    // What was damaged has been reported: the next start should not meet it again. And a new directory's first log
    // file should be missed if it were gone.
    if (this.#damage.length > 0 || this.#contents.isNew) checkpointer.want();
    this.#reserve.prepare();
  }

  #newReserve(): DiskReserve {
    const { disk, clock, directory, reserveBytes = 0, onNotice } = this.#options;
    return new DiskReserve({
      disk,
      clock,
      directory,
      name: Name.reserve,
      logName: Name.reserveForLog,
      sizeBytes: reserveBytes,
      onFull: (isFull) => {
        onNotice(isFull ? "the disk is full: publishers wait" : "the disk has room again");
        this.onDiskFull(isFull);
      },
      whenOthersRest: () => this.#io.whenNoneWrites(),
      // Segments without messages go with the next checkpoint, which otherwise only a full log file brings; so do log files.
      whileFull: () => {
        if (this.#durable.deadBytes > 0 || this.#files?.hasOld) this.#checkpointer?.want();
      },
    });
  }

  #freeDeadLater(): void {
    this.#deadTimer ??= this.#options.clock.setTimer(DEAD_SEGMENTS_MS, () => {
      this.#deadTimer = undefined;
      if (this.#durable.deadBytes > 0) this.#checkpointer?.want();
    });
  }

  /** Makes a checkpoint soon. */
  wantCheckpoint(): void {
    this.#checkpointer?.want();
  }

  get checkpointNumber(): number {
    return this.#checkpointer?.number ?? this.#contents.checkpoint.head.number;
  }

  /** Bytes on disk: log, durable and transient segments. */
  get sizes(): { readonly log: number; readonly segments: number; readonly transient: number } {
    return {
      log: this.#files?.sizeBytes ?? 0,
      segments: this.#durable.sizeBytes,
      transient: this.#transient.sizeBytes,
    };
  }

  /** Stops orderly: everything is on disk and in a checkpoint. Nothing may be appended any more. */
  async close(): Promise<void> {
    const finished = await this.#checkpointer?.finish();
    // A log that fails tells why by itself, and what it has not written was never confirmed.
    if (finished === false) await this.log.flush().catch(() => {});
    await this.#release();
  }

  /** Stops at once, as after a failure: the log is all there is. */
  async abandon(): Promise<void> {
    this.log.stop();
    await this.#checkpointer?.abandon();
    await this.#release();
  }

  async #release(): Promise<void> {
    this.log.stop();
    if (this.#deadTimer !== undefined) this.#options.clock.clearTimer(this.#deadTimer);
    await this.#reserve.stop();
    await this.#files?.close();
    await this.#durable.settleRemovals();
    await this.#transient.settleRemovals();
    this.#io.closeAll();
    this.#options.memory.pages.free(this.#scratchAt, SMALL_PAGE_BYTES);
    this.#options.memory.pages.free(this.#markAt, SMALL_PAGE_BYTES);
    await this.#lock.release();
  }

  #keeping(segments: SegmentSet): PageKeeping {
    const { memory, clock } = this.#options;
    const gatherSmall = new GatherBuffer(memory, clock, this.#io);
    const gatherMedium = new GatherBuffer(memory, clock, this.#io);
    return { segments, gatherSmall, gatherMedium };
  }

  #segmentSet(name: string, durable: boolean): SegmentSet {
    const { disk, clock, directory, segmentBytes, onNotice } = this.#options;
    return new SegmentSet({
      disk,
      clock,
      io: this.#io,
      directory: `${directory}/${name}`,
      id: this.#id,
      durable,
      segmentBytes: segmentBytes ?? SEGMENT_BYTES,
      onDead: () => this.#freeDeadLater(),
      onTrouble: (error) => onNotice(`a segment could not be removed: ${messageOf(error)}`),
    });
  }

  #restorePages(): void {
    const { checkpoint, segments } = this.#contents;
    for (const [number, { fileName, sizeBytes }] of segments) {
      this.#durable.restore(number, fileName, sizeBytes);
    }
    this.#durable.skipNumbersTo(this.#contents.lastSegment);
    this.pager.skipHandlesTo(checkpoint.state.lastPageHandle);
    for (const { handle, segment, offset, lengthBytes } of checkpoint.places) {
      const known = this.#durable.segment(segment);
      if (known !== undefined) this.pager.restore(handle, known, offset, lengthBytes);
    }
  }

  /** Pages leave memory while replay waits. */
  async #untilRelieved(handler: ReplayHandler): Promise<void> {
    const { clock } = this.#options;
    do {
      this.pager.flush();
      await new Promise<void>((resolve) => void clock.setTimer(1, resolve));
    } while (handler.congested);
  }

  async #resume(checkpoint: CheckpointReading, reading: LogReading): Promise<void> {
    const { disk, directory } = this.#options;
    const logDirectory = `${directory}/${Name.log}`;
    const { logFileSizes, shortLogFiles } = this.#contents;
    const needed = checkpoint.state.log.file;
    let { end } = reading;
    // First what the end says about files that are removed next.
    if (reading.torn || reading.goesOn) await this.#wipeEnd(logDirectory, end);
    const logFiles = await this.#keepNeeded(logDirectory, needed, end.file);
    const { totalBytes } = await disk.space(directory);
    const options = this.#logFilesOptions(logDirectory, totalBytes);
    let starts = reading.starts;
    if (!logFiles.has(end.file)) {
      this.#files = await LogFiles.create(options, end.file + 1);
      end = { ...end, file: end.file + 1, offset: BATCH_ALIGNMENT_BYTES };
      starts = [...starts, end];
    } else {
      const path = `${logDirectory}/${logFileName(end.file)}`;
      const sizeBytes = logFileSizes.get(end.file) ?? 0;
      const madeBytes = shortLogFiles.get(end.file) ?? sizeBytes;
      if (madeBytes > sizeBytes) await disk.allocate(path, madeBytes);
      const older = [...logFiles]
        .filter((number) => number < end.file)
        .map((number) => ({ number, sizeBytes: logFileSizes.get(number) ?? 0 }))
        .sort((a, b) => a.number - b.number);
      const place = { number: end.file, sizeBytes: madeBytes, offset: end.offset };
      this.#files = await LogFiles.resume(options, place, older);
    }
    const files = this.#files;
    files.onTrouble = (error) => {
      if (isDiskFull(error)) this.#reserve.noteFull();
      else this.#options.onNotice(`the next log file could not be prepared: ${messageOf(error)}`);
    };
    this.log.begin(files, end, starts, reading.torn || reading.damage.length > 0);
  }

  async #wipeEnd(logDirectory: string, { file, offset }: LogPlace): Promise<void> {
    const { disk, memory } = this.#options;
    const { logFiles, logFileSizes } = this.#contents;
    const name = logFiles.get(file);
    if (name === undefined) return;
    await wipe(disk, memory, `${logDirectory}/${name}`, offset, logFileSizes.get(file) ?? 0);
  }

  /** Removes log files that are not needed, gives the others their right names, and answers their numbers. */
  async #keepNeeded(logDirectory: string, first: number, last: number): Promise<Set<number>> {
    const { disk } = this.#options;
    const kept = new Set<number>();
    const misnamed: [number, string][] = [];
    let changed = false;
    for (const [number, name] of this.#contents.logFiles) {
      // Before the checkpoint, or prepared and never used.
      if (number < first || number > last) {
        await disk.unlink(`${logDirectory}/${name}`);
        changed = true;
        continue;
      }
      kept.add(number);
      if (name !== logFileName(number)) misnamed.push([number, name]);
    }
    // By way of names that are nobody's: two files may have each other's.
    for (const [number, name] of misnamed) {
      const between = `${logDirectory}/${logFileName(number)}${MOVED}`;
      if (name !== logFileName(number) + MOVED)
        await disk.rename(`${logDirectory}/${name}`, between);
    }
    for (const [number] of misnamed) {
      const path = `${logDirectory}/${logFileName(number)}`;
      await disk.rename(path + MOVED, path);
    }
    if (changed || misnamed.length > 0) await disk.syncDirectory(logDirectory);
    return kept;
  }

  #logFilesOptions(logDirectory: string, diskBytes: number): LogFilesOptions {
    const { disk, clock, memory, logFileSizes } = this.#options;
    return {
      disk,
      clock,
      directory: logDirectory,
      id: this.#id,
      scratchAt: this.#scratchAt,
      markAt: this.#markAt,
      u8: memory.arena.u8,
      view: memory.arena.view,
      sizes: logFileSizes ?? defaultLogFileSizes,
      diskBytes,
      writer: this.log,
      fromReserve: (path) => this.#reserve.giveToLog(path),
    };
  }

  #reportDamage(damage: Damage): void {
    this.#damage.push(damage);
    this.#options.onNotice(damageText(damage));
  }
}

function isDiskFull(error: unknown): boolean {
  return error instanceof DiskError && isFullDisk(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
