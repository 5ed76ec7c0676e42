// Takes sealed pages out of memory and brings them back: large pages go to files of their queue, small ones are
// gathered and share files. Knows nothing of messages.

import type { QueueNumber } from "../broker/numbers.ts";
import type { PageHandle, PageOwner, Pager } from "../broker/ports.ts";
import { type DiskError, isFullDisk } from "../env/env.ts";
import type { Address } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import { type Damage, GUARD_DAMAGED } from "./damage.ts";
import type { DirectoryId } from "./format.ts";
import type { GatherBuffer, PageWriteListener } from "./gather-buffer.ts";
import type { IoQueue } from "./io-queue.ts";
import { blankPage, checkPage, type PageCheck, pageImageBytes, sealPage } from "./page-image.ts";
import type { Segment } from "./segment.ts";
import { isSmallImage, type SegmentSet } from "./segment-set.ts";

/** Pages from here on go to files of their own queue, smaller ones share. */
const OWN_FILE_FROM_BYTES = 262_144;

const NOTHING_WRONG: PageCheck = { bad: [], isTableDamaged: false };

/** Where a page lies. */
export interface PagePlace {
  readonly segment: Segment;
  readonly offset: number;
  /** Without what guards it. */
  readonly lengthBytes: number;
}

/** One of the two kinds of segments with its gathering. */
export interface PageKeeping {
  readonly segments: SegmentSet;
  /** Pages that share a segment are gathered with others of its kind: small ones, and the rest. */
  readonly gatherSmall: GatherBuffer;
  readonly gatherMedium: GatherBuffer;
}

export interface PageStoreOptions {
  readonly u8: Uint8Array;
  readonly view: DataView;
  readonly id: DirectoryId;
  readonly io: IoQueue;
  readonly durable: PageKeeping;
  readonly transient: PageKeeping;
  readonly capacityBytes: number;
  readonly onDamage: (damage: Damage) => void;
  /** The disk is full. */
  readonly onDiskFull: () => void;
}

export class PageStore implements Pager {
  readonly #options: PageStoreOptions;
  readonly #places = new Map<PageHandle, PagePlace>();
  #lastHandle: PageHandle = 0;

  constructor(options: PageStoreOptions) {
    this.#options = options;
  }

  get capacityBytes(): number {
    return this.#options.capacityBytes;
  }

  get lastHandle(): PageHandle {
    return this.#lastHandle;
  }

  /** New pages get handles above this one. */
  skipHandlesTo(handle: PageHandle): void {
    this.#lastHandle = Math.max(this.#lastHandle, handle);
  }

  /** A page the checkpoint names. */
  restore(handle: PageHandle, segment: Segment, offset: number, lengthBytes: number): void {
    this.#places.set(handle, { segment, offset, lengthBytes });
    segment.livePages++;
    segment.liveBytes += pageImageBytes(lengthBytes);
    this.skipHandlesTo(handle);
  }

  /** Where a page lies that is written and still needed. */
  place(handle: PageHandle): PagePlace | undefined {
    return this.#places.get(handle);
  }

  write(
    owner: PageOwner,
    token: number,
    queue: QueueNumber,
    at: Address,
    lengthBytes: number,
    durable: boolean,
  ): void {
    assert(lengthBytes > 0 && lengthBytes % 8 === 0, "a page holds whole records");
    const { u8, view, id, io } = this.#options;
    const keeping = durable ? this.#options.durable : this.#options.transient;
    const { segments } = keeping;
    const handle = ++this.#lastHandle;
    sealPage(u8, view, id, at, { handle, queue, lengthBytes }, owner.pagesHoldRecords);
    const imageBytes = pageImageBytes(lengthBytes);
    const isShared = lengthBytes < OWN_FILE_FROM_BYTES;
    const gather = isSmallImage(imageBytes) ? keeping.gatherSmall : keeping.gatherMedium;
    const segment = isShared ? segments.sharedFor(imageBytes) : segments.ownFor(queue, imageBytes);
    const offset = segment.reserve(imageBytes);
    const listener: PageWriteListener = {
      onDone: () => {
        segment.dirty = true;
        this.#places.set(handle, { segment, offset, lengthBytes });
        owner.onPageWritten(token, handle);
      },
      onFailed: (error) => {
        segments.release(segment, imageBytes);
        if (isFullDisk(error)) this.#options.onDiskFull();
        owner.onPageFailed(token, error.message);
      },
    };
    if (isShared && gather.add(segment, at, imageBytes, offset, listener)) return;
    const { onDone, onFailed } = listener;
    io.submit(segment, { kind: "write", at, lengthBytes: imageBytes, offset, onDone, onFailed });
  }

  read(owner: PageOwner, token: number, page: PageHandle, at: Address, lengthBytes: number): void {
    const place = this.#places.get(page);
    assert(place !== undefined && place.lengthBytes === lengthBytes, "the page is known");
    const { segment, offset } = place;
    this.#options.io.submit(segment, {
      kind: "read",
      at,
      lengthBytes: pageImageBytes(lengthBytes),
      offset,
      onDone: () => this.#check(owner, token, page, at, place),
      onFailed: (error) => {
        if (this.#places.get(page) !== place) owner.onPageRead(token);
        else this.#readFailed(owner, token, at, place, error);
      },
    });
  }

  release(page: PageHandle): void {
    const place = this.#places.get(page);
    assert(place !== undefined, "the page is known");
    this.#places.delete(page);
    const { segments } = place.segment.durable ? this.#options.durable : this.#options.transient;
    segments.release(place.segment, pageImageBytes(place.lengthBytes));
  }

  /** Writes what is gathered, without waiting for more. */
  flush(): void {
    for (const { gatherSmall, gatherMedium } of [this.#options.durable, this.#options.transient]) {
      gatherSmall.flush();
      gatherMedium.flush();
    }
  }

  #check(owner: PageOwner, token: number, handle: PageHandle, at: Address, place: PagePlace): void {
    const { u8, view, onDamage } = this.#options;
    const { lengthBytes, segment, offset } = place;
    // Released while it was read: nobody looks at it any more.
    const isWanted = this.#places.get(handle) === place;
    const { bad, isTableDamaged } = isWanted
      ? checkPage(u8, view, at, { handle, lengthBytes }, owner.pagesHoldRecords)
      : NOTHING_WRONG;
    for (const { fromOffset, toOffset } of bad) {
      onDamage({
        file: segment.file,
        fromOffset: offset + fromOffset,
        toOffset: offset + toOffset,
        effect: "the messages that lie there are lost",
      });
      owner.onPageDamaged(token, fromOffset, toOffset);
    }
    if (isTableDamaged) {
      onDamage({
        file: segment.file,
        fromOffset: offset + lengthBytes,
        toOffset: offset + pageImageBytes(lengthBytes),
        effect: GUARD_DAMAGED,
      });
    }
    owner.onPageRead(token);
  }

  /** A file that is gone or unreadable has lost what it held; anything else may be better the next time. */
  #readFailed(
    owner: PageOwner,
    token: number,
    at: Address,
    place: PagePlace,
    error: DiskError,
  ): void {
    const isLost = error.code === "ENOENT" || error.code === "EIO" || error.code === "EEOF";
    if (!isLost) {
      owner.onPageFailed(token, error.message);
      return;
    }
    const { lengthBytes, segment, offset } = place;
    if (owner.pagesHoldRecords) blankPage(this.#options.view, at, lengthBytes);
    this.#options.onDamage({
      file: segment.file,
      fromOffset: offset,
      toOffset: offset + lengthBytes,
      effect: `the messages that lay there are lost (${error.message})`,
    });
    owner.onPageDamaged(token, 0, lengthBytes);
    owner.onPageRead(token);
  }
}
