// Takes out of a queue what is too many or expired. A lot at once is a job: so many per slice of a turn.

import type { Clock } from "../../env/env.ts";
import type { Deadline, Job, Turn } from "../flow/turn.ts";
import type { QueueSettings } from "../settings/queue-settings.ts";
import { type Backlog, Peek } from "./backlog.ts";
import type { DeathReason } from "./dead-letter-outbox.ts";
import type { DepthFigures } from "./depth-figures.ts";
import { type LengthLimit, lengthLimitOf } from "./length-limit.ts";
import { type MessageExpiry, NEVER } from "./message-expiry.ts";

/** So many messages are dropped at once; more are a job. */
const DROP_AT_ONCE_MAX = 1_000;

export interface TrimHost {
  /** Takes out the message `backlog.peek` found, which has died. */
  drop(reason: DeathReason): void;
}

export class Trim implements Job {
  readonly #turn: Turn;
  readonly #clock: Clock;
  readonly #backlog: Backlog;
  readonly #figures: DepthFigures;
  readonly #expiry: MessageExpiry;
  readonly #host: TrimHost;
  limit: LengthLimit;
  #inTurn = false;

  constructor(
    context: { readonly turn: Turn; readonly clock: Clock },
    backlog: Backlog,
    figures: DepthFigures,
    expiry: MessageExpiry,
    host: TrimHost,
    settings: QueueSettings,
  ) {
    this.#turn = context.turn;
    this.#clock = context.clock;
    this.#backlog = backlog;
    this.#figures = figures;
    this.#expiry = expiry;
    this.#host = host;
    this.limit = lengthLimitOf(settings);
  }

  /** One more message with a body of `bytes` would be too many. */
  overflowsWith(bytes: number): boolean {
    return this.limit.isExceededBy(this.#backlog.readyCount + 1, this.#figures.readyBytes + bytes);
  }

  /** Drops from the head while there are too many. Other overflow rules only keep a queue from growing. */
  dropExcess(): void {
    if (!this.#inTurn && this.#dropExcess(DROP_AT_ONCE_MAX)) this.#goOnLater();
  }

  /** Drops expired messages from the heads of the levels, and sets the timer for the next one. */
  dropExpired(): void {
    if (!this.#inTurn && this.#dropExpired(DROP_AT_ONCE_MAX)) this.#goOnLater();
  }

  runSlice(deadline: Deadline): boolean {
    for (;;) {
      const excess = this.limit.isSet && this.#dropExcess(DROP_AT_ONCE_MAX);
      const expired = this.#expiry.mayExpire && this.#dropExpired(DROP_AT_ONCE_MAX);
      if (!excess && !expired) break;
      if (deadline()) return false;
    }
    this.#inTurn = false;
    return true;
  }

  #goOnLater(): void {
    this.#inTurn = true;
    this.#turn.addJob(this);
  }

  /** True when it stopped at `countMax` with more to drop. */
  #dropExcess(countMax: number): boolean {
    if (this.limit.overflow !== "drop-head") return false;
    for (let i = 0; this.#isOver(); i++) {
      if (i === countMax) return true;
      if (this.#backlog.peek() !== Peek.found) return false;
      this.#host.drop("maxlen");
    }
    return false;
  }

  #isOver(): boolean {
    return this.limit.isExceededBy(this.#backlog.readyCount, this.#figures.readyBytes);
  }

  /** True when it stopped at `countMax` with more to drop. */
  #dropExpired(countMax: number): boolean {
    const backlog = this.#backlog;
    const nowMs = this.#clock.nowMs();
    let nextMs = Number.POSITIVE_INFINITY;
    let left = countMax;
    for (let level = 0; level < backlog.levelCount; level++) {
      for (;;) {
        if (backlog.peekLevel(level) !== Peek.found) break;
        const expiresAtMs = backlog.found.record.expiresAtMs;
        if (expiresAtMs === NEVER || expiresAtMs > nowMs) {
          if (expiresAtMs !== NEVER) nextMs = Math.min(nextMs, expiresAtMs);
          break;
        }
        if (left-- === 0) return true;
        this.#host.drop("expired");
      }
    }
    if (backlog.readyCount === 0 && this.#figures.unackedCount === 0)
      this.#expiry.mayExpire = false;
    this.#expiry.rewatch(nextMs);
    return false;
  }
}
