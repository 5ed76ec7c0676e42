// Slows guessing down: after some failures in a minute from one address for one user, answers come late.

import type { Clock } from "../../env/env.ts";
import { Lru } from "../../lib/lru.ts";

const WINDOW_MS = 60_000;
/** Failures in a window that cost nothing. */
const FREE_FAILURES = 10;
const WAIT_MS_PER_FAILURE = 1000;
const WAIT_MS_MAX = 5_000;
const REMEMBERED_MAX = 10_000;

interface Failures {
  sinceMs: number;
  count: number;
}

export class LoginFailures {
  readonly #clock: Clock;
  readonly #byOrigin = new Lru<string, Failures>(REMEMBERED_MAX);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  failed(address: string, user: string): void {
    const now = this.#clock.monotonicMs();
    const key = keyOf(address, user);
    const known = this.#byOrigin.get(key);
    if (known === undefined || now - known.sinceMs > WINDOW_MS) {
      this.#byOrigin.set(key, { sinceMs: now, count: 1 });
    } else known.count++;
  }

  succeeded(address: string, user: string): void {
    this.#byOrigin.delete(keyOf(address, user));
  }

  /** How long the next answer to this address and user should take, in ms; 0 as long as nothing looks wrong. */
  waitMs(address: string, user: string): number {
    const known = this.#byOrigin.get(keyOf(address, user));
    if (known === undefined || this.#clock.monotonicMs() - known.sinceMs > WINDOW_MS) return 0;
    const excess = known.count - FREE_FAILURES;
    return Math.max(0, Math.min(WAIT_MS_MAX, excess * WAIT_MS_PER_FAILURE));
  }
}

function keyOf(address: string, user: string): string {
  return `${address} ${user}`;
}
