// A set of whole numbers kept as sorted ranges: a million neighbours cost as much as one number.

import { assert } from "./assert.ts";

/** Both ends belong to the range. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

const INITIAL_CAPACITY = 4;

/** Ranges include both their ends. Numbers are whole and exact (below 2^53). */
export class IntervalSet {
  #from = new Float64Array(INITIAL_CAPACITY);
  #to = new Float64Array(INITIAL_CAPACITY);
  /** The ranges lie in [#start, #end) of both arrays, sorted, with a gap of at least one number between two. */
  #start = 0;
  #end = 0;
  #size = 0;

  /** How many numbers are in the set. */
  get size(): number {
    return this.#size;
  }

  get rangeCount(): number {
    return this.#end - this.#start;
  }

  /** The lowest number, or undefined when the set is empty. */
  get first(): number | undefined {
    return this.#start === this.#end ? undefined : this.#from[this.#start];
  }

  /** The highest number, or undefined when the set is empty. */
  get last(): number | undefined {
    return this.#start === this.#end ? undefined : this.#to[this.#end - 1];
  }

  /** Adds every number from `from` to `to`. */
  add(from: number, to: number = from): void {
    assert(from <= to, "a range is not backwards");
    // Ranges [low, high) touch or overlap the new one and become part of it.
    const low = this.#firstEndingAtOrAfter(from - 1);
    let high = low;
    let mergedFrom = from;
    let mergedTo = to;
    while (high < this.#end && (this.#from[high] as number) <= to + 1) {
      mergedFrom = Math.min(mergedFrom, this.#from[high] as number);
      mergedTo = Math.max(mergedTo, this.#to[high] as number);
      this.#size -= (this.#to[high] as number) - (this.#from[high] as number) + 1;
      high++;
    }
    const at = high === low ? this.#insert(low) : low;
    this.#from[at] = mergedFrom;
    this.#to[at] = mergedTo;
    this.#size += mergedTo - mergedFrom + 1;
    // Last, because it may move the range just written.
    if (high > low + 1) this.#drop(low + 1, high);
  }

  /** Removes every number from `from` to `to`; those that are not in the set don't matter. */
  remove(from: number, to: number = from): void {
    assert(from <= to, "a range is not backwards");
    let low = this.#firstEndingAtOrAfter(from);
    if (low === this.#end || (this.#from[low] as number) > to) return;
    const lowFrom = this.#from[low] as number;
    const lowTo = this.#to[low] as number;
    if (lowFrom < from && lowTo > to) {
      const at = this.#insert(low);
      this.#from[at] = lowFrom;
      this.#to[at] = from - 1;
      this.#from[at + 1] = to + 1;
      this.#to[at + 1] = lowTo;
      this.#size -= to - from + 1;
      return;
    }
    if (lowFrom < from) {
      this.#to[low] = from - 1;
      this.#size -= lowTo - from + 1;
      low++;
    }
    let high = low;
    while (high < this.#end && (this.#to[high] as number) <= to) {
      this.#size -= (this.#to[high] as number) - (this.#from[high] as number) + 1;
      high++;
    }
    if (high < this.#end && (this.#from[high] as number) <= to) {
      this.#size -= to - (this.#from[high] as number) + 1;
      this.#from[high] = to + 1;
    }
    this.#drop(low, high);
  }

  has(number: number): boolean {
    const at = this.#firstEndingAtOrAfter(number);
    return at < this.#end && (this.#from[at] as number) <= number;
  }

  /** The lowest number of the set that is not below `number`, or undefined. */
  firstAtOrAfter(number: number): number | undefined {
    const at = this.#firstEndingAtOrAfter(number);
    return at === this.#end ? undefined : Math.max(number, this.#from[at] as number);
  }

  /** The end of the range that holds `number`, which is in the set. */
  rangeEnd(number: number): number {
    const at = this.#firstEndingAtOrAfter(number);
    assert(at < this.#end && (this.#from[at] as number) <= number, "the number is in the set");
    return this.#to[at] as number;
  }

  /** Takes the lowest number out, or answers undefined. */
  shift(): number | undefined {
    const at = this.#start;
    if (at === this.#end) return undefined;
    const number = this.#from[at] as number;
    if (number === this.#to[at]) this.#drop(at, at + 1);
    else this.#from[at] = number + 1;
    this.#size--;
    return number;
  }

  /** The ranges from low to high. The set must not change while they are looked at. */
  *ranges(): IterableIterator<Range> {
    for (let i = this.#start; i < this.#end; i++) {
      yield { from: this.#from[i] as number, to: this.#to[i] as number };
    }
  }

  clear(): void {
    this.#from = new Float64Array(INITIAL_CAPACITY);
    this.#to = new Float64Array(INITIAL_CAPACITY);
    this.#start = 0;
    this.#end = 0;
    this.#size = 0;
  }

  /** Index of the first range whose end is not below `number`, or #end. */
  #firstEndingAtOrAfter(number: number): number {
    const to = this.#to;
    let low = this.#start;
    let high = this.#end;
    // Most callers work at one of the two ends.
    if (low === high || (to[high - 1] as number) < number) return high;
    if ((to[low] as number) >= number) return low;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((to[middle] as number) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes room for one range at index `at`, moving the shorter side; answers its index, which may be one lower. */
  #insert(at: number): number {
    if (this.#start > 0 && (at - this.#start < this.#end - at || this.#end === this.#from.length)) {
      this.#from.copyWithin(this.#start - 1, this.#start, at);
      this.#to.copyWithin(this.#start - 1, this.#start, at);
      this.#start--;
      return at - 1;
    }
    if (this.#end === this.#from.length) {
      this.#from = doubled(this.#from);
      this.#to = doubled(this.#to);
    }
    this.#from.copyWithin(at + 1, at, this.#end);
    this.#to.copyWithin(at + 1, at, this.#end);
    this.#end++;
    return at;
  }

  /** Takes the ranges [low, high) out, moving the shorter side. */
  #drop(low: number, high: number): void {
    const count = high - low;
    if (count === 0) return;
    if (low - this.#start < this.#end - high) {
      this.#from.copyWithin(this.#start + count, this.#start, low);
      this.#to.copyWithin(this.#start + count, this.#start, low);
      this.#start += count;
    } else {
      this.#from.copyWithin(low, high, this.#end);
      this.#to.copyWithin(low, high, this.#end);
      this.#end -= count;
    }
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    }
  }
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
