// One client of the histories in sessions.ts: what it does by chance, and what it demands of all it hears.

import { EMPTY_TABLE, integerOf, longString } from "../../src/broker/message/field-table.ts";
import { consume } from "../../src/protocols/amqp091/test-methods.ts";
import type { Client, Received } from "../../src/protocols/amqp091/testing.ts";
import { bodyOf } from "./bodies.ts";
import { Violation } from "./checks.ts";
import type { Life } from "./life.ts";
import {
  ALL,
  CLASSIC_QUEUES,
  FREE,
  type Held,
  ORDERED,
  type Placed,
  QUEUES,
  type SessionModel,
  STREAM,
} from "./session-model.ts";

const CHANNELS = 3;
/** Its prefetch is that of all its consumers together, which only classic queues take. */
const GLOBAL_CHANNEL = 3;
/** The reply code of RESOURCE_ERROR. */
const NO_MEMORY = 506;

interface Consumer {
  readonly tag: string;
  readonly queue: string;
  readonly noAck: boolean;
  /** So many at most are out with it; 0 = any number. */
  readonly prefetchMax: number;
  /** Behind consume-ok, before cancel-ok. */
  isOpen: boolean;
  /** By the channel that published: the last message that came from it for the first time. */
  readonly lastBySource: Map<string, number>;
  nextOffset: number | undefined;
}

class Channel {
  readonly number: number;
  state: "open" | "closing" | "opening" = "opening";
  consumers = new Map<string, Consumer>();
  held: Held[] = [];
  lastTag = 0;
  /** For consumers that start from now on. */
  prefetchMax = 0;
  /** Published and not answered, in order. */
  unconfirmed: Sent[] = [];
  firstUnconfirmed = 1;
  /** Queues that were asked for a message and have not answered. */
  gets: string[] = [];
  /** Given back as a whole, which the broker has not answered: what comes before its answer is given back too. */
  recovers = 0;
  /** Settled before what was asked last: gone when the answer comes. */
  settled: Placed[] = [];
  constructor(number: number) {
    this.number = number;
  }
}

/** One publish: what it became in each queue. */
interface Sent {
  readonly placed: readonly Placed[];
  readonly streamed: { isConfirmed: boolean } | undefined;
}

export class Session {
  readonly #life: Life;
  readonly #model: SessionModel;
  readonly #client: Client;
  readonly #name: string;
  readonly #channels: Channel[] = [];
  /** The last one's body may still be coming. */
  readonly #heard: Received[] = [];
  #lastConsumer = 0;

  constructor(life: Life, model: SessionModel, client: Client, name: string) {
    this.#life = life;
    this.#model = model;
    this.#client = client;
    this.#name = name;
    client.open(0);
    for (let number = 1; number <= CHANNELS; number++) this.#open(number);
  }

  get #random() {
    return this.#life.world.random;
  }

  #open(number: number): void {
    this.#channels[number - 1] = new Channel(number);
    this.#client.send(number, { name: "channel.open" });
    this.#client.send(number, { name: "confirm.select", noWait: false });
  }

  step(): void {
    const random = this.#random;
    const channel = this.#channels[random.integer(CHANNELS)] as Channel;
    const choice = random.integer(100);
    if (choice < 3) this.#client.raw.setReads(random.chance(0.6));
    if (channel.state !== "open") return;
    if (choice < 25) this.#publish(channel);
    else if (choice < 35) this.#consume(channel);
    else if (choice < 41) this.#cancel(channel);
    else if (choice < 50) this.#get(channel);
    else if (choice < 80) this.#settle(channel);
    else if (choice < 88) this.#settleMany(channel);
    else if (choice < 91) this.#qos(channel);
    else if (choice < 94) this.#recover(channel);
    else if (choice < 97) this.#close(channel);
  }

  #publish(channel: Channel): void {
    const random = this.#random;
    const target = random.chance(0.3)
      ? ALL
      : ([...QUEUES, STREAM][random.integer(QUEUES.length + 1)] as string);
    const isPersistent = random.chance(0.8);
    const isRow = random.chance(0.7);
    let sizeBytes = this.#anySize();
    for (let count = 1 + random.integer(random.chance(0.1) ? 120 : 12); count > 0; count--) {
      if (!isRow) sizeBytes = this.#anySize();
      const id = ++this.#model.lastId;
      const queues = target === ALL ? [...QUEUES, STREAM] : [target];
      channel.unconfirmed.push(this.#placed(queues, id, isPersistent, channel));
      // Elsewhere it would change the order.
      const priority = isRow || target !== "levels" ? {} : { priority: random.integer(5) };
      this.#client.publish(
        ...([channel.number, target === ALL ? ALL : "", target === ALL ? "" : target] as const),
        bodyOf(id, sizeBytes),
        { deliveryMode: isPersistent ? 2 : 1, ...priority },
      );
    }
  }

  #anySize(): number {
    const random = this.#random;
    return 8 + random.integer(random.chance(0.02) ? 100_000 : random.chance(0.2) ? 5_000 : 200);
  }

  #placed(queues: readonly string[], id: number, isPersistent: boolean, { number }: Channel): Sent {
    const source = `${this.#name}.${number}`;
    const placed = queues
      .filter((queue) => queue !== STREAM)
      .map((queue) => this.#model.place(queue, id, isPersistent, source));
    if (!queues.includes(STREAM)) return { placed, streamed: undefined };
    const streamed = { isConfirmed: false };
    this.#model.streamed.set(id, streamed);
    return { placed, streamed };
  }

  #consume(channel: Channel): void {
    const random = this.#random;
    const queues = channel.number === GLOBAL_CHANNEL ? CLASSIC_QUEUES : [...QUEUES, STREAM];
    const queue = queues[random.integer(queues.length)] as string;
    const tag = `c${++this.#lastConsumer}`;
    if (queue === STREAM) this.#qos(channel, 1 + random.integer(50));
    const offset = random.chance(0.7) ? "first" : "next";
    const more =
      queue === STREAM ? new Map([["x-stream-offset", longString(offset)]]) : EMPTY_TABLE;
    const noAck = queue === FREE && random.chance(0.7);
    channel.consumers.set(tag, {
      ...{ tag, queue, noAck, isOpen: false, lastBySource: new Map() },
      prefetchMax: channel.prefetchMax,
      nextOffset: undefined,
    });
    this.#client.send(channel.number, consume(queue, { consumerTag: tag, noAck, arguments: more }));
  }

  #cancel(channel: Channel): void {
    const tag = [...channel.consumers.keys()][0];
    if (tag === undefined) return;
    this.#client.send(channel.number, { name: "basic.cancel", consumerTag: tag, noWait: false });
  }

  #get(channel: Channel): void {
    const queue = QUEUES[this.#random.integer(QUEUES.length)] as string;
    channel.gets.push(queue);
    this.#client.send(channel.number, { name: "basic.get", queue, noAck: false });
  }

  #qos(channel: Channel, prefetchCount = this.#random.integer(20)): void {
    const isGlobal = channel.number === GLOBAL_CHANNEL && this.#random.chance(0.5);
    const qos = { prefetchSize: 0, prefetchCount, global: isGlobal };
    if (!isGlobal) channel.prefetchMax = prefetchCount;
    this.#client.send(channel.number, { name: "basic.qos", ...qos });
  }

  /** Any one of those it holds. */
  #settle(channel: Channel): void {
    for (let count = 1 + this.#random.integer(4); count > 0; count--) {
      const at = this.#random.chance(0.7) ? 0 : this.#random.integer(channel.held.length);
      const [one] = channel.held.splice(at, 1);
      if (one !== undefined) this.#answer(channel, [one], one.tag, false);
    }
  }

  #settleMany(channel: Channel): void {
    if (channel.held.length === 0) return;
    const last = channel.held[this.#random.integer(channel.held.length)] as Held;
    const settled = channel.held.filter(({ tag }) => tag <= last.tag);
    channel.held = channel.held.filter(({ tag }) => tag > last.tag);
    this.#answer(channel, settled, last.tag, true);
  }

  #answer(
    channel: Channel,
    settled: readonly Held[],
    deliveryTag: number,
    multiple: boolean,
  ): void {
    const { number } = channel;
    const requeue = this.#random.chance(0.35);
    const isAck = !requeue && this.#random.chance(0.8);
    if (isAck) this.#client.send(number, { name: "basic.ack", deliveryTag, multiple });
    else this.#client.send(number, { name: "basic.nack", deliveryTag, multiple, requeue });
    for (const { placed } of settled) {
      placed.holder = undefined;
      if (requeue) continue;
      placed.maybeGone = true;
      channel.settled.push(placed);
    }
  }

  #recover(channel: Channel): void {
    // A get whose page is being read is answered in its place, but given out when the page is there.
    if (channel.gets.length > 0) return;
    for (const { placed } of channel.held) placed.holder = undefined;
    channel.held = [];
    channel.recovers++;
    this.#client.send(channel.number, { name: "basic.recover", requeue: true });
  }

  #close(channel: Channel): void {
    channel.state = "closing";
    this.#loseWhatIsOnItsWay(channel);
    for (const { placed } of channel.held) placed.holder = undefined;
    channel.held = [];
    this.#client.send(channel.number, {
      ...{ name: "channel.close", replyCode: 200, replyText: "", classId: 0, methodId: 0 },
    });
  }

  /** Who takes messages for good and leaves may have been given what he never sees. */
  #loseWhatIsOnItsWay({ consumers }: Channel): void {
    if ([...consumers.values()].some(({ noAck }) => noAck)) this.#model.isLossy = true;
  }

  /** Without a word, while things are on their way. */
  breakOff(): void {
    for (const channel of this.#channels) this.#loseWhatIsOnItsWay(channel);
    for (const { held } of this.#channels) for (const { placed } of held) placed.holder = undefined;
    this.#client.raw.destroy();
  }

  calm(): void {
    this.#client.raw.setReads(true);
    for (const channel of this.#channels) {
      for (const tag of channel.consumers.keys()) {
        if (channel.state !== "open") continue;
        this.#client.send(channel.number, {
          ...{ name: "basic.cancel", consumerTag: tag, noWait: false },
        });
      }
    }
  }

  /** The answer says that everything before has been read. */
  ask(): void {
    for (const channel of this.#channels) this.#qos(channel, 1);
  }

  get isBusy(): boolean {
    return this.#channels.some(
      ({ state, unconfirmed, consumers, gets }) =>
        state !== "open" || unconfirmed.length + consumers.size + gets.length > 0,
    );
  }

  hearAll(): void {
    this.hear();
    for (const { number, unconfirmed, consumers, gets, settled, state } of this.#channels) {
      const left = unconfirmed.length + consumers.size + gets.length;
      if (left > 0 || state !== "open") {
        throw new Violation(
          `channel ${number} of ${this.#name} is ${state}: ${unconfirmed.length} unconfirmed, ${consumers.size} consumers, ${gets.length} gets unanswered`,
        );
      }
      for (const placed of settled) placed.isGone = true;
    }
  }

  hear(): void {
    this.#heard.push(...this.#client.receive());
    while (this.#heard[0] !== undefined && isWhole(this.#heard[0])) {
      const received = this.#heard.shift() as Received;
      this.#life.world.trace.add(`${this.#name} ${received.channel} ${received.method.name}`);
      if (received.channel === 0) this.#onConnection(received);
      else this.#onReceived(this.#channels[received.channel - 1] as Channel, received);
    }
  }

  #onConnection({ method }: Received): void {
    if (method.name === "connection.close") throw new Violation(JSON.stringify(method));
  }

  #onReceived(channel: Channel, received: Received): void {
    const { method } = received;
    if (channel.state === "opening") {
      if (method.name === "confirm.select-ok") channel.state = "open";
      else if (method.name !== "channel.open-ok") throw unexpected(received);
      return;
    }
    switch (method.name) {
      case "channel.close-ok":
        for (const placed of channel.settled) placed.isGone = true;
        return this.#open(channel.number);
      case "basic.consume-ok":
        return this.#onConsuming(channel, method.consumerTag);
      case "basic.cancel-ok":
        channel.consumers.delete(method.consumerTag);
        return;
      case "basic.deliver":
        return this.#onDelivery(channel, received);
      case "basic.get-ok":
      case "basic.get-empty":
        return this.#onGot(channel, received);
      case "basic.ack":
      case "basic.nack":
        return this.#onConfirm(channel, method.deliveryTag, method.name === "basic.ack");
      case "basic.recover-ok":
        channel.recovers--;
        return;
      case "channel.close":
        return this.#onClosed(channel, received);
      case "basic.qos-ok":
        return;
      default:
        throw unexpected(received);
    }
  }

  /** Where memory is as small as here, the broker may have none for a large message. */
  #onClosed(channel: Channel, received: Received): void {
    const { method } = received;
    if (method.name !== "channel.close" || method.replyCode !== NO_MEMORY)
      throw unexpected(received);
    for (const { placed } of channel.held) placed.holder = undefined;
    this.#loseWhatIsOnItsWay(channel);
    this.#client.send(channel.number, { name: "channel.close-ok" });
    this.#open(channel.number);
  }

  #onConsuming(channel: Channel, tag: string): void {
    const consumer = channel.consumers.get(tag);
    if (consumer === undefined || consumer.isOpen) throw new Violation(`consume-ok for ${tag}`);
    consumer.isOpen = true;
  }

  #onConfirm(channel: Channel, tag: number, isAck: boolean): void {
    const answered = channel.unconfirmed.splice(0, tag - channel.firstUnconfirmed + 1);
    if (answered.length === 0) throw new Violation(`tag ${tag} was confirmed before`);
    channel.firstUnconfirmed += answered.length;
    // Where memory is as small as here, a message of many bytes may find no page.
    if (!isAck) return;
    for (const { placed, streamed } of answered) {
      for (const one of placed) one.isConfirmed = true;
      if (streamed !== undefined) streamed.isConfirmed = true;
    }
  }

  #onGot(channel: Channel, received: Received): void {
    const queue = channel.gets.shift();
    if (queue === undefined) throw unexpected(received);
    const { method } = received;
    if (method.name !== "basic.get-ok") return;
    this.#take(channel, queue, received, method.deliveryTag, method.redelivered);
  }

  #onDelivery(channel: Channel, received: Received): void {
    const { method } = received;
    if (method.name !== "basic.deliver") return;
    const consumer = channel.consumers.get(method.consumerTag);
    if (consumer === undefined || !consumer.isOpen) {
      throw new Violation(`a delivery for ${method.consumerTag}, who is none`);
    }
    if (consumer.queue === STREAM) return this.#onRead(channel, consumer, received);
    const { deliveryTag, redelivered } = method;
    const placed = consumer.noAck
      ? this.#takeForGood(channel, consumer.queue, received, deliveryTag, redelivered)
      : this.#take(channel, consumer.queue, received, deliveryTag, redelivered, consumer.tag);
    const count = channel.held.filter(({ consumerTag }) => consumerTag === consumer.tag).length;
    if (consumer.prefetchMax > 0 && count > consumer.prefetchMax) {
      throw new Violation(`${consumer.tag} of ${consumer.prefetchMax} holds ${count}`);
    }
    if (placed === undefined || redelivered || !ORDERED.has(consumer.queue)) return;
    const { source, id } = placed;
    const last = consumer.lastBySource.get(source) ?? 0;
    if (id < last) throw new Violation(`message ${id} of ${consumer.queue} came behind ${last}`);
    consumer.lastBySource.set(source, id);
  }

  /** What is on its way while its channel closes was never received. */
  #take(
    channel: Channel,
    queue: string,
    received: Received,
    tag: number,
    redelivered: boolean,
    consumerTag?: string,
  ): Placed | undefined {
    this.#countTag(channel, tag);
    if (channel.state === "closing" || channel.recovers > 0) return undefined;
    const placed = this.#model.delivered(queue, received, redelivered);
    const held = { queue, placed, tag, consumerTag };
    placed.holder = held;
    channel.held.push(held);
    return placed;
  }

  #takeForGood(
    channel: Channel,
    queue: string,
    received: Received,
    tag: number,
    redelivered: boolean,
  ): Placed {
    this.#countTag(channel, tag);
    const placed = this.#model.delivered(queue, received, redelivered);
    placed.maybeGone = true;
    placed.isGone = true;
    return placed;
  }

  #countTag(channel: Channel, tag: number): void {
    if (tag !== ++channel.lastTag) throw new Violation(`tag ${tag}, expected ${channel.lastTag}`);
  }

  #onRead(channel: Channel, consumer: Consumer, received: Received): void {
    const { method, properties } = received;
    if (method.name !== "basic.deliver") return;
    const value = properties?.headers?.get("x-stream-offset");
    const offset = Number(value === undefined ? undefined : integerOf(value));
    const expected = consumer.nextOffset ?? offset;
    if (offset !== expected) throw new Violation(`offset ${offset}, expected ${expected}`);
    consumer.nextOffset = offset + 1;
    this.#countTag(channel, method.deliveryTag);
    this.#model.read(offset, received);
    if (channel.state === "closing" || channel.recovers > 0) return;
    this.#client.send(channel.number, {
      ...{ name: "basic.ack", deliveryTag: method.deliveryTag, multiple: false },
    });
  }
}

function isWhole({ method, body, bodySizeBytes }: Received): boolean {
  const hasContent = /^basic\.(deliver|get-ok|return)$/.test(method.name);
  return !hasContent || (body !== undefined && body.length === bodySizeBytes);
}

function unexpected({ channel, method }: Received): Violation {
  return new Violation(`${JSON.stringify(method)} on channel ${channel}`);
}
