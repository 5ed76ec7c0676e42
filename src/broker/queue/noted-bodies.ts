// Which bodies the records of a page refer to while the page is not in memory. Messages to many queues have bodies in
// a row, so a thousand of them cost as much as one.

import type { BodyReference, Sequence } from "../numbers.ts";

/** Messages in a row whose bodies are in a row. */
export interface BodyRun {
  readonly firstSequence: Sequence;
  readonly count: number;
  readonly firstReference: BodyReference;
  /** Transient messages have gone after a restart, but for those of streams. */
  readonly isPersistent: boolean;
}

interface Run {
  firstSequence: Sequence;
  count: number;
  firstReference: BodyReference;
  readonly isPersistent: boolean;
}

export class NotedBodies {
  /** By sequence. */
  readonly #runs: Run[] = [];

  /** The message's body; each message is noted once. */
  add(sequence: Sequence, reference: BodyReference, isPersistent: boolean): void {
    const index = this.#indexOf(sequence);
    const before = this.#runs[index];
    const continues =
      before !== undefined &&
      before.isPersistent === isPersistent &&
      sequence === before.firstSequence + before.count &&
      reference === before.firstReference + before.count;
    if (continues) before.count++;
    else {
      const run = { firstSequence: sequence, count: 1, firstReference: reference, isPersistent };
      this.#runs.splice(index + 1, 0, run);
    }
  }

  has(sequence: Sequence): boolean {
    return isIn(this.#runs[this.#indexOf(sequence)], sequence);
  }

  /** Answers the message's body and forgets it; undefined when none is noted. */
  take(sequence: Sequence): BodyReference | undefined {
    const index = this.#indexOf(sequence);
    const run = this.#runs[index];
    if (!isIn(run, sequence)) return undefined;
    const before = sequence - run.firstSequence;
    const reference = run.firstReference + before;
    const behind = run.count - before - 1;
    const rest = {
      firstSequence: sequence + 1,
      count: behind,
      firstReference: reference + 1,
      isPersistent: run.isPersistent,
    };
    run.count = before;
    if (behind > 0) this.#runs.splice(index + 1, 0, rest);
    if (before === 0) this.#runs.splice(index, 1);
    return reference;
  }

  /** The noted messages from `from` to `to`; they may be taken meanwhile. */
  sequencesBetween(from: Sequence, to: Sequence): Sequence[] {
    const found: Sequence[] = [];
    for (const { firstSequence, count } of this.#runs) {
      const last = Math.min(to, firstSequence + count - 1);
      for (let sequence = Math.max(from, firstSequence); sequence <= last; sequence++) {
        found.push(sequence);
      }
    }
    return found;
  }

  /** By sequence; valid until something is added or taken. */
  get runs(): readonly BodyRun[] {
    return this.#runs;
  }

  /** Of the last run that begins at `sequence` or before it; -1 when there is none. */
  #indexOf(sequence: Sequence): number {
    const runs = this.#runs;
    let low = -1;
    let high = runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((runs[middle] as Run).firstSequence <= sequence) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function isIn(run: Run | undefined, sequence: Sequence): run is Run {
  return run !== undefined && sequence < run.firstSequence + run.count;
}
