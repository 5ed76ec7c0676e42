import { describe, expect, test } from "vitest";
import { parseSize, parseStep } from "./option-values.ts";
import { StepSchedule } from "./step-schedule.ts";

describe("StepSchedule", () => {
  test("each value for its time, over and over", () => {
    const schedule = new StepSchedule([
      { value: 5, seconds: 2 },
      { value: 7, seconds: 1 },
    ]);
    expect([0, 1.9, 2, 2.9, 3, 5, 6].map((at) => schedule.valueAt(at))).toEqual([
      5, 5, 7, 7, 5, 7, 5,
    ]);
    expect(StepSchedule.steady(3).valueAt(99.5)).toBe(3);
  });

  test("is read as VALUE:SECONDS", () => {
    expect(parseStep("4k:30", parseSize)).toEqual({ value: 4_096, seconds: 30 });
    expect(parseStep("4k:1m", parseSize)).toEqual({ value: 4_096, seconds: 60 });
    for (const text of ["4k", ":3", "4k:0", "x:3"])
      expect(() => parseStep(text, parseSize)).toThrow();
  });
});
