import fc from "fast-check";
import { expect, test } from "vitest";
import { NotedBodies } from "./noted-bodies.ts";

const message = fc.record({
  sequence: fc.integer({ min: 1, max: 40 }),
  /** Few of them, so that rows come up. */
  offset: fc.constantFrom(0, 0, 0, 100),
  isPersistent: fc.constantFrom(true, true, true, false),
});
const command = fc.oneof(
  fc.record({ add: message }),
  fc.record({ take: fc.integer({ min: 1, max: 41 }) }),
);

test("is a map from sequences to bodies", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
      const noted = new NotedBodies();
      const model = new Map<number, { reference: number; isPersistent: boolean }>();
      for (const each of commands) {
        if ("add" in each) {
          const { sequence, offset, isPersistent } = each.add;
          if (noted.has(sequence)) continue;
          noted.add(sequence, sequence + offset, isPersistent);
          model.set(sequence, { reference: sequence + offset, isPersistent });
        } else {
          expect(noted.take(each.take)).toBe(model.get(each.take)?.reference);
          model.delete(each.take);
        }
        expect(new Set(noted.sequencesBetween(0, 50))).toEqual(new Set(model.keys()));
      }
      const found: typeof model = new Map();
      for (const { firstSequence, count, firstReference, isPersistent } of noted.runs) {
        for (let i = 0; i < count; i++) {
          found.set(firstSequence + i, { reference: firstReference + i, isPersistent });
        }
      }
      expect(found).toEqual(model);
    }),
  );
});

test("bodies in a row are one run", () => {
  const noted = new NotedBodies();
  for (let i = 0; i < 1_000; i++) noted.add(5 + i, 100 + i, true);
  expect(noted.runs).toEqual([
    { firstSequence: 5, count: 1_000, firstReference: 100, isPersistent: true },
  ]);
  expect(noted.take(7)).toBe(102);
  expect(noted.take(7)).toBeUndefined();
  expect(noted.runs.map(({ count }) => count)).toEqual([2, 997]);
  expect(noted.sequencesBetween(6, 9)).toEqual([6, 8, 9]);
});
