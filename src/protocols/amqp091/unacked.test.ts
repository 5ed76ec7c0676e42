import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnackedDeliveries } from "./unacked.ts";

/** The same thing the slow way. */
class Model {
  readonly outstanding = new Map<number, number>();
  lastTag = 0;
  add(sequence: number): void {
    this.outstanding.set(++this.lastTag, sequence);
  }
  takeOldestUpTo(tag: number): number | undefined {
    for (const oldest of this.outstanding.keys()) {
      if (oldest > tag) return undefined;
      this.outstanding.delete(oldest);
      return oldest;
    }
    return undefined;
  }
}

type Step =
  | { readonly do: "add"; readonly count: number }
  | { readonly do: "addRow"; readonly count: number }
  | { readonly do: "skip"; readonly count: number }
  | { readonly do: "take"; readonly share: number }
  | { readonly do: "takeOldestUpTo"; readonly share: number }
  | { readonly do: "takeOldestRunUpTo"; readonly share: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constantFrom("add", "addRow", "skip"),
      count: fc.integer({ min: 1, max: 300 }),
    }),
    fc.record({
      do: fc.constantFrom("take", "takeOldestUpTo", "takeOldestRunUpTo"),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 60 },
);

describe("unacknowledged deliveries", () => {
  it("are a map from tag to delivery, whatever is added and taken", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const model = new Model();
        const unacked = new UnackedDeliveries();
        let sequence = 0;
        for (const step of all) {
          if (step.do === "add") {
            for (let i = 0; i < step.count; i++) {
              model.add(++sequence);
              unacked.add(sequence, sequence * 8, 1, 10, 5, 0);
            }
          } else if (step.do === "addRow") {
            const first = sequence + 1;
            for (let i = 0; i < step.count; i++) model.add(++sequence);
            const tag = unacked.addRow(first, first * 8, 8, 1, 10, 5, step.count);
            expect(tag + step.count - 1).toBe(model.lastTag);
          } else if (step.do === "skip") {
            for (let i = 0; i < step.count; i++) {
              model.lastTag++;
              unacked.skip();
            }
          } else {
            takeBoth(model, unacked, step.do, Math.ceil(step.share * model.lastTag));
          }
          expect(unacked.count).toBe(model.outstanding.size);
          expect(unacked.lastTag).toBe(model.lastTag);
        }
        expect([...unacked.tags()]).toEqual([...model.outstanding.keys()]);
      }),
    );
  });

  it("keep a straggler without keeping its rings long", () => {
    const unacked = new UnackedDeliveries();
    unacked.add(1, 8, 1, 10, 0, 0);
    let missing = 0;
    for (let i = 2; i <= 100_000; i++) {
      const tag = unacked.add(i, i * 8, 1, 10, 0, 0);
      if (!unacked.take(tag)) missing++;
    }
    expect(missing).toBe(0);
    expect(unacked.count).toBe(1);
    expect(unacked.oldest()).toBe(true);
    expect(unacked.found.sequence).toBe(1);
    expect(unacked.take(1)).toBe(true);
    expect(unacked.count).toBe(0);
    expect(unacked.take(1)).toBe(false);
  });
});

describe("a row of deliveries", () => {
  it("may be longer than the rings, which are empty or hold a straggler", () => {
    for (const stragglers of [0, 1]) {
      const unacked = new UnackedDeliveries();
      if (stragglers === 1) unacked.add(1, 8, 1, 10, 0, 0);
      for (const count of [100, 300, 1000]) {
        const first = unacked.addRow(10, 80, 8, 1, 10, 0, count);
        for (let tag = first; tag < first + count; tag++) expect(unacked.take(tag)).toBe(true);
      }
      expect(unacked.count).toBe(stragglers);
    }
  });
});

describe("a run of deliveries", () => {
  const PAGE = 1_048_576;
  const runs = (unacked: UnackedDeliveries): number[][] => {
    const all: number[][] = [];
    while (unacked.takeOldestRunUpTo(unacked.lastTag)) {
      const { tag, count, bytes } = unacked.found;
      all.push([tag, count, bytes]);
    }
    return all;
  };

  it("is of one place and one page, persistent or not, and has no gaps", () => {
    const unacked = new UnackedDeliveries();
    for (const [sequence, location, slot] of [
      ...[
        [1, 0, 1],
        [2, 32, 1],
        [3, 64, 1],
      ],
      ...[[4, 96, 2]],
      ...[
        [6, 96, 2],
        [7, 128, 2],
      ],
      ...[
        [8, 161, 2],
        [9, 193, 2],
      ],
      ...[
        [10, PAGE + 1, 2],
        [11, PAGE + 33, 2],
      ],
      ...[[10, PAGE + 1, 2]],
    ]) {
      unacked.add(sequence!, location!, slot!, 10, 0, 0);
    }
    expect(runs(unacked)).toEqual([
      [1, 3, 30],
      [4, 1, 10],
      [5, 2, 20],
      [7, 2, 20],
      [9, 2, 20],
      [11, 1, 10],
    ]);
    expect(unacked.count).toBe(0);
  });

  it("goes no further than was asked for, and around what was taken before", () => {
    const unacked = new UnackedDeliveries();
    for (let tag = 1; tag <= 20; tag++) unacked.add(tag, tag * 8, 1, tag, 0, 0);
    expect(unacked.take(5)).toBe(true);
    expect(unacked.takeRun(2, 3)).toBe(true);
    expect(unacked.found).toMatchObject({ tag: 2, sequence: 2, location: 16, count: 2, bytes: 5 });
    expect(unacked.takeRun(2, 3)).toBe(false);
    expect(unacked.takeRun(21, 25)).toBe(false);
    expect(runs(unacked).map(([tag, count]) => [tag, count])).toEqual([
      [1, 1],
      [4, 1],
      [6, 15],
    ]);
  });
});

function takeBoth(
  model: Model,
  unacked: UnackedDeliveries,
  how: "take" | "takeOldestUpTo" | "takeOldestRunUpTo",
  tag: number,
): void {
  if (how === "takeOldestRunUpTo") {
    const isThere = unacked.takeOldestRunUpTo(tag);
    const { tag: first, count, bytes } = unacked.found;
    expect(isThere).toBe([...model.outstanding.keys()].some((oldest) => oldest <= tag));
    for (let i = 0; isThere && i < count; i++) {
      expect(model.takeOldestUpTo(tag)).toBe(first + i);
    }
    if (isThere) expect(bytes).toBe(count * 10);
    return;
  }
  if (how === "takeOldestUpTo") {
    const expected = model.takeOldestUpTo(tag);
    expect(unacked.takeOldestUpTo(tag)).toBe(expected !== undefined);
    if (expected !== undefined) expect(unacked.found.tag).toBe(expected);
    return;
  }
  const sequence = model.outstanding.get(tag);
  expect(unacked.has(tag)).toBe(sequence !== undefined);
  expect(unacked.take(tag)).toBe(sequence !== undefined);
  if (sequence !== undefined) {
    expect(unacked.found).toMatchObject({ sequence, location: sequence * 8, slot: 1, bytes: 10 });
  }
  model.outstanding.delete(tag);
}
