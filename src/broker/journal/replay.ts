// Tells a new broker what its log and checkpoint say, entry by entry. Entries may come of which the broker knows
// already, and entries of queues that are gone: every call here may be one that changes nothing.

import type { Address } from "../../lib/arena.ts";
import type { Broker } from "../broker.ts";
import type { LogPosition, QueueNumber, Sequence } from "../numbers.ts";
import { EntryKind, type ReplayHandler } from "../ports.ts";
import type { JsonObject } from "./journaling.ts";
import {
  COMMIT_RANGE_BYTES,
  CONTINUED,
  CommitField,
  DefinitionPieces,
  MOVE_PREFIX_BYTES,
  PAGE_FACTS_BYTES,
  PartField,
  PublishView,
  pageFilterBytes,
  RANGE_BYTES,
  RETURNED_RANGE_BYTES,
  readDefinition,
  readPageFacts,
  readTracked,
  TRANSACTION_PREFIX_BYTES,
} from "./log-entries.ts";
import type { Recoverable } from "./recovery.ts";

/** While less of the pages than this is free, replay waits for pages to be written out. */
const FREE_SHARE_MIN = 1 / 8;

/** False when there is no memory for the entry, which then comes again: what it has done is not done twice. */
type Apply = (at: Address, lengthBytes: number, position: LogPosition) => unknown;

interface RestoredMessage {
  readonly queue: QueueNumber;
  readonly sequence: Sequence;
}

export class Replay implements ReplayHandler {
  readonly #broker: Broker;
  readonly #view: DataView;
  readonly #publish: PublishView;
  /** Cleared by every definition. */
  readonly #queues = new Map<QueueNumber, Recoverable | undefined>();
  readonly #pieces = new DefinitionPieces();
  /** What transactions without their commit entry have published. */
  readonly #uncommitted = new Map<number, RestoredMessage[]>();
  #lastTransaction = 0;
  /** Messages put into queues. */
  messageCount = 0;

  readonly #appliers: Readonly<Record<EntryKind, Apply>> = {
    [EntryKind.publish]: (at, _, position) => this.#restore(at, position, undefined),
    [EntryKind.settle]: (at, lengthBytes) => this.#settle(at, lengthBytes),
    [EntryKind.returned]: (at, lengthBytes) => this.#returned(at, lengthBytes),
    [EntryKind.definition]: (at) => this.#define(at),
    [EntryKind.move]: (at, _, position) => this.#move(at, position),
    [EntryKind.part]: (at, _, position) => this.#part(at, position),
    [EntryKind.transactionPublish]: (at, _, position) => this.#publishUncommitted(at, position),
    [EntryKind.commit]: (at, lengthBytes) => this.#commit(at, lengthBytes),
    [EntryKind.deliveredUpTo]: (at, lengthBytes) => this.#outUpTo(at, lengthBytes, false),
    [EntryKind.outUpTo]: (at, lengthBytes) => this.#outUpTo(at, lengthBytes, true),
    [EntryKind.waiting]: (at, lengthBytes) => this.#waiting(at, lengthBytes),
    [EntryKind.numbers]: (at) => this.#numbers(at),
    [EntryKind.lastSequences]: (at, lengthBytes) => this.#lastSequences(at, lengthBytes),
    [EntryKind.pages]: (at, lengthBytes) => this.#pages(at, lengthBytes),
    [EntryKind.bodies]: (at, lengthBytes) => this.#body(at, lengthBytes),
    [EntryKind.bodyReferences]: (at, lengthBytes) => this.#bodyReferences(at, lengthBytes),
    [EntryKind.bodyRuns]: (at, lengthBytes) => this.#bodyRuns(at, lengthBytes),
    [EntryKind.tracked]: (at) => this.#tracked(at),
    [EntryKind.pageFilters]: (at, lengthBytes) => this.#pageFilters(at, lengthBytes),
  };

  constructor(broker: Broker) {
    this.#broker = broker;
    this.#view = broker.memory.arena.view;
    this.#publish = new PublishView(this.#view);
    broker.startReplay();
  }

  get congested(): boolean {
    const { pages } = this.#broker.memory;
    return this.#broker.isBehind || pages.freeBytes < pages.sizeBytes * FREE_SHARE_MIN;
  }

  /** Throws for a kind of entry this version does not know: what follows could not be trusted. */
  onEntry(kind: EntryKind, at: Address, lengthBytes: number, position: LogPosition): boolean {
    const apply = this.#appliers[kind];
    if (apply === undefined) throw new Error(`the log has an entry of unknown kind ${kind}`);
    if (apply(at, lengthBytes, position) !== false) return true;
    this.#broker.pageBudget.sweepSoon();
    return false;
  }

  /** Everything has been heard: what was never committed goes, and the queues may run. */
  end(): void {
    for (const messages of this.#uncommitted.values()) {
      for (const { queue, sequence } of messages) {
        this.#queue(queue)?.restoreSettled(sequence, sequence);
      }
    }
    this.#uncommitted.clear();
    this.#broker.journal.lastTransaction = this.#lastTransaction;
    this.#broker.endReplay();
    this.#broker.bodies.restored();
    for (const vhost of this.#broker.vhosts.values()) {
      for (const queue of vhost.numberedQueues()) queue.recoverable?.restored();
    }
  }

  #queue(number: QueueNumber): Recoverable | undefined {
    const known = this.#queues.get(number);
    if (known !== undefined || this.#queues.has(number)) return known;
    let found: Recoverable | undefined;
    for (const vhost of this.#broker.vhosts.values()) {
      found ??= vhost.queueByNumber(number)?.recoverable;
    }
    this.#queues.set(number, found);
    return found;
  }

  #restore(
    publishAt: Address,
    position: LogPosition,
    restored: RestoredMessage[] | undefined,
  ): boolean {
    const entry = this.#publish;
    entry.at = publishAt;
    const { targetCount, recordAt } = entry;
    for (let i = 0; i < targetCount; i++) {
      const queue = this.#queue(entry.queue(i));
      const sequence = entry.sequence(i);
      if (queue?.restore(recordAt, sequence, entry.expiresAtMs(i), position) === false)
        return false;
    }
    for (let i = 0; i < targetCount; i++) {
      const number = entry.queue(i);
      if (this.#queue(number) === undefined) continue;
      this.messageCount++;
      restored?.push({ queue: number, sequence: entry.sequence(i) });
    }
    return true;
  }

  #settle(at: Address, lengthBytes: number): void {
    const queue = this.#queue(this.#view.getFloat64(at, true));
    if (queue === undefined) return;
    for (let range = at + 8; range < at + lengthBytes; range += RANGE_BYTES) {
      queue.restoreSettled(
        this.#view.getFloat64(range, true),
        this.#view.getFloat64(range + 8, true),
      );
    }
  }

  #returned(at: Address, lengthBytes: number): void {
    const queue = this.#queue(this.#view.getFloat64(at, true));
    if (queue === undefined) return;
    for (let range = at + 8; range < at + lengthBytes; range += RETURNED_RANGE_BYTES) {
      queue.restoreReturned(
        this.#view.getFloat64(range, true),
        this.#view.getFloat64(range + 8, true),
        this.#view.getFloat64(range + 16, true),
      );
    }
  }

  #waiting(at: Address, lengthBytes: number): void {
    const queue = this.#queue(this.#view.getFloat64(at, true));
    for (let row = at + 8; row < at + lengthBytes; row += RANGE_BYTES) {
      const dueAtMs = this.#view.getFloat64(row + 8, true);
      queue?.restoreWaiting?.(this.#view.getFloat64(row, true), dueAtMs);
    }
  }

  #define(at: Address): void {
    const piece = readDefinition(this.#broker.memory.arena.u8, at);
    const text = this.#pieces.add(piece);
    if (text === undefined) return;
    this.#queues.clear();
    this.#broker.applyDefinition(piece.kind, JSON.parse(text) as JsonObject);
  }

  /** The new message comes before the old one goes: they may share a large body. */
  #move(at: Address, position: LogPosition): boolean {
    const from = this.#view.getFloat64(at, true);
    const sequence = this.#view.getFloat64(at + 8, true);
    if (!this.#restore(at + MOVE_PREFIX_BYTES, position, undefined)) return false;
    this.#queue(from)?.restoreSettled(sequence, sequence);
    return true;
  }

  #publishUncommitted(at: Address, position: LogPosition): boolean {
    const transaction = this.#view.getFloat64(at, true);
    this.#sawTransaction(transaction);
    let messages = this.#uncommitted.get(transaction);
    if (messages === undefined) {
      messages = [];
      this.#uncommitted.set(transaction, messages);
    }
    return this.#restore(at + TRANSACTION_PREFIX_BYTES, position, messages);
  }

  /** The last piece of a commit decides; ranges of earlier pieces are settled by then. */
  #commit(at: Address, lengthBytes: number): void {
    const view = this.#view;
    const transaction = view.getFloat64(at + CommitField.transaction, true);
    this.#sawTransaction(transaction);
    const pieces = this.#commitRanges(transaction);
    for (let x = at + CommitField.ranges; x < at + lengthBytes; x += COMMIT_RANGE_BYTES) {
      pieces.push(
        view.getFloat64(x, true),
        view.getFloat64(x + 8, true),
        view.getFloat64(x + 16, true),
      );
    }
    if ((view.getUint32(at + CommitField.flags, true) & CONTINUED) !== 0) return;
    for (let i = 0; i < pieces.length; i += 3) {
      const [number, from, to] = pieces.slice(i, i + 3) as [number, number, number];
      this.#queue(number)?.restoreSettled(from, to);
    }
    this.#openCommits.delete(transaction);
    this.#uncommitted.delete(transaction);
  }

  /** Ranges of commits whose last piece has not come. */
  readonly #openCommits = new Map<number, number[]>();

  #commitRanges(transaction: number): number[] {
    let ranges = this.#openCommits.get(transaction);
    if (ranges === undefined) {
      ranges = [];
      this.#openCommits.set(transaction, ranges);
    }
    return ranges;
  }

  #sawTransaction(transaction: number): void {
    this.#lastTransaction = Math.max(this.#lastTransaction, transaction);
  }

  #outUpTo(at: Address, lengthBytes: number, isCounted: boolean): void {
    for (let pair = at; pair < at + lengthBytes; pair += 16) {
      const sequence = this.#view.getFloat64(pair + 8, true);
      this.#queue(this.#view.getFloat64(pair, true))?.restoreDeliveredUpTo(sequence, isCounted);
    }
  }

  #numbers(at: Address): void {
    const view = this.#view;
    this.#broker.numbersAtLeast(view.getFloat64(at, true), view.getFloat64(at + 8, true));
    this.#sawTransaction(view.getFloat64(at + 16, true));
    const { bodies } = this.#broker;
    bodies.lastReference = Math.max(bodies.lastReference, view.getFloat64(at + 24, true));
  }

  #part(at: Address, position: LogPosition): boolean {
    const view = this.#view;
    return this.#broker.bodies.restorePart(
      view.getFloat64(at + PartField.bodyReference, true),
      view.getUint32(at + PartField.bodySize, true),
      view.getFloat64(at + PartField.offset, true),
      at + PartField.bytes,
      view.getUint32(at + PartField.length, true),
      position,
    );
  }

  #body(at: Address, lengthBytes: number): void {
    const view = this.#view;
    const pages: { handle: number; lengthBytes: number }[] = [];
    for (let page = at + 16; page < at + lengthBytes; page += 16) {
      pages.push({
        handle: view.getFloat64(page, true),
        lengthBytes: view.getFloat64(page + 8, true),
      });
    }
    const [reference, sizeBytes] = [view.getFloat64(at, true), view.getFloat64(at + 8, true)];
    this.#broker.bodies.restore({ reference, sizeBytes, pages });
  }

  #bodyReferences(at: Address, lengthBytes: number): void {
    const queue = this.#queue(this.#view.getFloat64(at, true));
    if (queue === undefined) return;
    for (let x = at + 8; x < at + lengthBytes; x += 16) {
      queue.restoreBodies(this.#view.getFloat64(x, true), 1, this.#view.getFloat64(x + 8, true));
    }
  }

  #bodyRuns(at: Address, lengthBytes: number): void {
    const queue = this.#queue(this.#view.getFloat64(at, true));
    if (queue === undefined) return;
    for (let x = at + 8; x < at + lengthBytes; x += 24) {
      queue.restoreBodies(
        this.#view.getFloat64(x, true),
        this.#view.getFloat64(x + 8, true),
        this.#view.getFloat64(x + 16, true),
      );
    }
  }

  #lastSequences(at: Address, lengthBytes: number): void {
    const sequences: Sequence[] = [];
    for (let x = at + 8; x < at + lengthBytes; x += 8) {
      sequences.push(this.#view.getFloat64(x, true));
    }
    this.#queue(this.#view.getFloat64(at, true))?.restoreLastSequences(sequences);
  }

  #pages(at: Address, lengthBytes: number): void {
    const queue = this.#queue(this.#view.getFloat64(at, true));
    if (queue === undefined) return;
    for (let facts = at + 8; facts < at + lengthBytes; facts += PAGE_FACTS_BYTES) {
      queue.restorePage(readPageFacts(this.#view, facts));
    }
  }

  #tracked(at: Address): void {
    const { u8 } = this.#broker.memory.arena;
    const { queue, kind, name, value } = readTracked(u8, this.#view, at);
    this.#queue(queue)?.restoreTracked?.(kind, new TextDecoder().decode(name), value);
  }

  #pageFilters(at: Address, lengthBytes: number): void {
    const queue = this.#queue(this.#view.getFloat64(at, true));
    for (let row = at + 8; row < at + lengthBytes; ) {
      const length = this.#view.getUint32(row + 8, true);
      const filter = this.#broker.memory.arena.u8.slice(row + 16, row + 16 + length);
      queue?.restoreFilter?.(this.#view.getFloat64(row, true), filter);
      row += pageFilterBytes(length);
    }
  }
}
