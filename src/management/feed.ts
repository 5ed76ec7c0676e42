// Things that happen, handed to one reader as they come: bounded, so that a slow reader costs no memory.

export class Feed<T> implements AsyncIterable<T> {
  readonly #waitingMax: number;
  readonly #onEnd: (() => void)[];
  #waiting: T[] = [];
  #wake: (() => void) | undefined;
  isEnded = false;
  /** Things the reader never saw, because too many were waiting. */
  missed = 0;

  /** `onEnd` is called once, when the reader is gone or may read no longer. */
  constructor(waitingMax: number, onEnd: () => void) {
    this.#waitingMax = waitingMax;
    this.#onEnd = [onEnd];
  }

  /** Calls once more, when it ends. */
  whenEnded(onEnd: () => void): void {
    this.#onEnd.push(onEnd);
  }

  push(item: T): void {
    if (this.isEnded) return;
    this.#waiting.push(item);
    if (this.#waiting.length > this.#waitingMax) {
      this.#waiting.shift();
      this.missed++;
    }
    this.#wake?.();
  }

  end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#waiting = [];
    this.#wake?.();
    for (const onEnd of this.#onEnd) onEnd();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    while (!this.isEnded) {
      const item = this.#waiting.shift();
      if (item !== undefined) {
        yield item;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
