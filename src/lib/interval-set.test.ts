import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssertionError } from "./assert.ts";
import { IntervalSet } from "./interval-set.ts";

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
    expect(set.shift()).toBe(lowest);
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

describe("IntervalSet", () => {
  test("behaves like a set of numbers, in the fewest ranges", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const set = new IntervalSet();
        const model = new Set<number>();
        for (const step of list) {
          apply(set, model, step);
          const ranges = rangesOf(model);
          expect([...set.ranges()]).toEqual(ranges);
          expect(set.size).toBe(model.size);
          expect(set.rangeCount).toBe(ranges.length);
          expect(set.first).toBe(ranges[0]?.from);
          expect(set.last).toBe(ranges.at(-1)?.to);
        }
        for (let n = -1; n < 140; n++) {
          expect(set.has(n)).toBe(model.has(n));
          const later = [...model].filter((m) => m >= n);
          expect(set.firstAtOrAfter(n)).toBe(later.length === 0 ? undefined : Math.min(...later));
          if (model.has(n)) {
            expect(set.rangeEnd(n)).toBe(rangesOf(model).find((r) => r.from <= n && n <= r.to)?.to);
          }
        }
      }),
      { numRuns: 300 },
    );
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
