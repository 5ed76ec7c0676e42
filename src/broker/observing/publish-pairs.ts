// hot path: runs per message
// How many messages each exchange of a vhost gave to each queue.

import type { Exchange } from "../exchange/exchange.ts";
import type { Queue } from "../queue/queue.ts";

/** Exchanges whose messages one queue counts apart; those of further ones are counted in one sum. */
const APART_MAX = 1_000;

export class PublishPair {
  /** Undefined: of all exchanges that are not counted apart. */
  readonly exchange: Exchange | undefined;
  readonly queue: Queue;
  published = 0;

  constructor(exchange: Exchange | undefined, queue: Queue) {
    this.exchange = exchange;
    this.queue = queue;
  }
}

export class PublishPairs {
  readonly #byQueue = new Map<Queue, PublishPair[]>();

  of(exchange: Exchange, queue: Queue): PublishPair {
    const pairs = this.#byQueue.get(queue);
    if (pairs !== undefined) {
      for (let i = 0; i < pairs.length; i++) {
        const pair = pairs[i] as PublishPair;
        if (pair.exchange === exchange) return pair;
      }
    }
    return this.#add(exchange, queue, pairs);
  }

  /** One for each of `queues`. */
  ofAll(exchange: Exchange, queues: readonly Queue[]): readonly PublishPair[] {
    const pairs: PublishPair[] = [];
    for (let i = 0; i < queues.length; i++) pairs.push(this.of(exchange, queues[i] as Queue));
    return pairs;
  }

  #add(exchange: Exchange, queue: Queue, pairs: PublishPair[] | undefined): PublishPair {
    let pair = new PublishPair(exchange, queue);
    if (pairs === undefined) {
      // A deleted queue is published to no more, but may be the target of a message that is on its way.
      if (queue.state !== "deleted") this.#byQueue.set(queue, [pair]);
      return pair;
    }
    for (let at = pairs.length - 1; at >= 0; at--) {
      if ((pairs[at] as PublishPair).exchange?.isDeleted) pairs.splice(at, 1);
    }
    if (pairs.length >= APART_MAX) {
      const last = pairs[pairs.length - 1] as PublishPair;
      if (last.exchange === undefined) return last;
      pair = new PublishPair(undefined, queue);
    }
    pairs.push(pair);
    return pair;
  }

  /** By the exchanges that are still there. */
  *ofQueue(queue: Queue): Iterable<PublishPair> {
    for (const pair of this.#byQueue.get(queue) ?? []) {
      if (pair.exchange !== undefined && !pair.exchange.isDeleted) yield pair;
    }
  }

  *ofExchange(exchange: Exchange): Iterable<PublishPair> {
    for (const pairs of this.#byQueue.values()) {
      for (const pair of pairs) if (pair.exchange === exchange) yield pair;
    }
  }

  /** The queue is gone. */
  forget(queue: Queue): void {
    this.#byQueue.delete(queue);
  }
}
