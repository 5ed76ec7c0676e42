// hot path: runs per message
// Gathers what a turn settles in one queue into ranges, so that the log gets a few entries instead of one a message.

import type { QueueNumber, Sequence } from "../numbers.ts";
import type { LogGatherer, Turn } from "../turn.ts";
import type { QueueJournal } from "./context.ts";

/** No range is open. Sequences start at 1. */
const NONE: Sequence = 0;

export class SettlementLog implements LogGatherer {
  inTurnLog = false;
  readonly #turn: Turn;
  readonly #journal: QueueJournal;
  readonly #queue: QueueNumber;
  #from: Sequence = NONE;
  #to: Sequence = NONE;

  constructor(turn: Turn, journal: QueueJournal, queue: QueueNumber) {
    this.#turn = turn;
    this.#journal = journal;
    this.#queue = queue;
  }

  settled(sequence: Sequence): void {
    if (this.#from !== NONE) {
      if (sequence === this.#to + 1) {
        this.#to = sequence;
        return;
      }
      if (sequence === this.#from - 1) {
        this.#from = sequence;
        return;
      }
    }
    this.settledRange(sequence, sequence);
  }

  settledRange(from: Sequence, to: Sequence): void {
    this.appendGathered();
    this.#from = from;
    this.#to = to;
    this.#turn.appendLater(this);
  }

  appendGathered(): void {
    if (this.#from === NONE) return;
    this.#journal.settle(this.#queue, this.#from, this.#to);
    this.#from = NONE;
  }
}
