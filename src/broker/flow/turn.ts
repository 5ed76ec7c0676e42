// One turn of the event loop: what arrived is worked off together, and written once.
// Order matters: commit the log batch, deliver, release what waits at gates, flush connections, then jobs.

import type { Clock } from "../../env/env.ts";
import { Pacing } from "./pacing.ts";

/** A queue with something to deliver. */
export interface Deliverer {
  /** Owned by Turn. */
  inTurn: boolean;
  deliverReady(): void;
}

/** A connection with output. */
export interface Flushable {
  /** Owned by Turn. */
  inTurnFlush: boolean;
  flush(): void;
}

/** Gathers log entries during a turn, to append them as few large ones just before the batch is written. */
export interface LogGatherer {
  /** Owned by Turn. */
  inTurnLog: boolean;
  /** Its entries say that messages are here: they must not come before the end of the transaction these belong to. */
  readonly followsTransactions?: boolean;
  appendGathered(): void;
}

/** Work of unknown length, done in slices so that nothing else waits for it. */
export interface Job {
  /** Works until done or `deadline()` is true. Answers true when nothing is left. */
  runSlice(deadline: Deadline): boolean;
}

/** True when the slice's time is up. Cheap enough to ask for each item. */
export type Deadline = () => boolean;

/** A slice of jobs lasts this long per turn. */
export const JOB_SLICE_MS = 2;

export interface TurnHooks {
  /** Starts the log write of what this turn appended. */
  commitLog(): void;
  /** Lets out the replies whose log position is durable. */
  releaseGates(): void;
}

/** A turn is run at once when this much input has been read since the last one, however much more is ready. */
export const TURN_INPUT_BYTES_MAX = 1_048_576;
/** A queue or stream stops delivering for this turn after so many messages or bytes. */
export const DELIVER_RECORDS_MAX = 16_384;
export const DELIVER_BYTES_MAX = 4_194_304;

export class Turn {
  readonly pacing: Pacing;
  readonly #clock: Clock;
  readonly #deliverers: Deliverer[] = [];
  readonly #flushables: Flushable[] = [];
  readonly #gatherers: LogGatherer[] = [];
  readonly #jobs: Job[] = [];
  #scheduled = false;
  #stopped = false;
  #inputBytes = 0;
  #running = false;
  /** What was published has entries that are only gathered yet: a confirm waits until they are on disk, too. */
  owesEntries = false;
  hooks: TurnHooks = { commitLog: () => {}, releaseGates: () => {} };
  readonly #run = () => {
    this.#scheduled = false;
    this.#runTurn();
  };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.pacing = new Pacing(clock);
  }

  /** Something changed that a turn must look at (a log entry, for example). */
  schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#clock.nextTurn(this.#run);
  }

  deliverLater(deliverer: Deliverer): void {
    if (deliverer.inTurn) return;
    deliverer.inTurn = true;
    this.#deliverers.push(deliverer);
    this.schedule();
  }

  appendLater(gatherer: LogGatherer): void {
    if (gatherer.inTurnLog) return;
    gatherer.inTurnLog = true;
    this.#gatherers.push(gatherer);
    this.schedule();
  }

  flushLater(flushable: Flushable): void {
    if (flushable.inTurnFlush) return;
    flushable.inTurnFlush = true;
    this.#flushables.push(flushable);
    this.schedule();
  }

  /** `lengthBytes` of input were worked off. Runs the turn now when it has grown long enough. */
  onInput(lengthBytes: number): void {
    this.#inputBytes += lengthBytes;
    if (this.#inputBytes >= TURN_INPUT_BYTES_MAX) this.#runTurn();
  }

  addJob(job: Job): void {
    this.#jobs.push(job);
    this.schedule();
  }

  /** After this nothing runs any more. */
  stop(): void {
    this.#stopped = true;
  }

  #runTurn(): void {
    this.#inputBytes = 0;
    if (this.#stopped || this.#running) return;
    this.#running = true;
    this.#runJobs();
    this.appendGathered();
    this.hooks.commitLog();
    // Lists may grow while they are worked off (a delivery that dead-letters, for example):
    // what is added goes to the next turn, except flushes, which belong to this one.
    const deliverers = this.#deliverers;
    const deliverCount = deliverers.length;
    for (let i = 0; i < deliverCount; i++) {
      const deliverer = deliverers[i] as Deliverer;
      deliverer.inTurn = false;
      deliverer.deliverReady();
    }
    dropFirst(deliverers, deliverCount);
    this.pacing.update();
    this.hooks.releaseGates();
    const flushables = this.#flushables;
    for (let i = 0; i < flushables.length; i++) {
      const flushable = flushables[i] as Flushable;
      flushable.inTurnFlush = false;
      flushable.flush();
    }
    flushables.length = 0;
    this.#running = false;
    if (deliverers.length > 0 || this.#gatherers.length > 0 || this.#jobs.length > 0) {
      this.schedule();
    }
  }

  /** The log is yet to hear of something. */
  get hasGathered(): boolean {
    return this.#gatherers.length > 0;
  }

  /**
   * What was gathered so far goes to the log now: the turn ends, or a transaction begins or ends. `isInTransaction`: its
   * end is not in the log yet, and what follows transactions waits for the end of the turn.
   */
  appendGathered(isInTransaction = false): void {
    const gatherers = this.#gatherers;
    let kept = 0;
    for (let i = 0; i < gatherers.length; i++) {
      const gatherer = gatherers[i] as LogGatherer;
      if (isInTransaction && gatherer.followsTransactions === true) {
        gatherers[kept++] = gatherer;
        continue;
      }
      gatherer.inTurnLog = false;
      gatherer.appendGathered();
    }
    gatherers.length = kept;
    if (kept === 0) this.owesEntries = false;
  }

  #runJobs(): void {
    if (this.#jobs.length === 0) return;
    const until = this.#clock.monotonicMs() + JOB_SLICE_MS;
    const deadline = () => this.#clock.monotonicMs() >= until;
    while (this.#jobs.length > 0 && !deadline()) {
      const job = this.#jobs.shift() as Job;
      if (!job.runSlice(deadline)) this.#jobs.push(job);
    }
  }
}

function dropFirst<T>(list: T[], count: number): void {
  if (list.length === count) {
    list.length = 0;
    return;
  }
  list.copyWithin(0, count);
  list.length -= count;
}
