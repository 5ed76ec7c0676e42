// The pages of one queue, by number. A number is used again only when nothing names its page any more,
// so numbers stay small and a lookup is one array access.

import { assert } from "../../lib/assert.ts";
import { NO_PAGE, type PagePool, type PageSizeBytes } from "../../lib/page-pool.ts";
import { NO_LOG_POSITION, NOT_WRITTEN, OUT, Page, PageState } from "./page.ts";

/** Spare Page objects kept for a queue that fills and drains all the time. */
const SPARE_PAGES_MAX = 4;

export class PageTable {
  readonly #pool: PagePool;
  readonly #pages: (Page | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #spare: Page[] = [];
  /** Arena bytes this queue's pages take. */
  residentBytes = 0;

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  /** The page with that number, which must exist. */
  at(number: number): Page {
    const page = this.#pages[number];
    assert(page !== undefined, "a location names an existing page");
    return page;
  }

  get count(): number {
    return this.#pages.length - this.#freeNumbers.length;
  }

  /** An empty open page, or undefined when the pool has none of that size. */
  open(level: number, sizeBytes: PageSizeBytes): Page | undefined {
    const address = this.#pool.allocate(sizeBytes);
    if (address === NO_PAGE) return undefined;
    const page = this.#spare.pop() ?? new Page();
    page.number = this.#freeNumbers.pop() ?? this.#pages.length;
    page.level = level;
    page.state = PageState.open;
    page.address = address;
    page.sizeBytes = sizeBytes;
    this.#pages[page.number] = page;
    this.residentBytes += sizeBytes;
    return page;
  }

  /** Gives the page's memory back; the page itself stays. */
  dropMemory(page: Page): void {
    this.#pool.free(page.address, page.sizeBytes);
    this.residentBytes -= page.sizeBytes;
    page.address = OUT;
  }

  /** Forgets a page nothing names any more. Its number and its object may be used again at once. */
  remove(page: Page): void {
    if (page.address !== OUT) this.dropMemory(page);
    this.#pages[page.number] = undefined;
    this.#freeNumbers.push(page.number);
    if (this.#spare.length === SPARE_PAGES_MAX) return;
    page.usedBytes = 0;
    page.live = 0;
    page.unread = 0;
    page.externalBodies = 0;
    page.lowestLogPosition = NO_LOG_POSITION;
    page.handle = NOT_WRITTEN;
    page.next = undefined;
    page.previous = undefined;
    this.#spare.push(page);
  }

  *[Symbol.iterator](): IterableIterator<Page> {
    for (const page of this.#pages) if (page !== undefined) yield page;
  }
}
