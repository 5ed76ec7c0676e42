import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Histogram } from "./histogram.ts";

describe("Histogram", () => {
  test("percentiles lie within 2 % of the exact ones", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 10, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 100 }),
        (values, percent) => {
          const histogram = new Histogram();
          for (const value of values) histogram.record(value, 1);
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.ceil((percent / 100) * values.length) - 1]!;
          const found = histogram.percentileUs(percent);
          expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.02);
          expect(found).toBeGreaterThanOrEqual(histogram.minUs);
        },
      ),
    );
  });

  test("counts, mean, smallest and largest are exact", () => {
    const histogram = new Histogram();
    histogram.record(100, 3);
    histogram.record(500, 1);
    expect(histogram.count).toBe(4);
    expect(histogram.meanUs).toBe(200);
    expect(histogram.minUs).toBe(100);
    expect(histogram.maxUs).toBe(500);
  });

  test("two histograms add up to one", () => {
    const [both, one, other] = [new Histogram(), new Histogram(), new Histogram()];
    for (let value = 1; value <= 1000; value++) {
      both.record(value, 1);
      (value % 3 === 0 ? one : other).record(value, 1);
    }
    one.add(other);
    expect(one.count).toBe(1000);
    for (const percent of [1, 50, 99, 100]) {
      expect(one.percentileUs(percent)).toBe(both.percentileUs(percent));
    }
  });

  test("values out of range are kept at its ends", () => {
    const histogram = new Histogram();
    histogram.record(-5, 1);
    histogram.record(1e12, 1);
    expect(histogram.minUs).toBe(0);
    expect(histogram.percentileUs(100)).toBeGreaterThan(4e8);
    histogram.reset();
    expect(histogram.percentileUs(50)).toBe(0);
  });
});
