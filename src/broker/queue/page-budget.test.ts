import { expect, test } from "vitest";
import { FakeClock } from "../../env/fake-clock.ts";
import { PagePool } from "../../lib/page-pool.ts";
import { TimerWheel } from "../../lib/timer-wheel.ts";
import { Turn } from "../flow/turn.ts";
import { PageBudget } from "./page-budget.ts";

const MIB = 1_048_576;

function world(poolBytes: number): { budget: PageBudget; turns: () => number } {
  const clock = new FakeClock();
  const turn = new Turn(clock);
  let turns = 0;
  turn.hooks = { commitLog() {}, releaseGates: () => void turns++ };
  const budget = new PageBudget(new PagePool(0, poolBytes), turn, new TimerWheel(clock));
  return {
    budget,
    turns: () => {
      clock.runFor(5);
      return turns;
    },
  };
}

test("a disk that falls behind holds publishers back, and a turn comes when it has caught up", () => {
  const { budget, turns } = world(256 * MIB);
  for (let i = 0; i < 6; i++) budget.onLeaving(MIB);
  expect(budget.isBehind).toBe(false);
  budget.onLeaving(MIB);
  expect(budget.isBehind).toBe(true);
  expect(turns()).toBe(0);
  budget.onLeft(MIB);
  expect(budget.isBehind).toBe(false);
  expect(turns()).toBe(1);
  budget.onLeft(MIB);
  expect(turns()).toBe(1);
});

test("in a small pool less may be under way", () => {
  const { budget } = world(16 * MIB);
  budget.onLeaving(MIB);
  budget.onLeaving(MIB);
  expect(budget.isBehind).toBe(false);
  budget.onLeaving(MIB);
  expect(budget.isBehind).toBe(true);
});
