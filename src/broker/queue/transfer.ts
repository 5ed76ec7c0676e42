// hot path: runs per message
// One end of a conversion: messages leave the queue that is replaced and come into the one that takes its place, with
// what is known of each.

import type { Publication } from "../message/publication.ts";
import { RecordFlag } from "../message/record.ts";
import type { LogPosition } from "../numbers.ts";
import type { Backlog, Peek } from "./backlog.ts";
import type { QueueJournal } from "./context.ts";
import type { DepthFigures } from "./depth-figures.ts";
import { type MessageExpiry, NEVER } from "./message-expiry.ts";
import { isPersistentAt, NO_LOG_POSITION } from "./page.ts";
import type { PriorityLevels } from "./priority-levels.ts";
import type { Delivery, Queue, QueueDepth, QueueState } from "./queue.ts";
import type { QueueLog } from "./queue-log.ts";

/** What moves the messages; it is woken when a page that was missing is there. */
export interface Mover {
  resume(): void;
}

/** The queue itself. */
export interface TransferHost {
  readonly definition: { readonly number: number };
  state: QueueState;
  lastExpiresAtMs: number;
  /** Somebody waits for a message, or dead letters wait to be moved. */
  readonly isRead: boolean;
  peekNext(): Peek;
}

export interface TransferParts {
  readonly backlog: Backlog;
  readonly figures: DepthFigures;
  readonly expiry: MessageExpiry;
  readonly priorities: PriorityLevels;
  readonly journal: QueueJournal;
  readonly returns: { readonly counts: boolean };
  /** Undefined: its messages are not logged. */
  readonly log: QueueLog | undefined;
}

/** One end of a conversion, whichever type of queue it belongs to. */
export interface Transfer {
  /** Set while messages leave. */
  mover: Mover | undefined;
  /** The queue with the rest of what people see as this one. */
  partner: Queue | undefined;
  /** What leaves expires when it would have here; false: its time begins where it goes. */
  readonly keepsExpiry: boolean;
  /** From now on messages go to `mover` alone; publishes are taken as before. */
  begin(mover: Mover): void;

  /** Nothing is here, neither ready nor handed out nor on its way to where dead letters go. */
  readonly isEmpty: boolean;
  peek(): Peek;
  /** The message `peek` found. */
  readonly found: Delivery;
  /** The message `peek` found is in another queue now, and the log knows. */
  taken(): void;

  /**
   * Copies a message in, past all limits: it expires at `expiresAtMs`, or as one that is published now when that is
   * undefined. False: no memory.
   */
  put(publication: Publication, expiresAtMs: number | undefined): boolean;
  /** The message that came last was handed out before, and came back so often. */
  noteRedelivered(deliveryCount: number, isLogged: boolean): void;
}

export class WorkQueueTransfer implements Transfer {
  readonly keepsExpiry = true;
  mover: Mover | undefined = undefined;
  partner: Queue | undefined = undefined;
  readonly #host: TransferHost;
  readonly #parts: TransferParts;

  constructor(host: TransferHost, parts: TransferParts) {
    this.#host = host;
    this.#parts = parts;
  }

  begin(mover: Mover): void {
    this.mover = mover;
    this.#host.state = "converting";
  }

  // ---- leaving -------------------------------------------------------------------------------------------------

  get isEmpty(): boolean {
    const { backlog, figures } = this.#parts;
    return backlog.readyCount === 0 && figures.unackedCount === 0 && !this.#host.isRead;
  }

  peek(): Peek {
    const { backlog } = this.#parts;
    backlog.readAhead();
    return this.#host.peekNext();
  }

  get found(): Delivery {
    return this.#parts.backlog.found;
  }

  taken(): void {
    const { backlog, figures } = this.#parts;
    const { sequence, location, record } = backlog.found;
    const bytes = record.bodySizeBytes;
    figures.onTaken(bytes, isPersistentAt(location));
    backlog.take();
    backlog.settle(sequence, location, bytes);
  }

  // ---- coming --------------------------------------------------------------------------------------------------

  put(publication: Publication, wantedMs: number | undefined): boolean {
    const { backlog, priorities, figures, expiry, journal, log } = this.#parts;
    const expiresAtMs = wantedMs ?? expiry.instantFor(publication);
    const isPersistent = (publication.flags & RecordFlag.persistent) !== 0;
    const level = priorities.levelOf(publication);
    const position: LogPosition = isPersistent && log ? journal.position : NO_LOG_POSITION;
    if (!backlog.append(publication, level, expiresAtMs, position)) return false;
    this.#host.lastExpiresAtMs = expiresAtMs;
    figures.onReady(publication.bodySizeBytes, isPersistent);
    if (expiresAtMs !== NEVER) expiry.onCame(expiresAtMs);
    return true;
  }

  noteRedelivered(deliveryCount: number, isLogged: boolean): void {
    const { backlog, journal, log, returns } = this.#parts;
    const sequence = backlog.appendedSequence;
    const level = backlog.levelAt(backlog.levelIndexOf(sequence));
    const from = Math.max(level.redeliveredUpTo, level.chain.passedSequence) + 1;
    level.redeliveredUpTo = sequence;
    if (deliveryCount > 0) level.noteReturned(sequence, sequence, deliveryCount);
    if (!isLogged || log === undefined) return;
    journal.deliveredUpTo(this.#host.definition.number, sequence);
    if (deliveryCount > 0 || returns.counts) log.returned(sequence, deliveryCount);
    // Those in front of it were not handed out, whatever the log says now.
    if (from < sequence && returns.counts) log.returnedRange(from, sequence - 1, 0);
  }

  // ---- what is seen --------------------------------------------------------------------------------------------

  /** `own` and what the partner holds. */
  withPartner(own: QueueDepth): QueueDepth {
    return withPartner(own, this.partner);
  }
}

/** What people see of a queue whose other half is `partner`. */
export function withPartner(own: QueueDepth, partner: Queue | undefined): QueueDepth {
  if (partner === undefined) return own;
  const other = partner.depth;
  return {
    ready: own.ready + other.ready,
    unacknowledged: own.unacknowledged + other.unacknowledged,
    readyBytes: own.readyBytes + other.readyBytes,
    unacknowledgedBytes: own.unacknowledgedBytes + other.unacknowledgedBytes,
    deadLetters: own.deadLetters + other.deadLetters,
    deadLettersBytes: own.deadLettersBytes + other.deadLettersBytes,
    persistent: own.persistent + other.persistent,
    persistentBytes: own.persistentBytes + other.persistentBytes,
    inMemory: own.inMemory + other.inMemory,
    inMemoryBytes: own.inMemoryBytes + other.inMemoryBytes,
  };
}
