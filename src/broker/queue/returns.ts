// Messages that came back: they are ready again, wait a while for that, or have come back too often. Those that wait
// stay in their pages; here is only when each is due.
// The log knows how long: after a restart what is found at the head goes on waiting.

import type { Clock } from "../../env/env.ts";
import { type TimerWheel, WheelTimer } from "../../lib/timer-wheel.ts";
import { DueIndex } from "../delay/due-index.ts";
import type { Location, Sequence } from "../numbers.ts";
import { type Backlog, Peek } from "./backlog.ts";
import type { DeathReason } from "./dead-letter-outbox.ts";
import type { DepthFigures } from "./depth-figures.ts";
import { isPersistentAt } from "./page.ts";
import type { Delivery } from "./queue.ts";
import type { WaitingFacts } from "./queue-inspection.ts";
import type { QueueLog } from "./queue-log.ts";
import type { WaitingMessages } from "./queue-recovery.ts";
import type { ReturnRules } from "./return-rules.ts";

export interface ReturnsHost {
  /** The message may go out again. */
  makeReady(sequence: Sequence, location: Location, bytes: number, deliveryCount: number): void;
  discard(sequence: Sequence, location: Location, bytes: number, reason: DeathReason): void;
  /** The message that was found goes out no more. */
  drop(reason: DeathReason): void;
}

interface Waiting {
  readonly bytes: number;
  readonly deliveryCount: number;
}

/** The wall clock may be set: the timer looks at least so often. */
const LOOK_EVERY_MS = 60_000;

const NO_FACTS = new Map<Sequence, Waiting>();
const NO_EARLIER = new Map<Sequence, number>();

/** A message whose wait was ended. */
export interface EndedWait {
  readonly location: Location;
  readonly bytes: number;
}

export class Returns extends WheelTimer implements WaitingMessages {
  readonly #clock: Clock;
  readonly #timers: TimerWheel;
  readonly #host: ReturnsHost;
  readonly #figures: DepthFigures;
  /** Undefined: its messages are not logged. */
  readonly #log: QueueLog | undefined;
  rules: ReturnRules;
  readonly #index = new DueIndex();
  /** Like the next one, made when there is something in it: few queues ever have that. */
  #facts = NO_FACTS;
  /** When messages are due that waited when the broker stopped; they are ready until somebody meets them. */
  #earlier = NO_EARLIER;
  /** The end of an earlier run was one delivery in vain too many for some. */
  #mayBeOver = false;

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

  /** A logged message goes out: what it counts if this broker is not there to hear of it again. */
  onOut(backlog: Backlog): void {
    const { sequence, deliveryCount, redelivered } = backlog.found;
    if (!redelivered) this.#log?.delivered();
    else if (this.counts) {
      backlog.levelAt(backlog.levelIndexOf(sequence)).noteOut(sequence, deliveryCount + 1);
      this.#log?.returned(sequence, deliveryCount + 1);
    }
  }

  /** So many that were out are back, or gone. */
  onSettled(backlog: Backlog, sequence: Sequence, count: number): void {
    if (!this.counts) return;
    backlog.levelIfThere(backlog.levelIndexOf(sequence))?.forgetOut(sequence, count);
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
    if ((rules.counts || deliveryCount > 0) && isPersistentAt(location)) {
      this.#log?.returned(sequence, deliveryCount);
    }
    const waitMs = rules.waitMs(deliveryCount, isFailure, sequence);
    if (waitMs > 0) this.#hold(sequence, location, { bytes, deliveryCount }, waitMs);
    else this.#host.makeReady(sequence, location, bytes, deliveryCount);
  }

  #hold(sequence: Sequence, location: Location, facts: Waiting, waitMs: number): void {
    const dueAtMs = this.#clock.nowMs() + waitMs;
    if (isPersistentAt(location)) this.#log?.waiting(sequence, dueAtMs);
    this.#holdUntil(dueAtMs, sequence, location, facts);
  }

  #holdUntil(dueAtMs: number, sequence: Sequence, location: Location, facts: Waiting): void {
    // Until then it counts as handed out.
    this.#figures.onOut(facts.bytes, isPersistentAt(location));
    this.#index.add(dueAtMs, sequence, location);
    if (this.#facts === NO_FACTS) this.#facts = new Map();
    this.#facts.set(sequence, facts);
    if (this.#index.sequence === sequence) this.#schedule();
  }

  // ---- after a restart -----------------------------------------------------------------------------------------

  /** Messages may be among those that are ready which are to wait, or have been delivered too often. */
  get hasEarlier(): boolean {
    return this.#earlier !== NO_EARLIER || this.#mayBeOver;
  }

  get counts(): boolean {
    return this.rules.counts;
  }

  onRestored(): void {
    this.#mayBeOver = true;
  }

  restore(sequence: Sequence, dueAtMs: number): void {
    if (dueAtMs <= this.#clock.nowMs()) {
      this.#earlier.delete(sequence);
      return;
    }
    if (this.#earlier === NO_EARLIER) this.#earlier = new Map();
    this.#earlier.set(sequence, dueAtMs);
  }

  /** Looks at what goes out next: what is still to wait is taken out of what is ready, and waits. */
  peek(backlog: Backlog): Peek {
    let peeked = backlog.peek();
    while (peeked === Peek.found && this.hasEarlier) {
      const { found } = backlog;
      if (this.#takesBack(found)) backlog.take();
      else if (found.redelivered && this.rules.isOver(found.deliveryCount)) {
        this.#host.drop("delivery_limit");
      } else break;
      peeked = backlog.peek();
    }
    return peeked;
  }

  #takesBack({ record, sequence, location, deliveryCount }: Delivery): boolean {
    const dueAtMs = this.#earlier.get(sequence);
    if (dueAtMs === undefined) return false;
    this.#earlier.delete(sequence);
    if (this.#earlier.size === 0) this.#earlier = NO_EARLIER;
    if (dueAtMs <= this.#clock.nowMs()) return false;
    const bytes = record.bodySizeBytes;
    this.#figures.onTaken(bytes, isPersistentAt(location));
    this.#holdUntil(dueAtMs, sequence, location, { bytes, deliveryCount });
    return true;
  }

  *all(): ReturnType<WaitingMessages["all"]> {
    for (const [sequence, dueAtMs] of this.#earlier) {
      yield { sequence, dueAtMs, deliveryCount: undefined };
    }
    for (const { sequence, dueAtMs } of this.#index) {
      yield { sequence, dueAtMs, deliveryCount: this.#facts.get(sequence)?.deliveryCount ?? 0 };
    }
  }

  // ---- for people ----------------------------------------------------------------------------------------------

  /** How many wait, those among the ready ones included that waited when the broker stopped. */
  get waitingCount(): number {
    return this.#index.count + this.#earlier.size;
  }

  /** The messages that are due first, in order; of many that waited when the broker stopped any. */
  firstWaiting(countMax: number): WaitingFacts[] {
    const first: WaitingFacts[] = [];
    for (const { sequence, dueAtMs } of this.#index.first(countMax)) {
      const deliveryCount = this.#facts.get(sequence)?.deliveryCount ?? 0;
      first.push({ sequence, dueAtMs, deliveryCount });
    }
    for (const [sequence, dueAtMs] of this.#earlier) {
      if (first.length >= 2 * countMax) break;
      first.push({ sequence, dueAtMs, deliveryCount: undefined });
    }
    return first.sort((a, b) => a.dueAtMs - b.dueAtMs).slice(0, countMax);
  }

  waits(sequence: Sequence): boolean {
    return this.#facts.has(sequence) || this.#earlier.has(sequence);
  }

  /** It is ready from now on. False when it does not wait. */
  deliverNow(sequence: Sequence): boolean {
    const deliveryCount = this.#facts.get(sequence)?.deliveryCount ?? 0;
    const ended = this.endWait(sequence);
    if (ended === "ready") return true;
    if (ended === undefined) return false;
    const { location, bytes } = ended;
    // What the log knows of its wait is over as well.
    if (isPersistentAt(location)) this.#log?.waiting(sequence, this.#clock.nowMs());
    this.#host.makeReady(sequence, location, bytes, deliveryCount);
    return true;
  }

  /** It waits no more and is nowhere for now; `ready`: it was among those all the time. Undefined: it does not wait. */
  endWait(sequence: Sequence): EndedWait | "ready" | undefined {
    if (this.#earlier.delete(sequence)) {
      if (this.#earlier.size === 0) this.#earlier = NO_EARLIER;
      this.#log?.waiting(sequence, this.#clock.nowMs());
      return "ready";
    }
    const facts = this.#facts.get(sequence);
    const location = this.#index.locationOf(sequence);
    if (facts === undefined || location === undefined) return undefined;
    this.#index.remove(sequence);
    this.#facts.delete(sequence);
    this.#figures.onSettled(facts.bytes, isPersistentAt(location));
    return { location, bytes: facts.bytes };
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#earlier = NO_EARLIER;
    this.#timers.cancel(this);
    this.#index.clear();
    this.#facts = NO_FACTS;
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
