// hot path: runs per message
// What is in a queue and in which order it goes out: priority levels, and within a level what came back before
// what was never delivered. Messages in pages that are out of memory are asked for; the host hears when they come.
// Knows nothing of consumers, limits or expiry.

import type { Arena } from "../../lib/arena.ts";
import type { Publication } from "../message/publication.ts";
import { RecordFlag, RecordView } from "../message/record.ts";
import type { Location, LogPosition, Sequence } from "../numbers.ts";
import type { BodyReferences } from "./context.ts";
import { DeliveryHeader } from "./delivery-header.ts";
import type { PagedOut } from "./depth-figures.ts";
import { Level } from "./level.ts";
import { locationOf, OUT, offsetOf, type Page, pageNumberOf } from "./page.ts";
import { LEVEL_SPAN, PageChain } from "./page-chain.ts";
import { PageScan, type Recount } from "./page-scan.ts";
import type { Delivery } from "./queue.ts";
import type { PagesHost, QueuePages } from "./queue-pages.ts";

/** What `peek` found. */
export const Peek = {
  empty: 0,
  found: 1,
  /** The next message is in a page that is being read now. */
  out: 2,
} as const;
export type Peek = (typeof Peek)[keyof typeof Peek];

/** Pages are read ahead of the head until so many bytes lie there. */
const READ_AHEAD_BYTES = 4 * 1_048_576;

/** The message `peek` found, as consumers get it. */
class FoundDelivery implements Delivery {
  readonly record: RecordView;
  sequence: Sequence = 0;
  location: Location = 0;
  redelivered = false;
  deliveryCount = 0;
  readonly #countHeader = new DeliveryHeader("x-delivery-count");

  constructor(record: RecordView) {
    this.record = record;
  }

  /** Only queues that count deliveries ever have a count. */
  get header(): DeliveryHeader | undefined {
    if (this.deliveryCount === 0) return undefined;
    this.#countHeader.value = this.deliveryCount;
    return this.#countHeader;
  }
}

export interface BacklogHost {
  /** Somebody is taking messages, or waits for one. */
  readonly isRead: boolean;
  /** A page that was asked for is there: what could not be found before can be now. */
  onPageLoaded(): void;
  /** Ready messages are lost: their page is damaged. */
  onMessagesLost(count: number): void;
  /** A message was taken out of what is ready: its body is lost. */
  onBodyLost(found: Delivery): void;
  /** There is so much less ready than was thought. */
  onRecounted(bytes: number, persistent: number, persistentBytes: number): void;
}

export class Backlog implements PagesHost {
  readonly #arena: Arena;
  readonly scan: PageScan;
  readonly #pages: QueuePages;
  readonly #host: BacklogHost;
  /**
   * By priority; a level comes into being with its first message. Behind them one for messages that were never
   * let in: they only wait to be dead-lettered.
   */
  readonly #levels: (Level | undefined)[];
  readonly levelCount: number;
  /** No level above this one has anything ready. */
  #top = 0;
  /** Level of the message `peek` found, and whether it was a returned one. */
  #foundLevel: Level;
  #foundReturned = false;
  /** RecordFlag bits of its record. */
  #foundFlags = 0;
  readonly found: FoundDelivery;
  /** What `recordAt` answers. */
  readonly #record: RecordView;
  /** Where that really lies. */
  recordLocation: Location = 0;
  /** Messages that can be delivered. */
  readyCount = 0;
  /** The sequence `append` gave. */
  appendedSequence: Sequence = 0;

  /** `levelCount` is the highest priority + 1. */
  constructor(
    arena: Arena,
    pages: QueuePages,
    bodies: BodyReferences,
    host: BacklogHost,
    levelCount: number,
  ) {
    this.#arena = arena;
    this.#pages = pages;
    this.scan = new PageScan(arena, bodies);
    this.#host = host;
    this.levelCount = levelCount;
    this.#levels = new Array<Level | undefined>(levelCount + 1).fill(undefined);
    this.#foundLevel = this.levelAt(0);
    this.found = new FoundDelivery(new RecordView(arena));
    this.#record = new RecordView(arena);
    pages.host = this;
  }

  get isRead(): boolean {
    return this.#host.isRead;
  }

  get pagedOut(): PagedOut {
    return this.#pages.pagedOut;
  }

  /** The levels that exist. */
  *levels(): IterableIterator<Level> {
    for (const level of this.#levels) if (level !== undefined) yield level;
  }

  levelIfThere(index: number): Level | undefined {
    return this.#levels[index];
  }

  /** The level a sequence belongs to. */
  levelIndexOf(sequence: Sequence): number {
    return Math.floor(sequence / LEVEL_SPAN);
  }

  levelAt(index: number): Level {
    const existing = this.#levels[index];
    if (existing !== undefined) return existing;
    const level = new Level(new PageChain(this.#arena, this.#pages, this.scan, index));
    this.#levels[index] = level;
    return level;
  }

  /** False when there is no memory for it. `level` is below `levelCount`. */
  append(
    publication: Publication,
    level: number,
    expiresAtMs: number,
    logPosition: LogPosition,
  ): boolean {
    const to = this.#levels[level] ?? this.levelAt(level);
    if (!to.chain.append(publication, expiresAtMs, logPosition)) return false;
    this.appendedSequence = to.chain.lastSequence;
    this.onReady(1, level);
    return true;
  }

  /** Copies a message in as one that is taken out already; `found` then describes it. False: no memory. */
  appendTaken(publication: Publication, logPosition: LogPosition): boolean {
    const { chain } = this.levelAt(this.levelCount);
    if (!chain.append(publication, 0, logPosition)) return false;
    chain.passAll();
    const page = chain.appendedPage as Page;
    const { found } = this;
    found.record.at = page.address + chain.appendedOffset;
    found.sequence = chain.lastSequence;
    found.location = locationOf(page, chain.appendedOffset, found.record.persistent);
    this.appendedSequence = found.sequence;
    return true;
  }

  /** `count` more messages of a level are ready. */
  onReady(count: number, level: number): void {
    this.readyCount += count;
    if (level > this.#top) this.#top = level;
  }

  /** Looks at the message that goes out next; `found` then describes it. */
  peek(): Peek {
    while (this.readyCount > 0) {
      let level = this.#levels[this.#top];
      while (level === undefined || level.readyCount === 0) level = this.#levels[--this.#top];
      const peeked = this.#peekIn(level);
      if (peeked !== Peek.empty) return peeked;
    }
    return Peek.empty;
  }

  /** The same for the head of one level. */
  peekLevel(index: number): Peek {
    const level = this.#levels[index];
    while (level !== undefined && level.readyCount > 0) {
      const peeked = this.#peekIn(level);
      if (peeked !== Peek.empty) return peeked;
    }
    return Peek.empty;
  }

  /** The record of a message that was taken out; undefined while its page is being read. */
  recordAt(sequence: Sequence, location: Location): RecordView | undefined {
    const page = this.#pages.at(pageNumberOf(location));
    if (!page.isReadable) {
      this.#pages.load(page);
      return undefined;
    }
    const at = page.isMoved ? this.scan.find(page, sequence) : page.address + offsetOf(location);
    if (at === OUT) return undefined;
    this.#record.at = at;
    this.recordLocation = locationOf(page, at - page.address, this.#record.persistent);
    return this.#record;
  }

  /** Whether a message that was taken out cannot be had any more: its page is damaged. */
  isLostAt(sequence: Sequence, location: Location): boolean {
    const page = this.#pages.at(pageNumberOf(location));
    if (page.isLost) return true;
    return page.isReadable && page.isMoved && this.scan.find(page, sequence) === OUT;
  }

  /** Forgets such a message; answers where the one behind it lies, if its run goes on. */
  dropLost(sequence: Sequence, location: Location, goesOn: boolean): Location {
    const page = this.#pages.at(pageNumberOf(location));
    const isLast = sequence >= page.lastSequence;
    const next = goesOn ? locationOf((isLast ? page.next : page) as Page, 0, false) : 0;
    (this.#levels[page.level] as Level).chain.loseOne(page);
    this.#host.onMessagesLost(1);
    return next;
  }

  /** How many messages from what `peek` found on, at most `max`, differ in sequence and body only and lie in a row. */
  rowLength(max: number): number {
    if (this.#foundReturned || this.found.redelivered) return 1;
    return this.#foundLevel.chain.rowLength(max);
  }

  /** Takes out what `peek` found, or a row of `count`, with bodies of `bytes` together. They stay until settled. */
  take(bytes = this.found.record.bodySizeBytes, count = 1): void {
    const level = this.#foundLevel;
    const found = this.found;
    const lengthBytes = found.record.lengthBytes;
    if (this.#foundReturned) {
      const { returned } = level;
      returned.takeFirst(returned.firstGoesOn ? this.behind(found.location, lengthBytes) : 0);
    } else {
      level.chain.passHead(lengthBytes, bytes, found.sequence, count);
    }
    this.readyCount -= count;
  }

  /** A message that was taken out is back in its place. */
  putBack(sequence: Sequence, location: Location, deliveryCount: number): void {
    const index = this.#pages.at(pageNumberOf(location)).level;
    (this.#levels[index] as Level).returned.add(sequence, location, deliveryCount);
    this.onReady(1, index);
  }

  /** A message that was taken out, with a body of `bytes`, is not needed any more; or `count` neighbours are not. */
  settle(sequence: Sequence, location: Location, bytes: number, count = 1): void {
    const page = this.#pages.at(pageNumberOf(location));
    (this.#levels[page.level] as Level).chain.settle(page, sequence, location, bytes, count);
  }

  /**
   * Settles a message that is ready, wherever it is. Undefined while its page is being read; false when it is not
   * ready any more. `location` is where a walk has seen it; `onlyLook` leaves it where it is.
   */
  settleReady(sequence: Sequence, location: Location, onlyLook = false): boolean | undefined {
    const page = this.#pages.find(pageNumberOf(location));
    const isThere =
      page !== undefined && page.firstSequence <= sequence && sequence <= page.lastSequence;
    if (!isThere || page.isLost) return false;
    if (!page.isReadable) {
      this.#pages.load(page);
      return undefined;
    }
    const at = this.scan.find(page, sequence);
    if (at === OUT || page.settledSince?.has(sequence) === true) return false;
    const level = this.#levels[page.level] as Level;
    this.#record.at = at;
    const { lengthBytes, bodySizeBytes } = this.#record;
    const place = locationOf(page, at - page.address, this.#record.persistent);
    const isUnread = sequence > level.chain.passedSequence;
    if (!isUnread && !level.returned.has(sequence)) return false;
    if (onlyLook) return true;
    if (isUnread) {
      level.chain.settleUnread(page, sequence, place, bodySizeBytes);
    } else {
      const isLast = at - page.address + lengthBytes >= page.usedBytes && page.next === undefined;
      level.returned.remove(sequence, isLast ? 0 : this.behind(place, lengthBytes));
      level.chain.settle(page, sequence, place, bodySizeBytes);
    }
    this.readyCount--;
    return true;
  }

  /** Forgets all that is ready. `onRange` hears which sequences that were. */
  purge(onRange: (from: Sequence, to: Sequence) => void): void {
    for (const level of this.levels()) {
      if (level.readyCount === 0) continue;
      const { chain, returned } = level;
      for (const run of returned) {
        this.#forgetRun(level, run.from, run.to, run.location);
        onRange(run.from, run.to);
      }
      returned.clear();
      if (chain.unread > 0) {
        onRange(chain.passedSequence + 1, chain.lastSequence);
        chain.forgetUnread();
      }
    }
    this.readyCount = 0;
    this.#top = 0;
  }

  /** Gives up all memory. */
  clear(): void {
    for (const level of this.levels()) {
      level.returned.clear();
      level.chain.clear();
    }
    this.readyCount = 0;
    this.#top = 0;
  }

  /** Where the record behind the one at `location` lies; sequences of a run are neighbours in the chain. */
  behind(location: Location, lengthBytes: number): Location {
    const page = this.#pages.at(pageNumberOf(location));
    const offset = offsetOf(location) + lengthBytes;
    if (offset < page.usedBytes) return locationOf(page, offset, false);
    return locationOf(page.next as Page, 0, false);
  }

  /** Reads pages that will be needed soon. */
  readAhead(): void {
    if (this.#pages.outCount === 0 || this.readyCount === 0) return;
    const level = this.#levels[this.#top];
    let page = level?.chain.headPage;
    for (let bytes = 0; page !== undefined && bytes < READ_AHEAD_BYTES; page = page.next) {
      if (page.unread === 0) continue;
      this.#pages.loadAhead(page);
      bytes += page.sizeBytes;
    }
  }

  // ---- what the pages ask and tell -----------------------------------------------------------------------------

  isNear(page: Page): boolean {
    const head = this.#levels[page.level]?.chain.headPage;
    return head !== undefined && (page === head || page === head.next);
  }

  seal(page: Page): void {
    this.#levels[page.level]?.chain.seal(page);
  }

  compact(page: Page): void {
    this.#levels[page.level]?.chain.compact(page);
  }

  beforeOut(page: Page): void {
    this.scan.noteBodies(page);
  }

  onLoaded(page: Page, isDamaged: boolean): void {
    this.scan.applySettled(page);
    if (isDamaged || page.isInexact) {
      const before = page.unread;
      this.#countAgain(page);
      if (isDamaged) this.#host.onMessagesLost(before - page.unread);
    }
    this.#host.onPageLoaded();
  }

  onLost(page: Page): void {
    page.isLost = true;
    const lost = page.unread;
    const change = { unread: 0, unreadBytes: 0, persistent: 0, persistentBytes: 0 };
    this.#apply(page, change);
    this.#host.onMessagesLost(lost);
    this.#host.onPageLoaded();
  }

  /** During replay, of a page that was not counted yet as ready: what of it is left. */
  countRestored(page: Page): void {
    this.scan.applySettled(page);
    const left = this.scan.recount(page, 0, true);
    const chain = (this.#levels[page.level] as Level).chain;
    page.logged = left.persistent;
    page.loggedBytes = left.persistentBytes;
    page.isInexact = false;
    chain.loseSome(page, page.unread - left.unread, page.unreadBytes - left.unreadBytes);
  }

  /** The counts of a page were estimates, or damage has taken records the head has yet to pass. */
  #countAgain(page: Page): void {
    const chain = (this.#levels[page.level] as Level).chain;
    const counted = this.scan.recount(page, chain.passedSequence, page.isInexact);
    page.isInexact = false;
    this.#apply(page, counted);
  }

  #apply(page: Page, counted: Recount): void {
    const { unread, unreadBytes, logged, loggedBytes } = page;
    const isOut = page.live > unread;
    if (!isOut) {
      page.logged = counted.persistent;
      page.loggedBytes = counted.persistentBytes;
    }
    // What is persistent beside the log's is not known for a page that was lost.
    const persistent = isOut ? 0 : logged - page.logged;
    const persistentBytes = isOut ? 0 : loggedBytes - page.loggedBytes;
    this.readyCount -= unread - counted.unread;
    this.#host.onRecounted(unreadBytes - counted.unreadBytes, persistent, persistentBytes);
    const chain = (this.#levels[page.level] as Level).chain;
    chain.loseSome(page, unread - counted.unread, unreadBytes - counted.unreadBytes);
  }

  // ---- looking at heads ----------------------------------------------------------------------------------------

  /** `Peek.empty` when what was there turned out to be lost: look again. */
  #peekIn(level: Level): Peek {
    this.#foundLevel = level;
    const peeked = level.returned.count === 0 ? this.#peekHead(level) : this.#peekReturned(level);
    if (peeked !== Peek.found) return peeked;
    if ((this.#foundFlags & RecordFlag.externalBody) === 0) return peeked;
    if (!this.scan.bodies.isLost(this.found.record.bodyReference)) return peeked;
    this.take();
    this.#host.onBodyLost(this.found);
    return Peek.empty;
  }

  #peekHead(level: Level): Peek {
    const chain = level.chain;
    const at = chain.headAt();
    const page = chain.headPage as Page;
    if (at === OUT) {
      this.#pages.load(page);
      return Peek.out;
    }
    const found = this.found;
    const { record } = found;
    record.at = at;
    const { flags } = record;
    this.#foundFlags = flags;
    found.sequence = record.sequence;
    found.location = locationOf(page, chain.headOffset, (flags & RecordFlag.persistent) !== 0);
    found.redelivered = found.sequence <= level.redeliveredUpTo;
    found.deliveryCount = found.redelivered ? level.deliveryCountBefore(found.sequence) : 0;
    this.#foundReturned = false;
    return Peek.found;
  }

  #peekReturned(level: Level): Peek {
    const { returned } = level;
    const location = returned.firstLocation;
    const page = this.#pages.at(pageNumberOf(location));
    if (!page.isReadable && !page.isLost) {
      this.#pages.load(page);
      return Peek.out;
    }
    const sequence = returned.firstSequence;
    let offset = offsetOf(location);
    if (page.isMoved || page.isLost) {
      const at = page.isLost ? OUT : this.scan.find(page, sequence);
      if (at === OUT) return this.#dropLost(level);
      offset = at - page.address;
    }
    const found = this.found;
    found.record.at = page.address + offset;
    this.#foundFlags = found.record.flags;
    found.sequence = sequence;
    found.location = locationOf(page, offset, found.record.persistent);
    found.redelivered = true;
    found.deliveryCount = returned.firstDeliveryCount;
    this.#foundReturned = true;
    return Peek.found;
  }

  /** The oldest returned message is in no page any more. */
  #dropLost(level: Level): Peek {
    const { returned } = level;
    const { firstSequence, firstLocation, firstGoesOn } = returned;
    returned.takeFirst(this.dropLost(firstSequence, firstLocation, firstGoesOn));
    this.readyCount--;
    return Peek.empty;
  }

  #forgetRun(level: Level, from: Sequence, to: Sequence, location: Location): void {
    let page: Page | undefined = this.#pages.at(pageNumberOf(location));
    let first = from;
    while (page !== undefined && first <= to) {
      const next: Page | undefined = page.next;
      const last = Math.min(to, page.lastSequence);
      if (last >= first) level.chain.forget(page, first, last);
      first = Math.max(first, last + 1);
      page = next;
    }
  }
}
