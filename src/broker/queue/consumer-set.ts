// hot path: runs per message
// The consumers of one queue: who may join, who is served next, who is the single active one.

import { BrokerError } from "../errors.ts";
import type { Publication } from "../message/publication.ts";
import type { Consumer } from "./consumer.ts";
import { ConsumerRing, canTake, isAlone, roomOf } from "./consumer-ring.ts";

/** What idle queues share; nothing is ever added. */
const NOBODY = new Set<Consumer>();

export class ConsumerSet {
  /** In the order they came; a set of its own from the first one on. */
  #all = NOBODY;
  readonly #ring = new ConsumerRing();
  readonly #unackedBytesMax: number;
  readonly #singleActive: boolean;
  #exclusive: Consumer | undefined = undefined;
  #active: Consumer | undefined = undefined;
  #takingForGood = 0;

  /** `unackedBytesMax`: unsettled bytes a consumer may hold. */
  constructor(singleActive: boolean, unackedBytesMax: number) {
    this.#singleActive = singleActive;
    this.#unackedBytesMax = unackedBytesMax;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Consumers believed to be able to take a message. */
  get readyCount(): number {
    return this.#ring.readyCount;
  }

  /** There are consumers, and each of them takes messages for good, stored or not. */
  get takeForGood(): boolean {
    return this.#takingForGood > 0 && this.#takingForGood === this.#all.size;
  }

  /** The single active consumer, where there is one. */
  get active(): Consumer | undefined {
    return this.#active;
  }

  [Symbol.iterator](): IterableIterator<Consumer> {
    return this.#all[Symbol.iterator]();
  }

  /** `resource` names the queue in the error text. */
  add(consumer: Consumer, resource: string): void {
    const inUse = consumer.exclusive
      ? this.#all.size > 0 || this.#singleActive
      : this.#exclusive !== undefined;
    if (inUse) throw new BrokerError("access-refused", `${resource} in exclusive use`);
    if (this.#all === NOBODY) this.#all = new Set();
    this.#all.add(consumer);
    if (takesForGood(consumer)) this.#takingForGood++;
    if (consumer.exclusive) this.#exclusive = consumer;
    if (this.#singleActive) {
      this.#active ??= consumer;
      consumer.active = this.#active === consumer;
    }
    this.wake(consumer);
  }

  /** False when it was not here. */
  remove(consumer: Consumer): boolean {
    if (!this.#all.delete(consumer)) return false;
    consumer.cancelled = true;
    if (takesForGood(consumer)) this.#takingForGood--;
    this.#ring.remove(consumer);
    if (this.#all.size === 0) this.#ring.clear();
    if (this.#exclusive === consumer) this.#exclusive = undefined;
    if (this.#active === consumer) this.#electActive();
    return true;
  }

  /** Removes all of them, and tells their targets. */
  cancelAll(): void {
    const all = [...this.#all];
    this.#all.clear();
    this.#takingForGood = 0;
    this.#exclusive = undefined;
    this.#active = undefined;
    for (const consumer of all) {
      consumer.cancelled = true;
      this.#ring.remove(consumer);
      consumer.target.onCancelled(consumer);
    }
    this.#ring.clear();
  }

  /** Puts a consumer into the ring if it can take a message. */
  wake(consumer: Consumer): void {
    if (consumer.ready || consumer.cancelled || consumer.held || !consumer.active) return;
    if (canTake(consumer, this.#unackedBytesMax)) this.#ring.add(consumer);
  }

  /** The consumer to serve now, or undefined. */
  next(): Consumer | undefined {
    return this.#ring.next(this.#unackedBytesMax);
  }

  /**
   * How many messages with bodies of `bytes` the one `next` has answered gets before anybody else: of several who stand
   * ready each gets the next one.
   */
  shareOf(consumer: Consumer, bytes: number): number {
    return isAlone(consumer) ? roomOf(consumer, bytes, this.#unackedBytesMax) : 1;
  }

  /** Hands over messages that lie so far apart, as long as somebody can take the next one; answers how many. */
  handOverRow(first: Publication, count: number, strideBytes: number): number {
    let done = 0;
    if (count === 1) {
      const consumer = this.next();
      return consumer?.target.handOver?.(consumer, first, 1, 0) ?? 0;
    }
    while (done < count) {
      const consumer = this.next();
      if (consumer === undefined) break;
      // Who is alone takes as many as it can; of several each gets the next one.
      const share = this.#all.size === 1 ? count - done : 1;
      const taken = consumer.target.handOver?.(consumer, first, share, strideBytes) ?? 0;
      first.moveOn(taken * strideBytes);
      done += taken;
    }
    return done;
  }

  /** The highest priority follows; among equals the one that waited longest. */
  #electActive(): void {
    let chosen: Consumer | undefined;
    for (const consumer of this.#all) {
      if (chosen === undefined || consumer.priority > chosen.priority) chosen = consumer;
    }
    this.#active = chosen;
    if (chosen === undefined) return;
    chosen.active = true;
    this.wake(chosen);
  }
}

function takesForGood({ noAck, target }: Consumer): boolean {
  return noAck && target.handOver !== undefined;
}
