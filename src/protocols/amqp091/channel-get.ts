// One basic.get: answered at once, or, when the message must be read from disk first, later but in its place.

import { BrokerError } from "../../broker/errors.ts";
import { NO_BODY_REFERENCE } from "../../broker/message/publication.ts";
import type { QueueTally } from "../../broker/observing/channel-tallies.ts";
import type { Delivery, Getter, Queue } from "../../broker/queue/queue.ts";
import type { Channel } from "./channel.ts";
import { PublishedCopy } from "./published-copy.ts";
import type { PendingReply } from "./reply-gate.ts";

export class ChannelGet implements Getter {
  readonly noAck: boolean;
  readonly #channel: Channel;
  readonly #queue: Queue;
  #tally: QueueTally | undefined = undefined;
  #answered = false;
  #pending: PendingReply | undefined = undefined;

  constructor(channel: Channel, queue: Queue, noAck: boolean) {
    this.#channel = channel;
    this.#queue = queue;
    this.noAck = noAck;
  }

  get isGone(): boolean {
    return this.#channel.consuming.isClosed;
  }

  get isAnswered(): boolean {
    return this.#answered;
  }

  /** Its answer has its place from now on. */
  hold(): void {
    this.#pending ??= this.#channel.gate.hold();
  }

  ask(): void {
    this.#tally = this.#channel.tallies.queues.of(this.#queue);
    this.#queue.get(this);
    if (!this.#answered) this.hold();
  }

  /** The same after others have been answered: much may have happened to the queue meanwhile. */
  askLater(): void {
    if (this.#queue.state === "deleted") return this.onEmpty();
    try {
      this.ask();
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.onEmpty();
    }
  }

  onGot(queue: Queue, delivery: Delivery, readyAfter: number): void {
    const channel = this.#channel;
    const { consuming } = channel;
    const { record } = delivery;
    const { access } = channel;
    const { observers } = access.vhost;
    if (observers.any) {
      const receiver = { access, channelNumber: channel.number, consumerTag: undefined };
      observers.delivered(queue, delivery, receiver);
    }
    const slot = consuming.slots.forGet(queue);
    if (this.noAck) slot.tally.gotNoAck++;
    else slot.tally.got++;
    if (delivery.redelivered) slot.tally.redelivered++;
    const tag = this.noAck
      ? consuming.unacked.skip()
      : consuming.addGot(slot, delivery, record.bodySizeBytes);
    const copy = PublishedCopy.ofRecord(channel.tools.broker, record);
    const method = channel.tools.encode(channel.number, {
      name: "basic.get-ok",
      deliveryTag: tag,
      redelivered: delivery.redelivered,
      exchange: copy.exchange,
      routingKey: copy.routingKey,
      messageCount: readyAfter,
    });
    const added = channel.tools.interceptors.delivered(delivery.header);
    const frames = copy.frames(method, channel.number, channel.payloadMax, added);
    if (copy.bodyReference === NO_BODY_REFERENCE) return this.#answer(frames);
    const to = { channelNumber: channel.number, payloadMax: channel.payloadMax };
    this.#answer(frames, () => {
      channel.host.bodies.start(copy.bodyReference, copy.bodySizeBytes, to);
      copy.release();
    });
  }

  onEmpty(): void {
    if (this.#tally !== undefined) this.#tally.getEmpty++;
    this.#answer(this.#channel.tools.encode(this.#channel.number, { name: "basic.get-empty" }));
  }

  #answer(frames: Uint8Array, onLeave?: () => void): void {
    this.#answered = true;
    const { gate, tools, consuming, gets } = this.#channel;
    consuming.holdDeliveries();
    const leave = () => {
      onLeave?.();
      consuming.releaseDeliveries();
    };
    if (this.#pending === undefined) {
      gate.reply(frames, 0, tools.broker.journal.durablePosition, leave);
    } else {
      this.#pending.complete(frames, leave);
      gets.onAnswered();
    }
  }
}
