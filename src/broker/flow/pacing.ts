// Holds a flood back for a moment when it only makes a backlog longer: a publisher whose queue has more waiting than
// a turn delivers reads small pieces, and the next one when as many messages have gone out. Where consumers are too slow
// for that to be worth waiting for, it reads on as ever: nobody is held longer than two ticks, and then not for long again.

import type { Clock } from "../../env/env.ts";

/** What is published to. */
export interface PacedQueue {
  readonly consumerCount: number;
  /** Messages handed to consumers so far. */
  readonly counters: { readonly delivered: number; readonly deliveredNoAck: number };
}

/** A connection that publishes. */
export interface PacedPublisher {
  /** Owned by Pacing, like `restReads`. */
  inPacing: boolean;
  /** Reads that are left alone after waiting was in vain. */
  restReads: number;
  pauseReading(): void;
  resumeReading(): void;
  /** How much the next read may take; see `Socket.readGently`. */
  readGently(gently: boolean): void;
}

/** A backlog is long when one turn does not deliver it: by messages, or by bytes of bodies. */
const LONG_RECORDS = 16_384;
const LONG_BYTES = 4_194_304;
const TICK_MS = 1;
const TICKS_MAX = 2;
/** Waiting was worth it when at least this part of what came in has gone out meanwhile. */
const WORTHWHILE_SHARE = 1 / 4;
const REST_READS = 16;

interface Waiting {
  readonly publisher: PacedPublisher;
  readonly queue: PacedQueue;
  readonly count: number;
  readonly deliveredBefore: number;
  ticks: number;
}

export class Pacing {
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #isTicking = false;
  /** Messages of the read being worked off that made a backlog longer, and the last queue that had it. */
  #aheadCount = 0;
  #aheadOf: PacedQueue | undefined = undefined;
  readonly #onTick = (): void => this.#tick();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** So many messages came to `queue`, and so much is ready there now. */
  onReady(queue: PacedQueue, readyCount: number, readyBytes: number, count = 1): void {
    if (readyCount <= LONG_RECORDS && readyBytes <= LONG_BYTES) return;
    if (queue.consumerCount === 0) return;
    this.#aheadOf = queue;
    this.#aheadCount += count;
  }

  /** The read being worked off has made a long backlog longer. */
  get isAhead(): boolean {
    return this.#aheadOf !== undefined;
  }

  /** All of a read by `publisher` has been worked off; `mayWait` is false where waiting would hold other things up. */
  onRead(publisher: PacedPublisher, mayWait: boolean): void {
    const queue = this.#aheadOf;
    if (queue === undefined) {
      if (publisher.restReads === 0) publisher.readGently(false);
      return;
    }
    const count = this.#aheadCount;
    this.#aheadOf = undefined;
    this.#aheadCount = 0;
    if (publisher.restReads > 0 || !mayWait) {
      publisher.restReads = Math.max(0, publisher.restReads - 1);
      publisher.readGently(false);
      return;
    }
    publisher.readGently(true);
    if (publisher.inPacing) return;
    publisher.inPacing = true;
    publisher.pauseReading();
    const deliveredBefore = deliveredBy(queue);
    this.#waiting.push({ publisher, queue, count, deliveredBefore, ticks: 0 });
    this.#tickLater();
  }

  /** Once per turn: lets go whose messages have been made up for. */
  update(): void {
    if (this.#waiting.length === 0) return;
    this.#release(
      ({ queue, count, deliveredBefore }) => deliveredBy(queue) - deliveredBefore >= count,
    );
  }

  #tickLater(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#clock.setTimer(TICK_MS, this.#onTick);
  }

  #tick(): void {
    this.#isTicking = false;
    this.#release((each) => {
      if (++each.ticks < TICKS_MAX) return false;
      const delivered = deliveredBy(each.queue) - each.deliveredBefore;
      if (delivered < each.count * WORTHWHILE_SHARE) each.publisher.restReads = REST_READS;
      return true;
    });
    if (this.#waiting.length > 0) this.#tickLater();
  }

  #release(isOver: (each: Waiting) => boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) {
      if (isOver(each)) {
        each.publisher.inPacing = false;
        each.publisher.resumeReading();
      } else {
        this.#waiting.push(each);
      }
    }
  }
}

function deliveredBy({ counters }: PacedQueue): number {
  return counters.delivered + counters.deliveredNoAck;
}
