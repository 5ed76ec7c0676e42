import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DueIndex } from "./due-index.ts";

describe("DueIndex", () => {
  it("gives messages in the order of their instants, equals in the order they came, whatever was taken out", () => {
    const instant = fc.integer({ min: 0, max: 20 });
    const remove = fc.nat({ max: 100 });
    fc.assert(
      fc.property(fc.array(instant, { maxLength: 200 }), fc.array(remove), (instants, removed) => {
        const index = new DueIndex();
        instants.forEach((at, i) => void index.add(at, i + 1, i * 8));
        for (const i of new Set(removed)) {
          expect(index.remove(i + 1)).toBe(i < instants.length);
          expect(index.remove(i + 1)).toBe(false);
        }
        const expected = instants
          .map((at, i) => ({ at, sequence: i + 1 }))
          .filter(({ sequence }) => !removed.includes(sequence - 1))
          .sort((a, b) => a.at - b.at || a.sequence - b.sequence);
        expect(index.first(7).map(({ sequence }) => sequence)).toEqual(
          expected.slice(0, 7).map(({ sequence }) => sequence),
        );
        expect(index.locationOf(expected[0]?.sequence ?? 0)).toBe(
          expected[0] && (expected[0].sequence - 1) * 8,
        );
        const got: { at: number; sequence: number }[] = [];
        while (index.count > 0) {
          expect(index.location).toBe((index.sequence - 1) * 8);
          got.push({ at: index.dueAtMs, sequence: index.sequence });
          index.takeFirst();
        }
        expect(got).toEqual(expected);
        expect(index.dueAtMs).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });
});
