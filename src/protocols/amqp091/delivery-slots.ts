// The channel's numbers for where a delivery came from: a consumer, or basic.get on a queue.
// A number stays taken until the consumer is gone and its last delivery is settled.

import type { ChannelTallies, QueueTally } from "../../broker/observing/channel-tallies.ts";
import type { Consumer } from "../../broker/queue/consumer.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import { assert } from "../../lib/assert.ts";

export class DeliverySlot {
  readonly number: number;
  readonly queue: Queue;
  /** Where its messages are counted. */
  readonly tally: QueueTally;
  /** Undefined for deliveries by basic.get. */
  consumer: Consumer | undefined = undefined;
  /** Deliveries by basic.get that are not settled yet; those of a consumer are counted by its queue. */
  gotCount = 0;
  /** Nothing new comes through it. */
  retired = false;

  constructor(number: number, queue: Queue, tally: QueueTally) {
    this.number = number;
    this.queue = queue;
    this.tally = tally;
  }

  /** Deliveries not settled yet. */
  get outstanding(): number {
    return this.consumer === undefined ? this.gotCount : this.consumer.unackedCount;
  }
}

export class DeliverySlots {
  /** Number 0 means "none" in the unacked rings. */
  readonly #slots: (DeliverySlot | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #gets = new Map<Queue, DeliverySlot>();
  readonly #tallies: ChannelTallies;

  constructor(tallies: ChannelTallies) {
    this.#tallies = tallies;
  }

  /** A slot for a new consumer of `queue`. */
  open(queue: Queue): DeliverySlot {
    const number = this.#free.pop() ?? this.#slots.length;
    const slot = new DeliverySlot(number, queue, this.#tallies.queues.of(queue));
    this.#slots[number] = slot;
    return slot;
  }

  /** The slot for deliveries by basic.get from `queue`. */
  forGet(queue: Queue): DeliverySlot {
    let slot = this.#gets.get(queue);
    if (slot === undefined) {
      slot = this.open(queue);
      slot.retired = true;
      this.#gets.set(queue, slot);
    }
    return slot;
  }

  get(number: number): DeliverySlot {
    const slot = this.#slots[number];
    assert(slot !== undefined, "a delivery's slot is open");
    return slot;
  }

  /** So many deliveries of `slot` are settled. */
  settled(slot: DeliverySlot, count: number): void {
    if (slot.consumer === undefined) slot.gotCount -= count;
    if (slot.retired) this.#freeIfDone(slot);
  }

  /** The consumer is gone. */
  retire(slot: DeliverySlot): void {
    slot.retired = true;
    this.#freeIfDone(slot);
  }

  #freeIfDone(slot: DeliverySlot): void {
    if (slot.outstanding > 0 || this.#slots[slot.number] !== slot) return;
    this.#slots[slot.number] = undefined;
    this.#free.push(slot.number);
    if (this.#gets.get(slot.queue) === slot) this.#gets.delete(slot.queue);
  }
}
