// The real clock with a lead that can be made larger: hours pass at once, and what was due in them happens in order.

import type { Clock, TimerHandle } from "../env/env.ts";

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
  real: TimerHandle | undefined;
}

export class ShiftedClock implements Clock {
  readonly #real: Clock;
  readonly #timers = new Set<Timer>();
  #leadMs = 0;
  #order = 0;

  constructor(real: Clock) {
    this.#real = real;
  }

  nowMs(): number {
    return this.#real.nowMs() + this.#leadMs;
  }

  monotonicMs(): number {
    return this.#real.monotonicMs() + this.#leadMs;
  }

  setTimer(afterMs: number, onTimer: () => void): TimerHandle {
    const timer: Timer = {
      dueMs: this.monotonicMs() + Math.max(0, afterMs),
      order: this.#order++,
      run: onTimer,
      real: undefined,
    };
    this.#arm(timer);
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    const timer = handle as Timer;
    if (!this.#timers.delete(timer)) return;
    if (timer.real !== undefined) this.#real.clearTimer(timer.real);
  }

  nextTurn(onTurn: () => void): void {
    this.#real.nextTurn(onTurn);
  }

  /**
   * Lets `ms` pass: what is due meanwhile happens in order, each at its time, with a turn of the event loop in
   * between for what follows from it.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.monotonicMs() + ms;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#leadMs += Math.max(0, next.dueMs - this.monotonicMs());
      this.clearTimer(next);
      next.run();
      await this.#turn();
    }
    this.#leadMs += Math.max(0, untilMs - this.monotonicMs());
    for (const timer of this.#timers) this.#arm(timer);
    await this.#turn();
  }

  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      const isEarlier =
        first === undefined ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order);
      if (isEarlier) first = timer;
    }
    return first;
  }

  #arm(timer: Timer): void {
    if (timer.real !== undefined) this.#real.clearTimer(timer.real);
    timer.real = this.#real.setTimer(Math.max(0, timer.dueMs - this.monotonicMs()), () => {
      this.#timers.delete(timer);
      timer.run();
    });
  }

  /** Twice: what a timer leads to takes effect in the next turn and is sent in the one behind it. */
  async #turn(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      await new Promise<void>((resolve) => this.#real.nextTurn(resolve));
    }
  }
}
