// Time that stands still until it is told to move: the heart of every simulated run.
// Events at the same time run in the order they were asked for, so equal seeds give equal runs.

import { assert } from "../lib/assert.ts";
import type { Clock, TimerHandle } from "./env.ts";

interface Event {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Where virtual time begins unless told otherwise: 2026-01-01T00:00:00Z. */
const START_MS = 1_767_225_600_000;
/** A run that makes no progress in time for so many steps is an endless loop. */
const STEPS_WITHOUT_TIME_MAX = 1_000_000;

export class FakeClock implements Clock {
  /** Virtual ms since this clock was made. */
  #elapsedMs = 0;
  #wallStartMs: number;
  #order = 0;
  /** A binary heap by (atMs, order). */
  readonly #heap: Event[] = [];
  #turns: (() => void)[] = [];
  #stepsWithoutTime = 0;

  constructor(startMs = START_MS) {
    this.#wallStartMs = startMs;
  }

  nowMs(): number {
    return this.#wallStartMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimer(afterMs: number, onTimer: () => void): TimerHandle {
    assert(!Number.isNaN(afterMs), "a delay is a number");
    const event: Event = {
      atMs: this.#elapsedMs + Math.max(0, afterMs),
      order: this.#order++,
      run: onTimer,
    };
    this.#push(event);
    return event;
  }

  clearTimer(timer: TimerHandle): void {
    (timer as Event).run = undefined;
  }

  nextTurn(onTurn: () => void): void {
    this.#turns.push(onTurn);
  }

  /** The wall clock jumps; monotonic time does not notice. */
  jumpWall(byMs: number): void {
    this.#wallStartMs += byMs;
  }

  /** Runs everything that happens within the next `ms`. */
  runFor(ms: number): void {
    const untilMs = this.#elapsedMs + ms;
    while (this.#step(untilMs)) {
      // one event at a time
    }
    this.#elapsedMs = untilMs;
  }

  /** Runs until `condition` holds. Throws when it does not within `limitMs` of virtual time. */
  runUntil(condition: () => boolean, limitMs = 60_000): void {
    const untilMs = this.#elapsedMs + limitMs;
    while (!condition()) {
      assert(this.#step(untilMs), `the awaited condition holds within ${limitMs} virtual ms`);
    }
  }

  /** Runs until `promise` settles, letting real microtasks run between events. */
  async drive<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    const untilMs = this.#elapsedMs + limitMs;
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (settled) return promise;
      assert(this.#step(untilMs), `the awaited promise settles within ${limitMs} virtual ms`);
    }
  }

  /** One event or one round of turns; false when nothing is left up to `untilMs`. */
  #step(untilMs: number): boolean {
    this.#stepsWithoutTime++;
    assert(this.#stepsWithoutTime < STEPS_WITHOUT_TIME_MAX, "virtual time goes on");
    let next = this.#heap[0];
    while (next !== undefined && next.run === undefined) {
      this.#pop();
      next = this.#heap[0];
    }
    if (next !== undefined && next.atMs <= this.#elapsedMs) {
      this.#runNext(next);
    } else if (this.#turns.length > 0) {
      const turns = this.#turns;
      this.#turns = [];
      for (const turn of turns) turn();
    } else if (next !== undefined && next.atMs <= untilMs) {
      this.#elapsedMs = next.atMs;
      this.#stepsWithoutTime = 0;
      this.#runNext(next);
    } else {
      return false;
    }
    return true;
  }

  #runNext(event: Event): void {
    this.#pop();
    const run = event.run;
    event.run = undefined;
    run?.();
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent] as Event, event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Event)) child++;
      if (isBefore(last, heap[child] as Event)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
