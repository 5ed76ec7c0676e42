// Small pages on their way to disk: copied together, so that ten thousand queues with one message each
// are a few writes and not ten thousand.

import type { Clock, DiskError, TimerHandle } from "../env/env.ts";
import type { Address } from "../lib/arena.ts";
import type { Memory } from "../lib/memory.ts";
import { LARGE_PAGE_BYTES, NO_PAGE } from "../lib/page-pool.ts";
import type { IoQueue } from "./io-queue.ts";
import type { Segment } from "./segment.ts";

/** Gathered pages wait this long for more. */
const GATHER_MS = 5;

/** Hears what became of one page. */
export interface PageWriteListener {
  onDone(): void;
  onFailed(error: DiskError): void;
}

interface Gathering {
  readonly page: Address;
  readonly segment: Segment;
  readonly offset: number;
  usedBytes: number;
  readonly listeners: PageWriteListener[];
}

export class GatherBuffer {
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #io: IoQueue;
  #gathering: Gathering | undefined = undefined;
  #timer: TimerHandle | undefined = undefined;

  constructor(memory: Memory, clock: Clock, io: IoQueue) {
    this.#memory = memory;
    this.#clock = clock;
    this.#io = io;
  }

  /**
   * Takes a copy of an image that belongs at `offset` of `segment`. False when there is no memory to gather in:
   * then the caller writes it by itself.
   */
  add(
    segment: Segment,
    at: Address,
    lengthBytes: number,
    offset: number,
    listener: PageWriteListener,
  ): boolean {
    const current = this.#gathering;
    if (current !== undefined) {
      const isNext = current.segment === segment && current.offset + current.usedBytes === offset;
      if (!isNext || current.usedBytes + lengthBytes > LARGE_PAGE_BYTES) this.flush();
    }
    this.#gathering ??= this.#begin(segment, offset);
    const gathering = this.#gathering;
    if (gathering === undefined) return false;
    this.#memory.arena.copy(gathering.page + gathering.usedBytes, at, lengthBytes);
    gathering.usedBytes += lengthBytes;
    gathering.listeners.push(listener);
    this.#timer ??= this.#clock.setTimer(GATHER_MS, () => {
      this.#timer = undefined;
      this.flush();
    });
    return true;
  }

  /** Writes what is there. */
  flush(): void {
    const gathering = this.#gathering;
    if (gathering === undefined) return;
    this.#gathering = undefined;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    const { page, segment, offset, usedBytes, listeners } = gathering;
    this.#io.submit(segment, {
      kind: "write",
      at: page,
      lengthBytes: usedBytes,
      offset,
      onDone: () => {
        segment.dirty = true;
        this.#memory.pages.free(page, LARGE_PAGE_BYTES);
        for (const listener of listeners) listener.onDone();
      },
      onFailed: (error) => {
        this.#memory.pages.free(page, LARGE_PAGE_BYTES);
        for (const listener of listeners) listener.onFailed(error);
      },
    });
  }

  #begin(segment: Segment, offset: number): Gathering | undefined {
    const page = this.#memory.pages.allocate(LARGE_PAGE_BYTES);
    if (page === NO_PAGE) return undefined;
    return { page, segment, offset, usedBytes: 0, listeners: [] };
  }
}
