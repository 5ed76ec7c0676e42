import { describe, expect, test } from "vitest";
import { RateSchedule } from "./rate-schedule.ts";

describe("RateSchedule", () => {
  test("a steady rate", () => {
    const schedule = RateSchedule.steady(20_000);
    expect([0, 0.001, 0.5, 1, 61.25].map((at) => schedule.dueAfter(at))).toEqual([
      0, 20, 10_000, 20_000, 1_225_000,
    ]);
    expect(RateSchedule.steady(0.5).dueAfter(3)).toBe(1);
  });

  test("rates in turn, with a pause, over and over", () => {
    const schedule = new RateSchedule([
      { ratePerSecond: 100, seconds: 2 },
      { ratePerSecond: 0, seconds: 3 },
      { ratePerSecond: 1000, seconds: 1 },
    ]);
    expect([1, 2, 4, 5, 5.5, 6, 7, 9].map((at) => schedule.dueAfter(at))).toEqual([
      100, 200, 200, 200, 700, 1200, 1300, 1400,
    ]);
  });

  test("when each message is due", () => {
    const schedule = new RateSchedule([
      { ratePerSecond: 0, seconds: 3 },
      { ratePerSecond: 100, seconds: 2 },
      { ratePerSecond: 1000, seconds: 1 },
    ]);
    expect([1, 200, 201, 1200, 1201, 2400].map((count) => schedule.secondsUntil(count))).toEqual([
      3.01, 5, 5.001, 6, 9.01, 12,
    ]);
    for (let count = 1; count < 5000; count += 7) {
      const at = schedule.secondsUntil(count);
      expect(schedule.dueAfter(at)).toBe(count);
      expect(schedule.dueAfter(at - 0.0005)).toBeLessThan(count);
    }
  });
});
