import { describe, expect, test } from "vitest";
import { casePlan, cases } from "./cases.ts";
import { compareCase, figureText, outcomeOf, ratioText, spreadOf } from "./compare.ts";
import { Histogram } from "./histogram.ts";
import type { LoadResult } from "./load-run.ts";
import {
  compactHeader,
  compactLine,
  csvHeader,
  csvLine,
  jsonResult,
  MICROSECONDS,
  MILLISECONDS,
  sampleLine,
  summaryLines,
} from "./report.ts";
import { Terminal } from "./terminal.ts";

const run = { uri: "amqp://broker", pid: 1, seconds: 2, warmUpSeconds: 0 };
const plan = casePlan(cases.find(({ name }) => name === "durable-both")!, run);
const counts = {
  published: 2000,
  confirmed: 1900,
  nacked: 0,
  returned: 0,
  received: 1800,
  receivedBytes: 1_843_200,
};
const latency = new Histogram();
latency.record(5, 1);

const result: LoadResult = {
  stopReason: "Reached time limit",
  seconds: 2,
  counts,
  latency,
  confirmLatency: new Histogram(),
  gaps: 0,
  reordered: 0,
  redelivered: 0,
  publishedLate: 0,
  lost: 0,
  left: 3,
  receivedByConsumer: [1800],
  clientCpuSeconds: 0.5,
  brokerCpuSeconds: 1,
  brokerMemory: undefined,
  otherCpuSeconds: 0.1,
};

describe("the report", () => {
  test("an interval reads as PerfTest's", () => {
    const sample = {
      seconds: 2,
      sinceSeconds: 2,
      counts,
      latency,
      confirmLatency: new Histogram(),
    };
    expect(sampleLine(plan, sample, MICROSECONDS)).toBe(
      "id: durable-both, time 2.000 s, sent: 1000 msg/s, confirmed: 950 msg/s, nacked: 0 msg/s, " +
        "received: 900 msg/s, min/median/75th/95th/99th/max consumer latency: 5/5/5/5/5/5 µs",
    );
    expect(compactHeader(plan, MILLISECONDS)).toContain(
      "sent/s  confirmed/s     nacked/s   received/s",
    );
    expect(compactLine(plan, sample, MICROSECONDS).trim().split(/ +/)).toEqual([
      "2.000",
      "1000",
      "950",
      "0",
      "900",
      "5/5/5/5/5/5",
      "-",
    ]);
    const columns = csvHeader(MICROSECONDS).split(",");
    expect(csvLine(plan, sample, MICROSECONDS).split(",").length).toBe(columns.length);
  });

  test("the summary says what was lost and what it cost", () => {
    const text = summaryLines(plan, result, MICROSECONDS).join("\n");
    expect(text).toContain("test stopped (Reached time limit)");
    expect(text).toContain("receiving rate avg: 900 msg/s");
    expect(text).toContain("lost: 0, left in queues: 3");
    expect(text).toContain("2000 messages per broker CPU second");
  });

  test("JSON has lavinmqperf's keys", () => {
    expect(jsonResult(plan, result)).toMatchObject({
      elapsed_seconds: 2,
      avg_pub_rate: 1000,
      avg_consume_rate: 900,
      latency_median_ms: 0.005,
      messages_per_broker_cpu_second: 1800,
    });
  });

  test("a terminal's live line is written over itself; elsewhere each line stays", () => {
    const text = (isTTY: boolean): string => {
      let written = "";
      const terminal = new Terminal({ isTTY, write: (piece) => (written += piece) });
      terminal.live("one");
      terminal.live("two");
      terminal.line("end");
      return written;
    };
    expect(text(false)).toBe("one\ntwo\nend\n");
    expect(text(true)).toBe("\r\u001b[2Kone\r\u001b[2Ktwo\nend\n");
  });
});

describe("comparing", () => {
  test("a spread is the middle, the least and the most", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(ratioText(spreadOf([1.24, 30, 3]))).toBe("3.0x [1.2-30]");
    expect(figureText(1_234_567)).toBe("1.23 M");
  });

  test("faults are named, and each case has a plan", () => {
    const outcome = outcomeOf("received", { ...result, gaps: 2, lost: 1 });
    expect(outcome.faults).toEqual(["2 gaps", "1 lost"]);
    expect(outcome.perCpuSecond).toBe(1800);
    for (const each of cases) expect(casePlan(each, run).seconds).toBe(2);
  });

  test("a broker that cannot be reached fails the comparison", async () => {
    const nobody = { uri: "amqp://127.0.0.1:1", pid: undefined };
    const options = { a: nobody, b: nobody, rounds: 1, seconds: 1, warmUpSeconds: 0 };
    await expect(compareCase(cases[0]!, options)).rejects.toThrow("ECONNREFUSED");
  });
});
