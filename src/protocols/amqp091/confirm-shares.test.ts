import fc from "fast-check";
import { expect, test } from "vitest";
import { ExchangeTally } from "../../broker/observing/channel-tallies.ts";
import { ConfirmShares } from "./confirm-shares.ts";

const steps = fc.array(
  fc.oneof(
    fc.record({ exchange: fc.nat(2), times: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ answer: fc.double({ min: 0, max: 1, noNaN: true }), refused: fc.boolean() }),
  ),
  { maxLength: 200 },
);

test("each confirm is counted where its publish was", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const tallies = [0, 1, 2].map(() => new ExchangeTally(undefined));
      const expected = [0, 0, 0];
      const published: number[] = [];
      let answered = 0;
      const shares = new ConfirmShares();
      for (const step of all) {
        if ("exchange" in step) {
          for (let i = 0; i < step.times; i++) {
            published.push(step.exchange);
            shares.published(published.length, tallies[step.exchange]!);
          }
          continue;
        }
        const upTo = answered + Math.ceil(step.answer * (published.length - answered));
        if (upTo === answered) continue;
        for (const exchange of published.slice(answered, upTo)) {
          if (!step.refused) expected[exchange]!++;
        }
        answered = upTo;
        shares.answered(upTo, step.refused);
      }
      expect(tallies.map(({ confirmed }) => confirmed)).toEqual(expected);
    }),
  );
});

test("runs that are over are let go of", () => {
  const tallies = [new ExchangeTally(undefined), new ExchangeTally(undefined)];
  const shares = new ConfirmShares();
  for (let tag = 1; tag <= 10_000; tag++) shares.published(tag, tallies[tag % 2]!);
  for (let tag = 100; tag <= 10_000; tag += 100) shares.answered(tag, false);
  expect(tallies.map(({ confirmed }) => confirmed)).toEqual([5_000, 5_000]);
});
