// How much memory sealed queue pages may take on one node, and which of them leave when it is too much.
// A queue is read from its head, so what it will need last leaves first: the pages sealed most recently.

import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  type PagePool,
  type PageSizeBytes,
  SMALL_PAGE_BYTES,
  TINY_PAGE_BYTES,
} from "../../lib/page-pool.ts";
import { type TimerWheel, WheelTimer } from "../../lib/timer-wheel.ts";
import type { Deadline, Job, Turn } from "../flow/turn.ts";
import { NOT_WRITTEN, type Page, PageState } from "./page.ts";
import type { QueuePages } from "./queue-pages.ts";

/** Sealed pages that stay in memory may take no more of the pool than this, however many are allowed. */
const RESIDENT_SHARE = 1 / 4;
/** Publishers wait while more than this is on its way to the disk, or than this part of the pool. */
const LEAVING_BYTES_MAX = 6 * 1_048_576;
const LEAVING_SHARE_MAX = 1 / 8;
/** When less of the pool than this is free, queues give up what they can; those nobody reads from all they have. */
const FREE_SHARE_MIN = 1 / 4;
/** Pages that queues append to may take this part of the pool, if every queue with messages has one. */
const OPEN_SHARE_MAX = 1 / 2;
/** With so many queues that have messages most have next to none, and what each takes counts more than what it costs. */
const MANY_QUEUES = 256;
/** Written pages of queues nobody reads leave from this part of the limit on, until this one is reached. */
const LET_GO_FROM = 7 / 8;
const LET_GO_UNTIL = 3 / 4;
/** Candidates looked at in one go. */
const LOOK_MAX = 64;
/** Rest after a failed write, and between two sweeps, in ms. */
const REST_MS = 200;

export class PageBudget extends WheelTimer implements Job {
  readonly #pool: PagePool;
  readonly #turn: Turn;
  readonly #timers: TimerWheel;
  readonly #limitBytes: number;
  /** All queues with pages, for sweeps. */
  readonly #all = new Set<QueuePages>();
  #sweeping: Iterator<QueuePages> | undefined = undefined;
  /** The candidate that leaves next. */
  #newest: Page | undefined = undefined;
  /** Written for a checkpoint, and of queues nobody read then: to let them go costs nothing. Oldest first. */
  readonly #written = new Set<Page>();
  readonly #lettingGo: Job = { runSlice: (deadline) => this.#letWrittenGo(deadline) };
  #isLettingGo = false;
  /** Pages that were read for who needed them at once, and those that were longer ago: they may leave soon. */
  #justRead: Page[] = [];
  #readBefore: Page[] = [];
  /** Pages that could not be read for want of memory. */
  #waiting: Page[] = [];
  /** The disk refused a page a moment ago. */
  #writesRest = false;
  /** A sweep has just ended. */
  #sweepsRest = false;
  /** Sealed pages in memory, those on their way in or out included. */
  residentBytes = 0;
  /** Of these, pages being written in order to leave. */
  #leavingBytes = 0;

  constructor(pool: PagePool, turn: Turn, timers: TimerWheel, residentBytesMax: number) {
    super();
    this.#pool = pool;
    this.#turn = turn;
    this.#timers = timers;
    this.#limitBytes = Math.min(residentBytesMax, pool.sizeBytes * RESIDENT_SHARE);
  }

  get leavingBytes(): number {
    return this.#leavingBytes;
  }

  /** The disk takes pages more slowly than messages come. */
  get isBehind(): boolean {
    return (
      this.#leavingBytes > Math.min(LEAVING_BYTES_MAX, this.#pool.sizeBytes * LEAVING_SHARE_MAX)
    );
  }

  /** A page is about to be written in order to leave. */
  onLeaving(sizeBytes: number): void {
    this.#leavingBytes += sizeBytes;
  }

  /** It was written, or could not be. */
  onLeft(sizeBytes: number): void {
    const wasBehind = this.isBehind;
    this.#leavingBytes -= sizeBytes;
    // Publishers that are held hear it in a turn, and nothing else may bring one.
    if (wasBehind && !this.isBehind) this.#turn.schedule();
  }

  register(pages: QueuePages): void {
    this.#all.add(pages);
  }
  forget(pages: QueuePages): void {
    this.#all.delete(pages);
  }

  /** The queues that have pages. */
  owners(): Iterable<QueuePages> {
    return this.#all;
  }

  /** A page may leave memory from now on. Others may have to, for it. */
  addCandidate(page: Page): void {
    if (page.isCandidate) return;
    page.isCandidate = true;
    page.older = this.#newest;
    page.newer = undefined;
    if (this.#newest !== undefined) this.#newest.newer = page;
    this.#newest = page;
    this.enforce();
  }

  removeCandidate(page: Page): void {
    if (!page.isCandidate) return;
    page.isCandidate = false;
    if (page.newer === undefined) this.#newest = page.older;
    else page.newer.older = page.older;
    if (page.older !== undefined) page.older.newer = page.newer;
    page.newer = undefined;
    page.older = undefined;
  }

  /** The page is on disk, and stays in memory as long as there is room. */
  onWritten(page: Page): void {
    if (page.owner.isRead) return;
    this.#written.add(page);
    this.#letGoSoon();
  }

  /** The page's memory is given back. */
  onDropped(page: Page): void {
    this.#written.delete(page);
  }

  #isOver(share = 1): boolean {
    return this.residentBytes - this.#leavingBytes > this.#limitBytes * share;
  }

  /** Sends pages away until the rest is within the limit. */
  enforce(): void {
    this.#letGoSoon();
    let page = this.#newest;
    for (let looked = 0; looked < LOOK_MAX && page !== undefined; looked++) {
      if (!this.#isOver()) return;
      const { older } = page;
      const isRefused = this.#writesRest && page.handle === NOT_WRITTEN;
      if (!isRefused && !page.owner.isNear(page)) {
        this.removeCandidate(page);
        page.owner.sendOut(page);
      }
      page = older;
    }
  }

  /** Not at once: whoever seals a page may still be looking into another one. */
  #letGoSoon(): void {
    if (this.#isLettingGo || this.#written.size === 0 || !this.#isOver(LET_GO_FROM)) return;
    this.#isLettingGo = true;
    this.#turn.addJob(this.#lettingGo);
  }

  /** Also the next page of such a queue: whoever asks for it waits for the disk once. */
  #letWrittenGo(deadline: Deadline): boolean {
    for (const page of this.#written) {
      if (!this.#isOver(LET_GO_UNTIL)) break;
      this.#written.delete(page);
      if (page.owner.isRead) continue;
      this.removeCandidate(page);
      page.owner.sendOut(page);
      if (deadline()) return false;
    }
    this.#isLettingGo = false;
    return true;
  }

  /**
   * Pages of that size for all queues that have messages must not take more than a part of the pool: one message to
   * a thousand of them would want a thousand pages at once. Where memory is short pages are a size smaller yet.
   */
  fairSize(wanted: PageSizeBytes): PageSizeBytes {
    const mostBytes = (this.#pool.sizeBytes * OPEN_SHARE_MAX) / Math.max(1, this.#all.size);
    const size = wanted > mostBytes ? smaller(wanted, mostBytes) : wanted;
    return this.isPoolShort ? smaller(size, size - 1) : size;
  }

  /** For the only page of a queue. */
  get firstSize(): PageSizeBytes {
    return this.#all.size >= MANY_QUEUES ? TINY_PAGE_BYTES : SMALL_PAGE_BYTES;
  }

  /** Less of the pool is free than queues need to grow as they like. */
  get isPoolShort(): boolean {
    return this.#pool.freeBytes < this.#pool.sizeBytes * FREE_SHARE_MIN;
  }

  /** A page was taken from the pool: is it getting small? */
  onAllocated(): void {
    if (this.isPoolShort) this.sweepSoon();
  }

  /** Queues give up what they can, unless they have just done so. */
  sweepSoon(): void {
    if (this.#sweepsRest || this.#sweeping !== undefined) return;
    this.#sweeping = this.#all.values();
    this.#turn.addJob(this);
  }

  /** Room for a page that is not needed yet but soon. */
  allowsReadAhead(sizeBytes: number): boolean {
    if (this.residentBytes + sizeBytes > 2 * this.#limitBytes) return false;
    return this.#pool.freeBytes >= this.#pool.sizeBytes * FREE_SHARE_MIN;
  }

  /** There is no memory to read the page; it is tried again when there may be. */
  waitForMemory(page: Page): void {
    this.#waiting.push(page);
    // Much may be free and lie in pieces: no page of that size is.
    this.sweepSoon();
    this.#tryAgainLater();
  }

  /** The page has come for who asked for it, who uses it in the next turn; some time later it may leave. */
  letGoLater(page: Page): void {
    this.#justRead.push(page);
    this.#tryAgainLater();
  }

  #letReadGo(): void {
    const pages = this.#readBefore;
    this.#readBefore = this.#justRead;
    this.#justRead = [];
    for (const page of pages) page.owner.onPassed(page);
    if (this.#readBefore.length > 0) this.#tryAgainLater();
  }

  /** Memory was given back. */
  onFreed(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const page of waiting) if (page.state === PageState.out) page.owner.load(page);
  }

  /** The disk does not take pages: not the next ones either, for a while. */
  onWriteFailed(): void {
    this.#writesRest = true;
    this.#tryAgainLater();
  }

  override onTimer(): void {
    this.#writesRest = false;
    this.#sweepsRest = false;
    this.#letReadGo();
    this.onFreed();
    this.enforce();
    this.onAllocated();
  }

  /** A sweep over all queues. */
  runSlice(deadline: Deadline): boolean {
    while (this.#sweeping !== undefined) {
      const next = this.#sweeping.next();
      if (next.done === true) {
        this.#sweeping = undefined;
        this.#sweepsRest = true;
        this.#tryAgainLater();
        break;
      }
      next.value.relieve();
      if (deadline()) return false;
    }
    return true;
  }

  #tryAgainLater(): void {
    if (!this.isScheduled) this.#timers.scheduleAfter(this, REST_MS);
  }
}

/** The largest size up to `mostBytes`, or the smallest there is. */
function smaller(size: PageSizeBytes, mostBytes: number): PageSizeBytes {
  if (size === LARGE_PAGE_BYTES && mostBytes >= MEDIUM_PAGE_BYTES) return MEDIUM_PAGE_BYTES;
  return SMALL_PAGE_BYTES;
}
