// hot path: runs per message
// How large the messages are that clients publish: counts by size, for metrics.

/** Upper bounds in bytes, those of RabbitMQ 4.1; what is larger than the last is counted behind them. */
export const MESSAGE_SIZE_BOUNDS: readonly number[] = [
  100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 50_000_000, 100_000_000,
];

export class MessageSizes {
  /** By bound, each without those below it. */
  readonly counts: Float64Array = new Float64Array(MESSAGE_SIZE_BOUNDS.length + 1);
  sumBytes = 0;

  count(bodySizeBytes: number): void {
    let bucket = 0;
    while (bodySizeBytes > (MESSAGE_SIZE_BOUNDS[bucket] as number)) bucket++;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sumBytes += bodySizeBytes;
  }
}
