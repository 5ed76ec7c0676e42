// hot path: runs per message
// One priority level of a queue: what was never delivered, and what came back.

import { IntervalSet } from "../../lib/interval-set.ts";
import type { Sequence } from "../numbers.ts";
import type { PageChain } from "./page-chain.ts";
import { ReturnedRuns } from "./returned-runs.ts";

export class Level {
  readonly chain: PageChain;
  readonly returned = new ReturnedRuns();
  /** Up to here messages may have been delivered by an earlier run of the broker. */
  redeliveredUpTo: Sequence = 0;
  /** By delivery count: the messages that had come back so often before a restart. */
  #returnedBefore: Map<number, IntervalSet> | undefined = undefined;

  constructor(chain: PageChain) {
    this.chain = chain;
  }

  /** An earlier run of the broker has counted so many deliveries in vain; its last word counts. */
  noteReturned(from: Sequence, to: Sequence, deliveryCount: number): void {
    this.#returnedBefore ??= new Map();
    for (const others of this.#returnedBefore.values()) others.remove(from, to);
    const known = this.#returnedBefore.get(deliveryCount) ?? new IntervalSet();
    known.add(from, to);
    this.#returnedBefore.set(deliveryCount, known);
  }

  deliveryCountBefore(sequence: Sequence): number {
    if (this.#returnedBefore === undefined) return 0;
    for (const [deliveryCount, sequences] of this.#returnedBefore) {
      if (sequences.has(sequence)) return deliveryCount;
    }
    return 0;
  }

  /** What an earlier run has counted of messages that have not been handed out since. */
  *returnedEarlier(): IterableIterator<{ from: Sequence; to: Sequence; deliveryCount: number }> {
    const passed = this.chain.passedSequence;
    for (const [deliveryCount, sequences] of this.#returnedBefore ?? []) {
      for (let at = sequences.firstAtOrAfter(passed + 1); at !== undefined; ) {
        const to = sequences.rangeEnd(at);
        yield { from: at, to, deliveryCount };
        at = sequences.firstAtOrAfter(to + 1);
      }
    }
  }

  get readyCount(): number {
    return this.chain.unread + this.returned.count;
  }
}
