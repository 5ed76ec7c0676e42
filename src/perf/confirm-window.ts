// hot path: runs per message
// The messages of one publisher that the broker has not confirmed yet: when each was sent, and which are done early.

import type { Histogram } from "./histogram.ts";

export class ConfirmWindow {
  readonly limit: number;
  /** Published and not confirmed. */
  outstanding = 0;
  /** Delivery tag of the last message published. */
  #lastTag = 0;
  /** All tags up to this one are confirmed. */
  #settledTag = 0;
  readonly #mask: number;
  readonly #sentAtUs: Float64Array;
  readonly #isDone: Uint8Array;

  /** At most `limit` messages may be outstanding. */
  constructor(limit: number) {
    this.limit = limit;
    const size = 2 ** Math.ceil(Math.log2(limit + 1));
    this.#mask = size - 1;
    this.#sentAtUs = new Float64Array(size);
    this.#isDone = new Uint8Array(size);
  }

  /** How many messages may be published now. A tag confirmed early still holds its place behind the oldest. */
  get room(): number {
    return this.limit - (this.#lastTag - this.#settledTag);
  }

  /** When the oldest message that is not confirmed was sent; only while there is one. */
  get oldestSentAtUs(): number {
    return this.#sentAtUs[(this.#settledTag + 1) & this.#mask]!;
  }

  onPublished(count: number, sentAtUs: number): void {
    for (let index = 1; index <= count; index++) {
      const slot = (this.#lastTag + index) & this.#mask;
      this.#sentAtUs[slot] = sentAtUs;
      this.#isDone[slot] = 0;
    }
    this.#lastTag += count;
    this.outstanding += count;
  }

  /** The broker has settled `tag` (with `multiple`: and all before it). Answers how many messages that were. */
  settle(tag: number, multiple: boolean, nowUs: number, latency: Histogram): number {
    const upTo = tag === 0 && multiple ? this.#lastTag : tag;
    if (upTo > this.#lastTag) throw new Error(`confirm of message ${tag}, which was never sent`);
    const before = this.outstanding;
    if (multiple) {
      for (let each = this.#settledTag + 1; each <= upTo; each++) this.#done(each, nowUs, latency);
    } else {
      this.#done(upTo, nowUs, latency);
    }
    while (
      this.#settledTag < this.#lastTag &&
      this.#isDone[(this.#settledTag + 1) & this.#mask] === 1
    ) {
      this.#settledTag++;
    }
    return before - this.outstanding;
  }

  #done(tag: number, nowUs: number, latency: Histogram): void {
    const slot = tag & this.#mask;
    if (tag <= this.#settledTag || this.#isDone[slot] === 1) return;
    this.#isDone[slot] = 1;
    this.outstanding--;
    latency.record(nowUs - this.#sentAtUs[slot]!, 1);
  }
}
