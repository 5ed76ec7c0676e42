// hot path: runs per message
// Messages by the instant they are due: a binary heap of numbers, three for each message and no object.

import type { Location, Sequence } from "../numbers.ts";

/** Numbers of one entry: instant, sequence, location. */
const STRIDE = 3;
const CAPACITY_START = 64;

const NO_ENTRIES = new Float64Array(0);

export class DueIndex {
  /** Nothing is taken up before the first message: every queue has one of these. */
  #entries = NO_ENTRIES;
  /** Messages in it. */
  count = 0;

  /** When the first one is due; Infinity when there is none. */
  get dueAtMs(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : (this.#entries[0] as number);
  }
  /** The message that is due first, among equals the oldest; there must be one. */
  get sequence(): Sequence {
    return this.#entries[1] as number;
  }
  get location(): Location {
    return this.#entries[2] as number;
  }

  add(dueAtMs: number, sequence: Sequence, location: Location): void {
    if ((this.count + 1) * STRIDE > this.#entries.length) this.#grow();
    this.#rise(this.count++, dueAtMs, sequence, location);
  }

  /** Takes out the message that is due first. */
  takeFirst(): void {
    this.#takeAt(0);
  }

  /** Where that message lies; undefined when it is not here. Looks at all of them. */
  locationOf(sequence: Sequence): Location | undefined {
    for (let i = 0; i < this.count; i++) {
      if (this.#entries[i * STRIDE + 1] === sequence) return this.#entries[i * STRIDE + 2];
    }
    return undefined;
  }

  /** The `count` messages that are due first, in order. Looks at few more than these. */
  first(count: number): { readonly dueAtMs: number; readonly sequence: Sequence }[] {
    const found: { dueAtMs: number; sequence: Sequence }[] = [];
    /** Whoever stands above them in the heap has been found. */
    const next = this.count === 0 ? [] : [0];
    while (found.length < count && next.length > 0) {
      let earliest = 0;
      for (let i = 1; i < next.length; i++) {
        if (this.#isBefore(next[i] as number, next[earliest] as number)) earliest = i;
      }
      const [index] = next.splice(earliest, 1) as [number];
      const at = index * STRIDE;
      found.push({
        dueAtMs: this.#entries[at] as number,
        sequence: this.#entries[at + 1] as number,
      });
      for (const child of [2 * index + 1, 2 * index + 2]) if (child < this.count) next.push(child);
    }
    return found;
  }

  /** Takes one message out, wherever it is. Looks at all of them. False when it is not here. */
  remove(sequence: Sequence): boolean {
    for (let i = 0; i < this.count; i++) {
      if (this.#entries[i * STRIDE + 1] !== sequence) continue;
      this.#takeAt(i);
      return true;
    }
    return false;
  }

  /** In no order. */
  *[Symbol.iterator](): IterableIterator<{
    readonly dueAtMs: number;
    readonly sequence: Sequence;
  }> {
    for (let at = 0; at < this.count * STRIDE; at += STRIDE) {
      yield { dueAtMs: this.#entries[at] as number, sequence: this.#entries[at + 1] as number };
    }
  }

  clear(): void {
    this.count = 0;
    this.#entries = NO_ENTRIES;
  }

  #takeAt(index: number): void {
    const last = --this.count * STRIDE;
    if (index === this.count) return;
    const entries = this.#entries;
    const dueAtMs = entries[last] as number;
    const sequence = entries[last + 1] as number;
    const location = entries[last + 2] as number;
    const at = this.#sink(index, dueAtMs, sequence);
    this.#rise(at, dueAtMs, sequence, location);
  }

  /** Moves the way free from `index` down to where the entry may stand. */
  #sink(index: number, dueAtMs: number, sequence: Sequence): number {
    let at = index;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.count) return at;
      if (child + 1 < this.count && this.#isBefore(child + 1, child)) child++;
      if (!this.#isEarlier(child, dueAtMs, sequence)) return at;
      this.#copy(at, child);
      at = child;
    }
  }

  #rise(index: number, dueAtMs: number, sequence: Sequence, location: Location): void {
    const entries = this.#entries;
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#isEarlier(parent, dueAtMs, sequence)) break;
      this.#copy(at, parent);
      at = parent;
    }
    entries[at * STRIDE] = dueAtMs;
    entries[at * STRIDE + 1] = sequence;
    entries[at * STRIDE + 2] = location;
  }

  /** Three assignments: `copyWithin` costs several times that for so few. */
  #copy(to: number, from: number): void {
    const entries = this.#entries;
    entries[to * STRIDE] = entries[from * STRIDE] as number;
    entries[to * STRIDE + 1] = entries[from * STRIDE + 1] as number;
    entries[to * STRIDE + 2] = entries[from * STRIDE + 2] as number;
  }

  #isBefore(a: number, b: number): boolean {
    return this.#isEarlier(
      a,
      this.#entries[b * STRIDE] as number,
      this.#entries[b * STRIDE + 1] as number,
    );
  }

  #isEarlier(index: number, dueAtMs: number, sequence: Sequence): boolean {
    const own = this.#entries[index * STRIDE] as number;
    return (
      own < dueAtMs || (own === dueAtMs && (this.#entries[index * STRIDE + 1] as number) < sequence)
    );
  }

  #grow(): void {
    const grown = new Float64Array(Math.max(CAPACITY_START * STRIDE, this.#entries.length * 2));
    grown.set(this.#entries);
    this.#entries = grown;
  }
}
