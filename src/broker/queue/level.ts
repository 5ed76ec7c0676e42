// hot path: runs per message
// One priority level of a queue: what was never delivered, and what came back.

import type { Sequence } from "../numbers.ts";
import { type CountedRange, DeliveryCounts } from "./delivery-counts.ts";
import type { PageChain } from "./page-chain.ts";
import { ReturnedRuns } from "./returned-runs.ts";

export class Level {
  readonly chain: PageChain;
  readonly returned = new ReturnedRuns();
  /** Up to here messages may have been delivered by an earlier run of the broker. */
  redeliveredUpTo: Sequence = 0;
  /** Up to here one of which nothing is noted was out when that run ended: a delivery in vain. */
  countedUpTo: Sequence = 0;
  /** What that run has counted. */
  #before: DeliveryCounts | undefined = undefined;
  /** Of messages that are out, and not for the first time: what counts if nothing is heard of them any more. */
  #out: DeliveryCounts | undefined = undefined;

  constructor(chain: PageChain) {
    this.chain = chain;
  }

  /** An earlier run of the broker has counted so many deliveries in vain; its last word counts. */
  noteReturned(from: Sequence, to: Sequence, deliveryCount: number): void {
    this.#before ??= new DeliveryCounts();
    this.#before.note(from, to, deliveryCount);
  }

  /** Of a message that may have been delivered by an earlier run. */
  deliveryCountBefore(sequence: Sequence): number {
    return this.#before?.countOf(sequence) ?? (sequence <= this.countedUpTo ? 1 : 0);
  }

  /** A message goes out again. */
  noteOut(sequence: Sequence, countIfLost: number): void {
    this.#out ??= new DeliveryCounts();
    this.#out.note(sequence, sequence, countIfLost);
  }

  /** It is back, or gone; or as many are. */
  forgetOut(sequence: Sequence, count: number): void {
    if (this.#out?.isEmpty === false) this.#out.forget(sequence, sequence + count - 1);
  }

  /** What a restart must know besides how far messages were handed out; a later range overrules an earlier one. */
  *counts(): IterableIterator<CountedRange> {
    const { passedSequence } = this.chain;
    const from = Math.max(passedSequence, this.countedUpTo) + 1;
    // Marked as delivered for the sake of others behind them.
    if (from <= this.redeliveredUpTo) yield { from, to: this.redeliveredUpTo, deliveryCount: 0 };
    if (this.#before !== undefined) yield* this.#before.after(passedSequence);
    yield* this.returned;
    if (this.#out !== undefined) yield* this.#out.after(0);
  }

  get readyCount(): number {
    return this.chain.unread + this.returned.count;
  }
}
