// What a run prints: PerfTest's lines, a CSV file in its columns, or one JSON object.

import type { Histogram } from "./histogram.ts";
import type { LoadResult, Sample } from "./load-run.ts";
import type { LoadPlan } from "./plan.ts";
import type { Counts } from "./tally.ts";

const COMPACT_WIDTH = 11;
const PERCENTS = [50, 75, 95, 99] as const;

export interface LatencyUnit {
  readonly name: "µs" | "ms";
  readonly perUs: number;
}
export const MICROSECONDS: LatencyUnit = { name: "µs", perUs: 1 };
export const MILLISECONDS: LatencyUnit = { name: "ms", perUs: 0.001 };

/** min/median/75th/95th/99th/max, as PerfTest orders them. */
export function latencyFigures(histogram: Histogram, unit: LatencyUnit): string {
  const all = [
    histogram.minUs,
    ...PERCENTS.map((percent) => histogram.percentileUs(percent)),
    histogram.maxUs,
  ];
  return all.map((us) => Math.round(us * unit.perUs)).join("/");
}

/** Which of the optional figures a run has. */
interface Columns {
  readonly publishes: boolean;
  readonly mandatory: boolean;
  readonly confirms: boolean;
  readonly consumes: boolean;
}

function columnsOf({ publish, consume }: LoadPlan): Columns {
  return {
    publishes: publish.connections > 0,
    mandatory: publish.mandatory,
    confirms: publish.confirmWindow !== undefined,
    consumes: consume.connections > 0,
  };
}

/** The line of one interval. */
export function sampleLine(plan: LoadPlan, sample: Sample, unit: LatencyUnit): string {
  const columns = columnsOf(plan);
  const parts = [`time ${sample.seconds.toFixed(3)} s`];
  parts.push(...rates(columns, sample.counts, sample.sinceSeconds));
  if (sample.latency.count > 0) {
    const figures = latencyFigures(sample.latency, unit);
    parts.push(`min/median/75th/95th/99th/max consumer latency: ${figures} ${unit.name}`);
  }
  if (sample.confirmLatency.count > 0) {
    const figures = latencyFigures(sample.confirmLatency, unit);
    parts.push(`confirm latency: ${figures} ${unit.name}`);
  }
  return `id: ${plan.id}, ${parts.join(", ")}`;
}

/** What stands above the lines of `compactLine`. */
export function compactHeader(plan: LoadPlan, unit: LatencyUnit): string {
  return compact(compactColumns(plan).map(({ title }) => title.replace("UNIT", unit.name)));
}

/** The line of one interval, in columns. */
export function compactLine(plan: LoadPlan, sample: Sample, unit: LatencyUnit): string {
  return compact(compactColumns(plan).map(({ text }) => text(sample, unit)));
}

interface CompactColumn {
  readonly title: string;
  readonly text: (sample: Sample, unit: LatencyUnit) => string;
}

function compactColumns(plan: LoadPlan): CompactColumn[] {
  const { publishes, mandatory, confirms, consumes } = columnsOf(plan);
  const rate = (name: keyof Counts, title: string): CompactColumn => ({
    title: `${title}/s`,
    text: ({ counts, sinceSeconds }) => String(Math.round(counts[name] / sinceSeconds)),
  });
  const latency = (name: "latency" | "confirmLatency", title: string): CompactColumn => ({
    title: `${title} min/median/75th/95th/99th/max (UNIT)`,
    text: (sample, unit) => (sample[name].count === 0 ? "-" : latencyFigures(sample[name], unit)),
  });
  return [
    { title: "time (s)", text: ({ seconds }) => seconds.toFixed(3) },
    ...(publishes ? [rate("published", "sent")] : []),
    ...(mandatory ? [rate("returned", "returned")] : []),
    ...(confirms ? [rate("confirmed", "confirmed"), rate("nacked", "nacked")] : []),
    ...(consumes ? [rate("received", "received"), latency("latency", "consumer")] : []),
    ...(confirms ? [latency("confirmLatency", "confirm")] : []),
  ];
}

function compact(cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(COMPACT_WIDTH)).join("  ");
}

function rates(columns: Columns, counts: Counts, seconds: number): string[] {
  const rate = (count: number): string => `${Math.round(count / seconds)} msg/s`;
  const parts: string[] = [];
  if (columns.publishes) parts.push(`sent: ${rate(counts.published)}`);
  if (columns.mandatory) parts.push(`returned: ${rate(counts.returned)}`);
  if (columns.confirms) {
    parts.push(`confirmed: ${rate(counts.confirmed)}`, `nacked: ${rate(counts.nacked)}`);
  }
  if (columns.consumes) parts.push(`received: ${rate(counts.received)}`);
  return parts;
}

/** The lines after the end. */
export function summaryLines(plan: LoadPlan, result: LoadResult, unit: LatencyUnit): string[] {
  const { counts, seconds } = result;
  const columns = columnsOf(plan);
  const id = `id: ${plan.id}`;
  const rate = (count: number): string => `${Math.round(count / seconds)} msg/s`;
  const lines = [`test stopped (${result.stopReason})`];
  if (columns.publishes) lines.push(`${id}, sending rate avg: ${rate(counts.published)}`);
  if (columns.confirms) lines.push(`${id}, confirm rate avg: ${rate(counts.confirmed)}`);
  if (columns.consumes) lines.push(`${id}, receiving rate avg: ${rate(counts.received)}`);
  for (const [name, histogram] of latencies(result)) {
    const figures = latencyFigures(histogram, unit);
    lines.push(`${id}, ${name} latency min/median/75th/95th/99th/max ${figures} ${unit.name}`);
  }
  lines.push(`${id}, ${orderText(result)}`, `${id}, ${costText(result)}`);
  return lines;
}

function latencies(result: LoadResult): (readonly [string, Histogram])[] {
  return (
    [
      ["consumer", result.latency],
      ["confirm", result.confirmLatency],
    ] as const
  ).filter(([, histogram]) => histogram.count > 0);
}

function orderText({ gaps, reordered, redelivered, lost, left }: LoadResult): string {
  const parts = [`gaps: ${gaps}`, `reordered: ${reordered}`, `redelivered: ${redelivered}`];
  if (lost !== undefined) parts.push(`lost: ${lost}`);
  if (left !== undefined) parts.push(`left in queues: ${left}`);
  return parts.join(", ");
}

function costText(result: LoadResult): string {
  const messages = Math.max(result.counts.received, result.counts.published);
  const perMessage = (seconds: number): string =>
    messages === 0 ? "-" : `${((seconds / messages) * 1e6).toFixed(3)} µs per message`;
  const parts = [
    `client CPU: ${result.clientCpuSeconds.toFixed(2)} s (${perMessage(result.clientCpuSeconds)})`,
  ];
  const broker = result.brokerCpuSeconds;
  if (broker !== undefined) {
    parts.push(`broker CPU: ${broker.toFixed(2)} s (${perMessage(broker)})`);
    if (broker > 0) parts.push(`${Math.round(messages / broker)} messages per broker CPU second`);
  }
  return parts.join(", ");
}

/** The result for machines: lavinmqperf's keys first, then what it does not have. */
export function jsonResult(plan: LoadPlan, result: LoadResult): Record<string, unknown> {
  const { counts, seconds } = result;
  const messages = counts.received > 0 ? counts.received : counts.published;
  const broker = result.brokerCpuSeconds;
  return {
    id: plan.id,
    target: plan.target.label,
    elapsed_seconds: round(seconds, 3),
    avg_pub_rate: round(counts.published / seconds, 1),
    avg_consume_rate: round(counts.received / seconds, 1),
    avg_confirm_rate: round(counts.confirmed / seconds, 1),
    ...jsonLatency("latency", result.latency),
    ...jsonLatency("confirm_latency", result.confirmLatency),
    published: counts.published,
    published_late: result.publishedLate,
    confirmed: counts.confirmed,
    nacked: counts.nacked,
    returned: counts.returned,
    received: counts.received,
    received_bytes: counts.receivedBytes,
    gaps: result.gaps,
    reordered: result.reordered,
    redelivered: result.redelivered,
    lost: result.lost ?? null,
    left: result.left ?? null,
    stop_reason: result.stopReason,
    client_cpu_seconds: round(result.clientCpuSeconds, 3),
    broker_cpu_seconds: broker === undefined ? null : round(broker, 2),
    messages_per_broker_cpu_second: broker ? Math.round(messages / broker) : null,
    broker_resident_bytes: result.brokerMemory?.residentBytes ?? null,
    broker_peak_bytes: result.brokerMemory?.peakBytes ?? null,
    other_cpu_seconds:
      result.otherCpuSeconds === undefined ? null : round(result.otherCpuSeconds, 2),
  };
}

function jsonLatency(prefix: string, histogram: Histogram): Record<string, number> {
  if (histogram.count === 0) return {};
  const ms = (us: number): number => round(us / 1e3, 3);
  return {
    [`${prefix}_min_ms`]: ms(histogram.minUs),
    [`${prefix}_mean_ms`]: ms(histogram.meanUs),
    [`${prefix}_median_ms`]: ms(histogram.percentileUs(50)),
    [`${prefix}_p75_ms`]: ms(histogram.percentileUs(75)),
    [`${prefix}_p95_ms`]: ms(histogram.percentileUs(95)),
    [`${prefix}_p99_ms`]: ms(histogram.percentileUs(99)),
    [`${prefix}_p999_ms`]: ms(histogram.percentileUs(99.9)),
    [`${prefix}_max_ms`]: ms(histogram.maxUs),
    [`${prefix}_count`]: histogram.count,
  };
}

/** PerfTest's CSV header. */
export function csvHeader(unit: LatencyUnit): string {
  const latency = (what: string): string[] =>
    ["min", "median", "75th p.", "95th p.", "99th p."].map(
      (name) => `${name} ${what} latency (${unit.name})`,
    );
  const rateNames = ["published", "returned", "confirmed", "nacked", "received"];
  return [
    "id",
    "time (s)",
    ...rateNames.map((name) => `${name} (msg/s)`),
    ...latency("consumer"),
    ...latency("confirm"),
  ].join(",");
}

export function csvLine(plan: LoadPlan, sample: Sample, unit: LatencyUnit): string {
  const { counts, sinceSeconds } = sample;
  const rate = (count: number): string => `${Math.round(count / sinceSeconds)}`;
  const figures = (histogram: Histogram): string[] =>
    histogram.count === 0
      ? ["", "", "", "", ""]
      : latencyFigures(histogram, unit).split("/").slice(0, 5);
  return [
    plan.id,
    sample.seconds.toFixed(3),
    rate(counts.published),
    rate(counts.returned),
    rate(counts.confirmed),
    rate(counts.nacked),
    rate(counts.received),
    ...figures(sample.latency),
    ...figures(sample.confirmLatency),
  ].join(",");
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
