// hot path: runs per message
// Which exchange's publishes the confirms of a channel are for: runs of publishes to the same one.

import type { PublishSequence } from "../../broker/numbers.ts";
import type { ExchangeTally } from "../../broker/observing/channel-tallies.ts";

/** Runs that may wait for their confirms; what comes then is counted with the run before it. */
const RUNS_MAX = 65_536;
/** Runs that are over are let go of so many at a time. */
const DONE_MAX = 1_024;

export class ConfirmShares {
  /** Runs that have an end, the oldest that waits at `#first`: their last publish, and where they are counted. */
  readonly #ends: PublishSequence[] = [];
  readonly #tallies: ExchangeTally[] = [];
  #first = 0;
  /** The run that still grows. */
  #newest: ExchangeTally | undefined = undefined;
  #answered: PublishSequence = 0;

  published(tag: PublishSequence, tally: ExchangeTally): void {
    if (tally !== this.#newest) this.#begin(tag, tally);
  }

  #begin(tag: PublishSequence, tally: ExchangeTally): void {
    const newest = this.#newest;
    if (newest !== undefined && tag - 1 > this.#answered) {
      if (this.#ends.length - this.#first >= RUNS_MAX) return;
      this.#ends.push(tag - 1);
      this.#tallies.push(newest);
    }
    this.#newest = tally;
  }

  /** All publishes up to `tag` that were not answered yet are now. */
  answered(tag: PublishSequence, refused: boolean): void {
    let from = this.#answered;
    this.#answered = tag;
    while (this.#first < this.#ends.length && from < tag) {
      const end = this.#ends[this.#first] as PublishSequence;
      const until = Math.min(end, tag);
      if (!refused) (this.#tallies[this.#first] as ExchangeTally).confirmed += until - from;
      from = until;
      if (end <= tag) this.#first++;
    }
    if (!refused && this.#newest !== undefined) this.#newest.confirmed += tag - from;
    if (this.#first >= DONE_MAX) this.#letGo();
  }

  #letGo(): void {
    this.#ends.splice(0, this.#first);
    this.#tallies.splice(0, this.#first);
    this.#first = 0;
  }
}
