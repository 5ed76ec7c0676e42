import { describe, expect, test } from "vitest";
import { SequenceCheck } from "./sequence-check.ts";
import { Tally } from "./tally.ts";

const RUN = 7;

function see(isAlone: boolean, messages: readonly (readonly [number, number, boolean?])[]): Tally {
  const tally = new Tally();
  const check = new SequenceCheck(RUN, isAlone, tally);
  for (const [publisher, sequence, redelivered] of messages) {
    check.see((publisher << 16) | RUN, sequence, redelivered ?? false);
  }
  return tally;
}

describe("SequenceCheck", () => {
  test("publishers are followed apart from each other", () => {
    const tally = see(true, [
      [0, 1],
      [300, 1],
      [0, 2],
      [300, 2],
    ]);
    expect(tally).toMatchObject({ gaps: 0, reordered: 0 });
  });

  test("skipped numbers are gaps, where one consumer sees them all", () => {
    const messages = [
      [1, 1],
      [1, 5],
    ] as const;
    expect(see(true, messages).gaps).toBe(3);
    expect(see(false, messages).gaps).toBe(0);
  });

  test("an older number is a reordering, unless it is redelivered", () => {
    const tally = see(true, [
      [1, 1],
      [1, 2],
      [1, 1],
      [1, 2, true],
      [1, 3],
    ]);
    expect(tally).toMatchObject({ gaps: 0, reordered: 1, redelivered: 1 });
  });

  test("numbers begin again after 2^32", () => {
    const tally = see(false, [
      [1, 2 ** 31 - 1],
      [1, 2 ** 32 - 2],
      [1, 2 ** 32 - 1],
      [1, 0],
      [1, 1],
    ]);
    expect(tally.reordered).toBe(0);
  });

  test("messages of other runs are passed over", () => {
    const tally = new Tally();
    expect(new SequenceCheck(RUN, true, tally).see(RUN + 1, 99, false)).toBe(false);
    expect(tally.gaps).toBe(0);
  });
});
