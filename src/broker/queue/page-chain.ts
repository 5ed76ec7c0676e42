// hot path: runs per message
// The messages of one priority level of a queue, oldest first: a linked chain of pages with a head that moves
// forward over records and an open page at the end. Knows where records are and whether they are still needed;
// knows nothing of consumers, limits or expiry.

import type { Address, Arena } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  type PageSizeBytes,
  SMALL_PAGE_BYTES,
} from "../../lib/page-pool.ts";
import type { Location, LogPosition, Sequence } from "../numbers.ts";
import { NO_BODY_REFERENCE, type Publication, writeRecord } from "../publication.ts";
import { RECORD_FLAGS_OFFSET, RecordFlag, RecordView } from "../record.ts";
import type { BodyReferences } from "./context.ts";
import { OUT, offsetOf, type Page, PageState } from "./page.ts";
import type { PageTable } from "./page-table.ts";

/** Sequences of level n start behind n times this. */
export const LEVEL_SPAN = 2 ** 44;

/** A chain this long takes medium pages, then large ones: a page is never much more than the queue holds already. */
const MEDIUM_FROM_BYTES = 2 * SMALL_PAGE_BYTES;
const LARGE_FROM_BYTES = 16 * MEDIUM_PAGE_BYTES;

export class PageChain {
  readonly #arena: Arena;
  readonly #view: DataView;
  readonly #table: PageTable;
  readonly #bodies: BodyReferences;
  readonly level: number;
  readonly #record: RecordView;
  #first: Page | undefined = undefined;
  #last: Page | undefined = undefined;
  /** Takes appends; always `#last` when it is there. */
  #open: Page | undefined = undefined;
  #head: Page | undefined = undefined;
  #headOffset = 0;
  /** All pages, in memory or not. */
  #sizeBytes = 0;
  /** Messages the head has not passed. */
  unread = 0;
  lastSequence: Sequence;
  /** The newest sequence the head has passed. */
  passedSequence: Sequence;
  /** Where `append` put the record, and in which page. */
  appendedPage: Page | undefined = undefined;
  appendedOffset = 0;

  constructor(arena: Arena, table: PageTable, bodies: BodyReferences, level: number) {
    this.#bodies = bodies;
    this.#record = new RecordView(arena);
    this.#arena = arena;
    this.#view = arena.view;
    this.#table = table;
    this.level = level;
    this.lastSequence = level * LEVEL_SPAN;
    this.passedSequence = this.lastSequence;
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
    const offset = page.usedBytes;
    writeRecord(this.#arena, page.address + offset, publication, sequence, expiresAtMs);
    this.#appended(page, lengthBytes, sequence);
    if (logPosition < page.lowestLogPosition) page.lowestLogPosition = logPosition;
    if (publication.bodyReference !== NO_BODY_REFERENCE) {
      page.externalBodies++;
      this.#bodies.retain(publication.bodyReference, 1);
    }
    return true;
  }

  /** Copies a whole record in under the sequence it had. False when there is no memory for another page. */
  restore(at: Address, sequence: Sequence, logPosition: LogPosition): boolean {
    assert(sequence > this.lastSequence, "messages are restored in order");
    const lengthBytes = this.#view.getInt32(at, true);
    const page = this.#pageFor(lengthBytes);
    if (page === undefined) return false;
    const to = page.address + page.usedBytes;
    this.#arena.copy(to, at, lengthBytes);
    this.#view.setFloat64(to + 16, sequence, true);
    this.#appended(page, lengthBytes, sequence);
    if (logPosition < page.lowestLogPosition) page.lowestLogPosition = logPosition;
    return true;
  }

  /** Where the next message lies, or OUT when its page is not in memory. There must be one (`unread` > 0). */
  headAt(): Address {
    let page = this.#head as Page;
    while (page.unread === 0) {
      page = page.next as Page;
      this.#head = page;
      this.#headOffset = 0;
    }
    if (page.state >= PageState.out) return OUT;
    let at = page.address + this.#headOffset;
    while ((this.#view.getUint8(at + RECORD_FLAGS_OFFSET) & RecordFlag.settled) !== 0) {
      const lengthBytes = this.#view.getInt32(at, true);
      this.#headOffset += lengthBytes;
      at += lengthBytes;
    }
    return at;
  }

  /** The page `headAt` looked at. */
  get headPage(): Page | undefined {
    return this.#head;
  }

  get headOffset(): number {
    return this.#headOffset;
  }

  get firstPage(): Page | undefined {
    return this.#first;
  }

  /** Moves the head over everything: the newest record is taken as soon as it is there. */
  passAll(): void {
    const page = this.appendedPage as Page;
    page.unread = 0;
    this.#head = page;
    this.#headOffset = page.usedBytes;
    this.unread = 0;
    this.passedSequence = this.lastSequence;
  }

  /** Moves the head over the record `headAt` found. It stays live until it is settled. */
  passHead(lengthBytes: number, sequence: Sequence): void {
    const page = this.#head as Page;
    page.unread--;
    this.unread--;
    this.#headOffset += lengthBytes;
    this.passedSequence = sequence;
  }

  /** The record at `location`, in `page`, is not needed any more. */
  settle(page: Page, location: Location): void {
    if (page.externalBodies > 0) this.#releaseBody(page, page.address + offsetOf(location));
    page.live--;
    if (page.live === 0) {
      this.#remove(page);
    } else if (page.state <= PageState.sealed) {
      this.#markSettled(page.address + offsetOf(location));
    }
  }

  /** Forgets the records of `page` from `from` to `to`; all of them are live and lie before the head. */
  forget(page: Page, from: Sequence, to: Sequence): void {
    this.#releaseBodies(page, from, to);
    page.live -= to - from + 1;
    assert(page.live >= page.unread, "only records before the head are forgotten");
    if (page.live === 0) this.#remove(page);
  }

  /** Forgets everything the head has not passed. */
  forgetUnread(): void {
    let page = this.#head;
    while (page !== undefined) {
      const next = page.next;
      this.#releaseBodies(page, this.passedSequence + 1, page.lastSequence);
      page.live -= page.unread;
      page.unread = 0;
      this.#head = page;
      this.#headOffset = page.usedBytes;
      if (page.live === 0) this.#remove(page);
      page = next;
    }
    this.unread = 0;
    this.passedSequence = this.lastSequence;
  }

  /** Gives up all pages. Sequences go on where they were. */
  clear(): void {
    let page = this.#first;
    while (page !== undefined) {
      const next = page.next;
      this.#releaseBodies(page, 0, page.lastSequence);
      this.#remove(page);
      page = next;
    }
    this.unread = 0;
    this.passedSequence = this.lastSequence;
  }

  #appended(page: Page, lengthBytes: number, sequence: Sequence): void {
    if (page.usedBytes === 0) page.firstSequence = sequence;
    this.appendedPage = page;
    this.appendedOffset = page.usedBytes;
    page.usedBytes += lengthBytes;
    page.lastSequence = sequence;
    page.live++;
    page.unread++;
    this.unread++;
    this.lastSequence = sequence;
  }

  #markSettled(at: Address): void {
    const flagsAt = at + RECORD_FLAGS_OFFSET;
    this.#view.setUint8(flagsAt, this.#view.getUint8(flagsAt) | RecordFlag.settled);
  }

  #releaseBody(page: Page, at: Address): void {
    const record = this.#record;
    record.at = at;
    if ((record.flags & RecordFlag.externalBody) === 0) return;
    page.externalBodies--;
    this.#bodies.release(record.bodyReference, 1);
  }

  /** Gives up the bodies of what is not settled between `from` and `to`. */
  #releaseBodies(page: Page, from: Sequence, to: Sequence): void {
    if (page.externalBodies === 0) return;
    const record = this.#record;
    const end = page.address + page.usedBytes;
    for (let at = page.address; at < end; at += record.lengthBytes) {
      record.at = at;
      const { sequence } = record;
      const isLive = (record.flags & RecordFlag.settled) === 0;
      if (!isLive || sequence < from || sequence > to) continue;
      this.#releaseBody(page, at);
      this.#markSettled(at);
    }
  }

  #pageFor(lengthBytes: number): Page | undefined {
    const open = this.#open;
    if (open !== undefined && open.usedBytes + lengthBytes <= open.sizeBytes) return open;
    return this.#openPage(lengthBytes);
  }

  #openPage(lengthBytes: number): Page | undefined {
    assert(
      lengthBytes <= LARGE_PAGE_BYTES,
      "a record fits into a page; larger bodies are external",
    );
    const wanted: PageSizeBytes =
      this.#sizeBytes < MEDIUM_FROM_BYTES
        ? SMALL_PAGE_BYTES
        : this.#sizeBytes < LARGE_FROM_BYTES
          ? MEDIUM_PAGE_BYTES
          : LARGE_PAGE_BYTES;
    const least = smallestFor(lengthBytes);
    const page =
      this.#table.open(this.level, wanted > least ? wanted : least) ??
      // A full pool may still have a page of the smallest size that will do.
      this.#table.open(this.level, least);
    if (page === undefined) return undefined;
    if (this.#open !== undefined) this.#open.state = PageState.sealed;
    page.previous = this.#last;
    if (this.#last === undefined) this.#first = page;
    else this.#last.next = page;
    this.#last = page;
    this.#open = page;
    if (this.#head === undefined) {
      this.#head = page;
      this.#headOffset = 0;
    }
    this.#sizeBytes += page.sizeBytes;
    return page;
  }

  #remove(page: Page): void {
    if (page.previous === undefined) this.#first = page.next;
    else page.previous.next = page.next;
    if (page.next === undefined) this.#last = page.previous;
    else page.next.previous = page.previous;
    if (this.#open === page) this.#open = undefined;
    if (this.#head === page) {
      this.#head = page.next;
      this.#headOffset = 0;
    }
    this.#sizeBytes -= page.sizeBytes;
    this.#table.remove(page);
  }
}

function smallestFor(lengthBytes: number): PageSizeBytes {
  if (lengthBytes <= SMALL_PAGE_BYTES) return SMALL_PAGE_BYTES;
  return lengthBytes <= MEDIUM_PAGE_BYTES ? MEDIUM_PAGE_BYTES : LARGE_PAGE_BYTES;
}
