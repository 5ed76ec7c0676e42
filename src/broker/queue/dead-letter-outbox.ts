// Dead messages of one queue that wait to be moved to its dead letter exchange, in the order they died.
// A list of runs, so that a million expiring together cost one entry. The moving is a job, done in slices:
// dead letters of dead letters never recurse.

import { type TimerWheel, WheelTimer } from "../../lib/timer-wheel.ts";
import type { Deadline, Job, Turn } from "../flow/turn.ts";
import type { Publication } from "../message/publication.ts";
import type { RecordView } from "../message/record.ts";
import type { Location, Sequence } from "../numbers.ts";
import type { Backlog } from "./backlog.ts";
import { NO_LOG_POSITION } from "./page.ts";
import type { QueueCounters } from "./queue.ts";

/** Why a message died, as x-death names it. */
export type DeathReason = "rejected" | "expired" | "maxlen" | "delivery_limit";

/** Runs that are done are dropped so many at a time. */
const DONE_RUNS_MAX = 1024;

interface DeadRun {
  to: Sequence;
  /** Where the first message that is not moved yet lies. */
  location: Location;
  next: Sequence;
  readonly reason: DeathReason;
}

export interface DeadLetterMover {
  /** Publishes a copy of the message to where it must go. False when that must wait; `resume` is called again then. */
  move(record: RecordView, sequence: Sequence, reason: DeathReason): boolean;
  /** It was moved: the queue can let go of it. */
  onMoved(sequence: Sequence, location: Location, bytes: number): void;
}

/** How long a message that could not be moved waits, in ms. */
const RETRY_AFTER_MS = 250;

export class DeadLetterOutbox extends WheelTimer implements Job {
  readonly #turn: Turn;
  readonly #timers: TimerWheel;
  readonly #backlog: Backlog;
  readonly #mover: DeadLetterMover;
  readonly #runs: DeadRun[] = [];
  /** Runs before this one are done. */
  #first = 0;
  #inTurn = false;
  /** Messages that wait, and the bytes of their bodies. */
  count = 0;
  bytes = 0;

  constructor(turn: Turn, timers: TimerWheel, backlog: Backlog, mover: DeadLetterMover) {
    super();
    this.#turn = turn;
    this.#timers = timers;
    this.#backlog = backlog;
    this.#mover = mover;
  }

  add(sequence: Sequence, location: Location, bytes: number, reason: DeathReason): void {
    this.count++;
    this.bytes += bytes;
    const last = this.#runs[this.#runs.length - 1];
    if (last !== undefined && goesOn(last, sequence, reason)) {
      last.to = sequence;
    } else {
      this.#runs.push({ to: sequence, next: sequence, location, reason });
    }
    this.resume();
  }

  /** A message that is not let in: it only comes to be dead-lettered. */
  addRefused(publication: Publication, reason: DeathReason): void {
    const backlog = this.#backlog;
    if (!backlog.appendTaken(publication, NO_LOG_POSITION)) return;
    const { sequence, location } = backlog.found;
    this.add(sequence, location, publication.bodySizeBytes, reason);
  }

  /** There is work, or the page or the room it waited for is there. */
  resume(): void {
    if (this.#inTurn || this.count === 0) return;
    this.#inTurn = true;
    this.#turn.addJob(this);
  }

  override onTimer(): void {
    this.resume();
  }

  clear(): void {
    this.#timers.cancel(this);
    this.#runs.length = 0;
    this.#first = 0;
    this.count = 0;
    this.bytes = 0;
  }

  runSlice(deadline: Deadline): boolean {
    while (this.#first < this.#runs.length) {
      const run = this.#runs[this.#first] as DeadRun;
      while (run.next <= run.to) {
        if (!this.#moveNext(run)) return this.#leave();
        if (deadline()) return this.count === 0 ? this.#leave() : false;
      }
      this.#first++;
      if (this.#first === DONE_RUNS_MAX) {
        this.#runs.splice(0, DONE_RUNS_MAX);
        this.#first = 0;
      }
    }
    this.clear();
    return this.#leave();
  }

  #moveNext(run: DeadRun): boolean {
    const backlog = this.#backlog;
    const { next } = run;
    const record = backlog.recordAt(next, run.location);
    if (record === undefined) {
      // Its page is being read and `resume` follows; or it is lost.
      if (!backlog.isLostAt(next, run.location)) return false;
      run.location = backlog.dropLost(next, run.location, next < run.to);
      this.#advance(run);
      return true;
    }
    const at = backlog.recordLocation;
    const bytes = record.bodySizeBytes;
    if (!this.#mover.move(record, next, run.reason)) {
      this.#timers.scheduleAfter(this, RETRY_AFTER_MS);
      return false;
    }
    if (next < run.to) run.location = backlog.behind(at, record.lengthBytes);
    this.#advance(run);
    this.bytes -= bytes;
    this.#mover.onMoved(next, at, bytes);
    return true;
  }

  #advance(run: DeadRun): void {
    run.next++;
    this.count--;
  }

  #leave(): true {
    this.#inTurn = false;
    return true;
  }
}

/** The message is the neighbour of a run's last one, and the run still has work. */
function goesOn(run: DeadRun, sequence: Sequence, reason: DeathReason): boolean {
  return run.to + 1 === sequence && run.reason === reason && run.next <= run.to;
}

const deathCounters = {
  rejected: undefined,
  expired: "expired",
  maxlen: "droppedByLength",
  delivery_limit: "deliveryLimitReached",
} as const;

/** Counts one message that has died, dead-lettered or not. */
export function countDeath(counters: QueueCounters, reason: DeathReason): void {
  counters.rejected++;
  const counter = deathCounters[reason];
  if (counter !== undefined) counters[counter]++;
}
