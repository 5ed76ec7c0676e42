// Turns the API's samples into what a chart draws: times and one row of numbers for each line.

import type { Details, Stats } from "../api/types.ts";

/** How samples are read: as they are, or as counters whose growth per second is drawn. */
export type SampleKind = "level" | "rate";

export interface Line {
  readonly key: string;
  readonly label: string;
  readonly details: Details | undefined;
  /** The value now, where it is not the details' rate. */
  readonly now?: number;
}

export interface ChartData {
  /** Unix seconds, ascending. */
  readonly times: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** Lines for the fields of `stats` that are named in `labels` and present. */
export function linesOf(
  stats: Stats | undefined,
  labels: Readonly<Record<string, string>>,
  kind: SampleKind,
): Line[] {
  const lines: Line[] = [];
  for (const [key, label] of Object.entries(labels)) {
    const details = stats?.[`${key}_details`];
    if (typeof details !== "object") continue;
    const level = stats?.[key];
    lines.push({ key, label, details, now: kind === "level" ? (level as number) : details.rate });
  }
  return lines;
}

/** The same fields at zero: for objects on which nothing has happened yet. */
export function linesOrZero(
  stats: Stats | undefined,
  labels: Readonly<Record<string, string>>,
  kind: SampleKind,
): Line[] {
  const lines = linesOf(stats, labels, kind);
  if (lines.length > 0) return lines;
  return Object.entries(labels)
    .slice(0, 3)
    .map(([key, label]) => ({ key, label, details: undefined, now: 0 }));
}

/** Joins the lines' samples at their times. */
export function chartData(lines: readonly Line[], kind: SampleKind): ChartData {
  const byTime = new Map<number, (number | null)[]>();
  lines.forEach((line, index) => {
    for (const [time, value] of pointsOf(line.details, kind)) {
      let row = byTime.get(time);
      if (row === undefined) {
        row = new Array<number | null>(lines.length).fill(null);
        byTime.set(time, row);
      }
      row[index] = value;
    }
  });
  const times = [...byTime.keys()].sort((left, right) => left - right);
  const values = lines.map((_, index) => times.map((time) => byTime.get(time)?.[index] ?? null));
  return { times, values };
}

/** Time in seconds and value of each point. The API gives the newest sample first. */
export function pointsOf(details: Details | undefined, kind: SampleKind): [number, number][] {
  const samples = [...(details?.samples ?? [])].sort((a, b) => a.timestamp - b.timestamp);
  if (kind === "level") return samples.map((sample) => [sample.timestamp / 1000, sample.sample]);
  const points: [number, number][] = [];
  for (let index = 1; index < samples.length; index++) {
    const before = samples[index - 1];
    const after = samples[index];
    if (before === undefined || after === undefined) continue;
    const seconds = (after.timestamp - before.timestamp) / 1000;
    // A counter that went back was reset: nothing is known about that step.
    const grown = Math.max(0, after.sample - before.sample);
    if (seconds > 0) points.push([after.timestamp / 1000, grown / seconds]);
  }
  return points;
}
