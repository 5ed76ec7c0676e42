// Two samples of one object's counters, enough for a rate; and its history once somebody has asked for one.

import { History, type Range, type Retention } from "./history.ts";

/** One number that is sampled, and how it is read from the object. */
export interface Metric<T> {
  /** As RabbitMQ's JSON calls it. */
  readonly name: string;
  read(object: T): number;
}

export class Series<T> {
  readonly metrics: readonly Metric<T>[];
  // Plain arrays: for twenty numbers a typed one takes twice the memory, and there are two for every queue.
  #previous: number[];
  #last: number[];
  #previousMs = 0;
  #lastMs = 0;
  #sampleCount = 0;
  history: History | undefined = undefined;

  constructor(metrics: readonly Metric<T>[]) {
    this.metrics = metrics;
    this.#previous = metrics.map(() => 0);
    this.#last = metrics.map(() => 0);
  }

  sample(object: T, timeMs: number): void {
    const into = this.#previous;
    for (let i = 0; i < this.metrics.length; i++) into[i] = this.metrics[i]!.read(object);
    this.#previous = this.#last;
    this.#previousMs = this.#lastMs;
    this.#last = into;
    this.#lastMs = timeMs;
    this.#sampleCount++;
    this.history?.record(timeMs, into);
  }

  /** Starts keeping samples for charts. */
  keepHistory(retentions: readonly Retention[]): void {
    if (this.history !== undefined) return;
    // Of an object that is older than its history nothing is known: a level line, not a leap from nothing.
    const before = this.#sampleCount > 1 ? this.#last.slice() : undefined;
    this.history = new History(this.metrics.length, retentions, before);
    if (this.#sampleCount > 0) this.history.record(this.#lastMs, this.#last);
  }

  /** Change per second between the last two samples. */
  rate(metric: number): number {
    if (this.#sampleCount < 2 || this.#lastMs <= this.#previousMs) return 0;
    const change = this.#last[metric]! - this.#previous[metric]!;
    return Math.round((change * 10_000_000) / (this.#lastMs - this.#previousMs)) / 10_000;
  }

  get lastMs(): number {
    return this.#lastMs;
  }

  /** The value at the last sample. */
  lastValue(metric: number): number {
    return this.#last[metric]!;
  }
}

/** `publish_details` and its like: rate, and with a range the samples too. */
export type Details = {
  readonly rate: number;
  readonly samples?: readonly { readonly sample: number; readonly timestamp: number }[];
  readonly avg?: number;
  readonly avg_rate?: number;
};

export function detailsOf<T>(
  series: Series<T> | undefined,
  metric: number,
  range: Range | undefined,
): Details {
  const rate = series?.rate(metric) ?? 0;
  if (range === undefined) return { rate };
  const samples = series?.history?.samples(metric, range) ?? [];
  if (samples.length === 0) return { rate, samples, avg: 0, avg_rate: 0 };
  const total = samples.reduce((sum, { sample }) => sum + sample, 0);
  const change = samples[0]!.sample - samples.at(-1)!.sample;
  const seconds = (samples[0]!.timestamp - samples.at(-1)!.timestamp) / 1_000;
  return {
    rate,
    samples,
    avg: total / samples.length,
    avg_rate: seconds === 0 ? 0 : change / seconds,
  };
}

/** Nothing divided by nothing is 0. */
export function quotient(sum: number, count: number): number {
  return count === 0 ? 0 : sum / count;
}

/**
 * Of a mean that is one counter (`sum`) divided by another (`count`): the newest as `rate`, where RabbitMQ has it, and
 * with a range the mean within each step of it. A step in which nothing was counted is 0.
 */
export function meanDetailsOf<T>(
  series: Series<T>,
  sum: number,
  count: number,
  range: Range | undefined,
): Details {
  const rate = quotient(series.rate(sum), series.rate(count));
  if (range === undefined) return { rate };
  const sums = series.history?.samples(sum, range) ?? [];
  const counts = series.history?.samples(count, range) ?? [];
  // Newest first; the oldest has nothing before it.
  const samples = sums.slice(0, -1).map(({ sample, timestamp }, i) => ({
    sample: quotient(sample - sums[i + 1]!.sample, counts[i]!.sample - counts[i + 1]!.sample),
    timestamp,
  }));
  const [newest, oldest] = [sums[0], sums.at(-1)];
  if (newest === undefined || oldest === undefined) return { rate, samples, avg: 0, avg_rate: 0 };
  const counted = counts[0]!.sample - counts.at(-1)!.sample;
  const avg = quotient(newest.sample - oldest.sample, counted);
  return { rate, samples, avg, avg_rate: avg };
}
