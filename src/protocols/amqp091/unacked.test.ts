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
  | { readonly do: "skip"; readonly count: number }
  | { readonly do: "take"; readonly share: number }
  | { readonly do: "takeOldestUpTo"; readonly share: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom("add", "skip"), count: fc.integer({ min: 1, max: 300 }) }),
    fc.record({
      do: fc.constantFrom("take", "takeOldestUpTo"),
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

function takeBoth(
  model: Model,
  unacked: UnackedDeliveries,
  how: "take" | "takeOldestUpTo",
  tag: number,
): void {
  if (how === "takeOldestUpTo") {
    const expected = model.takeOldestUpTo(tag);
    expect(unacked.takeOldestUpTo(tag)).toBe(expected !== undefined);
    if (expected !== undefined) expect(unacked.found.tag).toBe(expected);
    return;
  }
  const sequence = model.outstanding.get(tag);
  expect(unacked.has(tag)).toBe(sequence !== undefined);
  expect(unacked.take(tag)).toBe(sequence !== undefined);
  if (sequence !== undefined) expect(unacked.found.sequence).toBe(sequence);
  model.outstanding.delete(tag);
}
