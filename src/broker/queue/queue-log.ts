// hot path: runs per message
// What happens to the logged messages of one queue during a turn, gathered into ranges: the log gets a few entries
// instead of one a message.

import type { LogGatherer, Turn } from "../flow/turn.ts";
import type { QueueNumber, Sequence } from "../numbers.ts";
import type { Backlog } from "./backlog.ts";
import type { QueueJournal } from "./context.ts";
import { LEVEL_SPAN } from "./page-chain.ts";

/** No range is open. Sequences start at 1. */
const NONE: Sequence = 0;

export class QueueLog implements LogGatherer {
  inTurnLog = false;
  readonly #turn: Turn;
  readonly #journal: QueueJournal;
  readonly #queue: QueueNumber;
  readonly #backlog: Backlog;
  #settledFrom: Sequence = NONE;
  #settledTo: Sequence = NONE;
  #returnedFrom: Sequence = NONE;
  #returnedTo: Sequence = NONE;
  #returnedCount = 0;
  #hasDelivered = false;
  /** By level: what the log knows to be handed out. */
  readonly #deliveredUpTo: Sequence[] = [];

  constructor(turn: Turn, journal: QueueJournal, queue: QueueNumber, backlog: Backlog) {
    this.#turn = turn;
    this.#journal = journal;
    this.#queue = queue;
    this.#backlog = backlog;
  }

  /** So many messages are gone. */
  settled(sequence: Sequence, count = 1): void {
    const last = sequence + count - 1;
    if (this.#settledFrom !== NONE) {
      if (sequence === this.#settledTo + 1) {
        this.#settledTo = last;
        return;
      }
      if (last === this.#settledFrom - 1) {
        this.#settledFrom = sequence;
        return;
      }
    }
    this.settledRange(sequence, last);
  }

  settledRange(from: Sequence, to: Sequence): void {
    this.#appendSettled();
    this.#settledFrom = from;
    this.#settledTo = to;
    if (!this.inTurnLog) this.#turn.appendLater(this);
  }

  /** A message has come back and was delivered in vain `deliveryCount` times. */
  returned(sequence: Sequence, deliveryCount: number): void {
    const goesOn =
      sequence === this.#returnedTo + 1 &&
      this.#returnedFrom !== NONE &&
      deliveryCount === this.#returnedCount;
    if (goesOn) this.#returnedTo = sequence;
    else this.returnedRange(sequence, sequence, deliveryCount);
  }

  /** So many were delivered in vain. */
  returnedRange(from: Sequence, to: Sequence, deliveryCount: number): void {
    this.#appendReturned();
    this.#returnedFrom = from;
    this.#returnedTo = to;
    this.#returnedCount = deliveryCount;
    if (!this.inTurnLog) this.#turn.appendLater(this);
  }

  /** A message that has come back waits until then. */
  waiting(sequence: Sequence, dueAtMs: number): void {
    this.#journal.waiting(this.#queue, sequence, dueAtMs);
  }

  /** A message was handed out for the first time. */
  delivered(): void {
    this.#hasDelivered = true;
    if (!this.inTurnLog) this.#turn.appendLater(this);
  }

  appendGathered(): void {
    this.#appendSettled();
    this.#appendReturned();
    if (this.#hasDelivered) this.#appendDelivered();
  }

  #appendSettled(): void {
    if (this.#settledFrom === NONE) return;
    this.#journal.settle(this.#queue, this.#settledFrom, this.#settledTo);
    this.#settledFrom = NONE;
  }

  #appendReturned(): void {
    if (this.#returnedFrom === NONE) return;
    this.#journal.returned(this.#queue, this.#returnedFrom, this.#returnedTo, this.#returnedCount);
    this.#returnedFrom = NONE;
  }

  #appendDelivered(): void {
    this.#hasDelivered = false;
    const backlog = this.#backlog;
    for (let index = 0; index <= backlog.levelCount; index++) {
      const chain = backlog.levelIfThere(index)?.chain;
      if (chain === undefined) continue;
      const known = this.#deliveredUpTo[chain.level] ?? chain.level * LEVEL_SPAN;
      if (chain.passedSequence <= known) continue;
      this.#deliveredUpTo[chain.level] = chain.passedSequence;
      this.#journal.deliveredUpTo(this.#queue, chain.passedSequence);
    }
  }
}
