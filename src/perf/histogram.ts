// hot path: runs per run of messages that share a time stamp
// Latencies counted in buckets whose width grows with the value (64 per power of two, so within 1.6 %). A message batch
// shares one time stamp, so `record` takes a count: perf_hooks' histogram would cost one call into C++ per message.

const SUB_BUCKET_BITS = 6;
const SUB_BUCKETS = 1 << SUB_BUCKET_BITS;
const BUCKET_COUNT = (33 - SUB_BUCKET_BITS) * SUB_BUCKETS;
/** Values are kept as tenths of a microsecond in 32 bits: from 0.1 us to 429 s. */
const UNITS_PER_US = 10;
const UNITS_MAX = 0xffff_ffff;

/** How often each latency occurred. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKET_COUNT);
  count = 0;
  #sumUs = 0;
  #maxUs = 0;
  #minUs = Number.POSITIVE_INFINITY;

  /** Counts `times` occurrences of a latency; below zero counts as zero. */
  record(latencyUs: number, times: number): void {
    const us = Math.max(latencyUs, 0);
    const units = Math.min(Math.round(us * UNITS_PER_US), UNITS_MAX) >>> 0;
    this.#counts[bucketOf(units)]! += times;
    this.count += times;
    this.#sumUs += us * times;
    if (us > this.#maxUs) this.#maxUs = us;
    if (us < this.#minUs) this.#minUs = us;
  }

  get maxUs(): number {
    return this.#maxUs;
  }
  get minUs(): number {
    return this.count === 0 ? 0 : this.#minUs;
  }
  get meanUs(): number {
    return this.count === 0 ? 0 : this.#sumUs / this.count;
  }

  /** The latency below which that share (0 to 100) of the values lies. */
  percentileUs(percent: number): number {
    if (this.count === 0) return 0;
    const wanted = (percent / 100) * this.count;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= wanted && seen > 0) {
        return Math.max(this.#minUs, Math.min(midOfBucketUs(bucket), this.#maxUs));
      }
    }
    return this.#maxUs;
  }

  /** Adds another histogram's counts to this one. */
  add(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      this.#counts[bucket]! += other.#counts[bucket]!;
    }
    this.count += other.count;
    this.#sumUs += other.#sumUs;
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
    this.#minUs = Math.min(this.#minUs, other.#minUs);
  }

  reset(): void {
    this.#counts.fill(0);
    this.count = 0;
    this.#sumUs = 0;
    this.#maxUs = 0;
    this.#minUs = Number.POSITIVE_INFINITY;
  }
}

function bucketOf(units: number): number {
  if (units < SUB_BUCKETS) return units;
  const exponent = 31 - Math.clz32(units);
  const shift = exponent - SUB_BUCKET_BITS;
  return (shift + 1) * SUB_BUCKETS + ((units >>> shift) & (SUB_BUCKETS - 1));
}

function midOfBucketUs(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket / UNITS_PER_US;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  const low = (SUB_BUCKETS + (bucket % SUB_BUCKETS)) * 2 ** shift;
  return (low + 2 ** shift / 2) / UNITS_PER_US;
}
