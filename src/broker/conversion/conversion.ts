// A queue becomes one of another type while it is in use. Its messages move, oldest first, into a second queue without
// a name; what is published meanwhile goes behind them. When nothing is ready any more the second queue takes over
// name, bindings and consumers: one entry of the log. Every move is one entry too, so a crash finds each message once.
// Deliveries that are still out belong to the first queue; what of them comes back follows the rest.

import type { TimerWheel } from "../../lib/timer-wheel.ts";
import { CallbackTimer } from "../../lib/timer-wheel.ts";
import type { Deadline, Job, Turn } from "../flow/turn.ts";
import type { DefinitionJournal } from "../journal/journaling.ts";
import type { ContentReader } from "../message/content.ts";
import type { Publication } from "../message/publication.ts";
import type { RecordView } from "../message/record.ts";
import { Peek } from "../queue/backlog.ts";
import type { Queue } from "../queue/queue.ts";
import type { Mover, Transfer } from "../queue/transfer.ts";
import { describeRecord } from "../routing/travel.ts";

/** The log or memory is short: tried again after this. */
const RETRY_AFTER_MS = 5;
/** Deliveries that are out come back when their consumers like: looked at so often. */
const LOOK_EVERY_MS = 50;
/** So many messages move for each one that comes meanwhile: it ends, however much is published. */
const MOVED_PER_ARRIVAL = 2;

/** More go in the next turn, however fast it is: the log gets them in pieces. */
const MOVED_AT_ONCE_MAX = 1_000;

/** What conversions need of the broker. */
export interface ConversionParts {
  readonly turn: Turn;
  readonly timers: TimerWheel;
  readonly journal: DefinitionJournal;
  readonly publication: Publication;
  readonly content: ContentReader;
  /** The log is being read again: a queue that seems empty need not be. */
  isReplaying(): boolean;
  /** Nothing is ready: `to` takes the place of `from`. */
  onDrained(conversion: Conversion): void;
  /** Nothing is left in `from`, which has no name any more. */
  onFinished(conversion: Conversion): void;
}

const Step = { moved: 0, empty: 1, wait: 2, later: 3 } as const;
type Step = (typeof Step)[keyof typeof Step];

export class Conversion implements Mover, Job {
  readonly from: Queue;
  readonly to: Queue;
  /** The queue was paused: its successor will be. */
  readonly isPaused: boolean;
  /** `to` has the name. */
  isSwapped = false;
  readonly #parts: ConversionParts;
  readonly #source: Transfer;
  readonly #target: Transfer;
  readonly #timer = new CallbackTimer(() => this.resume());
  #inTurn = false;
  #isOver = false;
  #publishedSeen: number;

  /** Both have a transfer. */
  constructor(parts: ConversionParts, from: Queue, to: Queue, isPaused: boolean) {
    this.#parts = parts;
    this.from = from;
    this.to = to;
    this.isPaused = isPaused;
    this.#source = from.transfer as Transfer;
    this.#target = to.transfer as Transfer;
    this.#publishedSeen = from.counters.published;
    this.#source.begin(this);
    this.#source.partner = to;
  }

  resume(): void {
    if (this.#inTurn || this.#isOver || this.#parts.isReplaying()) return;
    this.#inTurn = true;
    this.#parts.turn.addJob(this);
  }

  /** `to` has taken the name: what people see of it is both. */
  swapped(): void {
    this.isSwapped = true;
    this.#source.partner = undefined;
    this.#target.partner = this.from;
  }

  end(): void {
    this.#isOver = true;
    this.#parts.timers.cancel(this.#timer);
    this.#source.mover = undefined;
    this.#source.partner = undefined;
    this.#target.partner = undefined;
  }

  runSlice(deadline: Deadline): boolean {
    const { published } = this.from.counters;
    const atLeast = (published - this.#publishedSeen) * MOVED_PER_ARRIVAL;
    this.#publishedSeen = published;
    for (let moved = 1; !this.#isOver; moved++) {
      const step = this.#moveNext();
      if (step === Step.empty) this.#onEmpty();
      if (step !== Step.moved) {
        this.#lookLater(step === Step.later ? RETRY_AFTER_MS : LOOK_EVERY_MS);
        break;
      }
      if (moved < atLeast) continue;
      if (deadline()) return false;
      if (moved < MOVED_AT_ONCE_MAX) continue;
      this.#parts.turn.deliverLater(this.from);
      break;
    }
    this.#inTurn = false;
    return true;
  }

  #onEmpty(): void {
    if (!this.isSwapped) this.#parts.onDrained(this);
    if (this.#source.isEmpty) this.#parts.onFinished(this);
  }

  #lookLater(afterMs: number): void {
    if (!this.#isOver) this.#parts.timers.scheduleAfter(this.#timer, afterMs);
  }

  #moveNext(): Step {
    const peeked = this.#source.peek();
    if (peeked === Peek.empty) return Step.empty;
    // Its page is being read: the queue is told when it is there.
    if (peeked === Peek.out) return Step.wait;
    const { journal, publication, turn } = this.#parts;
    if (journal.congested) return Step.later;
    const { found } = this.#source;
    const { record, sequence, redelivered, deliveryCount } = found;
    const isLogged = record.persistent && this.from.recoverable !== undefined;
    const { to } = this;
    this.#describe(record);
    const expiresAtMs = this.#source.keepsExpiry ? record.expiresAtMs : undefined;
    if (!this.#target.put(publication, expiresAtMs)) return Step.later;
    if (isLogged) journal.beginMove(this.from.definition.number, sequence);
    if (isLogged || to.definition.type.traits.keepsTransient) {
      journal.publish(publication, [to], 1);
    }
    if (redelivered) this.#target.noteRedelivered(deliveryCount, isLogged);
    this.#source.taken();
    if (this.isSwapped) turn.deliverLater(to);
    return Step.moved;
  }

  /** Its priority, time to live and headers are read from its content; whether it is kept is known here. */
  #describe(record: RecordView): void {
    const { publication, content } = this.#parts;
    publication.contentAt = record.contentAt;
    content.describe(publication);
    describeRecord(record, publication);
  }
}
