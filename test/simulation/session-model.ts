// What consumers know of the queues they share: who was given what, what they have given back, what can't be there any
// more. What nobody can know, since a connection broke at work, is left open.

import { EMPTY_TABLE, type FieldTable, longString } from "../../src/broker/message/field-table.ts";
import type { Received } from "../../src/protocols/amqp091/testing.ts";
import { idOf } from "./bodies.ts";
import { Violation } from "./checks.ts";

export const STREAM = "log";
/** An exchange that leads to all of them. */
export const ALL = "all";
/** A transient one, some of whose consumers take messages for good. */
export const FREE = "free";
export const queueArguments: Readonly<Record<string, FieldTable>> = {
  classic: EMPTY_TABLE,
  [FREE]: EMPTY_TABLE,
  levels: new Map([["x-max-priority", { type: "I", value: 3 }]]),
  single: new Map([["x-single-active-consumer", { type: "t", value: true }]]),
  quorum: new Map([
    ["x-queue-type", longString("quorum")],
    ["x-delivery-limit", { type: "I", value: -1 }],
  ]),
};
export const CLASSIC_QUEUES = ["classic", FREE, "levels", "single"];
export const QUEUES = Object.keys(queueArguments);
/** What comes out of these is in the order in which it was sent. */
export const ORDERED = new Set(["classic", FREE, "single", "quorum"]);

/** One message in one queue. */
export interface Placed {
  readonly id: number;
  readonly isPersistent: boolean;
  /** Who published it: what one channel sends keeps its order. */
  readonly source: string;
  isConfirmed: boolean;
  /** Times it came as one that nobody had been given before. */
  freshDeliveries: number;
  /** Who holds it, as far as the clients have heard. */
  holder: Held | undefined;
  /** Its settlement was sent: it may be gone. */
  maybeGone: boolean;
  /** The broker has read its settlement. */
  isGone: boolean;
}

/** A delivery that its client has not settled. */
export interface Held {
  readonly queue: string;
  readonly placed: Placed;
  readonly tag: number;
  /** Undefined where it was asked for. */
  readonly consumerTag: string | undefined;
}

export class SessionModel {
  readonly queues = new Map<string, Map<number, Placed>>();
  /** Messages of the stream by offset, as the first reader saw them. */
  readonly offsets = new Map<number, number>();
  /** Messages that were sent to the stream. */
  readonly streamed = new Map<number, { isConfirmed: boolean }>();
  lastId = 0;
  /** Messages may be gone from the queue that is free. */
  isLossy = false;

  constructor(queues: readonly string[]) {
    for (const queue of queues) this.queues.set(queue, new Map());
  }

  place(queue: string, id: number, isPersistent: boolean, source: string): Placed {
    const placed: Placed = {
      ...{ id, isPersistent, source, isConfirmed: false, freshDeliveries: 0 },
      ...{ holder: undefined, maybeGone: false, isGone: false },
    };
    this.queues.get(queue)?.set(id, placed);
    return placed;
  }

  /** A delivery of a work queue: answers the message. */
  delivered(queue: string, { body }: Received, redelivered: boolean): Placed {
    const id = idOf(body as Buffer);
    const placed = this.queues.get(queue)?.get(id);
    if (placed === undefined) throw new Violation(`message ${id} was never sent to ${queue}`);
    if (placed.isGone) throw new Violation(`message ${id} of ${queue} was settled and came again`);
    if (placed.holder !== undefined) {
      throw new Violation(`message ${id} of ${queue} was given to two at a time`);
    }
    if (!redelivered && ++placed.freshDeliveries > 1) {
      throw new Violation(`message ${id} of ${queue} came twice, and nothing said so`);
    }
    return placed;
  }

  /** A message of the stream. */
  read(offset: number, { body }: Received): void {
    const id = idOf(body as Buffer);
    if (!this.streamed.has(id)) throw new Violation(`message ${id} was never sent to the stream`);
    const known = this.offsets.get(offset);
    if (known !== undefined && known !== id) {
      throw new Violation(`offset ${offset} is message ${id}, and was ${known}`);
    }
    this.offsets.set(offset, id);
  }

  /**
   * What is in the queues, `afterCrash` as it came back. `atWork`: the newest settlements may have been on their way to the
   * disk.
   */
  check(queue: string, ids: readonly number[], afterCrash: boolean, atWork: boolean): void {
    const placed = this.queues.get(queue) as Map<number, Placed>;
    const there = new Set(ids);
    if (there.size < ids.length) throw new Violation(`a message is in ${queue} twice`);
    for (const id of ids) {
      const one = placed.get(id);
      if (one === undefined) throw new Violation(`message ${id} was never sent to ${queue}`);
      if (one.isGone && !atWork) {
        throw new Violation(`message ${id} of ${queue} was settled and is there`);
      }
    }
    for (const { id, isConfirmed, isPersistent, maybeGone } of placed.values()) {
      if (there.has(id) || !isConfirmed || maybeGone || (afterCrash && !isPersistent)) continue;
      if (queue === FREE && this.isLossy) continue;
      throw new Violation(`message ${id} of ${queue} is missing`);
    }
  }
}
