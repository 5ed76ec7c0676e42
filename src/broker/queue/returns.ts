// Messages that came back: they are ready again, wait a while for that, or have come back too often. Those that wait
// stay in their pages; here is only when each is due.
// What waits is in memory alone: after a restart it is ready at once, with its deliveries counted.

import type { Clock } from "../../env/env.ts";
import { type TimerWheel, WheelTimer } from "../../lib/timer-wheel.ts";
import { DueIndex } from "../delay/due-index.ts";
import type { Location, Sequence } from "../numbers.ts";
import type { DeathReason } from "./dead-letter-outbox.ts";
import type { DepthFigures } from "./depth-figures.ts";
import { isPersistentAt } from "./page.ts";
import type { QueueLog } from "./queue-log.ts";
import type { ReturnRules } from "./return-rules.ts";

export interface ReturnsHost {
  /** The message may go out again. */
  makeReady(sequence: Sequence, location: Location, bytes: number, deliveryCount: number): void;
  discard(sequence: Sequence, location: Location, bytes: number, reason: DeathReason): void;
}

interface Waiting {
  readonly bytes: number;
  readonly deliveryCount: number;
}

/** The wall clock may be set: the timer looks at least so often. */
const LOOK_EVERY_MS = 60_000;

export class Returns extends WheelTimer {
  readonly #clock: Clock;
  readonly #timers: TimerWheel;
  readonly #host: ReturnsHost;
  readonly #figures: DepthFigures;
  /** Undefined: its messages are not logged. */
  readonly #log: QueueLog | undefined;
  rules: ReturnRules;
  readonly #index = new DueIndex();
  readonly #facts = new Map<Sequence, Waiting>();

  constructor(
    context: { readonly clock: Clock; readonly timers: TimerWheel },
    parts: { readonly figures: DepthFigures; readonly log: QueueLog | undefined },
    rules: ReturnRules,
    host: ReturnsHost,
  ) {
    super();
    this.#clock = context.clock;
    this.#timers = context.timers;
    this.#figures = parts.figures;
    this.#log = parts.log;
    this.rules = rules;
    this.#host = host;
  }

  /** Messages that wait. */
  get count(): number {
    return this.#index.count;
  }

  /** A message that was delivered is back. `isFailure`: rejected, or its consumer is lost. */
  take(
    sequence: Sequence,
    location: Location,
    bytes: number,
    countBefore: number,
    isFailure: boolean,
  ): void {
    const { rules } = this;
    const deliveryCount = rules.countAfter(countBefore, isFailure);
    if (rules.isOver(deliveryCount)) {
      this.#host.discard(sequence, location, bytes, "delivery_limit");
      return;
    }
    if (deliveryCount > 0 && isPersistentAt(location)) this.#log?.returned(sequence, deliveryCount);
    const waitMs = rules.waitMs(deliveryCount, isFailure, sequence);
    if (waitMs > 0) this.#hold(sequence, location, { bytes, deliveryCount }, waitMs);
    else this.#host.makeReady(sequence, location, bytes, deliveryCount);
  }

  #hold(sequence: Sequence, location: Location, facts: Waiting, waitMs: number): void {
    // Until then it counts as handed out.
    this.#figures.onOut(facts.bytes, isPersistentAt(location));
    this.#index.add(this.#clock.nowMs() + waitMs, sequence, location);
    this.#facts.set(sequence, facts);
    if (this.#index.sequence === sequence) this.#schedule();
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#timers.cancel(this);
    this.#index.clear();
    this.#facts.clear();
  }

  override onTimer(): void {
    const nowMs = this.#clock.nowMs();
    const index = this.#index;
    while (index.dueAtMs <= nowMs) {
      const { sequence, location } = index;
      const { bytes, deliveryCount } = this.#facts.get(sequence) as Waiting;
      index.takeFirst();
      this.#facts.delete(sequence);
      this.#figures.onSettled(bytes, isPersistentAt(location));
      this.#host.makeReady(sequence, location, bytes, deliveryCount);
    }
    if (index.count > 0) this.#schedule();
  }

  #schedule(): void {
    const waitMs = Math.max(0, this.#index.dueAtMs - this.#clock.nowMs());
    this.#timers.scheduleAfter(this, Math.min(waitMs, LOOK_EVERY_MS));
  }
}
