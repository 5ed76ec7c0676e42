// Two brokers under the same cases, in turn, so that what else the machine does hits both: ratios and their spread.

import { type Case, type CaseRun, casePlan, type Figure } from "./cases.ts";
import { type LoadResult, LoadRun } from "./load-run.ts";

export interface Side {
  readonly uri: string;
  readonly pid: number | undefined;
}

/** What one run of a case came to. */
export interface Outcome {
  /** Messages a second, or milliseconds for latency. */
  readonly value: number;
  /** Messages per CPU second of the broker, when its process is known. */
  readonly perCpuSecond: number | undefined;
  /** CPU the load generator used for each second of CPU of the broker, when its process is known. */
  readonly clientShare: number | undefined;
  /** Gaps, reorderings, losses, nacks: what must not happen. Empty when all is well. */
  readonly faults: readonly string[];
}

/** Middle, lowest and highest of several values. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface CaseComparison {
  readonly name: string;
  readonly title: string;
  readonly figure: Figure;
  readonly a: Spread;
  readonly b: Spread;
  readonly aPerCpuSecond: Spread | undefined;
  readonly bPerCpuSecond: Spread | undefined;
  /** How many times better A is than B, per round: rates A / B, latencies B / A. */
  readonly ratio: Spread;
  readonly cpuRatio: Spread | undefined;
  readonly faults: readonly string[];
}

export interface CompareOptions {
  readonly a: Side;
  readonly b: Side;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** Runs one case on both brokers, `rounds` times in turn; the one that begins changes every round. */
export async function compareCase(each: Case, options: CompareOptions): Promise<CaseComparison> {
  const { a, b, rounds, seconds, warmUpSeconds } = options;
  const outcomesA: Outcome[] = [];
  const outcomesB: Outcome[] = [];
  const run = async (side: Side, outcomes: Outcome[]): Promise<void> => {
    outcomes.push(await runCase(each, { ...side, seconds, warmUpSeconds }));
  };
  for (let round = 0; round < rounds; round++) {
    const aFirst = round % 2 === 0;
    await run(aFirst ? a : b, aFirst ? outcomesA : outcomesB);
    await run(aFirst ? b : a, aFirst ? outcomesB : outcomesA);
  }
  return compareOutcomes(each, outcomesA, outcomesB);
}

/** One run of a case against one broker. */
export async function runCase(each: Case, run: CaseRun): Promise<Outcome> {
  return outcomeOf(each.figure, await new LoadRun(casePlan(each, run)).execute());
}

export function outcomeOf(figure: Figure, result: LoadResult): Outcome {
  const { counts, seconds, brokerCpuSeconds, clientCpuSeconds } = result;
  const messages = figure === "confirmed" ? counts.confirmed : counts.received;
  const value =
    figure === "latency p99" ? result.latency.percentileUs(99) / 1e3 : messages / seconds;
  return {
    value,
    perCpuSecond: brokerCpuSeconds ? messages / brokerCpuSeconds : undefined,
    clientShare: brokerCpuSeconds ? clientCpuSeconds / brokerCpuSeconds : undefined,
    faults: faultsOf(result),
  };
}

function faultsOf(result: LoadResult): string[] {
  const faults: [string, number | undefined][] = [
    ["gaps", result.gaps],
    ["reordered", result.reordered],
    ["redelivered", result.redelivered],
    ["lost", result.lost],
    ["nacked", result.counts.nacked],
  ];
  return faults.filter(([, count]) => count).map(([name, count]) => `${count} ${name}`);
}

/** What as many rounds of a case on each broker come to. */
export function compareOutcomes(
  each: Case,
  a: readonly Outcome[],
  b: readonly Outcome[],
): CaseComparison {
  const better = (mine: number, other: number): number =>
    each.figure === "latency p99" ? other / mine : mine / other;
  const values = (outcomes: readonly Outcome[]): number[] => outcomes.map(({ value }) => value);
  const perCpu = (outcomes: readonly Outcome[]): Spread | undefined =>
    optionalSpread(outcomes.map(({ perCpuSecond }) => perCpuSecond));
  return {
    name: each.name,
    title: each.title,
    figure: each.figure,
    a: spreadOf(values(a)),
    b: spreadOf(values(b)),
    aPerCpuSecond: perCpu(a),
    bPerCpuSecond: perCpu(b),
    ratio: spreadOf(a.map(({ value }, round) => better(value, b[round]!.value))),
    cpuRatio: optionalSpread(
      a.map(({ perCpuSecond }, round) => {
        const other = b[round]!.perCpuSecond;
        return perCpuSecond === undefined || other === undefined ? undefined : perCpuSecond / other;
      }),
    ),
    faults: [
      ...a.flatMap(({ faults }) => faults.map((fault) => `A: ${fault}`)),
      ...b.flatMap(({ faults }) => faults.map((fault) => `B: ${fault}`)),
    ],
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((x, y) => x - y);
  const upper = sorted[Math.floor(sorted.length / 2)]!;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]!;
  return { median: (upper + lower) / 2, min: sorted[0]!, max: sorted.at(-1)! };
}

/** The spread of the values that are known; undefined when none is. */
export function optionalSpread(values: readonly (number | undefined)[]): Spread | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : spreadOf(known);
}

/** A number as people read it: 1.2 M, 34 k, 5.6. */
export function figureText(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)} k`;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function ratioText(ratio: Spread | undefined): string {
  if (ratio === undefined) return "-";
  const text = (value: number): string => value.toFixed(value >= 10 ? 0 : 1);
  return `${text(ratio.median)}x [${text(ratio.min)}-${text(ratio.max)}]`;
}
