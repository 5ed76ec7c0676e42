// A look at the messages of a queue without taking any: in the order they would go out, those that are out included.
// Runs in slices between turns; pages that are not in memory are read as the walk gets to them.

import type { Arena } from "../../lib/arena.ts";
import type { Deadline, Job, Turn } from "../flow/turn.ts";
import { RecordFlag, RecordView } from "../message/record.ts";
import type { Location, Sequence } from "../numbers.ts";
import type { Backlog } from "./backlog.ts";
import type { Level } from "./level.ts";
import { locationOf, type Page } from "./page.ts";
import type { Delivery } from "./queue.ts";
import type { QueuePages } from "./queue-pages.ts";
import type { ReturnedRun } from "./returned-runs.ts";

/** Hears what a walk comes by. */
export interface Browser {
  /**
   * One message; `delivery` is valid during the call. `isReady`: false while a consumer has it. Answers false to end
   * the walk behind it.
   */
  onMessage(delivery: Delivery, isReady: boolean): boolean;
  /** The walk is over. `next`: where another one can go on; undefined at the end of the queue. */
  onEnd(next: Sequence | undefined): void;
}

/** Messages looked at between two looks at the clock. */
const RECORDS_PER_CHECK = 64;

class WalkedDelivery implements Delivery {
  readonly record: RecordView;
  sequence: Sequence = 0;
  location: Location = 0;
  redelivered = false;
  deliveryCount = 0;

  constructor(arena: Arena) {
    this.record = new RecordView(arena);
  }
}

export class BacklogWalk implements Job {
  readonly #turn: Turn;
  readonly #backlog: Backlog;
  readonly #pages: QueuePages;
  readonly #browser: Browser;
  readonly #delivery: WalkedDelivery;
  /** The level being walked. */
  #index: number;
  /** Everything of that level below this has been seen. */
  #next: Sequence;
  #ended = false;
  #isWaiting = false;

  /** `from`: where an earlier walk ended, or undefined for the beginning. */
  constructor(
    turn: Turn,
    arena: Arena,
    backlog: Backlog,
    pages: QueuePages,
    browser: Browser,
    from: Sequence | undefined,
  ) {
    this.#turn = turn;
    this.#backlog = backlog;
    this.#pages = pages;
    this.#browser = browser;
    this.#delivery = new WalkedDelivery(arena);
    const top = backlog.levelCount - 1;
    this.#index = from === undefined ? top : Math.min(top, backlog.levelIndexOf(from));
    this.#next = from ?? 0;
  }

  runSlice(deadline: Deadline): boolean {
    this.#isWaiting = false;
    while (this.#index >= 0 && !this.#ended) {
      const level = this.#backlog.levelIfThere(this.#index);
      // A walk that waits is no job until the page is there.
      if (level !== undefined && !this.#walkLevel(level, deadline)) return this.#isWaiting;
      if (this.#ended) break;
      this.#index--;
      this.#next = 0;
    }
    this.#browser.onEnd(this.#ended ? this.#next : undefined);
    return true;
  }

  /** False when the slice is over before the level is. */
  #walkLevel(level: Level, deadline: Deadline): boolean {
    // Pages may have gone since the last slice: found again by what they hold.
    let page = level.chain.firstPage;
    while (page !== undefined && !this.#ended) {
      if (page.lastSequence >= this.#next && page.live > 0 && !page.isLost) {
        if (!page.isReadable) {
          this.#waitFor(page);
          return false;
        }
        if (!this.#walkPage(level, page, deadline)) return false;
      }
      page = page.next;
    }
    return true;
  }

  #waitFor(page: Page): void {
    this.#isWaiting = true;
    this.#pages.load(page);
    this.#pages.whenChanged(() => this.#turn.addJob(this));
  }

  #walkPage(level: Level, page: Page, deadline: Deadline): boolean {
    const { record } = this.#delivery;
    const returned = runsIn(level, page);
    const end = page.address + page.usedBytes;
    let count = 0;
    for (let at = page.address; at < end; at += record.lengthBytes) {
      record.at = at;
      const { sequence } = record;
      if (sequence < this.#next) continue;
      if (++count % RECORDS_PER_CHECK === 0 && deadline()) return false;
      this.#next = sequence + 1;
      const isSettled = (record.flags & RecordFlag.settled) !== 0;
      if (isSettled || page.settledSince?.has(sequence) === true) continue;
      if (!this.#show(level, page, at - page.address, returned)) {
        this.#ended = true;
        return true;
      }
    }
    return true;
  }

  #show(level: Level, page: Page, offset: number, returned: readonly ReturnedRun[]): boolean {
    const delivery = this.#delivery;
    const { sequence, persistent } = delivery.record;
    const run = returned.find(({ from, to }) => from <= sequence && sequence <= to);
    delivery.sequence = sequence;
    delivery.location = locationOf(page, offset, persistent);
    delivery.redelivered = run !== undefined || sequence <= level.redeliveredUpTo;
    const countBefore = delivery.redelivered ? level.deliveryCountBefore(sequence) : 0;
    delivery.deliveryCount = run?.deliveryCount ?? countBefore;
    // A sequence the head has passed is out with a consumer unless it came back.
    const isReady = run !== undefined || sequence > level.chain.passedSequence;
    return this.#browser.onMessage(delivery, isReady);
  }
}

/** What came back of the messages in a page. */
function runsIn(level: Level, page: Page): readonly ReturnedRun[] {
  if (level.returned.count === 0) return [];
  return [...level.returned].filter(
    ({ from, to }) => to >= page.firstSequence && from <= page.lastSequence,
  );
}
