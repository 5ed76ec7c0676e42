import { describe, expect, test } from "vitest";
import { AssertionError } from "../lib/assert.ts";
import { FakeClock } from "./fake-clock.ts";
import { SeededRandom } from "./fake-random.ts";

describe("FakeClock", () => {
  test("runs timers by time, then by the order they were set in, and turns after what is due now", () => {
    const clock = new FakeClock(1000);
    const log: string[] = [];
    clock.setTimer(20, () => log.push(`b ${clock.nowMs()}`));
    clock.setTimer(10, () => {
      log.push(`a ${clock.nowMs()}`);
      clock.nextTurn(() => log.push(`turn ${clock.nowMs()}`));
      clock.setTimer(0, () => log.push("same time"));
    });
    clock.setTimer(20, () => log.push("c"));
    clock.clearTimer(clock.setTimer(15, () => log.push("never")));
    clock.runFor(19);
    expect(log).toEqual(["a 1010", "same time", "turn 1010"]);
    expect(clock.monotonicMs()).toBe(19);
    clock.runFor(100);
    expect(log.slice(3)).toEqual(["b 1020", "c"]);
  });

  test("a jump of the wall clock does not move monotonic time", () => {
    const clock = new FakeClock(1000);
    clock.jumpWall(-400);
    expect(clock.nowMs()).toBe(600);
    expect(clock.monotonicMs()).toBe(0);
  });

  test("runUntil says when the condition never holds", () => {
    const clock = new FakeClock();
    let due = false;
    clock.setTimer(50, () => {
      due = true;
    });
    clock.runUntil(() => due);
    expect(clock.monotonicMs()).toBe(50);
    expect(() => clock.runUntil(() => false, 10)).toThrow(AssertionError);
  });

  test("drive lets promises and virtual time take turns", async () => {
    const clock = new FakeClock();
    const slow = async () => {
      for (let i = 0; i < 3; i++) {
        await new Promise<void>((resolve) => clock.setTimer(10, resolve));
      }
      return clock.monotonicMs();
    };
    expect(await clock.drive(slow())).toBe(30);
    await expect(clock.drive(new Promise(() => {}), 10)).rejects.toThrow(AssertionError);
    await expect(clock.drive(Promise.reject(new Error("mine")))).rejects.toThrow("mine");
  });
});

describe("SeededRandom", () => {
  test("comes again with its seed and spreads evenly", () => {
    const a = new SeededRandom(7);
    const b = new SeededRandom(7);
    const counts = new Array(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const value = a.integer(10);
      expect(b.integer(10) === value).toBe(true);
      counts[value]++;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
    const bytes = new Uint8Array(8);
    new SeededRandom(1).fill(bytes);
    const others = new Uint8Array(8);
    new SeededRandom(2).fill(others);
    expect(bytes).not.toEqual(others);
  });
});
