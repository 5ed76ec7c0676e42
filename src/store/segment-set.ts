// The segment files of one kind (durable or transient): which one takes the next page, and when one can go.

import type { QueueNumber } from "../broker/numbers.ts";
import type { Clock, Disk } from "../env/env.ts";
import { byteBlock } from "../lib/byte-block.ts";
import { FILE_HEADER_BYTES, writeFileHeader } from "./file-header.ts";
import { type DirectoryId, Magic } from "./format.ts";
import type { IoQueue } from "./io-queue.ts";
import { Segment } from "./segment.ts";

/** A segment takes no more pages when it is this long. */
export const SEGMENT_BYTES = 33_554_432;
/**
 * Smaller pages share other segments than larger ones: they are of queues with next to nothing in them, which may lie
 * for months, and traffic that passes through must not be kept on disk with them.
 */
const SMALL_IMAGE_BYTES_MAX = 8_192;
/** A segment that may still take pages is given up, when none are left in it, for the space it takes from here on. */
const WORTH_REMOVING_BYTES = 1_048_576;
const WORTH_REMOVING_SHARE = 1 / 8;

/** Which of the two kinds of shared segment takes a page of that size. */
export function isSmallImage(imageBytes: number): boolean {
  return imageBytes <= SMALL_IMAGE_BYTES_MAX;
}

export function segmentName(number: number): string {
  return `segment-${String(number).padStart(8, "0")}`;
}

export function segmentNumber(name: string): number | undefined {
  const digits = /^segment-(\d{8,})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export interface SegmentSetOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly io: IoQueue;
  readonly directory: string;
  readonly id: DirectoryId;
  readonly durable: boolean;
  readonly segmentBytes: number;
  /** A segment without messages waits for the next checkpoint. */
  readonly onDead?: () => void;
  /** A file could not be removed: it stays, unused. */
  readonly onTrouble: (error: unknown) => void;
}

export class SegmentSet {
  readonly #options: SegmentSetOptions;
  readonly #segments = new Map<number, Segment>();
  readonly #own = new Map<QueueNumber, Segment>();
  /** Those that pages of all queues go to, by size class. */
  readonly #shared: (Segment | undefined)[] = [];
  #lastNumber = 0;
  /** Without live pages, but a checkpoint on disk still names them. */
  readonly #dead: Segment[] = [];
  /** A checkpoint is being made, which may name new segments too. */
  #isNaming = false;
  #removals: Promise<void>[] = [];

  constructor(options: SegmentSetOptions) {
    this.#options = options;
  }

  get segments(): Iterable<Segment> {
    return this.#segments.values();
  }

  get sizeBytes(): number {
    let sum = 0;
    for (const segment of this.#segments.values()) sum += segment.sizeBytes;
    for (const segment of this.#dead) sum += segment.sizeBytes;
    return sum;
  }

  /** What the next checkpoint frees. */
  get deadBytes(): number {
    let sum = 0;
    for (const segment of this.#dead) sum += segment.sizeBytes;
    return sum;
  }

  segment(number: number): Segment | undefined {
    return this.#segments.get(number);
  }

  /** A file that is there already and takes no more pages. */
  restore(number: number, fileName: string, sizeBytes: number): Segment {
    const segment = this.#make(number, fileName, undefined, sizeBytes);
    segment.named = true;
    this.#segments.set(number, segment);
    this.skipNumbersTo(number);
    return segment;
  }

  /** New segments get numbers above `number`. */
  skipNumbersTo(number: number): void {
    this.#lastNumber = Math.max(this.#lastNumber, number);
  }

  /** The segment for the next page of any queue that is not large. */
  sharedFor(imageBytes: number): Segment {
    const sizeClass = isSmallImage(imageBytes) ? 0 : 1;
    const current = this.#shared[sizeClass];
    if (current !== undefined && this.#hasRoom(current, imageBytes)) return current;
    if (current !== undefined) this.#seal(current);
    const segment = this.#create(undefined);
    this.#shared[sizeClass] = segment;
    return segment;
  }

  /** The segment for the next large page of that queue. */
  ownFor(queue: QueueNumber, imageBytes: number): Segment {
    const current = this.#own.get(queue);
    if (current !== undefined && this.#hasRoom(current, imageBytes)) return current;
    if (current !== undefined) this.#seal(current);
    const segment = this.#create(queue);
    this.#own.set(queue, segment);
    return segment;
  }

  /** A page is not needed any more; neither is its segment, if it was the last one. */
  release(segment: Segment, imageBytes: number): void {
    segment.forget(imageBytes);
    if (segment.livePages > 0) return;
    const sizeClass = this.#shared.indexOf(segment);
    if (sizeClass >= 0) {
      const shareBytes = this.#options.segmentBytes * WORTH_REMOVING_SHARE;
      if (segment.sizeBytes < Math.min(WORTH_REMOVING_BYTES, shareBytes)) return;
      this.#shared[sizeClass] = undefined;
    }
    if (segment.queue !== undefined && this.#own.get(segment.queue) === segment) {
      this.#own.delete(segment.queue);
    }
    segment.sealed = true;
    this.#segments.delete(segment.number);
    this.#giveUp(segment);
  }

  /**
   * Everything dead now is not named by the checkpoint being made, but what comes may be; `removeDead` with the answer once
   * that is on disk.
   */
  markNamed(): readonly Segment[] {
    for (const segment of this.#segments.values()) segment.named = true;
    this.#isNaming = true;
    return this.#dead.splice(0);
  }

  removeDead(dead: readonly Segment[]): void {
    this.#isNaming = false;
    for (const segment of dead) this.#remove(segment);
  }

  /** The checkpoint failed: what `markNamed` answered waits for the next one. */
  keepDead(dead: readonly Segment[]): void {
    this.#isNaming = false;
    this.#dead.push(...dead);
  }

  /** Has every segment synced that was written since its last sync. Rejects if one can't be. */
  async sync(): Promise<void> {
    const syncs: Promise<void>[] = [];
    // What has died since it was named must be whole too: a file that ends too early is taken for damage.
    for (const segment of [...this.#segments.values(), ...this.#dead]) {
      if (!segment.dirty) continue;
      segment.dirty = false;
      syncs.push(
        new Promise((resolve, reject) => {
          const call = { kind: "sync", at: 0, lengthBytes: 0, offset: 0 } as const;
          this.#options.io.submit(segment, { ...call, onDone: resolve, onFailed: reject });
        }),
      );
    }
    await Promise.all(syncs);
  }

  /** Waits until files that are being removed are gone. */
  async settleRemovals(): Promise<void> {
    await Promise.all(this.#removals);
  }

  #hasRoom(segment: Segment, imageBytes: number): boolean {
    return segment.sizeBytes + imageBytes <= this.#options.segmentBytes;
  }

  #seal(segment: Segment): void {
    segment.sealed = true;
    if (segment.livePages > 0) return;
    this.#segments.delete(segment.number);
    this.#giveUp(segment);
  }

  #giveUp(segment: Segment): void {
    if (!segment.named) {
      this.#remove(segment);
      return;
    }
    this.#dead.push(segment);
    this.#options.onDead?.();
  }

  #create(queue: QueueNumber | undefined): Segment {
    const number = ++this.#lastNumber;
    const segment = this.#make(number, segmentName(number), queue, undefined);
    segment.named = this.#isNaming;
    this.#segments.set(number, segment);
    return segment;
  }

  #make(
    number: number,
    fileName: string,
    queue: QueueNumber | undefined,
    existingBytes: number | undefined,
  ): Segment {
    const { disk, directory, durable, id, clock } = this.#options;
    const header = new Uint8Array(FILE_HEADER_BYTES);
    const { u8, view } = byteBlock(header);
    writeFileHeader(u8, view, 0, Magic.segment, { id, number, createdAtMs: clock.nowMs() });
    const path = `${directory}/${fileName}`;
    return new Segment({ disk, number, path, durable, queue, existingBytes, header });
  }

  #remove(segment: Segment): void {
    if (!segment.exists) return;
    const removal = this.#unlink(segment).finally(() => {
      this.#removals = this.#removals.filter((x) => x !== removal);
    });
    this.#removals.push(removal);
  }

  async #unlink(segment: Segment): Promise<void> {
    const { disk, io, onTrouble } = this.#options;
    io.forget(segment);
    try {
      await disk.unlink(segment.path);
    } catch (error) {
      onTrouble(error);
    }
  }
}
