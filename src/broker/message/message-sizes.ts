// hot path: runs per message
// How large the messages are that clients publish: counts by size, for metrics.

/** Upper bounds in bytes, those of RabbitMQ 4.1; what is larger than the last is counted behind them. */
export const MESSAGE_SIZE_BOUNDS: readonly number[] = [
  100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 50_000_000, 100_000_000,
];
const SMALLEST = 100;
const SUM = MESSAGE_SIZE_BOUNDS.length + 1;

export class MessageSizes {
  /** By bound, each without those below it; behind them the sum of all sizes. Doubles: counts outgrow 32 bits. */
  readonly #figures = new Float64Array(SUM + 1);

  count(bodySizeBytes: number, messages = 1): void {
    const figures = this.#figures;
    let bucket = 0;
    if (bodySizeBytes > SMALLEST) {
      while (bodySizeBytes > (MESSAGE_SIZE_BOUNDS[bucket] as number)) bucket++;
    }
    figures[bucket] = (figures[bucket] as number) + messages;
    figures[SUM] = (figures[SUM] as number) + bodySizeBytes * messages;
  }

  get counts(): Float64Array {
    return this.#figures.subarray(0, SUM);
  }

  get sumBytes(): number {
    return this.#figures[SUM] as number;
  }
}
