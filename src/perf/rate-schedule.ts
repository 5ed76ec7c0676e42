// How many messages are due after how long: at one rate, or at several in turn, over and over.

export interface RateStep {
  /** 0 = a pause. */
  readonly ratePerSecond: number;
  readonly seconds: number;
}

export class RateSchedule {
  readonly #steps: readonly RateStep[];
  readonly #roundSeconds: number;
  readonly #roundMessages: number;

  /** At least one step; after the last one the first begins again. */
  constructor(steps: readonly RateStep[]) {
    this.#steps = steps;
    this.#roundSeconds = steps.reduce((sum, { seconds }) => sum + seconds, 0);
    this.#roundMessages = steps.reduce(
      (sum, { ratePerSecond, seconds }) => sum + ratePerSecond * seconds,
      0,
    );
  }

  static steady(ratePerSecond: number): RateSchedule {
    return new RateSchedule([{ ratePerSecond, seconds: 1 }]);
  }

  /** Whole messages due by `elapsedSeconds` after the start. */
  dueAfter(elapsedSeconds: number): number {
    const rounds = Math.floor(elapsedSeconds / this.#roundSeconds);
    let left = elapsedSeconds - rounds * this.#roundSeconds;
    let due = rounds * this.#roundMessages;
    for (const { ratePerSecond, seconds } of this.#steps) {
      due += ratePerSecond * Math.min(left, seconds);
      left -= seconds;
      if (left <= 0) break;
    }
    return Math.floor(due + 1e-6);
  }

  /** Seconds after the start by which `messages` are due, one at least: what `dueAfter` says from then on. */
  secondsUntil(messages: number): number {
    const rounds = Math.ceil(messages / this.#roundMessages) - 1;
    let left = messages - rounds * this.#roundMessages;
    let seconds = rounds * this.#roundSeconds;
    for (const step of this.#steps) {
      const inStep = step.ratePerSecond * step.seconds;
      if (left <= inStep) return seconds + left / step.ratePerSecond;
      left -= inStep;
      seconds += step.seconds;
    }
    return seconds;
  }
}
