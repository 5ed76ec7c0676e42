// What one channel does, counted by whom it does it with: publishes by exchange, deliveries by queue. Its plain
// counters are their sums, so that a message costs one increment as before.

import { type ChannelCounters, noMessages } from "../connection-registry.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Queue } from "../queue/queue.ts";

/** Exchanges, and queues, that one channel counts apart; what is beyond is counted together. */
const APART_MAX = 1_000;
/** So many may come before those that are gone are looked for. */
const UNLOOKED_MIN = 16;

/** What a channel published to one exchange; to none (direct replies) or to others when it is undefined. */
export class ExchangeTally {
  readonly exchange: Exchange | undefined;
  published = 0;
  confirmed = 0;
  returned = 0;
  droppedUnroutable = 0;

  constructor(exchange: Exchange | undefined) {
    this.exchange = exchange;
  }

  get isOver(): boolean {
    return this.exchange?.isDeleted === true;
  }

  addTo(sum: ExchangeTally | ChannelCounters): void {
    sum.published += this.published;
    sum.confirmed += this.confirmed;
    sum.returned += this.returned;
    sum.droppedUnroutable += this.droppedUnroutable;
  }
}

/** What one queue handed to a channel; direct replies, or others, when it is undefined. */
export class QueueTally {
  readonly queue: Queue | undefined;
  delivered = 0;
  deliveredNoAck = 0;
  redelivered = 0;
  acknowledged = 0;
  got = 0;
  gotNoAck = 0;
  getEmpty = 0;

  constructor(queue: Queue | undefined) {
    this.queue = queue;
  }

  get isOver(): boolean {
    return this.queue?.state === "deleted";
  }

  addTo(sum: QueueTally | ChannelCounters): void {
    sum.delivered += this.delivered;
    sum.deliveredNoAck += this.deliveredNoAck;
    sum.redelivered += this.redelivered;
    sum.acknowledged += this.acknowledged;
    sum.got += this.got;
    sum.gotNoAck += this.gotNoAck;
    sum.getEmpty += this.getEmpty;
  }
}

interface Tally<Sum> {
  readonly isOver: boolean;
  addTo(sum: Sum | ChannelCounters): void;
}

/** The tallies of one kind; nothing is taken up before the first one. */
class Tallies<Key, T extends Tally<T>> {
  readonly #create: (key: Key | undefined) => T;
  #apart: Map<Key, T> | undefined = undefined;
  #others: T | undefined = undefined;
  #untilLook = UNLOOKED_MIN;

  constructor(create: (key: Key | undefined) => T) {
    this.#create = create;
  }

  get others(): T {
    this.#others ??= this.#create(undefined);
    return this.#others;
  }

  of(key: Key): T {
    this.#apart ??= new Map();
    const known = this.#apart.get(key);
    if (known !== undefined) return known;
    if (--this.#untilLook <= 0) this.#forgetGone(this.#apart);
    if (this.#apart.size >= APART_MAX) return this.others;
    const tally = this.#create(key);
    this.#apart.set(key, tally);
    return tally;
  }

  apart(): Iterable<T> {
    return this.#apart?.values() ?? [];
  }

  addTo(sum: ChannelCounters): void {
    this.#others?.addTo(sum);
    if (this.#apart !== undefined) for (const tally of this.#apart.values()) tally.addTo(sum);
  }

  /** What is gone holds no place, and no memory for longer than others come. */
  #forgetGone(apart: Map<Key, T>): void {
    for (const [key, tally] of apart) {
      if (!tally.isOver) continue;
      tally.addTo(this.others);
      apart.delete(key);
    }
    this.#untilLook = Math.max(UNLOOKED_MIN, apart.size);
  }
}

export class ChannelTallies {
  readonly exchanges = new Tallies<Exchange, ExchangeTally>((key) => new ExchangeTally(key));
  readonly queues = new Tallies<Queue, QueueTally>((key) => new QueueTally(key));

  sum(): ChannelCounters {
    const sum = noMessages();
    this.exchanges.addTo(sum);
    this.queues.addTo(sum);
    return sum;
  }
}
