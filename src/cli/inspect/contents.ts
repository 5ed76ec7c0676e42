// What an inspected data directory holds: its definitions as a broker would know them, and how many messages wait in
// each queue. Hears the checkpoint, the log and the pages, in that order.

import type { Broker } from "../../broker/broker.ts";
import type { JsonObject } from "../../broker/journal/journaling.ts";
import {
  COMMIT_RANGE_BYTES,
  CONTINUED,
  CommitField,
  DefinitionPieces,
  MOVE_PREFIX_BYTES,
  PAGE_FACTS_BYTES,
  PublishView,
  RANGE_BYTES,
  readDefinition,
  readPageFacts,
  TRANSACTION_PREFIX_BYTES,
} from "../../broker/journal/log-entries.ts";
import { RecordFlag, RecordView } from "../../broker/message/record.ts";
import type { QueueNumber, Sequence } from "../../broker/numbers.ts";
import { EntryKind } from "../../broker/ports.ts";
import { IntervalSet } from "../../lib/interval-set.ts";
import type { InspectionHandler } from "../../store/inspection.ts";

/** What is known of one queue's messages. */
class QueueMessages {
  readonly present = new IntervalSet();
  readonly settled = new IntervalSet();

  /** Messages that a start would bring back; some may have expired since. */
  get count(): number {
    for (const { from, to } of this.settled.ranges()) this.present.remove(from, to);
    return this.present.size;
  }
}

type Apply = (at: number, lengthBytes: number) => void;

export class InspectedContents implements InspectionHandler {
  readonly congested = false;
  readonly #broker: Broker;
  readonly #view: DataView;
  readonly #u8: Uint8Array;
  readonly #record: RecordView;
  readonly #publish: PublishView;
  readonly #queues = new Map<QueueNumber, QueueMessages>();
  /** Which queue a page belongs to; undefined = it holds pieces of a large body. */
  readonly #pages = new Map<number, QueueNumber | undefined>();
  readonly #uncommitted = new Map<number, [QueueNumber, Sequence][]>();
  readonly #commits = new Map<number, [QueueNumber, Sequence, Sequence][]>();
  readonly #pieces = new DefinitionPieces();

  readonly #appliers: Partial<Record<EntryKind, Apply>> = {
    [EntryKind.definition]: (at) => this.#define(at),
    [EntryKind.publish]: (at) => this.#published(at),
    [EntryKind.settle]: (at, lengthBytes) => this.#settle(at, lengthBytes),
    [EntryKind.move]: (at) => this.#move(at),
    [EntryKind.transactionPublish]: (at) => this.#publishUncommitted(at),
    [EntryKind.commit]: (at, lengthBytes) => this.#commit(at, lengthBytes),
    [EntryKind.pages]: (at, lengthBytes) => this.#namePages(at, lengthBytes),
    [EntryKind.bodies]: (at, lengthBytes) => this.#nameBodyPages(at, lengthBytes),
  };

  /** The broker takes the definitions; entries and pages lie in its memory. */
  constructor(broker: Broker) {
    this.#broker = broker;
    const { arena } = broker.memory;
    this.#view = arena.view;
    this.#u8 = arena.u8;
    this.#record = new RecordView(arena);
    this.#publish = new PublishView(arena.view);
    broker.startReplay();
  }

  onEntry(kind: EntryKind, at: number, lengthBytes: number): boolean {
    this.#appliers[kind]?.(at, lengthBytes);
    return true;
  }

  holdsRecords(page: number): boolean | undefined {
    if (!this.#pages.has(page)) return undefined;
    const queue = this.#pages.get(page);
    if (queue === undefined) return false;
    return this.#isThere(queue) ? true : undefined;
  }

  onPage(page: number, at: number, lengthBytes: number): void {
    const { present } = this.#queue(this.#pages.get(page) as QueueNumber);
    const record = this.#record;
    for (let offset = 0; offset < lengthBytes; offset += record.lengthBytes) {
      record.at = at + offset;
      if (record.persistent && (record.flags & RecordFlag.settled) === 0) {
        present.add(record.sequence);
      }
    }
  }

  /** What has no commit never counted. Afterwards the broker can be asked. */
  end(): void {
    for (const messages of this.#uncommitted.values()) {
      for (const [queue, sequence] of messages) this.#queue(queue).settled.add(sequence);
    }
    this.#broker.endReplay();
  }

  messagesIn(queue: QueueNumber): number {
    return this.#queues.get(queue)?.count ?? 0;
  }

  #queue(number: QueueNumber): QueueMessages {
    let queue = this.#queues.get(number);
    if (queue === undefined) {
      queue = new QueueMessages();
      this.#queues.set(number, queue);
    }
    return queue;
  }

  #isThere(number: QueueNumber): boolean {
    for (const vhost of this.#broker.vhosts.values()) {
      if (vhost.queueByNumber(number) !== undefined) return true;
    }
    return false;
  }

  #define(at: number): void {
    const piece = readDefinition(this.#u8, at);
    const text = this.#pieces.add(piece);
    if (text !== undefined) {
      this.#broker.applyDefinition(piece.kind, JSON.parse(text) as JsonObject);
    }
  }

  #published(at: number): [QueueNumber, Sequence][] {
    const entry = this.#publish;
    entry.at = at;
    const messages: [QueueNumber, Sequence][] = [];
    for (let i = 0; i < entry.targetCount; i++) {
      const [queue, sequence] = [entry.queue(i), entry.sequence(i)];
      this.#queue(queue).present.add(sequence);
      messages.push([queue, sequence]);
    }
    return messages;
  }

  #settle(at: number, lengthBytes: number): void {
    const { settled } = this.#queue(this.#view.getFloat64(at, true));
    for (let range = at + 8; range < at + lengthBytes; range += RANGE_BYTES) {
      settled.add(this.#view.getFloat64(range, true), this.#view.getFloat64(range + 8, true));
    }
  }

  #move(at: number): void {
    const from = this.#queue(this.#view.getFloat64(at, true));
    from.settled.add(this.#view.getFloat64(at + 8, true));
    this.#published(at + MOVE_PREFIX_BYTES);
  }

  #publishUncommitted(at: number): void {
    const transaction = this.#view.getFloat64(at, true);
    const messages = this.#uncommitted.get(transaction) ?? [];
    messages.push(...this.#published(at + TRANSACTION_PREFIX_BYTES));
    this.#uncommitted.set(transaction, messages);
  }

  #commit(at: number, lengthBytes: number): void {
    const view = this.#view;
    const transaction = view.getFloat64(at + CommitField.transaction, true);
    const ranges = this.#commits.get(transaction) ?? [];
    this.#commits.set(transaction, ranges);
    for (let x = at + CommitField.ranges; x < at + lengthBytes; x += COMMIT_RANGE_BYTES) {
      const [from, to] = [view.getFloat64(x + 8, true), view.getFloat64(x + 16, true)];
      ranges.push([view.getFloat64(x, true), from, to]);
    }
    if ((view.getUint32(at + CommitField.flags, true) & CONTINUED) !== 0) return;
    for (const [queue, from, to] of ranges) this.#queue(queue).settled.add(from, to);
    this.#commits.delete(transaction);
    this.#uncommitted.delete(transaction);
  }

  #namePages(at: number, lengthBytes: number): void {
    const queue = this.#view.getFloat64(at, true);
    for (let facts = at + 8; facts < at + lengthBytes; facts += PAGE_FACTS_BYTES) {
      this.#pages.set(readPageFacts(this.#view, facts).handle, queue);
    }
  }

  #nameBodyPages(at: number, lengthBytes: number): void {
    for (let page = at + 16; page < at + lengthBytes; page += 16) {
      this.#pages.set(this.#view.getFloat64(page, true), undefined);
    }
  }
}
