// Ends a queue that nobody has used for its `expires` time: no consumer, no get, no declare.

import type { Clock } from "../../env/env.ts";
import { type TimerWheel, WheelTimer } from "../../lib/timer-wheel.ts";

export interface IdleExpiryHost {
  onIdleExpired(): void;
}

export class IdleExpiry extends WheelTimer {
  readonly #clock: Clock;
  readonly #timers: TimerWheel;
  readonly #host: IdleExpiryHost;
  #expiresMs: number | undefined = undefined;
  /** Monotonic ms of the last use; undefined while it is in use. */
  sinceMs: number | undefined;

  constructor(clock: Clock, timers: TimerWheel, host: IdleExpiryHost) {
    super();
    this.#clock = clock;
    this.#timers = timers;
    this.#host = host;
    this.sinceMs = clock.monotonicMs();
  }

  set expiresMs(expiresMs: number | undefined) {
    this.#expiresMs = expiresMs;
    this.#schedule();
  }

  /** A consumer is there. */
  begin(): void {
    this.sinceMs = undefined;
    this.#timers.cancel(this);
  }

  /** It was used just now, and nobody holds it. The timer looks when it fires, so this costs nothing. */
  touch(): void {
    const wasInUse = this.sinceMs === undefined;
    this.sinceMs = this.#clock.monotonicMs();
    if (wasInUse) this.#schedule();
  }

  stop(): void {
    this.#timers.cancel(this);
  }

  override onTimer(): void {
    if (this.sinceMs === undefined || this.#expiresMs === undefined) return;
    if (this.#clock.monotonicMs() - this.sinceMs >= this.#expiresMs) this.#host.onIdleExpired();
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#expiresMs === undefined) this.#timers.cancel(this);
    else if (this.sinceMs !== undefined) {
      this.#timers.schedule(this, this.sinceMs + this.#expiresMs);
    }
  }
}
