// Texts about things that happen, handed to one reader as they come: bounded, so that a slow reader costs no memory.

export interface FeedLimits {
  /** Texts that wait for the reader; beyond that the oldest are dropped. */
  readonly waitingMax: number;
  /** Their length altogether; one that is longer by itself waits alone. */
  readonly waitingLengthMax: number;
  /** What tells the reader that so many were dropped; without it nothing does. */
  readonly missed?: (count: number) => string;
}

export class Feed implements AsyncIterable<string> {
  readonly #limits: FeedLimits;
  readonly #onEnd: (() => void)[];
  /** Those before `#first` are gone. */
  #waiting: string[] = [];
  #first = 0;
  #waitingLength = 0;
  #wake: (() => void) | undefined;
  /** Dropped since the reader was told last. */
  #missed = 0;
  isEnded = false;

  /** `onEnd` is called once, when the reader is gone or may read no longer. */
  constructor(limits: FeedLimits, onEnd: () => void) {
    this.#limits = limits;
    this.#onEnd = [onEnd];
  }

  /** Calls once more, when it ends. */
  whenEnded(onEnd: () => void): void {
    this.#onEnd.push(onEnd);
  }

  push(text: string): void {
    if (this.isEnded) return;
    this.#waiting.push(text);
    this.#waitingLength += text.length;
    const { waitingMax, waitingLengthMax } = this.#limits;
    while (
      this.#count > waitingMax ||
      (this.#waitingLength > waitingLengthMax && this.#count > 1)
    ) {
      this.#takeFirst();
      this.#missed++;
    }
    this.#wake?.();
  }

  /** So many things were not even made into texts. */
  miss(count: number): void {
    this.#missed += count;
    this.#wake?.();
  }

  end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#waiting = [];
    this.#first = 0;
    this.#waitingLength = 0;
    this.#wake?.();
    for (const onEnd of this.#onEnd) onEnd();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    while (!this.isEnded) {
      const text = this.#next();
      if (text !== undefined) {
        yield text;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** What was missed is older than what waits. */
  #next(): string | undefined {
    const { missed } = this.#limits;
    if (this.#missed > 0 && missed !== undefined) {
      const text = missed(this.#missed);
      this.#missed = 0;
      return text;
    }
    return this.#count === 0 ? undefined : this.#takeFirst();
  }

  get #count(): number {
    return this.#waiting.length - this.#first;
  }

  /** Moves the others up only now and then: one by one that is as much work as there are others. */
  #takeFirst(): string {
    const text = this.#waiting[this.#first] as string;
    this.#waiting[this.#first++] = "";
    this.#waitingLength -= text.length;
    if (this.#first > this.#limits.waitingMax) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    return text;
  }
}
