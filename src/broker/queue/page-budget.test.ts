import { expect, test } from "vitest";
import { FakeClock } from "../../env/fake-clock.ts";
import { PagePool } from "../../lib/page-pool.ts";
import { TimerWheel } from "../../lib/timer-wheel.ts";
import { Turn } from "../flow/turn.ts";
import { Page, PageState } from "./page.ts";
import { PageBudget } from "./page-budget.ts";
import type { QueuePages } from "./queue-pages.ts";

const MIB = 1_048_576;

interface World {
  readonly budget: PageBudget;
  /** Lets everything happen that is due; answers how many turns there were. */
  turns(): number;
}

function world(poolBytes: number): World {
  const clock = new FakeClock();
  const turn = new Turn(clock);
  let turns = 0;
  turn.hooks = { commitLog() {}, releaseGates: () => void turns++ };
  const budget = new PageBudget(new PagePool(0, poolBytes), turn, new TimerWheel(clock), 12 * MIB);
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

test("near the limit pages leave first that are written and of queues nobody reads", () => {
  const { budget, turns } = world(64 * MIB);
  const sent: string[] = [];
  const page = (name: string, handle: number, isRead: boolean, isNear: boolean): Page => {
    const owner = {
      isRead,
      isNear: () => isNear,
      sendOut: (one: Page) => {
        sent.push(name);
        budget.residentBytes -= one.sizeBytes;
      },
    };
    const one = new Page(owner as unknown as QueuePages);
    Object.assign(one, { handle, state: PageState.sealed, sizeBytes: MIB });
    return one;
  };
  const names = ["idle", "read meanwhile", "gone"] as const;
  const [idle, read, gone] = names.map((name) => page(name, 7, false, true)) as [Page, Page, Page];
  budget.residentBytes = 10 * MIB;
  for (const one of [idle, read, gone]) {
    budget.addCandidate(one);
    budget.onWritten(one);
  }
  budget.onWritten(page("of a queue that is read", 8, true, true));
  turns();
  expect(sent).toEqual([]);
  Object.assign(read.owner, { isRead: true });
  budget.removeCandidate(gone);
  budget.onDropped(gone);
  budget.residentBytes = 11 * MIB;
  budget.addCandidate(page("traffic", -1, true, false));
  // Never within the call: somebody may be looking into them.
  expect(sent).toEqual([]);
  turns();
  expect(sent).toEqual(["idle"]);
});

test("who finds no page of his size makes queues give up theirs, though much is free in pieces", () => {
  const { budget, turns } = world(16 * MIB);
  let relieved = 0;
  const owner = { relieve: () => void relieved++, load() {} } as unknown as QueuePages;
  budget.register(owner);
  budget.onAllocated();
  turns();
  expect(relieved).toBe(0);
  budget.waitForMemory(new Page(owner));
  turns();
  expect(relieved).toBe(1);
});
