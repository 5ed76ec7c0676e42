// hot path: runs per message
// When messages of one queue expire: the instant is fixed at enqueue, and looked at when a message is at the head.

import type { Clock } from "../../env/env.ts";
import { type TimerWheel, WheelTimer } from "../../lib/timer-wheel.ts";
import type { Deliverer, Turn } from "../flow/turn.ts";
import { NO_EXPIRATION, type Publication } from "../message/publication.ts";

/** `expiresAtMs` of a message without TTL. */
export const NEVER = 0;
/** `expiresAtMs` of a message with TTL 0: gone unless a consumer takes it in the turn it comes. */
export const AT_ONCE = 1;

export class MessageExpiry extends WheelTimer {
  readonly #clock: Clock;
  readonly #timers: TimerWheel;
  readonly #turn: Turn;
  readonly #queue: Deliverer;
  #queueTtlMs = NO_EXPIRATION;
  /** Wall time the timer is set for. */
  #dueAtMs = Number.POSITIVE_INFINITY;
  /** Some message here may have a TTL; false only when certainly none has. */
  mayExpire = false;

  /** `queue` has its turn when the head of some level may have expired. */
  constructor(clock: Clock, timers: TimerWheel, turn: Turn, queue: Deliverer) {
    super();
    this.#clock = clock;
    this.#timers = timers;
    this.#turn = turn;
    this.#queue = queue;
  }

  /** The queue's own TTL from now on; messages that are there keep what they have. */
  set queueTtlMs(ttlMs: number | undefined) {
    this.#queueTtlMs = ttlMs ?? NO_EXPIRATION;
  }

  /** The instant for a message that is enqueued now: wall time, NEVER or AT_ONCE. */
  instantFor(publication: Publication): number {
    const ownMs = publication.expirationMs;
    const queueMs = this.#queueTtlMs;
    if (ownMs === NO_EXPIRATION && queueMs === NO_EXPIRATION) return NEVER;
    const ttlMs =
      ownMs === NO_EXPIRATION
        ? queueMs
        : queueMs === NO_EXPIRATION
          ? ownMs
          : Math.min(ownMs, queueMs);
    return ttlMs === 0 ? AT_ONCE : this.#clock.nowMs() + ttlMs;
  }

  /** A message that expires then has come. */
  onCame(instant: number): void {
    if (instant !== AT_ONCE) {
      this.watch(instant);
      return;
    }
    this.mayExpire = true;
    this.#turn.deliverLater(this.#queue);
  }

  /** A message that expires then is here now. */
  watch(atMs: number): void {
    this.mayExpire = true;
    if (atMs >= this.#dueAtMs) return;
    this.#dueAtMs = atMs;
    const waitMs = Math.max(0, atMs - this.#clock.nowMs());
    this.#timers.schedule(this, this.#clock.monotonicMs() + waitMs);
  }

  /** All heads were looked at, and the earliest of them expires then (Infinity: none does). */
  rewatch(atMs: number): void {
    if (atMs === this.#dueAtMs) return;
    this.stop();
    if (atMs !== Number.POSITIVE_INFINITY) this.watch(atMs);
  }

  stop(): void {
    this.#timers.cancel(this);
    this.#dueAtMs = Number.POSITIVE_INFINITY;
  }

  override onTimer(): void {
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    this.#turn.deliverLater(this.#queue);
  }
}
