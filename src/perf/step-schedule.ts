// A value that changes with time: each for so many seconds, over and over.

export interface Step {
  readonly value: number;
  readonly seconds: number;
}

export class StepSchedule {
  readonly steps: readonly Step[];
  readonly #roundSeconds: number;

  /** At least one step; after the last one the first begins again. */
  constructor(steps: readonly Step[]) {
    this.steps = steps;
    this.#roundSeconds = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  }

  static steady(value: number): StepSchedule {
    return new StepSchedule([{ value, seconds: 1 }]);
  }

  /** The place in `steps` of the one that holds `elapsedSeconds` after the start. */
  indexAt(elapsedSeconds: number): number {
    const { steps } = this;
    if (steps.length === 1) return 0;
    let left = elapsedSeconds % this.#roundSeconds;
    for (let index = 0; index < steps.length; index++) {
      left -= (steps[index] as Step).seconds;
      if (left < 0) return index;
    }
    return steps.length - 1;
  }

  valueAt(elapsedSeconds: number): number {
    return (this.steps[this.indexAt(elapsedSeconds)] as Step).value;
  }
}
