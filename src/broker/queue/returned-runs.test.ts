import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReturnedRuns } from "./returned-runs.ts";

/** Location 8n for sequence n, so that a wrong one shows. */
const locationOf = (sequence: number) => sequence * 8;

function runsOf(runs: ReturnedRuns) {
  return [...runs].map((run) => [run.from, run.to]);
}

describe("ReturnedRuns", () => {
  it("keeps a million neighbours as one run, whatever order they come in", () => {
    const ascending = new ReturnedRuns();
    const descending = new ReturnedRuns();
    for (let i = 1; i <= 1_000_000; i++) {
      ascending.add(i, locationOf(i), 1);
      descending.add(1_000_001 - i, locationOf(1_000_001 - i), 1);
    }
    expect(runsOf(ascending)).toEqual([[1, 1_000_000]]);
    expect(runsOf(descending)).toEqual([[1, 1_000_000]]);
    expect(descending.firstLocation).toBe(8);
    expect(descending.count).toBe(1_000_000);
  });

  it("fills every second gap and is one run again per chunk at most", () => {
    const runs = new ReturnedRuns();
    for (let i = 1; i < 20_000; i += 2) runs.add(i, locationOf(i), 0);
    for (let i = 2; i < 20_000; i += 2) runs.add(i, locationOf(i), 0);
    expect(runs.count).toBe(19_999);
    expect([...runs].length).toBeLessThan(200);
  });

  it("keeps different delivery counts apart", () => {
    const runs = new ReturnedRuns();
    runs.add(1, 8, 0);
    runs.add(2, 16, 1);
    expect(runsOf(runs)).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it("refuses a message that is already there", () => {
    const runs = new ReturnedRuns();
    runs.add(1, 8, 0);
    runs.add(2, 16, 0);
    expect(() => runs.add(1, 8, 0)).toThrow("a message is returned once");
  });

  it("is a sorted set under any mixture of adding and taking", () => {
    const operation = fc.oneof(
      { weight: 3, arbitrary: fc.record({ sequence: fc.integer({ min: 1, max: 600 }) }) },
      { weight: 1, arbitrary: fc.constant("take" as const) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 900 }), fc.integer(), (operations, seed) => {
        const runs = new ReturnedRuns();
        const model = new Map<number, number>();
        for (const each of operations) {
          if (each === "take") {
            if (model.size === 0) continue;
            const least = Math.min(...model.keys());
            expect(runs.firstSequence).toBe(least);
            expect(runs.firstLocation).toBe(locationOf(least));
            expect(runs.firstDeliveryCount).toBe(model.get(least));
            runs.takeFirst(locationOf(least + 1));
            model.delete(least);
          } else if (!model.has(each.sequence)) {
            const deliveryCount = Math.abs(each.sequence ^ seed) % 7 === 0 ? 1 : 0;
            runs.add(each.sequence, locationOf(each.sequence), deliveryCount);
            model.set(each.sequence, deliveryCount);
          }
          expect(runs.count).toBe(model.size);
        }
        const all = [...runs].flatMap((run) =>
          Array.from({ length: run.to - run.from + 1 }, (_, i) => run.from + i),
        );
        expect(all).toEqual([...model.keys()].sort((one, other) => one - other));
      }),
      { numRuns: 60 },
    );
  });
});
