// A first-in first-out list without a shift per item: positions run round an array that doubles when full.

import { assert } from "./assert.ts";

const INITIAL_CAPACITY = 16;

/** Objects in the order they came; add at the end, take from the front, look anywhere. */
export class Ring<T> {
  #items: (T | undefined)[];
  #head = 0;
  #length = 0;

  constructor(capacity = INITIAL_CAPACITY) {
    this.#items = new Array(powerOfTwo(capacity)).fill(undefined);
  }

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length++;
  }

  /** Takes the oldest, or undefined. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length--;
    return item;
  }

  /** Takes the newest, or undefined. */
  pop(): T | undefined {
    if (this.#length === 0) return undefined;
    this.#length--;
    const at = (this.#head + this.#length) & (this.#items.length - 1);
    const item = this.#items[at];
    this.#items[at] = undefined;
    return item;
  }

  /** The oldest, which stays. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** The item `index` places behind the oldest. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    return this.#items[(this.#head + index) & (this.#items.length - 1)];
  }

  clear(): void {
    this.#items = new Array(INITIAL_CAPACITY).fill(undefined);
    this.#head = 0;
    this.#length = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.#length; i++) yield this.at(i) as T;
  }

  #grow(): void {
    const old = this.#items;
    const larger: (T | undefined)[] = new Array(old.length * 2).fill(undefined);
    for (let i = 0; i < this.#length; i++) larger[i] = old[(this.#head + i) & (old.length - 1)];
    this.#items = larger;
    this.#head = 0;
  }
}

/** The same for numbers: 8 bytes each, nothing for the garbage collector. Reading past its ends is a broken invariant. */
export class NumberRing {
  #items: Float64Array;
  #head = 0;
  #length = 0;

  constructor(capacity = INITIAL_CAPACITY) {
    this.#items = new Float64Array(powerOfTwo(capacity));
  }

  get length(): number {
    return this.#length;
  }

  push(item: number): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length++;
  }

  shift(): number {
    assert(this.#length > 0, "a number is taken from a ring that has one");
    const item = this.#items[this.#head] as number;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length--;
    return item;
  }

  peek(): number {
    assert(this.#length > 0, "a number is looked at in a ring that has one");
    return this.#items[this.#head] as number;
  }

  at(index: number): number {
    assert(index >= 0 && index < this.#length, "an index lies inside the ring");
    return this.#items[(this.#head + index) & (this.#items.length - 1)] as number;
  }

  set(index: number, item: number): void {
    assert(index >= 0 && index < this.#length, "an index lies inside the ring");
    this.#items[(this.#head + index) & (this.#items.length - 1)] = item;
  }

  clear(): void {
    this.#items = new Float64Array(INITIAL_CAPACITY);
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const old = this.#items;
    const larger = new Float64Array(old.length * 2);
    larger.set(old.subarray(this.#head));
    larger.set(old.subarray(0, this.#head), old.length - this.#head);
    this.#items = larger;
    this.#head = 0;
  }
}

function powerOfTwo(atLeast: number): number {
  let size = 1;
  while (size < atLeast) size *= 2;
  return size;
}
