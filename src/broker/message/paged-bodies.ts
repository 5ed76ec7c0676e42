// Bodies that lie outside their records, in pages of the arena, each body with pages of its own. Full pages leave
// memory when there are many, and bodies of persistent messages go to the log as they arrive.

import type { Address } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import type { Memory } from "../../lib/memory.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  NO_PAGE,
  type PageSizeBytes,
  SMALL_PAGE_BYTES,
} from "../../lib/page-pool.ts";
import { type TimerWheel, WheelTimer } from "../../lib/timer-wheel.ts";
import type { DefinitionJournal } from "../journal/journaling.ts";
import { type BodyFacts, NO_LOG_POSITION } from "../journal/recovery.ts";
import type { BodyReference, LogPosition, QueueNumber } from "../numbers.ts";
import { NO_CAPACITY, type PageHandle, type PageOwner, type Pager } from "../ports.ts";
import { capacityOf, smallestPageFor } from "../queue/page.ts";
import type { Bodies, BodyChunk } from "./bodies.ts";
import { Body, BodyPage, NOT_WRITTEN } from "./body.ts";

/** Full pages that stay in memory, unless the pool is small. */
const RESIDENT_BYTES_MAX = 16 * LARGE_PAGE_BYTES;
const RESIDENT_SHARE = 1 / 8;
/** Beyond the limit so much more leaves: small pages are not looked through for each that comes. */
const MARGIN = 1 / 8;
/** Pages begun to be written for a checkpoint in one go. */
const WRITES_PER_SLICE = 256;
/** Rest after a write or read that could not be done, in ms. */
const REST_MS = 200;
/** Pages of bodies belong to no queue. */
const NO_QUEUE: QueueNumber = 0;

/** The part of the journal bodies write. */
export type BodyJournal = Pick<DefinitionJournal, "position" | "part">;

export interface PagedBodiesOptions {
  readonly memory: Memory;
  readonly pager: Pager;
  readonly journal: BodyJournal;
  readonly timers: TimerWheel;
  /** `isBehind` was true and is not any more. */
  readonly onCaughtUp?: () => void;
  /** There is no page for a body: whoever holds pages he can do without should give them up. */
  readonly onMemoryShort?: () => void;
}

export class PagedBodies extends WheelTimer implements Bodies, PageOwner {
  readonly pagesHoldRecords = false;
  readonly #memory: Memory;
  readonly #pager: Pager;
  readonly #journal: BodyJournal;
  readonly #timers: TimerWheel;
  readonly #onCaughtUp: () => void;
  readonly #onMemoryShort: () => void;
  readonly #limitBytes: number;
  readonly #bodies = new Map<BodyReference, Body>();
  /** Pages on their way to or from the disk, by token. */
  readonly #underWay = new Map<number, BodyPage>();
  /** Full pages in memory that came in, the newest last: that one is needed last and leaves first. */
  readonly #full = new Set<BodyPage>();
  /** Pages that were read because somebody needs them, the newest last: that one stays. */
  readonly #loaded = new Set<BodyPage>();
  /** Pages the log is needed for, in the order of their bytes there. */
  readonly #unwritten = new Set<BodyPage>();
  /** Pages that wait for memory to be read into. */
  readonly #wanted = new Set<BodyPage>();
  #residentBytes = 0;
  #leavingBytes = 0;
  #lastToken = 0;
  #writesRest = false;
  /** Queues that keep transient messages. */
  #keepingTransient = 0;
  /** The highest reference given out; checkpoints keep it. */
  lastReference: BodyReference = 0;

  constructor(options: PagedBodiesOptions) {
    super();
    this.#memory = options.memory;
    this.#pager = options.pager;
    this.#journal = options.journal;
    this.#timers = options.timers;
    this.#onCaughtUp = options.onCaughtUp ?? (() => {});
    this.#onMemoryShort = options.onMemoryShort ?? (() => {});
    const poolBytes = options.memory.pages.sizeBytes;
    this.#limitBytes =
      options.pager.capacityBytes === NO_CAPACITY
        ? Number.POSITIVE_INFINITY
        : Math.min(RESIDENT_BYTES_MAX, poolBytes * RESIDENT_SHARE);
  }

  get count(): number {
    return this.#bodies.size;
  }

  /** The disk takes bodies more slowly than they come. */
  get isBehind(): boolean {
    return this.#leavingBytes > this.#limitBytes;
  }

  begin(sizeBytes: number, isPersistent: boolean): BodyReference {
    const isKept = isPersistent || this.#keepingTransient > 0;
    const body = new Body(++this.lastReference, sizeBytes, isKept);
    body.references = 1;
    this.#bodies.set(body.reference, body);
    return body.reference;
  }

  append(reference: BodyReference, from: Address, lengthBytes: number): boolean {
    const body = this.#get(reference);
    if (!this.#store(body, from, lengthBytes, this.#journal.position)) return false;
    if (body.logged) {
      const offset = body.receivedBytes - lengthBytes;
      this.#journal.part(reference, body.sizeBytes, offset, from, lengthBytes);
    }
    this.#enforce();
    return true;
  }

  keepTransient(queues: number): void {
    this.#keepingTransient += queues;
  }

  retain(reference: BodyReference, count: number): void {
    this.#get(reference).references += count;
  }

  release(reference: BodyReference, count: number): void {
    const body = this.#get(reference);
    body.references -= count;
    assert(body.references >= 0, "a body is released as often as it was retained");
    if (body.references === 0) this.#forget(body);
  }

  chunk(reference: BodyReference, offset: number): BodyChunk | undefined {
    const body = this.#get(reference);
    assert(offset < body.receivedBytes, "a chunk is inside its body");
    const page = body.pageAt(offset) as BodyPage;
    if (!page.isReadable) return undefined;
    const inPage = offset - page.offset;
    return { at: page.address + inPage, lengthBytes: page.usedBytes - inPage };
  }

  wholeAt(reference: BodyReference): Address {
    const { pages, receivedBytes, sizeBytes } = this.#get(reference);
    const page = pages[0];
    if (pages.length !== 1 || receivedBytes !== sizeBytes || page === undefined) return NO_PAGE;
    return page.isReadable ? page.address : NO_PAGE;
  }

  whenLoaded(reference: BodyReference, offset: number, onLoaded: () => void): void {
    const page = this.#get(reference).pageAt(offset) as BodyPage;
    page.waiting.push(onLoaded);
    this.#load(page);
  }

  isLost(reference: BodyReference): boolean {
    return this.#bodies.get(reference)?.isLost ?? true;
  }

  // ---- checkpoints and replay -----------------------------------------------------------------------------------

  /** Log files from here on are needed. */
  get lowestLogPosition(): LogPosition {
    let lowest = NO_LOG_POSITION;
    for (const { logPosition } of this.#unwritten) lowest = Math.min(lowest, logPosition);
    return lowest;
  }

  /** Has written what the log holds below `position`, in slices; pages being filled are ended for it. */
  *writeOutBefore(position: LogPosition): Generator<void, void> {
    let begun = 0;
    for (const page of [...this.#unwritten]) {
      // It may have been given up since the slice before.
      if (page.logPosition >= position || !this.#unwritten.has(page)) continue;
      if (page.state === "filling") this.#fill(page);
      this.#write(page);
      if (++begun % WRITES_PER_SLICE === 0) yield;
    }
  }

  /** The bodies a checkpoint must name, each as far as it is written from its start. */
  *facts(): Generator<BodyFacts> {
    for (const { reference, sizeBytes, logged, pages } of this.#bodies.values()) {
      if (!logged) continue;
      const end = pages.findIndex(({ handle }) => handle === NOT_WRITTEN);
      const written = pages.slice(0, end === -1 ? pages.length : end);
      if (written.length === 0) continue;
      yield {
        reference,
        sizeBytes,
        pages: written.map(({ handle, usedBytes }) => ({ handle, lengthBytes: usedBytes })),
      };
    }
  }

  /** A body the checkpoint names, or the beginning of one. Nobody refers to it yet. */
  restore(facts: BodyFacts): void {
    const body = this.#known(facts.reference, facts.sizeBytes);
    for (const { handle, lengthBytes } of facts.pages) {
      const page = this.#newPage(body, smallestPageFor(lengthBytes));
      page.usedBytes = lengthBytes;
      page.handle = handle;
      page.state = "out";
      body.receivedBytes += lengthBytes;
    }
  }

  /** Bytes of a body as the log has them. False: no memory. */
  restorePart(
    reference: BodyReference,
    bodySizeBytes: number,
    offset: number,
    at: Address,
    lengthBytes: number,
    position: LogPosition,
  ): boolean {
    const body = this.#known(reference, bodySizeBytes);
    const known = body.receivedBytes - offset;
    if (known >= lengthBytes) return true;
    // Something before it is missing: whoever needs the body has lost it.
    if (known < 0) {
      body.isLost = true;
      return true;
    }
    const stored = this.#store(body, at + known, lengthBytes - known, position);
    this.#enforce();
    return stored;
  }

  /** A restored message refers to the body, whose bytes may have come or are still to come. */
  restoreReference(reference: BodyReference): void {
    this.#known(reference, 0).references++;
  }

  /** Replay is over: bodies nobody refers to were never published, and what has not come is lost. */
  restored(): void {
    for (const body of [...this.#bodies.values()]) {
      if (body.references === 0) this.#forget(body);
      else if (body.receivedBytes !== body.sizeBytes || body.sizeBytes === 0) body.isLost = true;
    }
  }

  #known(reference: BodyReference, sizeBytes: number): Body {
    this.lastReference = Math.max(this.lastReference, reference);
    let body = this.#bodies.get(reference);
    if (body === undefined) {
      body = new Body(reference, sizeBytes, true);
      this.#bodies.set(reference, body);
    }
    if (body.sizeBytes === 0) body.sizeBytes = sizeBytes;
    return body;
  }

  // ---- memory ---------------------------------------------------------------------------------------------------

  #store(body: Body, from: Address, lengthBytes: number, position: LogPosition): boolean {
    let at = from;
    for (let rest = lengthBytes; rest > 0; ) {
      const last = body.pages.at(-1);
      const page = last?.state === "filling" ? last : this.#openPage(body, rest);
      if (page === undefined) return false;
      const length = Math.min(rest, capacityOf(page.sizeBytes) - page.usedBytes);
      if (body.logged && position < page.logPosition) {
        page.logPosition = position;
        this.#unwritten.add(page);
      }
      this.#memory.arena.copy(page.address + page.usedBytes, at, length);
      page.usedBytes += length;
      body.receivedBytes += length;
      at += length;
      rest -= length;
      const isComplete = body.receivedBytes === body.sizeBytes;
      if (isComplete || page.usedBytes === capacityOf(page.sizeBytes)) this.#fill(page);
    }
    return true;
  }

  #openPage(body: Body, lengthBytes: number): BodyPage | undefined {
    const rest = Math.max(body.sizeBytes - body.receivedBytes, lengthBytes);
    const page = this.#newPage(body, pageSizeFor(rest));
    page.address = this.#memory.pages.allocate(page.sizeBytes);
    if (page.address !== NO_PAGE) return page;
    body.pages.pop();
    this.#onMemoryShort();
    return undefined;
  }

  #newPage(body: Body, sizeBytes: PageSizeBytes): BodyPage {
    const page = new BodyPage(body, ++this.#lastToken, body.receivedBytes, sizeBytes);
    body.pages.push(page);
    return page;
  }

  /** The page takes no more bytes. */
  #fill(page: BodyPage): void {
    page.state = "full";
    this.#residentBytes += page.sizeBytes;
    this.#full.add(page);
  }

  /** Sends pages away until the rest is within the limit. */
  #enforce(): void {
    if (this.#writesRest || this.#residentBytes - this.#leavingBytes <= this.#limitBytes) return;
    const targetBytes = this.#limitBytes * (1 - MARGIN);
    for (const page of [...[...this.#full].reverse(), ...[...this.#loaded].slice(0, -1)]) {
      if (this.#residentBytes - this.#leavingBytes <= targetBytes) return;
      this.#sendOut(page);
    }
  }

  #sendOut(page: BodyPage): void {
    if (page.isLeaving) return;
    if (page.state === "full" && page.handle !== NOT_WRITTEN) {
      this.#leave(page);
      return;
    }
    page.isLeaving = true;
    this.#leavingBytes += page.sizeBytes;
    this.#write(page);
  }

  #write(page: BodyPage): void {
    if (page.state !== "full" || page.handle !== NOT_WRITTEN) return;
    page.state = "writing";
    this.#underWay.set(page.token, page);
    const { token, address, usedBytes, body } = page;
    // Pages are written in whole words; what lies behind the bytes is of no meaning.
    const lengthBytes = (usedBytes + 7) & ~7;
    this.#pager.write(this, token, NO_QUEUE, address, lengthBytes, body.logged);
  }

  #load(page: BodyPage): void {
    if (page.isReadable) {
      this.#tellWaiting(page);
      return;
    }
    if (page.state === "reading") return;
    page.address = this.#memory.pages.allocate(page.sizeBytes);
    if (page.address === NO_PAGE) {
      this.#wanted.add(page);
      this.#tryAgainLater();
      this.#onMemoryShort();
      return;
    }
    page.state = "reading";
    this.#residentBytes += page.sizeBytes;
    this.#underWay.set(page.token, page);
    const lengthBytes = (page.usedBytes + 7) & ~7;
    this.#pager.read(this, page.token, page.handle, page.address, lengthBytes);
  }

  #leave(page: BodyPage): void {
    this.#dropMemory(page);
    page.state = "out";
  }

  #dropMemory(page: BodyPage): void {
    this.#memory.pages.free(page.address, page.sizeBytes);
    page.address = NO_PAGE;
    this.#full.delete(page);
    this.#loaded.delete(page);
    if (page.state !== "filling") this.#residentBytes -= page.sizeBytes;
  }

  #forget(body: Body): void {
    this.#bodies.delete(body.reference);
    for (const page of body.pages) this.#forgetPage(page);
  }

  #forgetPage(page: BodyPage): void {
    this.#wanted.delete(page);
    this.#unwritten.delete(page);
    if (page.state === "writing" || page.state === "reading") {
      page.isDoomed = true;
      return;
    }
    if (page.state !== "out") this.#dropMemory(page);
    if (page.handle !== NOT_WRITTEN) this.#pager.release(page.handle);
  }

  // ---- what the pager tells -------------------------------------------------------------------------------------

  onPageWritten(token: number, handle: PageHandle): void {
    const page = this.#arrived(token);
    page.handle = handle;
    page.logPosition = NO_LOG_POSITION;
    this.#unwritten.delete(page);
    page.state = "full";
    const leaves = this.#endLeaving(page);
    if (page.isDoomed) this.#forgetPage(page);
    else if (leaves) this.#leave(page);
  }

  onPageRead(token: number): void {
    const page = this.#arrived(token);
    page.state = "full";
    this.#loaded.add(page);
    if (page.isDoomed) {
      this.#forgetPage(page);
      return;
    }
    this.#tellWaiting(page);
    this.#enforce();
  }

  onPageDamaged(token: number): void {
    const page = this.#underWay.get(token) as BodyPage;
    page.body.isLost = true;
  }

  onPageFailed(token: number): void {
    const page = this.#arrived(token);
    const wasReading = page.state === "reading";
    page.state = "full";
    this.#endLeaving(page);
    if (page.isDoomed) {
      this.#forgetPage(page);
    } else if (wasReading) {
      this.#leave(page);
      this.#wanted.add(page);
      this.#tryAgainLater();
    } else {
      this.#writesRest = true;
      this.#tryAgainLater();
    }
  }

  override onTimer(): void {
    this.#writesRest = false;
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (const page of wanted) this.#load(page);
    this.#enforce();
  }

  #arrived(token: number): BodyPage {
    const page = this.#underWay.get(token) as BodyPage;
    this.#underWay.delete(token);
    return page;
  }

  #endLeaving(page: BodyPage): boolean {
    if (!page.isLeaving) return false;
    page.isLeaving = false;
    const wasBehind = this.isBehind;
    this.#leavingBytes -= page.sizeBytes;
    if (wasBehind && !this.isBehind) this.#onCaughtUp();
    return true;
  }

  #tellWaiting(page: BodyPage): void {
    const waiting = page.waiting;
    page.waiting = [];
    for (const onLoaded of waiting) onLoaded();
  }

  #tryAgainLater(): void {
    if (!this.isScheduled) this.#timers.scheduleAfter(this, REST_MS);
  }

  #get(reference: BodyReference): Body {
    const body = this.#bodies.get(reference);
    assert(body !== undefined, "a referred body exists");
    return body;
  }
}

/** The page in which the next `restBytes` of a body begin: large ones only where they are filled at least half. */
function pageSizeFor(restBytes: number): PageSizeBytes {
  if (restBytes >= LARGE_PAGE_BYTES / 2) return LARGE_PAGE_BYTES;
  return restBytes <= capacityOf(SMALL_PAGE_BYTES) ? smallestPageFor(restBytes) : MEDIUM_PAGE_BYTES;
}
