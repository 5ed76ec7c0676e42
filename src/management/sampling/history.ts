// The last samples of a set of counters at several resolutions, for charts. Bounded: rings of fixed length.

/** How long samples of one resolution are kept. */
export interface Retention {
  readonly spanSeconds: number;
  readonly intervalSeconds: number;
}

/** RabbitMQ's defaults for the whole node, and for single objects. */
export const GLOBAL_RETENTION: readonly Retention[] = [
  { spanSeconds: 605, intervalSeconds: 5 },
  { spanSeconds: 3_660, intervalSeconds: 60 },
  { spanSeconds: 29_400, intervalSeconds: 600 },
  { spanSeconds: 86_400, intervalSeconds: 1_800 },
];
export const OBJECT_RETENTION: readonly Retention[] = [
  { spanSeconds: 605, intervalSeconds: 5 },
  { spanSeconds: 3_660, intervalSeconds: 60 },
];

/** A stretch of time cut into equal steps, as `msg_rates_age` and `msg_rates_incr` ask for it. */
export interface Range {
  readonly ageSeconds: number;
  readonly incrementSeconds: number;
}

class Ring {
  readonly intervalMs: number;
  readonly spanMs: number;
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  readonly #width: number;
  #next = 0;
  #count = 0;

  constructor(retention: Retention, width: number) {
    this.intervalMs = retention.intervalSeconds * 1_000;
    this.spanMs = retention.spanSeconds * 1_000;
    const length = Math.ceil(retention.spanSeconds / retention.intervalSeconds) + 1;
    this.#times = new Float64Array(length);
    this.#values = new Float64Array(length * width);
    this.#width = width;
  }

  get newestMs(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : this.#times[this.#at(0)]!;
  }

  #at(back: number): number {
    const { length } = this.#times;
    return (this.#next - 1 - back + 2 * length) % length;
  }

  record(timeMs: number, values: readonly number[]): void {
    this.#times[this.#next] = timeMs;
    this.#values.set(values, this.#next * this.#width);
    this.#next = (this.#next + 1) % this.#times.length;
    this.#count = Math.min(this.#count + 1, this.#times.length);
  }

  /** The value of one metric as it was at `timeMs`: the last sample not younger than that; undefined before the first. */
  valueAt(metric: number, timeMs: number): number | undefined {
    for (let back = 0; back < this.#count; back++) {
      const at = this.#at(back);
      if (this.#times[at]! <= timeMs) return this.#values[at * this.#width + metric]!;
    }
    return undefined;
  }
}

export class History {
  readonly #rings: readonly Ring[];
  /** What is told of the time before the first sample: nothing unless given. */
  readonly #before: readonly number[] | undefined;

  constructor(metricCount: number, retentions: readonly Retention[], before?: readonly number[]) {
    this.#before = before;
    this.#rings = retentions.map((retention) => new Ring(retention, metricCount));
  }

  /** Takes one sample of all metrics; coarser rings take every so-manieth. */
  record(timeMs: number, values: readonly number[]): void {
    for (const ring of this.#rings) {
      // A timer that fires a little early must not cost a ring its sample.
      if (timeMs - ring.newestMs >= ring.intervalMs * 0.9) ring.record(timeMs, values);
    }
  }

  /** Samples of one metric over `range`, newest first. */
  samples(metric: number, range: Range): readonly { sample: number; timestamp: number }[] {
    const ageMs = range.ageSeconds * 1_000;
    const ring = this.#rings.find(({ spanMs }) => spanMs >= ageMs) ?? this.#rings.at(-1)!;
    const newest = this.#rings[0]!.newestMs;
    if (newest === Number.NEGATIVE_INFINITY) return [];
    const stepMs = range.incrementSeconds * 1_000;
    const end = Math.floor(newest / stepMs) * stepMs;
    const samples: { sample: number; timestamp: number }[] = [];
    for (let timestamp = end; timestamp >= end - ageMs; timestamp -= stepMs) {
      // The finest ring knows the youngest samples best.
      const source = this.#rings[0]!.spanMs >= newest - timestamp ? this.#rings[0]! : ring;
      const sample = source.valueAt(metric, timestamp) ?? this.#before?.[metric] ?? 0;
      samples.push({ sample, timestamp });
    }
    return samples;
  }
}
