// Has the beginning of a page written that still takes messages, so that the log can be let go without ending the
// page: a slow stream beside busy queues would be made of tiny pages otherwise.

import type { Arena } from "../../lib/arena.ts";
import { NO_PAGE, type PagePool, type PageSizeBytes } from "../../lib/page-pool.ts";
import type { PageFacts } from "../journal/recovery.ts";
import type { LogPosition, QueueNumber } from "../numbers.ts";
import type { PageHandle, PageOwner, Pager } from "../ports.ts";
import { NO_LOG_POSITION, NOT_WRITTEN, type Page, smallestPageFor } from "../queue/page.ts";

/** A page as it was when its beginning was copied. */
interface Copied {
  readonly page: Page;
  readonly address: number;
  readonly sizeBytes: PageSizeBytes;
  readonly facts: Omit<PageFacts, "handle">;
  /** Where the log went on then. */
  readonly position: LogPosition;
}

interface Written {
  readonly facts: PageFacts;
  readonly position: LogPosition;
}

export interface PageSnapshotParts {
  readonly arena: Arena;
  readonly pool: PagePool;
  readonly pager: Pager;
}

export class PageSnapshots implements PageOwner {
  readonly pagesHoldRecords = true;
  readonly #parts: PageSnapshotParts;
  readonly #queue: QueueNumber;
  /** On its way to the disk. */
  #writing: Copied | undefined = undefined;
  /** Pages that are on disk in part; usually one. */
  readonly #written = new Map<Page, Written>();

  constructor(parts: PageSnapshotParts, queue: QueueNumber) {
    this.#parts = parts;
    this.#queue = queue;
  }

  /** What is on disk of a page that has not been written itself. */
  of(page: Page): PageFacts | undefined {
    return this.#written.get(page)?.facts;
  }

  /**
   * Nothing has come to the page since before `position` in the log: what is on disk is all of it, and from now on
   * its own. False when that is not so.
   */
  adopt(page: Page, position: LogPosition): boolean {
    const written = this.#written.get(page);
    if (written === undefined || written.position > position) return false;
    if (written.facts.lastSequence < page.lastSequence) return false;
    this.#written.delete(page);
    page.handle = written.facts.handle;
    page.lowestLogPosition = NO_LOG_POSITION;
    return true;
  }

  /** True while the beginning of that page is being written, and when it has just begun to be. */
  take(page: Page, position: LogPosition): boolean {
    if (this.#writing !== undefined) return this.#writing.page === page;
    const { arena, pool, pager } = this.#parts;
    const sizeBytes = smallestPageFor(page.usedBytes);
    const address = pool.allocate(sizeBytes);
    if (address === NO_PAGE) return false;
    arena.copy(address, page.address, page.usedBytes);
    this.#writing = { page, address, sizeBytes, facts: factsOf(page), position };
    pager.write(this, 0, this.#queue, address, page.usedBytes, true);
    return true;
  }

  /** The page is written itself, or gone. */
  forget(page: Page): void {
    if (this.#writing?.page === page) this.#writing = { ...this.#writing, page: NO_ONE };
    this.#release(page);
  }

  onPageWritten(_token: number, handle: PageHandle): void {
    const { page, facts, position } = this.#arrived();
    if (page === NO_ONE) {
      this.#parts.pager.release(handle);
      return;
    }
    this.#release(page);
    this.#written.set(page, { facts: { handle, ...facts }, position });
    // It may have been ended meanwhile, and be on its own way to the disk.
    if (page.handle !== NOT_WRITTEN) return this.forget(page);
    page.lowestLogPosition = page.lastSequence > facts.lastSequence ? position : NO_LOG_POSITION;
  }

  /** The log is kept then, and the next checkpoint tries again. */
  onPageFailed(): void {
    this.#arrived();
  }

  onPageRead(): void {}
  onPageDamaged(): void {}

  #arrived(): Copied {
    const copied = this.#writing as Copied;
    this.#writing = undefined;
    this.#parts.pool.free(copied.address, copied.sizeBytes);
    return copied;
  }

  #release(page: Page): void {
    const written = this.#written.get(page);
    if (written === undefined) return;
    this.#written.delete(page);
    this.#parts.pager.release(written.facts.handle);
  }
}

/** Instead of a page that is gone. */
const NO_ONE = Object.freeze({}) as Page;

/** What a checkpoint says of a page, but for where it lies. */
export function factsOf(page: Page): Omit<PageFacts, "handle"> {
  return {
    lengthBytes: page.usedBytes,
    firstSequence: page.firstSequence,
    lastSequence: page.lastSequence,
    messageCount: page.live,
    messageBytes: page.unreadBytes,
    lastExpiryMs: page.lastExpiryMs,
  };
}
