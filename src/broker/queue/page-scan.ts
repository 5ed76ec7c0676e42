// Walks over the records of a page: marks them settled, gives up their bodies, finds and counts them again.

import type { Address, Arena } from "../../lib/arena.ts";
import type { Range } from "../../lib/interval-set.ts";
import { RECORD_FLAGS_OFFSET, RecordFlag, RecordView } from "../message/record.ts";
import type { BodyReference, Location, Sequence } from "../numbers.ts";
import type { BodyReferences } from "./context.ts";
import { NotedBodies } from "./noted-bodies.ts";
import { OUT, offsetOf, type Page, PageState } from "./page.ts";

/** What `recount` found. */
export interface Recount {
  readonly unread: number;
  readonly unreadBytes: number;
  readonly persistent: number;
  readonly persistentBytes: number;
}

export class PageScan {
  readonly #arena: Arena;
  readonly #view: DataView;
  readonly bodies: BodyReferences;
  /** For a look at one record. */
  readonly record: RecordView;

  constructor(arena: Arena, bodies: BodyReferences) {
    this.#arena = arena;
    this.#view = arena.view;
    this.bodies = bodies;
    this.record = new RecordView(arena);
  }

  /** Marks the record at `from`, and those behind it: `count` in all. */
  markSettled(from: Address, count = 1): void {
    const view = this.#view;
    let at = from;
    for (let i = 0; i < count; i++) {
      const flagsAt = at + RECORD_FLAGS_OFFSET;
      view.setUint8(flagsAt, view.getUint8(flagsAt) | RecordFlag.settled);
      at += view.getInt32(at, true);
    }
  }

  /** The same in a page whose records are not where they were. */
  markMoved(page: Page, sequence: Sequence, count: number): void {
    for (let i = 0; i < count; i++) {
      const at = this.find(page, sequence + i);
      if (at !== OUT) this.markSettled(at);
    }
  }

  /** Where the record with that sequence lies, or OUT when it is not there. */
  find(page: Page, sequence: Sequence): Address {
    const { record } = this;
    const end = page.address + page.usedBytes;
    for (let at = page.address; at < end; at += record.lengthBytes) {
      record.at = at;
      if (record.sequence === sequence && !this.#isSettled(at)) return at;
    }
    return OUT;
  }

  /** Gives up the bodies of `count` records, of those that have one; the first lies at `location`. */
  releaseSome(page: Page, sequence: Sequence, location: Location, count: number): void {
    let at = page.address + offsetOf(location);
    for (let i = 0; i < count; i++) {
      if (page.bodies !== undefined) {
        this.#releaseNoted(page, page.bodies, sequence + i);
        continue;
      }
      if (page.isMoved) at = this.find(page, sequence + i);
      if (at === OUT) continue;
      this.#releaseAt(page, at);
      at += this.#view.getInt32(at, true);
    }
  }

  /** Gives up the bodies of what is not settled between `from` and `to`. */
  releaseBodies(page: Page, from: Sequence, to: Sequence): void {
    if (page.externalBodies === 0) return;
    if (page.bodies !== undefined) {
      for (const sequence of page.bodies.sequencesBetween(from, to)) {
        this.#releaseNoted(page, page.bodies, sequence);
      }
      return;
    }
    const { record } = this;
    const end = page.address + page.usedBytes;
    for (let at = page.address; at < end; at += record.lengthBytes) {
      record.at = at;
      const { sequence } = record;
      if (sequence < from || sequence > to || !this.#isLive(page, at, sequence)) continue;
      this.#releaseAt(page, at);
    }
  }

  /** The records from `from` to `to` are needed no more. */
  forget(page: Page, from: Sequence, to: Sequence): void {
    const isPlain = page.externalBodies === 0 && page.logged === 0;
    this.releaseBodies(page, from, to);
    page.settledSince?.add(Math.max(from, page.firstSequence), to);
    if (isPlain) return;
    if (page.isReadable) this.#forgetRecords(page, from, to);
    else this.#forgetUnseen(page, from, to);
  }

  /** Bytes that live records of a page take. */
  liveBytes(page: Page): number {
    const { record } = this;
    const end = page.address + page.usedBytes;
    let bytes = 0;
    for (let at = page.address; at < end; at += record.lengthBytes) {
      record.at = at;
      if (this.#isLive(page, at, record.sequence)) bytes += record.lengthBytes;
    }
    return bytes;
  }

  /** Copies the live records of a page to `to`, one behind the other. */
  copyLive(page: Page, to: Address): void {
    const { record } = this;
    const end = page.address + page.usedBytes;
    let next = to;
    for (let at = page.address; at < end; at += record.lengthBytes) {
      record.at = at;
      if (!this.#isLive(page, at, record.sequence)) continue;
      this.#arena.copy(next, at, record.lengthBytes);
      next += record.lengthBytes;
    }
  }

  /** Before the bytes go: notes which bodies the page refers to. */
  noteBodies(page: Page): void {
    if (page.externalBodies > 0) page.bodies = this.bodiesOf(page);
  }

  /** The bodies a page refers to. */
  bodiesOf(page: Page): NotedBodies {
    if (page.bodies !== undefined) return page.bodies;
    const noted = new NotedBodies();
    const { record } = this;
    const end = page.address + page.usedBytes;
    for (let at = page.address; at < end; at += record.lengthBytes) {
      record.at = at;
      const { sequence } = record;
      if ((record.flags & RecordFlag.externalBody) === 0) continue;
      if (!this.#isLive(page, at, sequence)) continue;
      noted.add(sequence, record.bodyReference, record.persistent);
    }
    return noted;
  }

  /** Replay tells of a body that a record of a page on disk refers to; it may tell so twice. */
  restoreBody(page: Page, sequence: Sequence, body: BodyReference): void {
    page.bodies ??= new NotedBodies();
    if (page.bodies.has(sequence)) return;
    page.bodies.add(sequence, body, true);
    page.externalBodies++;
    this.bodies.restoreReference(body);
  }

  /** The bytes are in memory and may be changed: marks what was settled meanwhile. */
  applySettled(page: Page): void {
    page.bodies = undefined;
    const { settledSince } = page;
    if (settledSince === undefined || settledSince.size === 0) return;
    // Bytes on their way to the disk stay as they are; this is called again when they are there.
    if (page.state > PageState.sealed) return;
    const ranges = settledSince.ranges();
    let range: Range | undefined = ranges.next().value as Range | undefined;
    const { record } = this;
    const end = page.address + page.usedBytes;
    for (let at = page.address; at < end && range !== undefined; at += record.lengthBytes) {
      record.at = at;
      const { sequence } = record;
      while (range !== undefined && range.to < sequence) {
        range = ranges.next().value as Range | undefined;
      }
      if (range !== undefined && range.from <= sequence) this.markSettled(at);
    }
  }

  /** Counts what is not settled behind `passed`; `dropTransient`: what a restart does not survive is marked settled. */
  recount(page: Page, passed: Sequence, dropTransient: boolean): Recount {
    const { record } = this;
    const found = { unread: 0, unreadBytes: 0, persistent: 0, persistentBytes: 0 };
    const end = page.address + page.usedBytes;
    for (let at = page.address; at < end; at += record.lengthBytes) {
      record.at = at;
      const { persistent, sequence } = record;
      if (!this.#isLive(page, at, sequence)) continue;
      if (dropTransient && !persistent) {
        this.markSettled(at);
        // The bytes on disk stay as they are, and may be all there is soon.
        page.settledSince?.add(sequence, sequence);
        continue;
      }
      if (sequence <= passed) continue;
      const bytes = record.bodySizeBytes;
      found.unread++;
      found.unreadBytes += bytes;
      if (!persistent) continue;
      found.persistent++;
      found.persistentBytes += bytes;
    }
    return found;
  }

  #forgetRecords(page: Page, from: Sequence, to: Sequence): void {
    const { record } = this;
    const end = page.address + page.usedBytes;
    const mayChange = page.state <= PageState.sealed;
    for (let at = page.address; at < end; at += record.lengthBytes) {
      record.at = at;
      const { sequence } = record;
      if (sequence < from || sequence > to || this.#isSettled(at)) continue;
      if (record.persistent && page.logged > 0) {
        page.logged--;
        page.loggedBytes -= record.bodySizeBytes;
      }
      if (mayChange) this.markSettled(at);
    }
  }

  /** Without the bytes only a page whose records are all persistent can be counted exactly. */
  #forgetUnseen(page: Page, from: Sequence, to: Sequence): void {
    const count = Math.min(page.logged, to - Math.max(from, page.firstSequence) + 1);
    if (count <= 0) return;
    page.loggedBytes -= Math.round((page.loggedBytes * count) / page.logged);
    page.logged -= count;
  }

  #isSettled(at: Address): boolean {
    return (this.#view.getUint8(at + RECORD_FLAGS_OFFSET) & RecordFlag.settled) !== 0;
  }

  #isLive(page: Page, at: Address, sequence: Sequence): boolean {
    return !this.#isSettled(at) && page.settledSince?.has(sequence) !== true;
  }

  #releaseAt(page: Page, at: Address): void {
    const { record } = this;
    record.at = at;
    if ((record.flags & RecordFlag.externalBody) === 0) return;
    page.externalBodies--;
    this.bodies.release(record.bodyReference, 1);
  }

  #releaseNoted(page: Page, noted: NotedBodies, sequence: Sequence): void {
    const reference = noted.take(sequence);
    if (reference === undefined) return;
    page.externalBodies--;
    this.bodies.release(reference, 1);
  }
}
