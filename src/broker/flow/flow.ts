// Who may publish now. Publishers are held back before memory or the log runs out; consumers go on draining.

import type { Memory } from "../../lib/memory.ts";
import { SMALL_PAGE_BYTES } from "../../lib/page-pool.ts";

/** A connection that stopped reading in front of a basic.publish. */
export interface HeldPublisher {
  /** Owned by Flow. */
  inFlow: boolean;
  /** It holds deliveries that are not acknowledged: its acknowledgements free memory, so it is held last. */
  readonly holdsUnacked: boolean;
  /** An alarm is set while it is held: its client should know why. */
  onAlarm(): void;
  resumePublishing(): void;
}

/** This part of the pages is kept for connections holding unacknowledged deliveries. */
const UNACKED_SHARE = 1 / 16;
/** Where pages cannot leave memory, the memory alarm is set when less than UNACKED_SHARE is free, and cleared at this. */
const ALARM_CLEAR_SHARE = 1 / 8;

/** Messages with at least this many queues count: they take time and memory that their bytes don't tell. */
export const FANOUT_MIN = 16;
/** It waits at most for this part of the pages to be free, beside UNACKED_SHARE: below that queues give up theirs. */
const FANOUT_SHARE_MAX = 3 / 16;
/** So many copies in one turn, and publishers wait for the next: some milliseconds, ten where all need new pages. */
const COPIES_PER_TURN_MAX = 1_024;

export interface FlowSources {
  /** A memory or disk alarm is set. */
  readonly alarmed: () => boolean;
  /** More waits for the disk than publishers may add to. */
  readonly congested: () => boolean;
  /** Pages can leave memory: a full memory is the pager's business, not an alarm. */
  readonly canPageOut: () => boolean;
  setMemoryAlarm(isSet: boolean): void;
  /** Another turn, though nothing may come in. */
  wantTurn(): void;
}

export class Flow {
  readonly #memory: Memory;
  readonly #sources: FlowSources;
  #held: HeldPublisher[] = [];
  #closed = false;
  #memoryAlarm = false;
  /** What messages to many queues have taken in this turn, and the most that one of them may take. */
  #copies = 0;
  #fanoutBytes = 0;

  constructor(memory: Memory, sources: FlowSources) {
    this.#memory = memory;
    this.#sources = sources;
  }

  /** False: `publisher` must stop reading and call `hold`. */
  mayPublish(publisher: HeldPublisher): boolean {
    const { freeBytes, sizeBytes } = this.#memory.pages;
    if (!this.#closed && freeBytes >= sizeBytes * UNACKED_SHARE + this.#fanoutBytes) return true;
    // Its acknowledgements come behind its publishes: held back, it could never free what it holds. Where pages
    // cannot leave memory, the last of it is for such publishers, and beyond that their messages are refused.
    return !this.#sources.canPageOut() && publisher.holdsUnacked;
  }

  /** A message of `recordBytes` was given to `copies` queues, FANOUT_MIN or more. The next one may be like it. */
  onFanout(copies: number, recordBytes: number): void {
    const { sizeBytes } = this.#memory.pages;
    const perQueue = Math.max(SMALL_PAGE_BYTES, recordBytes);
    const needed = Math.min(copies * perQueue, sizeBytes * FANOUT_SHARE_MAX);
    if (needed > this.#fanoutBytes) this.#fanoutBytes = needed;
    this.#copies += copies;
    if (this.#copies < COPIES_PER_TURN_MAX || this.#closed) return;
    this.#closed = true;
    this.#sources.wantTurn();
  }

  /** Somebody waits for memory: whatever frees some should bring a turn. */
  get isWaiting(): boolean {
    return this.#memoryAlarm || this.#held.length > 0;
  }

  get heldCount(): number {
    return this.#held.length;
  }

  hold(publisher: HeldPublisher): void {
    if (publisher.inFlow) return;
    publisher.inFlow = true;
    this.#held.push(publisher);
  }

  /** It is gone. */
  forget(publisher: HeldPublisher): void {
    if (!publisher.inFlow) return;
    publisher.inFlow = false;
    this.#held = this.#held.filter((other) => other !== publisher);
  }

  /** Once per turn: shuts or opens the gate, and lets go whom it no longer holds. */
  update(): void {
    this.#checkMemory();
    const alarmed = this.#sources.alarmed();
    this.#closed = alarmed || this.#sources.congested();
    if (this.#copies === 0) this.#fanoutBytes = 0;
    this.#copies = 0;
    if (this.#held.length === 0) return;
    if (this.#closed) {
      if (alarmed) for (const publisher of this.#held) publisher.onAlarm();
      return;
    }
    const held = this.#held;
    this.#held = [];
    for (const publisher of held) {
      // Each that is let go may use up what there is: the next one is asked anew.
      if (this.mayPublish(publisher)) {
        publisher.inFlow = false;
        publisher.resumePublishing();
      } else {
        this.#held.push(publisher);
      }
    }
  }

  #checkMemory(): void {
    if (this.#sources.canPageOut()) return;
    const { freeBytes, sizeBytes } = this.#memory.pages;
    const isLow = freeBytes < sizeBytes * (this.#memoryAlarm ? ALARM_CLEAR_SHARE : UNACKED_SHARE);
    if (isLow === this.#memoryAlarm) return;
    this.#memoryAlarm = isLow;
    this.#sources.setMemoryAlarm(isLow);
  }
}
