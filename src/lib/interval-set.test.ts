import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssertionError } from "./assert.ts";
import { IntervalSet, type Range } from "./interval-set.ts";

type Step =
  | { readonly kind: "add" | "remove"; readonly from: number; readonly to: number }
  | { readonly kind: "shift" };

const range = fc.tuple(fc.nat(120), fc.nat(12)).map(([from, more]) => ({ from, to: from + more }));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    range.map((r) => ({ kind: "add" as const, ...r })),
    range.map((r) => ({ kind: "remove" as const, ...r })),
    fc.constant({ kind: "shift" as const }),
  ),
  { maxLength: 80 },
);

function apply(set: IntervalSet, model: Set<number>, step: Step): void {
  if (step.kind === "shift") {
    const lowest = model.size === 0 ? undefined : Math.min(...model);
    same(set.shift(), lowest, "shift");
    if (lowest !== undefined) model.delete(lowest);
    return;
  }
  set[step.kind](step.from, step.to);
  for (let n = step.from; n <= step.to; n++) {
    if (step.kind === "add") model.add(n);
    else model.delete(n);
  }
}

function rangesOf(model: Set<number>): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const n of [...model].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last.to === n - 1) last.to = n;
    else ranges.push({ from: n, to: n });
  }
  return ranges;
}

/** `expect` for each number would take most of the time. */
function same(actual: unknown, wanted: unknown, what: string): void {
  if (actual !== wanted) throw new Error(`${what}: ${actual} instead of ${wanted}`);
}

function check(set: IntervalSet, ranges: readonly Range[], size: number): void {
  same(JSON.stringify([...set.ranges()]), JSON.stringify(ranges), "ranges");
  same(set.size, size, "size");
  same(set.rangeCount, ranges.length, "range count");
  same(set.first, ranges[0]?.from, "first");
  same(set.last, ranges.at(-1)?.to, "last");
}

function checkMembers(set: IntervalSet, model: Set<number>): void {
  const ranges = rangesOf(model);
  for (let n = -1; n < 140; n++) {
    same(set.has(n), model.has(n), `has ${n}`);
    const next = ranges.find((range) => range.to >= n);
    same(set.firstAtOrAfter(n), next && Math.max(n, next.from), `first at or after ${n}`);
    if (model.has(n)) same(set.rangeEnd(n), next?.to, `end of the range of ${n}`);
  }
}

describe("IntervalSet", () => {
  test("behaves like a set of numbers, in the fewest ranges", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const set = new IntervalSet();
        const model = new Set<number>();
        for (const step of list) {
          apply(set, model, step);
          check(set, rangesOf(model), model.size);
        }
        checkMembers(set, model);
      }),
      { numRuns: 1000 },
    );
  });

  test("ranges that grow together keep their numbers, wherever the others are moved", () => {
    const set = new IntervalSet();
    set.add(3, 4);
    set.add(6);
    set.shift();
    set.add(0);
    set.add(2);
    set.add(0, 1);
    expect([...set.ranges()]).toEqual([
      { from: 0, to: 2 },
      { from: 4, to: 4 },
      { from: 6, to: 6 },
    ]);
  });

  test("holds numbers of every priority level exactly", () => {
    const set = new IntervalSet();
    const level = 2 ** 44;
    set.add(255 * level, 255 * level + 1_000_000);
    set.add(3 * level + 5);
    expect(set.first).toBe(3 * level + 5);
    expect(set.has(255 * level + 1_000_000)).toBe(true);
    expect(set.has(255 * level + 1_000_001)).toBe(false);
    expect(set.size).toBe(1_000_002);
  });

  test("a hundred thousand ranges worked off from the front stay quick", () => {
    const set = new IntervalSet();
    for (let n = 0; n < 200_000; n += 2) set.add(n);
    expect(set.rangeCount).toBe(100_000);
    let wrong = 0;
    for (let n = 0; n < 200_000; n += 2) if (set.shift() !== n) wrong++;
    expect(wrong).toBe(0);
    expect(set.rangeCount).toBe(0);
  });

  test("clear empties; a backwards range and the end of a missing range are broken invariants", () => {
    const set = new IntervalSet();
    set.add(1, 3);
    set.clear();
    expect(set.size).toBe(0);
    expect(set.first).toBeUndefined();
    expect(() => set.add(2, 1)).toThrow(AssertionError);
    expect(() => set.remove(2, 1)).toThrow(AssertionError);
    expect(() => set.rangeEnd(1)).toThrow(AssertionError);
  });
});
