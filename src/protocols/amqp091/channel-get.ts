// One basic.get: answered at once, or, when the message must be read from disk first, later but in its place.

import { NO_BODY_REFERENCE } from "../../broker/message/publication.ts";
import type { Delivery, Getter, Queue } from "../../broker/queue/queue.ts";
import type { Channel } from "./channel.ts";
import { PublishedCopy } from "./published-copy.ts";
import type { PendingReply } from "./reply-gate.ts";

export class ChannelGet implements Getter {
  readonly noAck: boolean;
  readonly #channel: Channel;
  #answered = false;
  #pending: PendingReply | undefined = undefined;

  constructor(channel: Channel, noAck: boolean) {
    this.#channel = channel;
    this.noAck = noAck;
  }

  ask(queue: Queue): void {
    queue.get(this);
    if (!this.#answered) this.#pending = this.#channel.gate.hold();
  }

  onGot(queue: Queue, delivery: Delivery, readyAfter: number): void {
    const channel = this.#channel;
    const { consuming, counters } = channel;
    const { record } = delivery;
    const { access } = channel;
    const { observers } = access.vhost;
    if (observers.any) {
      const receiver = { access, channelNumber: channel.number, consumerTag: undefined };
      observers.delivered(queue, delivery, receiver);
    }
    if (this.noAck) counters.gotNoAck++;
    else counters.got++;
    const slot = consuming.slots.forGet(queue);
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
    const frames = copy.frames(method, channel.number, channel.payloadMax, delivery.header);
    if (copy.bodyReference === NO_BODY_REFERENCE) return this.#answer(frames);
    const to = { channelNumber: channel.number, payloadMax: channel.payloadMax };
    this.#answer(frames, () => {
      channel.host.bodies.start(copy.bodyReference, copy.bodySizeBytes, to);
      copy.release();
    });
  }

  onEmpty(): void {
    this.#channel.counters.getEmpty++;
    this.#answer(this.#channel.tools.encode(this.#channel.number, { name: "basic.get-empty" }));
  }

  #answer(frames: Uint8Array, onLeave?: () => void): void {
    this.#answered = true;
    if (this.#pending !== undefined) {
      this.#pending.complete(frames, onLeave);
      return;
    }
    const { gate, tools } = this.#channel;
    gate.reply(frames, 0, tools.broker.journal.durablePosition, onLeave);
  }
}
