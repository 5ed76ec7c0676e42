// How late the event loop runs: a timer that looks how late it is itself, often while the loop is busy and seldom while
// it is idle, so that an idle process sleeps.

import { createHistogram, type EventLoopUtilization, performance } from "node:perf_hooks";

/** Between two looks at a busy loop. */
const BUSY_MS = 20;
/** At an idle one. */
const IDLE_MS = 1_000;
/** A loop that works for more than this part of the time is busy. */
const BUSY_SHARE = 0.05;
const NANOSECONDS_PER_MS = 1e6;

/** What it needs of the process; tests have their own. */
export interface LoopWatch {
  nowMs(): number;
  /** Part of the time since the last call that the loop has worked, 0 to 1. */
  busyShare(): number;
  /** Must not keep the process alive. */
  setTimer(afterMs: number, onTimer: () => void): void;
}

export function nodeLoopWatch(): LoopWatch {
  let before: EventLoopUtilization = performance.eventLoopUtilization();
  return {
    nowMs: () => performance.now(),
    busyShare: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    setTimer: (afterMs, onTimer) => void setTimeout(onTimer, afterMs).unref(),
  };
}

export class LoopDelay {
  readonly #watch: LoopWatch;
  readonly #delays = createHistogram();
  #waitMs = BUSY_MS;
  #dueMs = 0;
  readonly #onTimer = () => {
    const lateMs = this.#watch.nowMs() - this.#dueMs;
    this.#delays.record(Math.max(1, Math.round(lateMs * NANOSECONDS_PER_MS)));
    const isBusy = this.#watch.busyShare() > BUSY_SHARE;
    this.#waitMs = isBusy ? BUSY_MS : Math.min(IDLE_MS, 2 * this.#waitMs);
    this.#arm();
  };

  constructor(watch: LoopWatch) {
    this.#watch = watch;
    this.#arm();
  }

  /** Of half the looks since `reset` it was at most this, in ms. */
  get medianMs(): number {
    return ms(this.#delays.percentile(50));
  }

  get worstMs(): number {
    return ms(this.#delays.max);
  }

  reset(): void {
    this.#delays.reset();
  }

  #arm(): void {
    this.#dueMs = this.#watch.nowMs() + this.#waitMs;
    this.#watch.setTimer(this.#waitMs, this.#onTimer);
  }
}

function ms(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.round(nanoseconds / NANOSECONDS_PER_MS) : 0;
}
