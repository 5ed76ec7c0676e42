// hot path: runs per message
// A consumer that works on each message for a while before it settles it: one after the other, as one thread would.

import { monotonicUs } from "./monotonic.ts";
import type { StepSchedule } from "./step-schedule.ts";

/** A wait shorter than what timers can do is spent asking again each turn. */
const TIMER_US_MIN = 1_500;

export interface Worker {
  /** The work on the delivery with this tag (its two halves) is done. */
  onWorked(tagHigh: number, tagLow: number, sizeBytes: number): void;
  /** Everything that is done at this moment has been told. */
  onWorkedSoFar(): void;
}

export class SimulatedWork {
  readonly #workUs: StepSchedule;
  readonly #worker: Worker;
  /** Halves of the tag and the size of each delivery that waits, from `#first` on. */
  #waiting: number[] = [];
  #first = 0;
  #startedAtUs = 0;
  /** When the work on the first of them is done. */
  #dueAtUs = 0;
  #isScheduled = false;
  readonly #onTime = (): void => {
    this.#isScheduled = false;
    this.#work(monotonicUs());
  };

  constructor(workUs: StepSchedule, worker: Worker) {
    this.#workUs = workUs;
    this.#worker = worker;
  }

  /** Deliveries that are not done. */
  get count(): number {
    return (this.#waiting.length - this.#first) / 3;
  }

  add(tagHigh: number, tagLow: number, sizeBytes: number): void {
    if (this.count === 0) this.#begin(monotonicUs());
    this.#waiting.push(tagHigh, tagLow, sizeBytes);
    this.#schedule();
  }

  #begin(atUs: number): void {
    if (this.#startedAtUs === 0) this.#startedAtUs = atUs;
    this.#dueAtUs = atUs + this.#workUs.valueAt((atUs - this.#startedAtUs) / 1e6);
  }

  #work(nowUs: number): void {
    const waiting = this.#waiting;
    while (this.#first < waiting.length && this.#dueAtUs <= nowUs) {
      const at = this.#first;
      this.#first += 3;
      this.#worker.onWorked(waiting[at]!, waiting[at + 1]!, waiting[at + 2]!);
      this.#begin(this.#dueAtUs);
    }
    if (this.#first === waiting.length || this.#first >= 3_072) {
      this.#waiting = waiting.slice(this.#first);
      this.#first = 0;
    }
    this.#worker.onWorkedSoFar();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.count === 0) return;
    this.#isScheduled = true;
    const waitUs = this.#dueAtUs - monotonicUs();
    if (waitUs < TIMER_US_MIN) setImmediate(this.#onTime);
    else setTimeout(this.#onTime, Math.floor(waitUs / 1_000));
  }
}
