// The side of a logged queue that checkpoints and replay speak to: what of it must be written, what is written
// where, and how it comes back after a restart.

import type { Address } from "../../lib/arena.ts";
import { IntervalSet } from "../../lib/interval-set.ts";
import type { CheckpointWriter, PageFacts, Recoverable } from "../journal/recovery.ts";
import type { BodyReference, LogPosition, QueueNumber, Sequence } from "../numbers.ts";
import type { Backlog } from "./backlog.ts";
import type { DepthFigures } from "./depth-figures.ts";
import type { Level } from "./level.ts";
import { NOT_WRITTEN, type Page, PageState, smallestPageFor } from "./page.ts";
import { LEVEL_SPAN } from "./page-chain.ts";
import type { QueuePages } from "./queue-pages.ts";

/** What replay has told of one level and what is only needed until it ends. */
class Replayed {
  /** Settled, wherever the message lies. */
  readonly settled = new IntervalSet();
  lastSequence: Sequence = 0;
  /** Where the last settlement was found: they come in order most of the time. */
  hint: Page | undefined = undefined;
}

/** Whether some message may expire. */
export interface ExpiryMark {
  mayExpire: boolean;
}

/** The messages that wait for their next delivery. */
export interface WaitingMessages {
  /** A delivery whose consumer is lost was one in vain. */
  readonly counts: boolean;
  /** Those that do now; without a count where that is noted elsewhere. */
  all(): Iterable<{ sequence: Sequence; dueAtMs: number; deliveryCount: number | undefined }>;
  /** The log tells of one. */
  restore(sequence: Sequence, dueAtMs: number): void;
  /** Replay is over, and messages are there that were delivered before. */
  onRestored(): void;
}

export interface RecoveryHost {
  /** Replay is over: messages are there. */
  onRestored(): void;
}

export class QueueRecovery implements Recoverable {
  readonly #queue: QueueNumber;
  readonly #backlog: Backlog;
  readonly #pages: QueuePages;
  readonly #figures: DepthFigures;
  readonly #expiry: ExpiryMark;
  readonly #host: RecoveryHost;
  readonly #waiting: WaitingMessages | undefined;
  /** By level; only while the log is read. */
  #replayed: Map<number, Replayed> | undefined = undefined;

  constructor(
    queue: QueueNumber,
    parts: {
      readonly backlog: Backlog;
      readonly pages: QueuePages;
      readonly figures: DepthFigures;
      readonly expiry: ExpiryMark;
      readonly waiting?: WaitingMessages;
    },
    host: RecoveryHost,
  ) {
    this.#queue = queue;
    this.#backlog = parts.backlog;
    this.#pages = parts.pages;
    this.#figures = parts.figures;
    this.#expiry = parts.expiry;
    this.#waiting = parts.waiting;
    this.#host = host;
  }

  // ---- checkpoints ---------------------------------------------------------------------------------------------

  get lowestLogPosition(): LogPosition {
    return this.#pages.lowestLogPosition;
  }

  writeOutBefore(position: LogPosition): void {
    for (const page of this.#pages) {
      if (page.logged === 0 || page.lowestLogPosition >= position) continue;
      if (page.state === PageState.open) this.#backlog.seal(page);
      this.#pages.write(page);
    }
  }

  checkpoint(writer: CheckpointWriter): void {
    const queue = this.#queue;
    const lastSequences: Sequence[] = [];
    for (const { chain } of this.#backlog.levels()) {
      if (chain.lastSequence > chain.level * LEVEL_SPAN) lastSequences.push(chain.lastSequence);
    }
    if (lastSequences.length > 0) writer.lastSequences(queue, lastSequences);
    for (const level of this.#backlog.levels()) {
      const { chain } = level;
      const delivered = Math.max(level.redeliveredUpTo, chain.passedSequence);
      if (delivered > chain.level * LEVEL_SPAN) writer.deliveredUpTo(queue, delivered);
      const named = writtenPages(chain.firstPage);
      // Settlements come first: `restorePage` compares them with what the page is said to hold.
      for (const page of named) {
        for (const { from, to } of page.settledSince?.ranges() ?? []) {
          writer.settled(queue, from, to);
        }
      }
      for (const page of named) {
        writer.page(queue, factsOf(page));
        if (page.externalBodies > 0) this.#writeBodies(writer, page);
      }
      const counts = this.#waiting?.counts === true;
      for (const { from, to, deliveryCount } of level.counts()) {
        if (counts || deliveryCount > 0) writer.returned(queue, from, to, deliveryCount);
      }
    }
    this.#writeWaiting(writer);
  }

  #writeWaiting(writer: CheckpointWriter): void {
    for (const { sequence, dueAtMs, deliveryCount } of this.#waiting?.all() ?? []) {
      if (deliveryCount !== undefined) {
        writer.returned(this.#queue, sequence, sequence, deliveryCount);
      }
      writer.waiting(this.#queue, sequence, dueAtMs);
    }
  }

  #writeBodies(writer: CheckpointWriter, page: Page): void {
    if (page.bodies === undefined) writer.looked(page.live);
    for (const run of this.#backlog.scan.bodiesOf(page).runs) {
      if (run.isPersistent) writer.bodies(this.#queue, run);
    }
  }

  // ---- replay --------------------------------------------------------------------------------------------------

  restoreLastSequences(sequences: readonly Sequence[]): void {
    for (const sequence of sequences) this.#noteGivenOut(sequence);
  }

  restoreDeliveredUpTo(sequence: Sequence, isCounted: boolean): void {
    const level = this.#levelOf(sequence);
    this.#noteGivenOut(sequence);
    level.redeliveredUpTo = Math.max(level.redeliveredUpTo, sequence);
    if (isCounted) level.countedUpTo = Math.max(level.countedUpTo, sequence);
  }

  restorePage(facts: PageFacts): void {
    const { chain } = this.#levelOf(facts.firstSequence);
    if (facts.firstSequence <= chain.lastSequence) return;
    const page = this.#pages.adopt(chain.level, smallestPageFor(facts.lengthBytes), facts.handle);
    page.usedBytes = facts.lengthBytes;
    page.firstSequence = facts.firstSequence;
    page.lastSequence = facts.lastSequence;
    page.live = page.unread = page.logged = facts.messageCount;
    page.unreadBytes = page.loggedBytes = facts.messageBytes;
    page.lastExpiryMs = facts.lastExpiryMs === 0 ? Number.POSITIVE_INFINITY : facts.lastExpiryMs;
    const settled = this.#replayedOf(facts.firstSequence).settled;
    const gone = copyRanges(settled, page);
    // Only where every other sequence is a message can later settlements be counted without the page.
    page.isInexact = facts.lastSequence - facts.firstSequence + 1 !== facts.messageCount + gone;
    chain.adopt(page);
  }

  restoreBodies(firstSequence: Sequence, count: number, firstReference: BodyReference): void {
    for (let i = 0; i < count; i++) this.#restoreBody(firstSequence + i, firstReference + i);
  }

  #restoreBody(sequence: Sequence, body: BodyReference): void {
    const { chain } = this.#levelOf(sequence);
    let page = chain.lastPage;
    while (page !== undefined && page.firstSequence > sequence) page = page.previous;
    if (page === undefined || page.handle === NOT_WRITTEN || page.lastSequence < sequence) return;
    if (page.settledSince?.has(sequence) === true) return;
    this.#backlog.scan.restoreBody(page, sequence, body);
  }

  restore(at: Address, sequence: Sequence, expiresAtMs: number, position: LogPosition): boolean {
    const { chain } = this.#levelOf(sequence);
    if (sequence <= chain.lastSequence) return true;
    if (this.#replayedOf(sequence).settled.has(sequence)) return true;
    return chain.restore(at, sequence, expiresAtMs, position);
  }

  restoreSettled(from: Sequence, to: Sequence): void {
    const replayed = this.#replayedOf(from);
    replayed.settled.add(from, to);
    this.#noteGivenOut(to);
    const { chain } = this.#levelOf(from);
    const hint = replayed.hint;
    const isUsable = hint !== undefined && !hint.isDoomed && hint.firstSequence <= from;
    let page = isUsable ? hint : chain.firstPage;
    while (page !== undefined && page.firstSequence <= to) {
      const next: Page | undefined = page.next;
      if (page.lastSequence >= from) this.#settleIn(page, from, to);
      page = next;
    }
    replayed.hint = undefined;
    if (page?.previous !== undefined) replayed.hint = page.previous;
  }

  restoreReturned(from: Sequence, to: Sequence, deliveryCount: number): void {
    this.#levelOf(from).noteReturned(from, to, deliveryCount);
  }

  restoreWaiting(sequence: Sequence, dueAtMs: number): void {
    this.#waiting?.restore(sequence, dueAtMs);
  }

  restored(): void {
    const backlog = this.#backlog;
    for (const level of backlog.levels()) {
      const { chain } = level;
      if (this.#waiting?.counts !== true) level.countedUpTo = 0;
      else if (level.redeliveredUpTo > 0) this.#waiting.onRestored();
      for (let page = chain.firstPage; page !== undefined; ) {
        const next: Page | undefined = page.next;
        this.#finish(page);
        page = next;
      }
      chain.lastSequence = Math.max(
        chain.lastSequence,
        this.#replayed?.get(chain.level)?.lastSequence ?? 0,
      );
      if (chain.unread === 0) chain.passedSequence = chain.lastSequence;
      for (let page = chain.firstPage; page !== undefined; page = page.next) {
        backlog.onReady(page.unread, chain.level);
        this.#figures.onRestored(page.unread, page.unreadBytes);
        // What pages say of expiry is the latest instant: any of the others may come sooner.
        this.#expiry.mayExpire = true;
      }
    }
    this.#replayed = undefined;
    this.#host.onRestored();
  }

  #settleIn(page: Page, from: Sequence, to: Sequence): void {
    this.#backlog.scan.releaseBodies(page, from, to);
    page.settledSince ??= new IntervalSet();
    page.settledSince.add(Math.max(from, page.firstSequence), Math.min(to, page.lastSequence));
    const { size } = page.settledSince;
    const isAllGone = size === page.lastSequence - page.firstSequence + 1;
    // A page of the log that may be empty by now is looked at, so that replay of a long log needs little memory.
    if (isAllGone) this.#drop(page);
    else if (page.handle === NOT_WRITTEN && page.isReadable && size >= page.live * 2) {
      this.#finish(page);
    }
  }

  /** Counts what of a page is left. */
  #finish(page: Page): void {
    const { settledSince } = page;
    if (settledSince === undefined || settledSince.size === 0) {
      if (page.isInexact) this.#pages.load(page);
      return;
    }
    if (page.isReadable) {
      this.#backlog.countRestored(page);
      return;
    }
    const span = page.lastSequence - page.firstSequence + 1;
    // Sequences between messages may have been transient ones: then this is too many until the page is read.
    const atMost = Math.min(page.live, span - settledSince.size);
    const left = page.isInexact ? Math.max(1, atMost) : atMost;
    const leftBytes = Math.round((page.unreadBytes * left) / page.live);
    const chain = this.#levelOf(page.firstSequence).chain;
    page.loggedBytes = leftBytes;
    page.logged = left;
    // The bytes are an estimate until the page has been read.
    page.isInexact = true;
    chain.loseSome(page, page.live - left, page.unreadBytes - leftBytes);
    if (left > 0) this.#pages.load(page);
  }

  #drop(page: Page): void {
    this.#levelOf(page.firstSequence).chain.loseUnread(page);
  }

  /**
   * The sequence belonged to a message, even if the log never heard of it (a transient one): used again, it would be
   * taken for settled.
   */
  #noteGivenOut(sequence: Sequence): void {
    const replayed = this.#replayedOf(sequence);
    replayed.lastSequence = Math.max(replayed.lastSequence, sequence);
  }

  #levelOf(sequence: Sequence): Level {
    return this.#backlog.levelAt(levelIndexOf(sequence));
  }

  #replayedOf(sequence: Sequence): Replayed {
    const index = levelIndexOf(sequence);
    this.#replayed ??= new Map();
    let replayed = this.#replayed.get(index);
    if (replayed === undefined) {
      replayed = new Replayed();
      this.#replayed.set(index, replayed);
    }
    return replayed;
  }
}

function levelIndexOf(sequence: Sequence): number {
  return Math.floor(sequence / LEVEL_SPAN);
}

/** The pages of a chain that a checkpoint names: up to the first one whose messages only the log has. */
function writtenPages(first: Page | undefined): Page[] {
  const pages: Page[] = [];
  for (let page = first; page !== undefined; page = page.next) {
    if (page.logged === 0) continue;
    if (page.handle === NOT_WRITTEN) break;
    pages.push(page);
  }
  return pages;
}

function factsOf(page: Page): PageFacts {
  return {
    handle: page.handle,
    lengthBytes: page.usedBytes,
    firstSequence: page.firstSequence,
    lastSequence: page.lastSequence,
    messageCount: page.logged,
    messageBytes: page.loggedBytes,
    lastExpiryMs: page.lastExpiryMs === Number.POSITIVE_INFINITY ? 0 : page.lastExpiryMs,
  };
}

/** Notes in the page which of its sequences are settled already; answers how many that are. */
function copyRanges(settled: IntervalSet, page: Page): number {
  const own = page.settledSince ?? new IntervalSet();
  for (let at = settled.firstAtOrAfter(page.firstSequence); at !== undefined; ) {
    if (at > page.lastSequence) break;
    const end = Math.min(settled.rangeEnd(at), page.lastSequence);
    own.add(at, end);
    at = settled.firstAtOrAfter(end + 1);
  }
  page.settledSince = own;
  return own.size;
}
