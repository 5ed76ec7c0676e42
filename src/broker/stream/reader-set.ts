// hot path: runs per message
// The readers of one stream: who may join, who of those with one name is active, and who is served next.

import { Ring } from "../../lib/ring.ts";
import { BrokerError } from "../errors.ts";
import type { Consumer } from "../queue/consumer.ts";
import { StreamReader, Waiting } from "./stream-reader.ts";
import type { StreamSubscription } from "./subscription.ts";

export class ReaderSet {
  /** In the order they came. */
  readonly #readers = new Map<Consumer, StreamReader>();
  /** Strict round robin. Those that have gone meanwhile are passed over. */
  readonly #ready = new Ring<StreamReader>();
  readonly #forPages = new Set<StreamReader>();
  readonly #forMessages: StreamReader[] = [];
  #exclusive: Consumer | undefined = undefined;

  get size(): number {
    return this.#readers.size;
  }

  /** Readers whose turn is due. */
  get readyCount(): number {
    return this.#ready.length;
  }

  consumers(): Iterable<Consumer> {
    return this.#readers.keys();
  }

  [Symbol.iterator](): IterableIterator<StreamReader> {
    return this.#readers.values();
  }

  of(consumer: Consumer): StreamReader | undefined {
    return this.#readers.get(consumer);
  }

  /** `resource` names the stream in the error text. */
  add(consumer: Consumer, subscription: StreamSubscription, resource: string): StreamReader {
    const inUse = consumer.exclusive ? this.size > 0 : this.#exclusive !== undefined;
    if (inUse) throw new BrokerError("access-refused", `${resource} in exclusive use`);
    if (consumer.exclusive) this.#exclusive = consumer;
    const reader = new StreamReader(consumer, subscription);
    consumer.active = !subscription.singleActive || this.#activeNamed(subscription) === undefined;
    this.#readers.set(consumer, reader);
    return reader;
  }

  /** Answers who takes over from it, if anybody does; undefined also when it was not here. */
  remove(consumer: Consumer): StreamReader | undefined {
    const reader = this.#readers.get(consumer);
    if (reader === undefined) return undefined;
    this.#readers.delete(consumer);
    this.#forPages.delete(reader);
    const place = this.#forMessages.indexOf(reader);
    if (place !== -1) this.#forMessages.splice(place, 1);
    reader.waiting = Waiting.nothing;
    consumer.cancelled = true;
    if (this.#exclusive === consumer) this.#exclusive = undefined;
    if (!reader.subscription.singleActive || !consumer.active) return undefined;
    consumer.active = false;
    for (const other of this.#readers.values()) {
      if (!isSameGroup(other.subscription, reader.subscription)) continue;
      other.consumer.active = true;
      return other;
    }
    return undefined;
  }

  /** Removes all of them, and tells their targets. */
  cancelAll(): void {
    const all = Array.from(this.#readers.keys());
    this.#readers.clear();
    this.#forPages.clear();
    this.#forMessages.length = 0;
    this.#exclusive = undefined;
    for (const consumer of all) {
      consumer.cancelled = true;
      consumer.target.onCancelled(consumer);
    }
  }

  /** The reader to serve now, or undefined. */
  next(): StreamReader | undefined {
    for (let reader = this.#ready.shift(); reader !== undefined; reader = this.#ready.shift()) {
      if (reader.waiting !== Waiting.turn) continue;
      reader.waiting = Waiting.nothing;
      if (!reader.consumer.cancelled) return reader;
    }
    return undefined;
  }

  /** It waits from now on, for whatever that is. */
  wait(reader: StreamReader, waiting: Waiting): void {
    reader.waiting = waiting;
    if (waiting === Waiting.turn) this.#ready.push(reader);
    else if (waiting === Waiting.page) this.#forPages.add(reader);
    else if (waiting === Waiting.messages) this.#forMessages.push(reader);
  }

  /** It may have credit or room. */
  wake(reader: StreamReader): void {
    if (reader.waiting === Waiting.credit) this.wait(reader, Waiting.turn);
  }

  onPageLoaded(): void {
    for (const reader of this.#forPages) this.wait(reader, Waiting.turn);
    this.#forPages.clear();
  }

  onMessages(): void {
    const readers = this.#forMessages;
    for (let i = 0; i < readers.length; i++) {
      const reader = readers[i] as StreamReader;
      if (reader.waiting === Waiting.messages) this.wait(reader, Waiting.turn);
    }
    readers.length = 0;
  }

  #activeNamed(subscription: StreamSubscription): StreamReader | undefined {
    for (const reader of this.#readers.values()) {
      if (reader.consumer.active && isSameGroup(reader.subscription, subscription)) return reader;
    }
    return undefined;
  }
}

function isSameGroup(one: StreamSubscription, other: StreamSubscription): boolean {
  return one.singleActive && other.singleActive && one.name === other.name;
}
