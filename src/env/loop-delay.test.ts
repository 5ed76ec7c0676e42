import { describe, expect, test } from "vitest";
import { LoopDelay, nodeLoopWatch } from "./loop-delay.ts";

/** A process that works for `share` of the time and is `lateMs` late with every timer. */
function fixture() {
  const state = { nowMs: 0, share: 0, lateMs: 0, looks: 0 };
  let timer: { readonly atMs: number; readonly run: () => void } | undefined;
  const delay = new LoopDelay({
    nowMs: () => state.nowMs,
    busyShare: () => state.share,
    setTimer: (afterMs, run) => {
      timer = { atMs: state.nowMs + afterMs, run };
    },
  });
  const pass = (forMs: number): number => {
    const endMs = state.nowMs + forMs;
    let looks = 0;
    while (timer !== undefined && timer.atMs + state.lateMs <= endMs) {
      const { atMs, run } = timer;
      state.nowMs = atMs + state.lateMs;
      looks++;
      run();
    }
    state.nowMs = endMs;
    return looks;
  };
  return { delay, state, pass };
}

describe("LoopDelay", () => {
  test("looks once a second at an idle loop, fifty times at a busy one", () => {
    const { state, pass } = fixture();
    pass(10_000);
    expect(pass(10_000)).toBe(10);
    state.share = 0.5;
    pass(1_000);
    expect(pass(1_000)).toBe(50);
    state.share = 0;
    pass(10_000);
    expect(pass(10_000)).toBe(10);
  });

  test("says how late the loop was, and forgets", () => {
    const { delay, state, pass } = fixture();
    state.share = 1;
    state.lateMs = 3;
    pass(1_000);
    state.lateMs = 80;
    pass(100);
    state.lateMs = 3;
    pass(1_000);
    expect([delay.medianMs, delay.worstMs]).toEqual([3, 80]);
    delay.reset();
    expect([delay.medianMs, delay.worstMs]).toEqual([0, 0]);
  });

  test("sees a stall of the real loop", async () => {
    const watch = nodeLoopWatch();
    const delay = new LoopDelay(watch);
    const busyUntil = (endMs: number) => {
      while (performance.now() < endMs);
    };
    busyUntil(performance.now() + 30);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(watch.busyShare()).toBeGreaterThan(0);
    // The loop is known to be busy: what comes now is looked at every 20 ms.
    for (let round = 0; round < 5; round++) {
      busyUntil(performance.now() + 60);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(delay.worstMs).toBeGreaterThanOrEqual(30);
  });
});
