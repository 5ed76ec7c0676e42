// hot path: runs per message
// Gives what is ready in a queue to its consumers. Messages that were stored in a row and go to the same consumer are
// given to it at once.

import { DELIVER_BYTES_MAX, DELIVER_RECORDS_MAX } from "../flow/turn.ts";
import type { Location, Sequence } from "../numbers.ts";
import { type Backlog, Peek } from "./backlog.ts";
import type { Consumer } from "./consumer.ts";
import type { ConsumerSet } from "./consumer-set.ts";
import type { QueueContext } from "./context.ts";
import type { DeathReason } from "./dead-letter-outbox.ts";
import type { DepthFigures } from "./depth-figures.ts";
import { AT_ONCE, NEVER } from "./message-expiry.ts";
import { isPersistentAt } from "./page.ts";
import type { QueueCounters } from "./queue.ts";
import type { Returns } from "./returns.ts";

export interface DeliveriesHost {
  readonly counters: QueueCounters;
  /** Looks at what goes out next. */
  peekNext(): Peek;
  /** The message that was found goes out no more. */
  drop(reason: DeathReason): void;
  /** The message is gone for good; or `count` neighbours are, with bodies of `bytes` together. */
  release(sequence: Sequence, location: Location, bytes: number, count: number): void;
}

export interface DeliveriesParts {
  readonly backlog: Backlog;
  readonly figures: DepthFigures;
  readonly consumers: ConsumerSet;
  readonly returns: Returns;
  readonly logged: boolean;
}

export class Deliveries {
  readonly #context: QueueContext;
  readonly #backlog: Backlog;
  readonly #figures: DepthFigures;
  readonly #consumers: ConsumerSet;
  readonly #returns: Returns;
  /** Persistent messages of the queue are in the log. */
  readonly #logged: boolean;
  readonly #host: DeliveriesHost;

  constructor(context: QueueContext, parts: DeliveriesParts, host: DeliveriesHost) {
    this.#context = context;
    this.#backlog = parts.backlog;
    this.#figures = parts.figures;
    this.#consumers = parts.consumers;
    this.#returns = parts.returns;
    this.#logged = parts.logged;
    this.#host = host;
  }

  /** Delivers until nothing is ready or nobody can take it. True when it stopped because it was enough for one turn. */
  deliverAll(): boolean {
    const backlog = this.#backlog;
    const consumers = this.#consumers;
    const host = this.#host;
    const bytesAtStart = this.#figures.readyBytes;
    let nowMs = NEVER;
    for (let records = 0; records < DELIVER_RECORDS_MAX; ) {
      if (consumers.readyCount === 0 || host.peekNext() !== Peek.found) return false;
      const expiresAtMs = backlog.found.record.expiresAtMs;
      if (expiresAtMs !== NEVER) {
        if (nowMs === NEVER) nowMs = this.#context.clock.nowMs();
        // Who came back was given out once: that was its time.
        const isOver = expiresAtMs === AT_ONCE ? backlog.found.redelivered : expiresAtMs <= nowMs;
        if (isOver) {
          host.drop("expired");
          records++;
          continue;
        }
      }
      const consumer = consumers.next();
      if (consumer === undefined) return false;
      records += this.#deliver(consumer);
      if (bytesAtStart - this.#figures.readyBytes >= DELIVER_BYTES_MAX) break;
    }
    return true;
  }

  /** Gives the message `peek` found to a consumer, and with it what lies in a row behind it. Answers how many. */
  #deliver(consumer: Consumer): number {
    const { found } = this.#backlog;
    const { sequence, location } = found;
    const { counters } = this.#host;
    const bodyBytes = found.record.bodySizeBytes;
    const count = this.#countFor(consumer, bodyBytes);
    const bytes = bodyBytes * count;
    this.take(bytes, count);
    if (found.redelivered) counters.redelivered++;
    if (consumer.noAck) counters.deliveredNoAck += count;
    else {
      counters.delivered += count;
      this.noteOut(bytes, count);
      consumer.unackedCount += count;
      consumer.unackedBytes += bytes;
    }
    if (count === 1) consumer.target.deliver(consumer, found);
    else consumer.target.deliverRow?.(consumer, found, count);
    if (consumer.noAck) this.#host.release(sequence, location, bytes, count);
    return count;
  }

  /** How many of the messages from the one `peek` found on go to that consumer, before anybody else is asked, alike. */
  #countFor(consumer: Consumer, bodyBytes: number): number {
    const backlog = this.#backlog;
    if (backlog.rowLength(2) === 1) return 1;
    const share = this.#consumers.shareOf(consumer, bodyBytes);
    if (share === 1) return 1;
    const room = consumer.target.rowMax?.(backlog.found) ?? 1;
    return backlog.rowLength(Math.min(share, room));
  }

  /** Takes the message `peek` found out of what is ready; or it and those in a row behind it. */
  take(bytes: number, count = 1): void {
    this.#figures.onTaken(bytes, isPersistentAt(this.#backlog.found.location), count);
    this.#backlog.take(bytes, count);
  }

  /** It is out with a client now; or they are. */
  noteOut(bytes: number, count = 1): void {
    const persistent = isPersistentAt(this.#backlog.found.location);
    this.#figures.onOut(bytes, persistent, count);
    if (persistent && this.#logged) this.#returns.onOut(this.#backlog);
  }
}
