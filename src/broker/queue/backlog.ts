// hot path: runs per message
// What is in a queue and in which order it goes out: priority levels, and within a level what came back before
// what was never delivered. Knows nothing of consumers, limits or expiry.

import type { Address } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import type { Memory } from "../../lib/memory.ts";
import type { Location, LogPosition, Sequence } from "../numbers.ts";
import type { Publication } from "../publication.ts";
import { RecordView } from "../record.ts";
import type { BodyReferences } from "./context.ts";
import { locationOf, OUT, offsetOf, type Page, PageState, pageNumberOf } from "./page.ts";
import { LEVEL_SPAN, PageChain } from "./page-chain.ts";
import { PageTable } from "./page-table.ts";
import type { Delivery } from "./queue.ts";
import { ReturnedRuns } from "./returned-runs.ts";

/** What `peek` found. */
export const Peek = {
  empty: 0,
  found: 1,
  /** The next message is in a page that must be read first. */
  out: 2,
} as const;
export type Peek = (typeof Peek)[keyof typeof Peek];

class Level {
  readonly chain: PageChain;
  readonly returned = new ReturnedRuns();
  /** Up to here messages may have been delivered by an earlier run of the broker. */
  redeliveredUpTo: Sequence = 0;

  constructor(chain: PageChain) {
    this.chain = chain;
  }

  get readyCount(): number {
    return this.chain.unread + this.returned.count;
  }
}

/** The message `peek` found, as consumers get it. */
class FoundDelivery implements Delivery {
  readonly record: RecordView;
  sequence: Sequence = 0;
  location: Location = 0;
  redelivered = false;
  deliveryCount = 0;

  constructor(record: RecordView) {
    this.record = record;
  }
}

export class Backlog {
  readonly #memory: Memory;
  readonly #bodies: BodyReferences;
  readonly #table: PageTable;
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
  readonly found: FoundDelivery;
  /** What `recordAt` answers. */
  readonly #record: RecordView;
  /** Messages that can be delivered. */
  readyCount = 0;
  /** The sequence `append` gave. */
  appendedSequence: Sequence = 0;
  /** The page `peek` could not look into. */
  missingPage: Page | undefined = undefined;

  /** `levelCount` is the highest priority + 1. */
  constructor(memory: Memory, bodies: BodyReferences, levelCount: number) {
    this.#bodies = bodies;
    this.levelCount = levelCount;
    this.#memory = memory;
    this.#table = new PageTable(memory.pages);
    this.#levels = new Array<Level | undefined>(levelCount + 1).fill(undefined);
    this.#foundLevel = this.#levelAt(0);
    this.found = new FoundDelivery(new RecordView(memory.arena));
    this.#record = new RecordView(memory.arena);
  }

  /** Arena bytes of its pages. */
  get residentBytes(): number {
    return this.#table.residentBytes;
  }

  /** All pages, for figures and for the store. */
  pages(): Iterable<Page> {
    return this.#table;
  }

  /** False when there is no memory for it. `level` is below `levelCount`. */
  append(
    publication: Publication,
    level: number,
    expiresAtMs: number,
    logPosition: LogPosition,
  ): boolean {
    const to = this.#levels[level] ?? this.#levelAt(level);
    if (!to.chain.append(publication, expiresAtMs, logPosition)) return false;
    this.appendedSequence = to.chain.lastSequence;
    this.readyCount++;
    if (level > this.#top) this.#top = level;
    return true;
  }

  /** Copies a message in as one that is taken out already; `found` then describes it. False: no memory. */
  appendTaken(publication: Publication, logPosition: LogPosition): boolean {
    const { chain } = this.#levelAt(this.levelCount);
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

  /** Puts a record back that was there before a restart. */
  restore(at: Address, sequence: Sequence, logPosition: LogPosition): boolean {
    const index = Math.floor(sequence / LEVEL_SPAN);
    assert(index <= this.levelCount, "a restored message has a level of its queue");
    const level = this.#levelAt(index);
    if (!level.chain.restore(at, sequence, logPosition)) return false;
    this.readyCount++;
    if (index > this.#top) this.#top = index;
    return true;
  }

  /** Looks at the message that goes out next; `found` then describes it. */
  peek(): Peek {
    if (this.readyCount === 0) return Peek.empty;
    let level = this.#levels[this.#top];
    while (level === undefined || level.readyCount === 0) level = this.#levels[--this.#top];
    return this.#peekIn(level);
  }

  /** The same for the head of one level. */
  peekLevel(index: number): Peek {
    const level = this.#levels[index];
    return level === undefined || level.readyCount === 0 ? Peek.empty : this.#peekIn(level);
  }

  /** The record of a message that was taken out, or undefined when its page must be read first. */
  recordAt(location: Location): RecordView | undefined {
    const page = this.#table.at(pageNumberOf(location));
    if (page.state >= PageState.out) {
      this.missingPage = page;
      return undefined;
    }
    this.#record.at = page.address + offsetOf(location);
    return this.#record;
  }

  #peekIn(level: Level): Peek {
    this.#foundLevel = level;
    return level.returned.count === 0 ? this.#peekHead(level) : this.#peekReturned(level);
  }

  /** Takes out what `peek` found. It stays in its page until it is settled. */
  take(): void {
    const level = this.#foundLevel;
    const found = this.found;
    const lengthBytes = found.record.lengthBytes;
    if (this.#foundReturned) {
      level.returned.takeFirst(
        level.returned.firstGoesOn ? this.behind(found.location, lengthBytes) : 0,
      );
    } else {
      level.chain.passHead(lengthBytes, found.sequence);
    }
    this.readyCount--;
  }

  /** A message that was taken out is back in its place. */
  putBack(sequence: Sequence, location: Location, deliveryCount: number): void {
    const index = this.#table.at(pageNumberOf(location)).level;
    (this.#levels[index] as Level).returned.add(sequence, location, deliveryCount);
    this.readyCount++;
    if (index > this.#top) this.#top = index;
  }

  /** A message that was taken out is not needed any more. */
  settle(location: Location): void {
    const page = this.#table.at(pageNumberOf(location));
    (this.#levels[page.level] as Level).chain.settle(page, location);
  }

  /** Forgets all that is ready. `onRange` hears which sequences that were. */
  purge(onRange: (from: Sequence, to: Sequence) => void): void {
    for (const level of this.#levels) {
      if (level === undefined || level.readyCount === 0) continue;
      for (const run of level.returned) {
        this.#forgetRun(level, run.from, run.to, run.location);
        onRange(run.from, run.to);
      }
      level.returned.clear();
      const { chain } = level;
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
    for (const level of this.#levels) {
      if (level === undefined) continue;
      level.returned.clear();
      level.chain.clear();
    }
    this.readyCount = 0;
    this.#top = 0;
  }

  #levelAt(index: number): Level {
    const existing = this.#levels[index];
    if (existing !== undefined) return existing;
    const level = new Level(new PageChain(this.#memory.arena, this.#table, this.#bodies, index));
    this.#levels[index] = level;
    return level;
  }

  #peekHead(level: Level): Peek {
    const chain = level.chain;
    const at = chain.headAt();
    const page = chain.headPage as Page;
    if (at === OUT) return this.#missing(page);
    const found = this.found;
    found.record.at = at;
    found.sequence = found.record.sequence;
    found.location = locationOf(page, chain.headOffset, found.record.persistent);
    found.redelivered = found.sequence <= level.redeliveredUpTo;
    found.deliveryCount = 0;
    this.#foundReturned = false;
    return Peek.found;
  }

  #peekReturned(level: Level): Peek {
    const { firstLocation } = level.returned;
    const page = this.#table.at(pageNumberOf(firstLocation));
    if (page.state >= PageState.out) return this.#missing(page);
    const offset = offsetOf(firstLocation);
    const found = this.found;
    found.record.at = page.address + offset;
    found.sequence = level.returned.firstSequence;
    found.location = locationOf(page, offset, found.record.persistent);
    found.redelivered = true;
    found.deliveryCount = level.returned.firstDeliveryCount;
    this.#foundReturned = true;
    return Peek.found;
  }

  #missing(page: Page): Peek {
    this.missingPage = page;
    return Peek.out;
  }

  /** Where the record behind the one at `location` lies; sequences of a run are neighbours in the chain. */
  behind(location: Location, lengthBytes: number): Location {
    const page = this.#table.at(pageNumberOf(location));
    const offset = offsetOf(location) + lengthBytes;
    if (offset < page.usedBytes) return locationOf(page, offset, false);
    return locationOf(page.next as Page, 0, false);
  }

  #forgetRun(level: Level, from: Sequence, to: Sequence, location: Location): void {
    let page: Page | undefined = this.#table.at(pageNumberOf(location));
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
