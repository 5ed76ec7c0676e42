// hot path: runs per message
// How often messages were delivered in vain: neighbours with the same count cost as much as one of them.

import { IntervalSet } from "../../lib/interval-set.ts";
import type { Sequence } from "../numbers.ts";

/** Both ends belong to it. */
export interface CountedRange {
  readonly from: Sequence;
  readonly to: Sequence;
  readonly deliveryCount: number;
}

export class DeliveryCounts {
  readonly #byCount = new Map<number, IntervalSet>();

  get isEmpty(): boolean {
    return this.#byCount.size === 0;
  }

  /** The last word counts. */
  note(from: Sequence, to: Sequence, deliveryCount: number): void {
    this.forget(from, to);
    let sequences = this.#byCount.get(deliveryCount);
    if (sequences === undefined) {
      sequences = new IntervalSet();
      this.#byCount.set(deliveryCount, sequences);
    }
    sequences.add(from, to);
  }

  forget(from: Sequence, to: Sequence): void {
    for (const [deliveryCount, sequences] of this.#byCount) {
      sequences.remove(from, to);
      if (sequences.size === 0) this.#byCount.delete(deliveryCount);
    }
  }

  countOf(sequence: Sequence): number | undefined {
    for (const [deliveryCount, sequences] of this.#byCount) {
      if (sequences.has(sequence)) return deliveryCount;
    }
    return undefined;
  }

  /** Those behind `sequence`. */
  *after(sequence: Sequence): IterableIterator<CountedRange> {
    for (const [deliveryCount, sequences] of this.#byCount) {
      for (let from = sequences.firstAtOrAfter(sequence + 1); from !== undefined; ) {
        const to = sequences.rangeEnd(from);
        yield { from, to, deliveryCount };
        from = sequences.firstAtOrAfter(to + 1);
      }
    }
  }
}
