// hot path: runs per message
// Who is served next: one ring of ready consumers per priority, strict round robin within a ring.

import type { Consumer } from "./consumer.ts";

class Ring {
  readonly priority: number;
  /** Served next; undefined when the ring is empty. */
  current: Consumer | undefined = undefined;

  constructor(priority: number) {
    this.priority = priority;
  }
}

export class ConsumerRing {
  /** Highest priority first. A ring stays when it is empty. */
  readonly #rings: Ring[] = [];
  #readyCount = 0;

  /** Consumers believed to have credit and room. */
  get readyCount(): number {
    return this.#readyCount;
  }

  /** The consumer to serve now, or undefined. Those found without credit or room leave the ring. */
  next(unackedBytesMax: number): Consumer | undefined {
    if (this.#readyCount === 0) return undefined;
    const rings = this.#rings;
    for (let i = 0; i < rings.length; i++) {
      const ring = rings[i] as Ring;
      for (let consumer = ring.current; consumer !== undefined; consumer = ring.current) {
        if (canTake(consumer, unackedBytesMax)) {
          ring.current = consumer.next;
          return consumer;
        }
        this.#unlink(ring, consumer);
      }
    }
    return undefined;
  }

  /** Adds a consumer behind all others of its priority. */
  add(consumer: Consumer): void {
    const ring = this.#ringOf(consumer.priority);
    const current = ring.current;
    if (current === undefined) {
      consumer.next = consumer;
      consumer.previous = consumer;
      ring.current = consumer;
    } else {
      const last = current.previous as Consumer;
      last.next = consumer;
      consumer.previous = last;
      consumer.next = current;
      current.previous = consumer;
    }
    consumer.ready = true;
    this.#readyCount++;
  }

  remove(consumer: Consumer): void {
    if (consumer.ready) this.#unlink(this.#ringOf(consumer.priority), consumer);
  }

  /** Forgets the priorities there were; the ring must be empty. */
  clear(): void {
    this.#rings.length = 0;
  }

  #unlink(ring: Ring, consumer: Consumer): void {
    if (consumer.next === consumer) {
      ring.current = undefined;
    } else {
      const next = consumer.next as Consumer;
      const previous = consumer.previous as Consumer;
      previous.next = next;
      next.previous = previous;
      if (ring.current === consumer) ring.current = next;
    }
    consumer.next = undefined;
    consumer.previous = undefined;
    consumer.ready = false;
    this.#readyCount--;
  }

  #ringOf(priority: number): Ring {
    const rings = this.#rings;
    let at = 0;
    while (at < rings.length && (rings[at] as Ring).priority > priority) at++;
    const found = rings[at];
    if (found !== undefined && found.priority === priority) return found;
    const ring = new Ring(priority);
    rings.splice(at, 0, ring);
    return ring;
  }
}

/** Nobody else of its priority stands in the ring with it. */
export function isAlone(consumer: Consumer): boolean {
  return consumer.next === consumer;
}

/** How many more messages with bodies of `bytes` it may have, as far as that is up to the queue; it `canTake` one. */
export function roomOf(consumer: Consumer, bytes: number, unackedBytesMax: number): number {
  if (consumer.noAck) return Number.POSITIVE_INFINITY;
  const { prefetchMax, unackedCount, unackedBytes } = consumer;
  const byCount = prefetchMax === 0 ? Number.POSITIVE_INFINITY : prefetchMax - unackedCount;
  return Math.min(byCount, Math.ceil((unackedBytesMax - unackedBytes) / Math.max(1, bytes)));
}

/** Credit, room in its output, and not too many unsettled bytes where those can't leave memory. */
export function canTake(consumer: Consumer, unackedBytesMax: number): boolean {
  return consumer.hasCredit && consumer.unackedBytes < unackedBytesMax && consumer.target.writable;
}
