// hot path: runs per message
// The messages of one priority level of a queue, oldest first: a linked chain of pages with a head that moves
// forward over records and an open page at the end. Knows where records are and whether they are still needed;
// knows nothing of consumers, limits or expiry.

import type { Address, Arena } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  NO_PAGE,
  type PageSizeBytes,
  SMALL_PAGE_BYTES,
} from "../../lib/page-pool.ts";
import { NO_BODY_REFERENCE, type Publication, writeRecord } from "../message/publication.ts";
import { RECORD_FLAGS_OFFSET, RECORD_SEQUENCE_OFFSET, RecordFlag } from "../message/record.ts";
import type { Location, LogPosition, Sequence } from "../numbers.ts";
import {
  capacityOf,
  isPersistentAt,
  NO_LOG_POSITION,
  NOT_WRITTEN,
  OUT,
  offsetOf,
  type Page,
  PageState,
  smallestPageFor,
} from "./page.ts";
import type { PageScan } from "./page-scan.ts";
import type { QueuePages } from "./queue-pages.ts";
import { rowLengthAt, writeRow } from "./record-row.ts";

/** Sequences of level n start behind n times this. */
export const LEVEL_SPAN = 2 ** 44;

/** A chain this long takes medium pages, then large ones: a page is never much more than the queue holds already. */
const MEDIUM_FROM_BYTES = SMALL_PAGE_BYTES;
const LARGE_FROM_BYTES = 8 * MEDIUM_PAGE_BYTES;
/** A page is sparse when it held so many times more messages than are left. */
const SPARSE_FACTOR = 8;

export class PageChain {
  readonly #arena: Arena;
  readonly #view: DataView;
  readonly #pages: QueuePages;
  readonly #scan: PageScan;
  readonly level: number;
  #first: Page | undefined = undefined;
  #last: Page | undefined = undefined;
  /** Takes appends; always `#last` when it is there. */
  #open: Page | undefined = undefined;
  #openCapacity = 0;
  #head: Page | undefined = undefined;
  #headOffset = 0;
  /** Records in all pages but the open one, in memory or not. */
  #sealedBytes = 0;
  /** Messages the head has not passed. */
  unread = 0;
  lastSequence: Sequence;
  /** The newest sequence the head has passed. */
  passedSequence: Sequence;
  /** Where `append` put the record, and in which page. */
  appendedPage: Page | undefined = undefined;
  appendedOffset = 0;

  constructor(arena: Arena, pages: QueuePages, scan: PageScan, level: number) {
    this.#arena = arena;
    this.#view = arena.view;
    this.#pages = pages;
    this.#scan = scan;
    this.level = level;
    this.lastSequence = level * LEVEL_SPAN;
    this.passedSequence = this.lastSequence;
  }

  /** The page the head is in. */
  get headPage(): Page | undefined {
    return this.#head;
  }
  get headOffset(): number {
    return this.#headOffset;
  }
  get firstPage(): Page | undefined {
    return this.#first;
  }
  get lastPage(): Page | undefined {
    return this.#last;
  }

  /**
   * Copies the message in as `lastSequence`. `logPosition` is where its log entry will start, or NO_LOG_POSITION.
   * False when there is no memory for another page.
   */
  append(publication: Publication, expiresAtMs: number, logPosition: LogPosition): boolean {
    const lengthBytes = publication.recordLengthBytes;
    const page = this.#pageFor(lengthBytes);
    if (page === undefined) return false;
    const sequence = this.lastSequence + 1;
    const bodyBytes = publication.bodySizeBytes;
    writeRecord(this.#arena, page.address + page.usedBytes, publication, sequence, expiresAtMs);
    this.#appended(page, lengthBytes, bodyBytes, sequence);
    if (logPosition !== NO_LOG_POSITION) {
      noteLogged(page, bodyBytes, expiresAtMs, logPosition);
    }
    if (publication.bodyReference !== NO_BODY_REFERENCE) {
      page.externalBodies++;
      this.#scan.bodies.retain(publication.bodyReference, 1);
    }
    return true;
  }

  /**
   * The same for `count` transient messages without a TTL that lie `strideBytes` apart and differ in their bodies
   * only; answers how many of them there was room for: in this page, or in a new one.
   */
  appendRow(first: Publication, count: number, strideBytes: number): number {
    const lengthBytes = first.recordLengthBytes;
    const page = this.#pageFor(lengthBytes);
    if (page === undefined) return 0;
    const room = Math.floor((this.#openCapacity - page.usedBytes) / lengthBytes);
    const done = Math.min(count, room);
    const sequence = this.lastSequence;
    writeRow(this.#arena, page.address + page.usedBytes, first, sequence + 1, done, strideBytes);
    const last = lengthBytes * (done - 1);
    this.#appended(page, lengthBytes, first.bodySizeBytes, sequence + 1);
    page.usedBytes += last;
    this.appendedOffset += last;
    page.lastSequence = sequence + done;
    page.live += done - 1;
    page.unread += done - 1;
    page.unreadBytes += first.bodySizeBytes * (done - 1);
    this.unread += done - 1;
    this.lastSequence = sequence + done;
    return done;
  }

  /** Copies a whole record in under the sequence it had. False when there is no memory for another page. */
  restore(at: Address, sequence: Sequence, expiresAtMs: number, logPosition: LogPosition): boolean {
    assert(sequence > this.lastSequence, "messages are restored in order");
    const lengthBytes = this.#view.getInt32(at, true);
    const page = this.#pageFor(lengthBytes);
    if (page === undefined) return false;
    const to = page.address + page.usedBytes;
    const record = this.#scan.record;
    this.#arena.copy(to, at, lengthBytes);
    this.#view.setFloat64(to + RECORD_SEQUENCE_OFFSET, sequence, true);
    this.#view.setFloat64(to + 24, expiresAtMs, true);
    record.at = to;
    this.#appended(page, lengthBytes, record.bodySizeBytes, sequence);
    noteLogged(page, record.bodySizeBytes, expiresAtMs, logPosition);
    if ((record.flags & RecordFlag.externalBody) !== 0) {
      page.externalBodies++;
      this.#scan.bodies.restoreReference(record.bodyReference);
    }
    return true;
  }

  /** Where the next message lies, or OUT when its page is not in memory. There must be one (`unread` > 0). */
  headAt(): Address {
    let page = this.#head as Page;
    while (page.unread === 0) {
      const passed = page;
      page = page.next as Page;
      this.#head = page;
      this.#headOffset = 0;
      this.#pages.onPassed(passed);
    }
    if (page.state >= PageState.out) return OUT;
    let at = page.address + this.#headOffset;
    while (
      (this.#view.getUint8(at + RECORD_FLAGS_OFFSET) & RecordFlag.settled) !== 0 ||
      (page.state === PageState.writing && isSettledUnmarked(this.#view, page, at))
    ) {
      const lengthBytes = this.#view.getInt32(at, true);
      this.#headOffset += lengthBytes;
      at += lengthBytes;
    }
    return at;
  }

  /** How many messages from the one `headAt` found on were stored in one row and are all there; at most `max`. */
  rowLength(max: number): number {
    const page = this.#head as Page;
    if (page.state > PageState.sealed || page.isMoved) return 1;
    const at = page.address + this.#headOffset;
    return rowLengthAt(this.#view, at, page.address + page.usedBytes, max);
  }

  /** Moves the head over everything: the newest record is taken as soon as it is there. */
  passAll(): void {
    const page = this.appendedPage as Page;
    page.unread = 0;
    page.unreadBytes = 0;
    this.#head = page;
    this.#headOffset = page.usedBytes;
    this.unread = 0;
    this.passedSequence = this.lastSequence;
  }

  /** Moves the head over everything there is. */
  passEverything(): void {
    for (let page = this.#head; page !== undefined; page = page.next) {
      page.unread = 0;
      page.unreadBytes = 0;
      if (this.#head !== page) this.#pages.onPassed(this.#head as Page);
      this.#head = page;
      this.#headOffset = page.usedBytes;
    }
    this.unread = 0;
    this.passedSequence = this.lastSequence;
  }

  /**
   * Moves the head over the record `headAt` found, or over `count` in a row, of `lengthBytes` each and with bodies of
   * `bodyBytes` together. They stay live until they are settled.
   */
  passHead(lengthBytes: number, bodyBytes: number, sequence: Sequence, count: number): void {
    const page = this.#head as Page;
    page.unread -= count;
    page.unreadBytes -= bodyBytes;
    this.unread -= count;
    this.#headOffset += lengthBytes * count;
    this.passedSequence = sequence + count - 1;
  }

  /**
   * The record `sequence` at `location`, in `page`, with a body of `bodyBytes`, is not needed any more; or `count`
   * records with one sequence behind the other, all persistent or all not.
   */
  settle(page: Page, sequence: Sequence, location: Location, bodyBytes: number, count = 1): void {
    if (page.logged > 0 && isPersistentAt(location)) {
      page.logged = Math.max(0, page.logged - count);
      page.loggedBytes -= bodyBytes;
    }
    if (page.externalBodies > 0) this.#scan.releaseSome(page, sequence, location, count);
    page.live -= count;
    if (page.live === 0) {
      this.#remove(page);
      return;
    }
    if (page.settledSince !== undefined) page.settledSince.add(sequence, sequence + count - 1);
    if (page.state > PageState.sealed) return;
    if (page.isMoved) this.#scan.markMoved(page, sequence, count);
    else this.#scan.markSettled(page.address + offsetOf(location), count);
  }

  /** The same for a record the head has not passed. */
  settleUnread(page: Page, sequence: Sequence, location: Location, bodyBytes: number): void {
    page.unread--;
    page.unreadBytes -= bodyBytes;
    this.unread--;
    this.settle(page, sequence, location, bodyBytes);
  }

  /** Forgets the records of `page` from `from` to `to`; all of them are live and lie before the head. */
  forget(page: Page, from: Sequence, to: Sequence): void {
    const count = to - from + 1;
    this.#scan.forget(page, from, to);
    page.live -= count;
    assert(page.live >= page.unread, "only records before the head are forgotten");
    if (page.live === 0) this.#remove(page);
  }

  /** Forgets everything the head has not passed. */
  forgetUnread(): void {
    let page = this.#head;
    while (page !== undefined) {
      const next = page.next;
      if (page.unread > 0) {
        this.#scan.forget(page, this.passedSequence + 1, page.lastSequence);
        page.live -= page.unread;
        page.unread = 0;
        page.unreadBytes = 0;
      }
      this.#head = page;
      this.#headOffset = page.usedBytes;
      if (page.live === 0) this.#remove(page);
      page = next;
    }
    this.unread = 0;
    this.passedSequence = this.lastSequence;
  }

  /** The unread records of a page cannot be had any more. */
  loseUnread(page: Page): void {
    this.loseSome(page, page.unread, page.unreadBytes);
  }

  /** So many of its unread records cannot be had any more. */
  loseSome(page: Page, count: number, bytes: number): void {
    page.live -= count;
    page.unread -= count;
    page.unreadBytes -= bytes;
    this.unread -= count;
    if (page.live === 0) this.#remove(page);
  }

  /** One record of `page` that was taken out cannot be had any more. */
  loseOne(page: Page): void {
    page.live--;
    if (page.live === 0) this.#remove(page);
  }

  /** Gives up all pages. Sequences go on where they were. */
  clear(): void {
    let page = this.#first;
    while (page !== undefined) {
      const next = page.next;
      this.#scan.releaseBodies(page, 0, page.lastSequence);
      this.#remove(page);
      page = next;
    }
    this.unread = 0;
    this.passedSequence = this.lastSequence;
  }

  /**
   * Moves what is left of a page the head has long passed into a smaller one, so that a few messages that are never
   * acknowledged do not hold on to a lot of memory, or of disk. Does nothing where little would be won.
   */
  compact(page: Page): void {
    const count = page.lastSequence - page.firstSequence + 1;
    const isCandidate =
      page.state === PageState.sealed &&
      page.handle === NOT_WRITTEN &&
      page.settledSince === undefined &&
      page.unread === 0 &&
      page !== this.#head;
    if (!isCandidate || page.live * SPARSE_FACTOR > count) return;
    const liveBytes = this.#scan.liveBytes(page);
    const to = this.#pages.smallerPlace(page, liveBytes);
    if (to === NO_PAGE) return;
    this.#scan.copyLive(page, to);
    this.#sealedBytes -= page.usedBytes - liveBytes;
    this.#pages.moved(page, to, liveBytes);
  }

  /** Ends appending to the open page. */
  seal(page: Page): void {
    assert(this.#open === page, "only an open page is sealed");
    this.#open = undefined;
    this.#openCapacity = 0;
    this.#sealedBytes += page.usedBytes;
    this.#pages.onSealed(page);
  }

  /** Adds a page that is on disk, behind all others. */
  adopt(page: Page): void {
    if (this.#open !== undefined) this.seal(this.#open);
    this.#link(page);
    this.#sealedBytes += page.usedBytes;
    this.unread += page.unread;
    this.lastSequence = page.lastSequence;
  }

  #appended(page: Page, lengthBytes: number, bodyBytes: number, sequence: Sequence): void {
    if (page.usedBytes === 0) page.firstSequence = sequence;
    this.appendedPage = page;
    this.appendedOffset = page.usedBytes;
    page.usedBytes += lengthBytes;
    page.lastSequence = sequence;
    page.live++;
    page.unread++;
    page.unreadBytes += bodyBytes;
    this.unread++;
    this.lastSequence = sequence;
  }

  #pageFor(lengthBytes: number): Page | undefined {
    const open = this.#open;
    if (open !== undefined && open.usedBytes + lengthBytes <= this.#openCapacity) return open;
    return this.#openPage(lengthBytes);
  }

  #openPage(lengthBytes: number): Page | undefined {
    if (this.#open !== undefined) this.seal(this.#open);
    const least = smallestPageFor(lengthBytes);
    const wanted = this.#pages.fairSize(this.#wantedSize());
    const page =
      this.#pages.open(this.level, wanted > least ? wanted : least) ??
      // A full pool may still have a page of the smallest size that will do.
      this.#pages.open(this.level, least);
    if (page === undefined) return undefined;
    this.#link(page);
    this.#open = page;
    this.#openCapacity = capacityOf(page.sizeBytes);
    return page;
  }

  #wantedSize(): PageSizeBytes {
    if (this.#sealedBytes < MEDIUM_FROM_BYTES) return SMALL_PAGE_BYTES;
    return this.#sealedBytes < LARGE_FROM_BYTES ? MEDIUM_PAGE_BYTES : LARGE_PAGE_BYTES;
  }

  #link(page: Page): void {
    page.previous = this.#last;
    if (this.#last === undefined) this.#first = page;
    else this.#last.next = page;
    this.#last = page;
    if (this.#head === undefined) {
      this.#head = page;
      this.#headOffset = 0;
    }
  }

  #remove(page: Page): void {
    if (page.previous === undefined) this.#first = page.next;
    else page.previous.next = page.next;
    if (page.next === undefined) this.#last = page.previous;
    else page.next.previous = page.previous;
    if (this.#open === page) {
      this.#open = undefined;
      this.#openCapacity = 0;
    } else {
      this.#sealedBytes -= page.usedBytes;
    }
    if (this.#head === page) {
      this.#head = page.next;
      this.#headOffset = 0;
    }
    this.#pages.remove(page);
  }
}

/** While a page is written, what is settled in it can only be noted beside it. */
function isSettledUnmarked(view: DataView, page: Page, at: Address): boolean {
  const { settledSince } = page;
  if (settledSince === undefined || settledSince.size === 0) return false;
  return settledSince.has(view.getFloat64(at + RECORD_SEQUENCE_OFFSET, true));
}

function noteLogged(
  page: Page,
  bodyBytes: number,
  expiresAtMs: number,
  logPosition: LogPosition,
): void {
  page.logged++;
  page.loggedBytes += bodyBytes;
  const expiryMs = expiresAtMs === 0 ? Number.POSITIVE_INFINITY : expiresAtMs;
  if (expiryMs > page.lastExpiryMs) page.lastExpiryMs = expiryMs;
  if (logPosition < page.lowestLogPosition) page.lowestLogPosition = logPosition;
}
