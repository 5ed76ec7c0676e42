// Pages of all streams of a node that are in memory without need: read by somebody a moment ago, or just written.
// A stream is read in many places at once, so what was not touched for the longest leaves first.

import type { PagePool } from "../../lib/page-pool.ts";
import type { TimerWheel } from "../../lib/timer-wheel.ts";
import type { Turn } from "../flow/turn.ts";
import { NOT_WRITTEN, type Page } from "../queue/page.ts";
import { PageBudget } from "../queue/page-budget.ts";

/** Pages of streams that stay in memory, unless the pool is small. */
const RESIDENT_BYTES_MAX = 64 * 1_048_576;
/** And then this part of it. */
const RESIDENT_SHARE = 1 / 4;

export class StreamPageCache extends PageBudget {
  readonly #limitBytes: number;
  /** The page touched last is at the end. */
  readonly #pages = new Set<Page>();
  #refused = false;

  constructor(pool: PagePool, turn: Turn, timers: TimerWheel) {
    super(pool, turn, timers, RESIDENT_BYTES_MAX);
    this.#limitBytes = Math.min(RESIDENT_BYTES_MAX, pool.sizeBytes * RESIDENT_SHARE);
  }

  override addCandidate(page: Page): void {
    page.isCandidate = true;
    this.#pages.delete(page);
    this.#pages.add(page);
    this.enforce();
  }

  override removeCandidate(page: Page): void {
    page.isCandidate = false;
    this.#pages.delete(page);
  }

  /** Readers come and go, and what they want next was written a moment ago: it stays as long as any other page. */
  override onWritten(): void {}

  /** Somebody reads in the page. */
  touch(page: Page): void {
    if (!page.isCandidate) return;
    this.#pages.delete(page);
    this.#pages.add(page);
  }

  override enforce(): void {
    if (this.residentBytes - this.leavingBytes <= this.#limitBytes) return;
    for (const page of this.#pages) {
      if (this.residentBytes - this.leavingBytes <= this.#limitBytes) return;
      if (this.#refused && page.handle === NOT_WRITTEN) continue;
      this.removeCandidate(page);
      page.owner.sendOut(page);
    }
  }

  /** A page that is wanted comes at the cost of one that is not. */
  override allowsReadAhead(sizeBytes: number): boolean {
    return this.residentBytes + sizeBytes <= 2 * this.#limitBytes;
  }

  override onWriteFailed(): void {
    this.#refused = true;
    super.onWriteFailed();
  }

  override onTimer(): void {
    this.#refused = false;
    super.onTimer();
  }
}
