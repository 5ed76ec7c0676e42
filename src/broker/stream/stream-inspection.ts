// A look at the messages of a stream for people and tools, in slices between turns.

import type { Arena } from "../../lib/arena.ts";
import type { Deadline, Job, Turn } from "../flow/turn.ts";
import { RecordFlag, RecordView } from "../message/record.ts";
import type { Location, Sequence } from "../numbers.ts";
import type { Browser } from "../queue/backlog-walk.ts";
import type { Delivery } from "../queue/queue.ts";
import type { Inspection } from "../queue/queue-inspection.ts";
import type { StreamLog } from "./stream-log.ts";

/** Messages looked at between two looks at the clock. */
const RECORDS_PER_CHECK = 64;

export class StreamInspection implements Inspection {
  readonly #arena: Arena;
  readonly #turn: Turn;
  readonly #log: StreamLog;

  constructor(arena: Arena, turn: Turn, log: StreamLog) {
    this.#arena = arena;
    this.#turn = turn;
    this.#log = log;
  }

  browse(browser: Browser, from?: Sequence): void {
    this.#turn.addJob(new StreamWalk(this.#turn, this.#arena, this.#log, browser, from ?? 0));
  }

  /** Nothing is ever taken out of a stream. */
  isReady(): boolean {
    return false;
  }
  takeAway(): boolean {
    return false;
  }

  readonly waiting = undefined;

  present(): (sequence: Sequence) => boolean {
    const last = this.#log.lastSequence;
    return (sequence) => sequence <= last;
  }

  whenChanged(onChange: () => void): void {
    this.#log.pages.whenChanged(onChange);
  }
}

class WalkedDelivery implements Delivery {
  readonly record: RecordView;
  sequence: Sequence = 0;
  readonly location: Location = 0;
  readonly redelivered = false;
  readonly deliveryCount = 0;

  constructor(arena: Arena) {
    this.record = new RecordView(arena);
  }
}

class StreamWalk implements Job {
  readonly #turn: Turn;
  readonly #log: StreamLog;
  readonly #browser: Browser;
  readonly #delivery: WalkedDelivery;
  #next: Sequence;

  constructor(turn: Turn, arena: Arena, log: StreamLog, browser: Browser, from: Sequence) {
    this.#turn = turn;
    this.#log = log;
    this.#browser = browser;
    this.#delivery = new WalkedDelivery(arena);
    this.#next = from;
  }

  runSlice(deadline: Deadline): boolean {
    const log = this.#log;
    for (;;) {
      this.#next = Math.max(this.#next, log.firstSequence);
      const page = log.pageOf(this.#next);
      if (page === undefined || this.#next > log.lastSequence) {
        this.#browser.onEnd(undefined);
        return true;
      }
      if (page.isLost) {
        this.#next = page.lastSequence + 1;
        continue;
      }
      if (!page.isReadable) {
        // No job until the page is there.
        log.pages.load(page);
        log.pages.whenChanged(() => this.#turn.addJob(this));
        return true;
      }
      const { record } = this.#delivery;
      const end = page.address + page.usedBytes;
      let count = 0;
      for (let at = page.address; at < end; at += record.lengthBytes) {
        record.at = at;
        const { sequence } = record;
        if (sequence < this.#next) continue;
        if (++count % RECORDS_PER_CHECK === 0 && deadline()) return false;
        this.#next = sequence + 1;
        if ((record.flags & RecordFlag.settled) !== 0 || log.gone.has(sequence)) continue;
        this.#delivery.sequence = sequence;
        if (!this.#browser.onMessage(this.#delivery, true)) {
          this.#browser.onEnd(this.#next);
          return true;
        }
      }
      this.#next = page.lastSequence + 1;
    }
  }
}
