// The consuming side of one channel: consumers, unacknowledged deliveries, prefetch, basic.get.

import { BrokerError } from "../../broker/errors.ts";
import type { Deadline, Job } from "../../broker/flow/turn.ts";
import {
  type ConsumingChannel,
  tellConsumerCreated,
  tellConsumerDeleted,
} from "../../broker/lifecycle-events.ts";
import { integerOf } from "../../broker/message/field-table.ts";
import type { DeliveryTag } from "../../broker/numbers.ts";
import type { Observers } from "../../broker/observing/observers.ts";
import { Consumer, type HeldDelivery } from "../../broker/queue/consumer.ts";
import { type Delivery, Outcome, type Queue } from "../../broker/queue/queue.ts";
import { checkConsume } from "../../broker/queue/reading-rules.ts";
import type { Output } from "../output.ts";
import type { BodyStreams } from "./body-streams.ts";
import type { Channel } from "./channel.ts";
import { ChannelConsumer, type DeliveringChannel } from "./channel-consumer.ts";
import type { BasicCancel, BasicConsume, BasicQos } from "./codec/methods.generated.ts";
import { type DeliverySlot, DeliverySlots } from "./delivery-slots.ts";
import type { DeliveryWriter } from "./delivery-writer.ts";
import { DIRECT_REPLY_TO } from "./direct-reply.ts";
import type { Interceptors } from "./interceptors.ts";
import type { SharedFrames } from "./shared-frames.ts";
import { UnackedDeliveries } from "./unacked.ts";

/** Settling more than this many deliveries at once is a job in slices. */
const SETTLED_AT_ONCE_MAX = 1_000;

export class Consuming implements DeliveringChannel {
  readonly #channel: Channel;
  readonly #consumers = new Map<string, ChannelConsumer>();
  /** Tags of consumers whose cancel is told later; see `announceCancelsAfter`. */
  #heldCancels: string[] | undefined = undefined;
  readonly slots: DeliverySlots;
  readonly unacked = new UnackedDeliveries();
  readonly output: Output;
  readonly writer: DeliveryWriter;
  readonly shared: SharedFrames;
  readonly bodies: BodyStreams;
  readonly interceptors: Interceptors;
  readonly number: number;
  readonly payloadMax: number;
  readonly #observers: Observers;
  readonly #unackedMax: number;
  /** For consumers that start from now on; 0 = no limit. */
  prefetchMax = 0;
  /** For all of the channel's deliveries together; 0 = no limit. */
  globalPrefetchMax = 0;
  /** Replies that no delivery may overtake, and that have not left. */
  #repliesAhead = 0;
  /** Deliveries with more time than others, until when (monotonic ms). */
  readonly #deadlines = new Map<DeliveryTag, number>();
  /** A consumer found no channel-wide credit. */
  #starved = false;
  #closed = false;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.slots = new DeliverySlots(channel.tallies);
    this.output = channel.output;
    this.writer = channel.writer;
    this.shared = channel.tools.sharedFrames;
    this.bodies = channel.host.bodies;
    this.interceptors = channel.tools.interceptors;
    this.number = channel.number;
    this.payloadMax = channel.payloadMax;
    this.#observers = channel.access.vhost.observers;
    this.#unackedMax = channel.tools.broker.limits.unackedPerChannelMax;
  }

  get view(): Channel {
    return this.#channel;
  }

  get consumerCount(): number {
    return this.#consumers.size;
  }

  consumers(): Iterable<ChannelConsumer> {
    return this.#consumers.values();
  }

  get nowSecond(): number {
    return this.#channel.host.nowSecond;
  }

  get isObserved(): boolean {
    return this.#observers.any;
  }

  get creditLeft(): number {
    const max = this.globalPrefetchMax === 0 ? Infinity : this.globalPrefetchMax;
    return Math.min(max, this.#unackedMax) - this.unacked.count;
  }

  get acceptsDeliveries(): boolean {
    const count = this.unacked.count;
    const hasCredit = this.globalPrefetchMax === 0 || count < this.globalPrefetchMax;
    const isFree = !this.bodies.busy && this.#repliesAhead === 0 && !this.#closed;
    if (hasCredit && count < this.#unackedMax && isFree) return true;
    this.#starved = true;
    return false;
  }

  // ---- consumers ----------------------------------------------------------------------------------------------

  qos(method: BasicQos): void {
    if (method.prefetchSize !== 0) {
      throw new BrokerError("not-implemented", `prefetch_size!=0 (${method.prefetchSize})`);
    }
    const { rules } = this.#channel.tools.broker;
    // Where global qos is denied it counts for each consumer, as in RabbitMQ 4.3.
    const isGlobal = method.global && !rules.deniedFeatures.has("global_qos");
    if (isGlobal) this.globalPrefetchMax = method.prefetchCount;
    else {
      // As RabbitMQ: a limit for the consumers to come ends the one for the channel.
      this.prefetchMax = method.prefetchCount;
      this.globalPrefetchMax = 0;
    }
    this.#channel.reply({ name: "basic.qos-ok" });
    this.wakeAll();
  }

  consume(method: BasicConsume, queueName: string): void {
    if (queueName === DIRECT_REPLY_TO) return this.#channel.directReply.consume(method);
    const queue = this.#channel.access.queueForReading(queueName);
    const tag = this.#newTag(method.consumerTag);
    this.#checkLimits(queue);
    const { noAck, arguments: consumerArguments } = method;
    checkConsume(queue, { noAck, prefetchMax: this.prefetchMax, arguments: consumerArguments });
    const slot = this.slots.open(queue);
    const { tools } = this.#channel;
    const target = new ChannelConsumer(this, tools.nextConsumerNumber(), tag, slot);
    const consumer = new Consumer({
      tag,
      queue,
      target,
      noAck: method.noAck,
      exclusive: method.exclusive,
      priority: Number(integerOf(method.arguments.get("x-priority")) ?? 0),
      prefetchMax: this.prefetchMax,
      arguments: method.arguments,
    });
    target.consumer = consumer;
    slot.consumer = consumer;
    try {
      queue.consume(consumer);
    } catch (error) {
      this.slots.retire(slot);
      throw error;
    }
    this.#consumers.set(tag, target);
    tellConsumerCreated(tools.broker.events, consumer, this.#asConsumer);
    const announce = () => {
      target.announced = true;
      queue.wake(consumer);
    };
    if (method.noWait) announce();
    else this.#channel.reply({ name: "basic.consume-ok", consumerTag: tag }, 0, announce);
  }

  cancel(method: BasicCancel): void {
    const tag = method.consumerTag;
    const target = this.#consumers.get(tag);
    if (target !== undefined) {
      this.#forget(target);
      target.consumer?.queue.cancel(target.consumer);
    } else {
      this.#channel.directReply.cancel(tag);
    }
    if (!method.noWait) this.#channel.reply({ name: "basic.cancel-ok", consumerTag: tag });
  }

  /** The queue gave the consumer up: it was deleted. */
  onConsumerCancelled(target: ChannelConsumer): void {
    const consumer = target.consumer;
    if (consumer === undefined || this.#consumers.get(consumer.tag) !== target) return;
    this.#forget(target);
    if (!this.#channel.host.notifiesCancels) return;
    if (this.#heldCancels !== undefined) this.#heldCancels.push(consumer.tag);
    else this.#announceCancel(consumer.tag);
  }

  /** Another queue has taken the place of the consumer's: it goes on there; what it has out stays where it came from. */
  onQueueReplaced(target: ChannelConsumer, queue: Queue): void {
    const before = target.consumer;
    if (before === undefined || this.#consumers.get(before.tag) !== target) return;
    const slot = this.slots.open(queue);
    const consumer = new Consumer({ ...before, queue });
    consumer.inTimeUntilMs = before.inTimeUntilMs;
    const slotBefore = this.slots.get(target.slot);
    target.take(slot);
    target.consumer = slot.consumer = consumer;
    this.slots.retire(slotBefore);
    queue.consume(consumer);
  }

  /** As in RabbitMQ, the delete-ok of a queue leaves before the cancels of this channel's own consumers there. */
  announceCancelsAfter(work: () => void): void {
    const held: string[] = [];
    this.#heldCancels = held;
    try {
      work();
    } finally {
      this.#heldCancels = undefined;
      for (const tag of held) this.#announceCancel(tag);
    }
  }

  #announceCancel(consumerTag: string): void {
    this.#channel.reply({ name: "basic.cancel", consumerTag, noWait: true });
  }

  onDelivered(consumer: Consumer, delivery: Delivery): void {
    const observers = this.#observers;
    if (observers.any) {
      const { access, number } = this.#channel;
      const receiver = { access, channelNumber: number, consumerTag: consumer.tag };
      observers.delivered(consumer.queue, delivery, receiver);
    }
  }

  /**
   * A reply is on its way that tells what is out: the tag of a message that was asked for, or that all of them went back.
   * Whoever acknowledged several at once by a later delivery would acknowledge what he has not seen.
   */
  holdDeliveries(): void {
    this.#repliesAhead++;
  }

  /** It has left. */
  releaseDeliveries(): void {
    this.#repliesAhead--;
    if (this.#repliesAhead === 0 && this.#starved) this.wakeAll();
  }

  /** Output, credit or room is there again: every queue that was turned away may try. */
  wakeAll(): void {
    this.#starved = false;
    for (const target of this.#consumers.values()) {
      if (target.consumer !== undefined) target.consumer.queue.wake(target.consumer);
    }
  }

  /** Who consumes, as events name it. */
  get #asConsumer(): ConsumingChannel {
    const { host, number, access } = this.#channel;
    return { name: `${host.name} (${number})`, user: access.user.name };
  }

  #newTag(asked: string): string {
    if (asked === "") return this.#channel.tools.generateName("amq.ctag-");
    if (this.#consumers.has(asked) || this.#channel.directReply.tag === asked) {
      throw new BrokerError("not-allowed", `attempt to reuse consumer tag '${asked}'`);
    }
    return asked;
  }

  #checkLimits(queue: Queue): void {
    const max = this.#channel.tools.broker.limits.consumersPerChannelMax;
    if (max !== undefined && this.#consumers.size >= max) {
      throw new BrokerError("not-allowed", `reached maximum (${max}) of consumers per channel`);
    }
    if (this.globalPrefetchMax > 0 && !queue.definition.type.traits.allowsGlobalPrefetch) {
      const { name, vhost } = queue.definition;
      throw new BrokerError(
        "not-implemented",
        `queue '${name}' in vhost '${vhost}' does not support global qos`,
      );
    }
  }

  #forget(target: ChannelConsumer): void {
    const consumer = target.consumer;
    if (consumer !== undefined && this.#consumers.delete(consumer.tag)) {
      tellConsumerDeleted(this.#channel.tools.broker.events, consumer, this.#asConsumer);
    }
    this.slots.retire(this.slots.get(target.slot));
  }

  // ---- settling -----------------------------------------------------------------------------------------------

  ack(tag: number, multiple: boolean): void {
    this.settle(tag, multiple, Outcome.accept);
  }
  /** One acknowledgement for each tag from `first` to `last`. */
  ackEach(first: number, last: number): void {
    const transaction = this.#channel.transaction;
    for (let tag = first; tag <= last; ) {
      this.checkTag(tag, false);
      if (transaction !== undefined) {
        transaction.settle(tag, false, Outcome.accept);
        tag++;
      } else {
        this.unacked.takeRun(tag, last);
        tag += this.unacked.found.count;
        this.#settleFound(Outcome.accept);
      }
    }
    if (this.#starved) this.wakeAll();
  }
  nack(tag: number, multiple: boolean, requeue: boolean): void {
    this.settle(tag, multiple, requeue ? Outcome.requeue : Outcome.discard);
  }
  reject(tag: number, requeue: boolean): void {
    this.settle(tag, false, requeue ? Outcome.returned : Outcome.discard);
  }

  /** In a transaction settlements wait for the commit; the tags must be known now all the same. */
  settle(tag: number, multiple: boolean, outcome: Outcome): void {
    this.checkTag(tag, multiple);
    const transaction = this.#channel.transaction;
    if (transaction !== undefined) transaction.settle(tag, multiple, outcome);
    else this.settleNow(tag, multiple, outcome);
  }

  /** As RabbitMQ: the tag itself must be outstanding; 0 with multiple means all there are. */
  checkTag(tag: number, multiple: boolean): void {
    if (multiple && tag === 0) return;
    if (!this.unacked.has(tag)) {
      throw new BrokerError("precondition-failed", `unknown delivery tag ${tag}`);
    }
  }

  settleNow(tag: number, multiple: boolean, outcome: Outcome): void {
    const unacked = this.unacked;
    if (multiple) {
      const last = tag === 0 ? unacked.lastTag : tag;
      const isRun = outcome === Outcome.accept;
      while (isRun ? unacked.takeOldestRunUpTo(last) : unacked.takeOldestUpTo(last)) {
        this.#settleFound(outcome);
      }
    } else if (unacked.take(tag)) {
      this.#settleFound(outcome);
    }
    if (this.#starved) this.wakeAll();
  }

  #settleFound(outcome: Outcome): void {
    const found = this.unacked.found;
    const slot = this.slots.get(found.slot);
    if (outcome === Outcome.accept) slot.tally.acknowledged += found.count;
    slot.queue.settle(
      slot.consumer,
      found.sequence,
      found.location,
      found.bytes,
      outcome,
      found.deliveryCount,
      found.count,
    );
    this.slots.settled(slot, found.count);
  }

  /** basic.recover: everything outstanding goes back and is delivered again. */
  recover(requeue: boolean): void {
    if (!requeue) throw new BrokerError("not-implemented", "requeue=false");
    this.settleNow(0, true, Outcome.requeue);
  }

  /** What is delivered again is behind recover-ok, so that its client can tell it from what went back. */
  recoverAndReply(requeue: boolean): void {
    this.recover(requeue);
    this.holdDeliveries();
    this.#channel.reply({ name: "basic.recover-ok" }, 0, () => this.releaseDeliveries());
  }

  /** Remembers a delivery by basic.get under a tag of its own. */
  addGot(
    slot: DeliverySlot,
    delivery: { sequence: number; location: number; deliveryCount: number },
    bytes: number,
  ): number {
    slot.gotCount++;
    return this.unacked.add(
      delivery.sequence,
      delivery.location,
      slot.number,
      bytes,
      this.nowSecond,
      delivery.deliveryCount,
    );
  }

  /** The delivery that has waited too long for its acknowledgement, in ms of its timeout; undefined when none has. */
  overdueTimeoutMs(): number | undefined {
    const tag = this.#oldestWithoutDeadline();
    if (tag === undefined || !this.unacked.peek(tag)) return undefined;
    const found = this.unacked.found;
    const { queue, consumer } = this.slots.get(found.slot);
    const { clock, limits } = this.#channel.tools.broker;
    const timeoutMs = queue.settings.values.consumerTimeoutMs ?? limits.consumerTimeoutMs;
    if (timeoutMs === undefined) return undefined;
    if (consumer !== undefined && consumer.inTimeUntilMs > clock.monotonicMs()) return undefined;
    return (this.nowSecond - found.second) * 1_000 > timeoutMs ? timeoutMs : undefined;
  }

  heldBy(target: ChannelConsumer): readonly HeldDelivery[] {
    const { unacked } = this;
    const held: HeldDelivery[] = [];
    for (const tag of unacked.tags()) {
      if (!unacked.peek(tag) || unacked.found.slot !== target.slot) continue;
      const { sequence, second } = unacked.found;
      held.push({ deliveryTag: tag, sequence, heldMs: (this.nowSecond - second) * 1_000 });
    }
    return held;
  }

  extendDeadline(target: ChannelConsumer, tag: DeliveryTag, untilMs: number): boolean {
    if (!this.unacked.peek(tag) || this.unacked.found.slot !== target.slot) return false;
    this.#deadlines.set(tag, untilMs);
    return true;
  }

  /** The oldest delivery that nobody was given more time for, or whose time is over. */
  #oldestWithoutDeadline(): DeliveryTag | undefined {
    const { unacked } = this;
    if (this.#deadlines.size === 0) return unacked.oldest() ? unacked.found.tag : undefined;
    const nowMs = this.#channel.tools.broker.clock.monotonicMs();
    for (const [tag, untilMs] of this.#deadlines) {
      if (untilMs <= nowMs || !unacked.has(tag)) this.#deadlines.delete(tag);
    }
    for (const tag of unacked.tags()) if (!this.#deadlines.has(tag)) return tag;
    return undefined;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The channel ends: consumers go, what they had out goes back to its queues. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const target of [...this.#consumers.values()]) {
      this.#forget(target);
      target.consumer?.queue.cancel(target.consumer);
    }
    if (this.unacked.count > SETTLED_AT_ONCE_MAX) {
      this.#channel.tools.broker.turn.addJob(new ReturnJob(this));
    } else {
      this.settleNow(0, true, Outcome.returned);
    }
  }

  /** Returns the oldest outstanding delivery; false when there is none. */
  returnOldest(): boolean {
    if (!this.unacked.takeOldestUpTo(this.unacked.lastTag)) return false;
    this.#settleFound(Outcome.returned);
    return true;
  }
}

/** Gives a closed channel's many deliveries back, a slice at a time. */
class ReturnJob implements Job {
  readonly #consuming: Consuming;
  constructor(consuming: Consuming) {
    this.#consuming = consuming;
  }
  runSlice(deadline: Deadline): boolean {
    let count = 0;
    while (this.#consuming.returnOldest()) {
      if (++count % 256 === 0 && deadline()) return false;
    }
    return true;
  }
}
