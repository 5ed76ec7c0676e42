// The pages of one queue: their numbers, their memory, and their way to the disk and back.
// A number is used again only when nothing names its page any more, so numbers stay small.

import type { Address } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import { IntervalSet } from "../../lib/interval-set.ts";
import {
  NO_PAGE,
  type PagePool,
  type PageSizeBytes,
  SMALL_PAGE_BYTES,
} from "../../lib/page-pool.ts";
import type { LogPosition, QueueNumber } from "../numbers.ts";
import { NO_CAPACITY, type PageHandle, type PageOwner, type Pager } from "../ports.ts";
import type { PagedOut } from "./depth-figures.ts";
import { NO_LOG_POSITION, NOT_WRITTEN, OUT, Page, PageState, smallestPageFor } from "./page.ts";
import type { PageBudget } from "./page-budget.ts";

/** Spare Page objects kept for a queue that fills and drains all the time. */
const SPARE_PAGES_MAX = 4;

const NOTHING_OUT: PagedOut = { count: 0, bytes: 0 };

/** The queue whose pages these are. */
export interface PagesHost {
  /** The page is at the head of its chain, or next to it: it will be needed soon. */
  isNear(page: Page): boolean;
  /** Somebody is taking messages, or waits for one. */
  readonly isRead: boolean;
  /** Before a page's bytes go: whatever is needed of them meanwhile must be noted in the page. */
  beforeOut(page: Page): void;
  /** The bytes are back. `isDamaged`: some records are gone, and the others may lie elsewhere than before. */
  onLoaded(page: Page, isDamaged: boolean): void;
  /** The bytes are lost for good. */
  onLost(page: Page, reason: string): void;
  /** Ends appending to an open page. */
  seal(page: Page): void;
  /** Makes the page smaller if there is much in it that nobody needs. */
  compact(page: Page): void;
}

export class QueuePages implements PageOwner {
  readonly pagesHoldRecords = true;
  readonly #pool: PagePool;
  readonly #pager: Pager;
  readonly #budget: PageBudget;
  readonly #queue: QueueNumber;
  readonly #durable: boolean;
  readonly #pageOut: boolean;
  #pages: (Page | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #spare: Page[] = [];
  /** Set before the first page is opened. */
  host: PagesHost | undefined = undefined;
  /** Arena bytes this queue's pages take. */
  residentBytes = 0;
  /** Pages whose bytes are not in memory. */
  outCount = 0;
  /** Pages on their way that are not at the head: messages in them came back, or somebody looks at them. */
  #apart: Set<Page> | undefined = undefined;
  /** Pages that were damaged while they are being read. */
  #damaged: Set<Page> | undefined = undefined;
  #waiting: (() => void)[] | undefined = undefined;

  constructor(
    parts: { readonly pool: PagePool; readonly pager: Pager; readonly budget: PageBudget },
    queue: QueueNumber,
    durable: boolean,
  ) {
    this.#pool = parts.pool;
    this.#pager = parts.pager;
    this.#budget = parts.budget;
    this.#queue = queue;
    this.#durable = durable;
    this.#pageOut = parts.pager.capacityBytes !== NO_CAPACITY;
  }

  /** The page with that number, which must exist. */
  at(number: number): Page {
    const page = this.#pages[number];
    assert(page !== undefined, "a location names an existing page");
    return page;
  }

  /** The page with that number, if there is one. */
  find(number: number): Page | undefined {
    return this.#pages[number];
  }

  /** The page a queue may open that would like one of that size. */
  fairSize(wanted: PageSizeBytes): PageSizeBytes {
    if (wanted !== SMALL_PAGE_BYTES) return this.#budget.fairSize(wanted);
    return this.count === 0 ? this.#budget.firstSize : wanted;
  }

  get count(): number {
    return this.#pages.length - this.#freeNumbers.length;
  }

  *[Symbol.iterator](): IterableIterator<Page> {
    for (const page of this.#pages) if (page !== undefined && !page.isDoomed) yield page;
  }

  /** Log files from here on are needed for what lies in these pages; asked of every queue in one go. */
  get lowestLogPosition(): LogPosition {
    let lowest = NO_LOG_POSITION;
    for (let number = 0; number < this.#pages.length; number++) {
      const page = this.#pages[number];
      if (page === undefined || page.isDoomed || page.logged === 0) continue;
      if (page.lowestLogPosition < lowest) lowest = page.lowestLogPosition;
    }
    return lowest;
  }

  /** What lies in pages that are not in memory. */
  get pagedOut(): PagedOut {
    if (this.outCount === 0) return NOTHING_OUT;
    let count = 0;
    let bytes = 0;
    for (const page of this) {
      if (page.isReadable) continue;
      count += page.live;
      bytes += page.unreadBytes;
    }
    return { count, bytes };
  }

  /** An empty open page, or undefined when the pool has none of that size. */
  open(level: number, sizeBytes: PageSizeBytes): Page | undefined {
    const address = this.#pool.allocate(sizeBytes);
    this.#budget.onAllocated();
    if (address === NO_PAGE) return undefined;
    if (this.count === 0) this.#budget.register(this);
    const page = this.#newPage(level, sizeBytes);
    page.state = PageState.open;
    page.address = address;
    this.residentBytes += sizeBytes;
    return page;
  }

  /** A page that is on disk already. */
  adopt(level: number, sizeBytes: PageSizeBytes, handle: PageHandle): Page {
    if (this.count === 0) this.#budget.register(this);
    const page = this.#newPage(level, sizeBytes);
    page.state = PageState.out;
    page.handle = handle;
    page.settledSince = new IntervalSet();
    this.outCount++;
    return page;
  }

  /** The page takes no more records. */
  onSealed(page: Page): void {
    page.state = PageState.sealed;
    if (!this.#pageOut) return;
    this.#budget.residentBytes += page.sizeBytes;
    this.#budget.addCandidate(page);
  }

  /** The head has gone over the page; what is left in it waits for acknowledgements. */
  onPassed(page: Page): void {
    const isHere = page.state === PageState.sealed && page.address !== OUT;
    if (this.#pageOut && isHere) this.#budget.addCandidate(page);
  }

  get isRead(): boolean {
    return this.host?.isRead === true;
  }

  isNear(page: Page): boolean {
    return this.host?.isNear(page) === true;
  }

  /** Forgets a page nothing names any more. Its number and its object may be used again at once. */
  remove(page: Page): void {
    this.#budget.removeCandidate(page);
    if (page.state === PageState.writing || page.state === PageState.reading) {
      page.isDoomed = true;
      return;
    }
    this.#tellWaiting();
    this.#pages[page.number] = undefined;
    this.#freeNumbers.push(page.number);
    if (page.handle !== NOT_WRITTEN) this.#pager.release(page.handle);
    if (page.state === PageState.out) this.outCount--;
    else this.#dropMemory(page);
    if (this.count === 0) this.#budget.forget(this);
    if (this.#spare.length < SPARE_PAGES_MAX) this.#spare.push(page);
  }

  /** Brings the page's bytes into memory; `host.onLoaded` or `onLost` follows, in a later turn. */
  load(page: Page): void {
    if (page.state !== PageState.out || page.isLost) return;
    if (!this.isNear(page)) {
      this.#apart ??= new Set();
      this.#apart.add(page);
    }
    this.#read(page);
  }

  #read(page: Page): void {
    // It may have been sealed long before it was full.
    page.sizeBytes = smallestPageFor(page.usedBytes);
    const address = this.#pool.allocate(page.sizeBytes);
    if (address === NO_PAGE) {
      this.#budget.waitForMemory(page);
      return;
    }
    page.state = PageState.reading;
    page.address = address;
    this.outCount--;
    this.residentBytes += page.sizeBytes;
    this.#budget.residentBytes += page.sizeBytes;
    this.#pager.read(this, page.number, page.handle, address, page.usedBytes);
  }

  /** `onChange` is called once: when a page of this queue has been read, is lost or is gone. */
  whenChanged(onChange: () => void): void {
    this.#waiting ??= [];
    this.#waiting.push(onChange);
  }

  #tellWaiting(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    for (const onChange of waiting) onChange();
  }

  /** The same for a page that is needed soon, if there is room. */
  loadAhead(page: Page): void {
    if (page.state !== PageState.out || page.isLost) return;
    if (this.#budget.allowsReadAhead(page.sizeBytes)) this.#read(page);
  }

  /** A place for `usedBytes` that is smaller than the page's, or NO_PAGE; `moved` follows when they are there. */
  smallerPlace(page: Page, usedBytes: number): Address {
    const sizeBytes = smallestPageFor(usedBytes);
    return sizeBytes < page.sizeBytes ? this.#pool.allocate(sizeBytes) : NO_PAGE;
  }

  /** The live records of a page lie at `address` now, in `usedBytes`. */
  moved(page: Page, address: Address, usedBytes: number): void {
    this.#dropMemory(page);
    page.address = address;
    page.sizeBytes = smallestPageFor(usedBytes);
    page.usedBytes = usedBytes;
    page.isMoved = true;
    this.residentBytes += page.sizeBytes;
    if (this.#pageOut) this.#budget.residentBytes += page.sizeBytes;
  }

  /** Has the page written; it stays in memory. */
  write(page: Page): void {
    if (page.state !== PageState.sealed || page.handle !== NOT_WRITTEN) return;
    this.host?.compact(page);
    page.state = PageState.writing;
    // Replay notes settlements only here: what the bytes don't say yet must not be forgotten.
    page.settledSince ??= new IntervalSet();
    this.#pager.write(this, page.number, this.#queue, page.address, page.usedBytes, this.#durable);
  }

  /** Takes the page's bytes out of memory, writing them first if that was never done. */
  sendOut(page: Page): void {
    if (page.state === PageState.sealed && page.handle !== NOT_WRITTEN) {
      this.#leave(page);
      return;
    }
    if (page.state > PageState.writing || page.leavingBytes > 0) return;
    // What is written of it may be smaller.
    page.leavingBytes = page.sizeBytes;
    this.#budget.onLeaving(page.leavingBytes);
    this.write(page);
  }

  /** Memory is short: gives up what it can, all of it in a queue nobody reads from. */
  relieve(): void {
    if (this.#pageOut && this.host?.isRead !== true) this.sendOutAll();
    else for (const page of this) this.host?.compact(page);
  }

  /** Gives up all memory but that of pages that have just been read. */
  sendOutAll(): void {
    for (const page of this) {
      if (page.isFresh) page.isFresh = false;
      else if (page.state === PageState.open || page.state === PageState.sealed) {
        if (page.state === PageState.open) this.host?.seal(page);
        this.#budget.removeCandidate(page);
        this.sendOut(page);
      }
    }
  }

  onPageWritten(token: number, handle: PageHandle): void {
    const page = this.at(token);
    page.state = PageState.sealed;
    page.handle = handle;
    page.lowestLogPosition = NO_LOG_POSITION;
    const leaves = this.#endLeaving(page);
    if (page.isDoomed) this.#bury(page);
    else if (leaves) this.#leave(page);
    else {
      this.#budget.onWritten(page);
      if (page.state === PageState.sealed) this.host?.onLoaded(page, false);
    }
  }

  onPageRead(token: number): void {
    const page = this.at(token);
    page.state = PageState.sealed;
    if (page.isDoomed) {
      this.#apart?.delete(page);
      this.#damaged?.delete(page);
      this.#bury(page);
      return;
    }
    page.isFresh = true;
    const isDamaged = this.#damaged?.delete(page) === true;
    if (isDamaged) page.isMoved = true;
    this.host?.onLoaded(page, isDamaged);
    this.#tellWaiting();
    // The head will not come by soon, or again: when it has been used it may leave like any other.
    if (this.#apart?.delete(page) === true) this.#budget.letGoLater(page);
  }

  onPageDamaged(token: number): void {
    this.#damaged ??= new Set();
    this.#damaged.add(this.at(token));
  }

  onPageFailed(token: number, reason: string): void {
    const page = this.at(token);
    this.#apart?.delete(page);
    if (page.state === PageState.writing) {
      page.state = PageState.sealed;
      this.#endLeaving(page);
      this.#budget.onWriteFailed();
      if (page.isDoomed) {
        this.#bury(page);
        return;
      }
      this.#budget.addCandidate(page);
      // What was settled during the write is noted in the bytes now.
      this.host?.onLoaded(page, false);
      return;
    }
    page.state = PageState.sealed;
    if (page.isDoomed) {
      this.#bury(page);
      return;
    }
    this.#dropMemory(page);
    page.state = PageState.out;
    this.outCount++;
    this.host?.onLost(page, reason);
    this.#tellWaiting();
  }

  #newPage(level: number, sizeBytes: PageSizeBytes): Page {
    const page = this.#spare.pop() ?? new Page(this);
    page.number = this.#freeNumbers.pop() ?? this.#pages.length;
    page.level = level;
    page.sizeBytes = sizeBytes;
    page.address = OUT;
    page.usedBytes = 0;
    page.live = 0;
    page.unread = 0;
    page.unreadBytes = 0;
    page.logged = 0;
    page.loggedBytes = 0;
    page.lastExpiryMs = 0;
    page.externalBodies = 0;
    page.bodies = undefined;
    page.lowestLogPosition = NO_LOG_POSITION;
    page.handle = NOT_WRITTEN;
    page.settledSince = undefined;
    page.isMoved = false;
    page.isInexact = false;
    page.isLost = false;
    page.leavingBytes = 0;
    page.isDoomed = false;
    page.isFresh = false;
    page.filter = undefined;
    page.next = undefined;
    page.previous = undefined;
    // Growing an empty array makes room for 17.
    if (this.#pages.length === 0) this.#pages = [page];
    else this.#pages[page.number] = page;
    return page;
  }

  #endLeaving(page: Page): boolean {
    const { leavingBytes } = page;
    if (leavingBytes === 0) return false;
    page.leavingBytes = 0;
    this.#budget.onLeft(leavingBytes);
    return true;
  }

  /** A write or read of a page nobody needs has ended. */
  #bury(page: Page): void {
    page.isDoomed = false;
    this.remove(page);
  }

  #leave(page: Page): void {
    this.host?.beforeOut(page);
    this.#dropMemory(page);
    page.state = PageState.out;
    this.outCount++;
  }

  /** Gives the page's memory back; the page itself stays. */
  #dropMemory(page: Page): void {
    this.#budget.onDropped(page);
    this.#pool.free(page.address, page.sizeBytes);
    page.address = OUT;
    this.residentBytes -= page.sizeBytes;
    if (page.state !== PageState.open && this.#pageOut) {
      this.#budget.residentBytes -= page.sizeBytes;
      this.#budget.onFreed();
    }
  }
}
