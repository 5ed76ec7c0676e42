// hot path: runs per message
// One consumer of a channel as a delivery target: gives a message its tag and writes it to the connection.

import type { ChannelView } from "../../broker/connection-registry.ts";
import type { Publication } from "../../broker/message/publication.ts";
import { RecordFlag } from "../../broker/message/record.ts";
import type { DeliveryTag } from "../../broker/numbers.ts";
import type { QueueTally } from "../../broker/observing/channel-tallies.ts";
import type { Consumer, DeliveryTarget, HeldDelivery } from "../../broker/queue/consumer.ts";
import type { DeliveryRun } from "../../broker/queue/delivery-run.ts";
import type { Delivery, Queue } from "../../broker/queue/queue.ts";
import type { Output } from "../output.ts";
import type { BodyStreams } from "./body-streams.ts";
import type { DeliverySlot } from "./delivery-slots.ts";
import { type DeliverAddress, type DeliveryWriter, RecordContent } from "./delivery-writer.ts";
import type { Interceptors } from "./interceptors.ts";
import type { SharedFrames } from "./shared-frames.ts";
import type { UnackedDeliveries } from "./unacked.ts";

/** What a consumer needs of its channel. */
export interface DeliveringChannel {
  /** The channel itself, for listings. */
  readonly view: ChannelView;
  readonly number: number;
  readonly payloadMax: number;
  readonly output: Output;
  readonly writer: DeliveryWriter;
  readonly shared: SharedFrames;
  readonly bodies: BodyStreams;
  readonly interceptors: Interceptors;
  readonly unacked: UnackedDeliveries;
  /** Channel-wide credit and bounds; output is asked separately. */
  readonly acceptsDeliveries: boolean;
  readonly nowSecond: number;
  /** Somebody wants to hear of each delivery. */
  readonly isObserved: boolean;
  /** So many more deliveries it may have out, as far as it is up to the channel. */
  readonly creditLeft: number;
  onDelivered(consumer: Consumer, delivery: Delivery): void;
  onConsumerCancelled(consumer: ChannelConsumer): void;
  onQueueReplaced(consumer: ChannelConsumer, queue: Queue): void;
  heldBy(consumer: ChannelConsumer): readonly HeldDelivery[];
  extendDeadline(consumer: ChannelConsumer, deliveryTag: DeliveryTag, untilMs: number): boolean;
}

const content = new RecordContent();

export class ChannelConsumer implements DeliveryTarget, DeliverAddress {
  readonly consumerNumber: number;
  readonly consumerTag: Uint8Array;
  readonly channelNumber: number;
  readonly payloadMax: number;
  readonly #channel: DeliveringChannel;
  /** The channel's number for this consumer in its unacked rings. */
  slot: number;
  /** Where its messages are counted. */
  #tally: QueueTally;
  /** Set right after construction: the two know each other. */
  consumer: Consumer | undefined = undefined;
  /** False until its consume-ok has left: no delivery may overtake it. */
  announced = false;

  constructor(channel: DeliveringChannel, consumerNumber: number, tag: string, slot: DeliverySlot) {
    this.#channel = channel;
    this.consumerNumber = consumerNumber;
    this.consumerTag = Buffer.from(tag, "utf8");
    this.channelNumber = channel.number;
    this.payloadMax = channel.payloadMax;
    this.slot = slot.number;
    this.#tally = slot.tally;
  }

  /** Deliveries come through another slot from now on. */
  take(slot: DeliverySlot): void {
    this.slot = slot.number;
    this.#tally = slot.tally;
  }

  get channel(): ChannelView {
    return this.#channel.view;
  }

  get writable(): boolean {
    const channel = this.#channel;
    return this.announced && channel.acceptsDeliveries && channel.output.writable;
  }

  deliver(consumer: Consumer, delivery: Delivery): void {
    const channel = this.#channel;
    const record = delivery.record;
    record.locate(content);
    content.added = channel.interceptors.delivered(delivery.header);
    const tag = consumer.noAck
      ? channel.unacked.skip()
      : channel.unacked.add(
          delivery.sequence,
          delivery.location,
          this.slot,
          content.bodySizeBytes,
          channel.nowSecond,
          delivery.deliveryCount,
        );
    if ((record.flags & RecordFlag.externalBody) === 0) {
      channel.writer.write(channel.output, this, tag, delivery.redelivered, content);
    } else {
      channel.writer.writeHead(channel.output, this, tag, delivery.redelivered, content);
      channel.bodies.start(record.bodyReference, record.bodySizeBytes, this);
    }
    const tally = this.#tally;
    if (consumer.noAck) tally.deliveredNoAck++;
    else tally.delivered++;
    if (delivery.redelivered) tally.redelivered++;
    channel.onDelivered(consumer, delivery);
  }

  rowMax(delivery: Delivery): number {
    const channel = this.#channel;
    if (channel.isObserved || channel.interceptors.marksDeliveries) return 1;
    delivery.record.locate(content);
    if (content.bodySizeBytes > this.payloadMax) return 1;
    return Math.min(channel.writer.rowMax(this, content), channel.creditLeft);
  }

  deliverRow(consumer: Consumer, first: Delivery, count: number): void {
    const channel = this.#channel;
    const { unacked, nowSecond } = channel;
    const { record, sequence, location } = first;
    record.locate(content);
    content.added = undefined;
    const { lengthBytes } = record;
    const { slot } = this;
    const { bodySizeBytes } = content;
    const firstTag = consumer.noAck
      ? unacked.skip(count)
      : unacked.addRow(sequence, location, lengthBytes, slot, bodySizeBytes, nowSecond, count);
    channel.writer.writeRow(channel.output, this, firstTag, content, count, lengthBytes);
    if (consumer.noAck) this.#tally.deliveredNoAck += count;
    else this.#tally.delivered += count;
  }

  deliverRun(consumer: Consumer, run: DeliveryRun): void {
    const channel = this.#channel;
    run.count = 0;
    if (channel.isObserved || consumer.noAck || channel.interceptors.marksDeliveries) return;
    run.countMax = Math.min(run.countMax, channel.creditLeft);
    const { shared, unacked, nowSecond } = channel;
    shared.find(run, this, channel.output);
    const { count } = run;
    if (count === 0) return;
    const firstTag = unacked.lastTag + 1;
    const { slot } = this;
    for (let i = 0; i < count; i++) {
      unacked.add(run.at(i), 0, slot, shared.bodyBytes(i), nowSecond, 0);
    }
    this.#tally.delivered += count;
    shared.send(channel.output, this, firstTag);
  }

  handOver(_consumer: Consumer, first: Publication, count: number, strideBytes: number): number {
    const channel = this.#channel;
    content.addressingAt = first.addressingAt;
    content.addressingLength = first.addressingLength;
    content.contentAt = first.contentAt;
    content.contentLengthBytes = first.contentLengthBytes;
    content.bodySizeBytes = first.bodySizeBytes;
    content.added = channel.interceptors.delivered(undefined);
    const { writer, output, unacked } = channel;
    if (count === 1) {
      writer.write(output, this, unacked.skip(), false, content);
      this.#tally.deliveredNoAck++;
      return 1;
    }
    const isAlone = first.bodySizeBytes > this.payloadMax || content.added !== undefined;
    const rowMax = isAlone ? 1 : writer.rowMax(this, content);
    let taken = 0;
    do {
      const row = Math.min(rowMax, count - taken);
      if (row === 1) writer.write(output, this, unacked.skip(), false, content);
      else writer.writeRow(output, this, unacked.skip(row), content, row, strideBytes);
      content.addressingAt += row * strideBytes;
      content.contentAt += row * strideBytes;
      taken += row;
    } while (taken < count && this.writable);
    this.#tally.deliveredNoAck += taken;
    return taken;
  }

  sendNow(): void {
    this.#channel.output.flush();
  }

  held(): readonly HeldDelivery[] {
    return this.#channel.heldBy(this);
  }

  extendDeadline(deliveryTag: DeliveryTag, untilMs: number): boolean {
    return this.#channel.extendDeadline(this, deliveryTag, untilMs);
  }

  onQueueReplaced(_consumer: Consumer, queue: Queue): void {
    this.#channel.onQueueReplaced(this, queue);
  }

  onCancelled(): void {
    this.#channel.onConsumerCancelled(this);
  }
}
