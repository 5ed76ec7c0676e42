import { describe, expect, it } from "vitest";
import { chartData, linesOf, pointsOf } from "./series.ts";

const samples = (...pairs: [number, number][]) =>
  pairs.map(([timestamp, sample]) => ({ timestamp, sample }));

describe("pointsOf", () => {
  it("gives levels in the order of time", () => {
    const details = { rate: 0, samples: samples([15_000, 7], [10_000, 5]) };
    expect(pointsOf(details, "level")).toEqual([
      [10, 5],
      [15, 7],
    ]);
  });

  it("gives the growth of counters per second, and nothing for the first sample", () => {
    const details = { rate: 0, samples: samples([20_000, 130], [15_000, 100], [10_000, 50]) };
    expect(pointsOf(details, "rate")).toEqual([
      [15, 10],
      [20, 6],
    ]);
  });

  it("takes a counter that went back for no growth", () => {
    const details = { rate: 0, samples: samples([15_000, 3], [10_000, 50]) };
    expect(pointsOf(details, "rate")).toEqual([[15, 0]]);
  });
});

describe("chartData", () => {
  it("joins lines at their times and leaves gaps where a line has no sample", () => {
    const lines = [
      { key: "a", label: "A", details: { rate: 0, samples: samples([10_000, 1], [20_000, 2]) } },
      { key: "b", label: "B", details: { rate: 0, samples: samples([20_000, 9]) } },
    ];
    expect(chartData(lines, "level")).toEqual({
      times: [10, 20],
      values: [
        [1, 2],
        [null, 9],
      ],
    });
  });
});

describe("linesOf", () => {
  it("takes only fields that are there", () => {
    const stats = { publish: 5, publish_details: { rate: 2.5 }, ack: 1 };
    const lines = linesOf(stats, { publish: "Publish", ack: "Ack", get: "Get" }, "rate");
    expect(lines.map((line) => [line.key, line.now])).toEqual([["publish", 2.5]]);
  });
});
