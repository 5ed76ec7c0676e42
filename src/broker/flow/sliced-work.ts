// The same act on many items: some now, the rest in slices of later turns.

import type { Deadline, Job } from "./turn.ts";

export class SlicedWork<Item> implements Job {
  readonly #items: Iterator<Item>;
  readonly #act: (item: Item) => void;
  readonly #onDone: () => void;

  /** `onDone` is called when all was done by slices. */
  constructor(items: Iterable<Item>, act: (item: Item) => void, onDone: () => void) {
    this.#items = items[Symbol.iterator]();
    this.#act = act;
    this.#onDone = onDone;
  }

  /** Acts on at most `count` items. Answers true when that were all. */
  runFirst(count: number): boolean {
    for (let i = 0; i < count; i++) {
      if (!this.#step()) return true;
    }
    return false;
  }

  runSlice(deadline: Deadline): boolean {
    do {
      if (this.#step()) continue;
      this.#onDone();
      return true;
    } while (!deadline());
    return false;
  }

  #step(): boolean {
    const { value, done } = this.#items.next();
    if (done === true) return false;
    this.#act(value);
    return true;
  }
}
