// Those who asked for one message each: answered at once, or when the page with their message is there, in the order
// they came.

import { Peek } from "./backlog.ts";
import type { Getter } from "./queue.ts";

export interface GetHost {
  /** Looks for the message that goes out next. */
  peekForGet(): Peek;
  /** Gives away what `peekForGet` found. */
  giveTo(getter: Getter): void;
  giveNothing(getter: Getter): void;
}

export class PendingGets {
  readonly #host: GetHost;
  readonly #waiting: Getter[] = [];

  constructor(host: GetHost) {
    this.#host = host;
  }

  /** Those whose page is being read. */
  get count(): number {
    return this.#waiting.length;
  }

  answer(getter: Getter): void {
    if (this.#waiting.length > 0) this.#waiting.push(getter);
    else this.#answerNext(getter);
  }

  #answerNext(getter: Getter): void {
    if (getter.isGone === true) {
      this.#host.giveNothing(getter);
      return;
    }
    const peeked = this.#host.peekForGet();
    if (peeked === Peek.out) this.#waiting.unshift(getter);
    else if (peeked === Peek.found) this.#host.giveTo(getter);
    else this.#host.giveNothing(getter);
  }

  answerWaiting(): void {
    // Who has his answer may ask for the next at once.
    while (this.#waiting.length > 0 && this.#host.peekForGet() !== Peek.out) {
      this.#answerNext(this.#waiting.shift() as Getter);
    }
  }

  /** The queue is gone. */
  end(): void {
    for (const getter of this.#waiting.splice(0)) this.#host.giveNothing(getter);
  }
}
