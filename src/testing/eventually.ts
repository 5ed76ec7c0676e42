// Waiting, in real time, for what a program under test does in its own time.

import { AssertionError } from "node:assert";
import type { Clock } from "../env/env.ts";

export interface Waiting {
  /** The real clock. */
  readonly clock: Clock;
  readonly withinMs: number;
}

const LOOK_EVERY_MS = 5;

/** Resolves with the first answer of `look` that is not undefined; rejects with `complaint` when time is up. */
export async function eventually<T>(
  look: () => T | undefined | Promise<T | undefined>,
  { clock, withinMs }: Waiting,
  complaint: () => string | Promise<string>,
): Promise<T> {
  const untilMs = clock.monotonicMs() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (clock.monotonicMs() >= untilMs) throw failed(await complaint());
    await pause(clock, LOOK_EVERY_MS);
  }
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(ms, resolve));
}

/** What every test framework shows well. */
export function failed(message: string): AssertionError {
  return new AssertionError({ message });
}
