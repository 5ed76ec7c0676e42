// Who watches the messages of a vhost: the firehose, taps, the timeline. Nobody does most of the time, so that what
// runs per message asks `any` and goes on.

import type { Publication } from "../message/publication.ts";
import type { RecordView } from "../message/record.ts";
import type { Sequence } from "../numbers.ts";
import type { DeathReason } from "../queue/dead-letter-outbox.ts";
import type { Outcome, Queue } from "../queue/queue.ts";
import type { Route } from "../routing/route.ts";
import type { VhostAccess } from "../vhost-access.ts";

/** Who a message was handed to. */
export interface Receiver {
  readonly access: VhostAccess;
  readonly channelNumber: number;
  /** Undefined: it was asked for with basic.get. */
  readonly consumerTag: string | undefined;
}

/** Whatever is needed of the arguments is copied before a call returns. */
export interface MessageObserver {
  /** `publication` has just been published along `route`. */
  published(access: VhostAccess, route: Route, publication: Publication): void;
  /** A message of `queue` is on its way to a client. */
  delivered(queue: Queue, message: ObservedMessage, receiver: Receiver): void;
  /** A delivery of `queue` ended; `discard` is followed by `died`. */
  settled(queue: Queue, sequence: Sequence, outcome: Outcome): void;
  /** A message of `queue` died; `record` is unknown where it was not at hand. */
  died(queue: Queue, sequence: Sequence, death: Death): void;
}

export interface ObservedMessage {
  readonly record: RecordView;
  readonly sequence: Sequence;
  readonly redelivered: boolean;
}

export interface Death {
  readonly reason: DeathReason;
  readonly record: RecordView | undefined;
  /** Where it went; undefined: nowhere. */
  readonly deadLetterExchange: string | undefined;
}

export class Observers implements MessageObserver {
  /** Somebody watches. */
  any = false;
  #list: readonly MessageObserver[] = [];

  has(observer: MessageObserver): boolean {
    return this.#list.includes(observer);
  }

  add(observer: MessageObserver): void {
    if (this.has(observer)) return;
    this.#list = [...this.#list, observer];
    this.any = true;
  }

  remove(observer: MessageObserver): void {
    this.#list = this.#list.filter((other) => other !== observer);
    this.any = this.#list.length > 0;
  }

  published(access: VhostAccess, route: Route, publication: Publication): void {
    for (const observer of this.#list) observer.published(access, route, publication);
  }

  delivered(queue: Queue, message: ObservedMessage, receiver: Receiver): void {
    for (const observer of this.#list) observer.delivered(queue, message, receiver);
  }

  settled(queue: Queue, sequence: Sequence, outcome: Outcome): void {
    for (const observer of this.#list) observer.settled(queue, sequence, outcome);
  }

  /** The same for `count` deliveries in a row. */
  settledSome(queue: Queue, from: Sequence, count: number, outcome: Outcome): void {
    if (!this.any) return;
    for (let at = from; at < from + count; at++) this.settled(queue, at, outcome);
  }

  died(queue: Queue, sequence: Sequence, death: Death): void {
    for (const observer of this.#list) observer.died(queue, sequence, death);
  }

  /** A message died and goes nowhere. */
  dropped(queue: Queue, sequence: Sequence, reason: DeathReason, record?: RecordView): void {
    if (this.any) this.died(queue, sequence, { reason, record, deadLetterExchange: undefined });
  }
}

/** Watches nothing. */
export const noObserver: MessageObserver = {
  published() {},
  delivered() {},
  settled() {},
  died() {},
};
