// One seed of clients that speak the real protocol: several connections at once, whose input and the disk's answers come
// at the same moments in any order, so that a batch of the log ends in the middle of a turn. What a reply has promised
// must be true after the power was gone, whatever lay between an effect and the entry of the log that tells of it.

import { EMPTY_TABLE, type FieldValue, longString } from "../../src/broker/message/field-table.ts";
import { TrackedKind } from "../../src/broker/stream/offset-tracking.ts";
import { FakeNet } from "../../src/env/fake-net.ts";
import { Amqp091Acceptor } from "../../src/protocols/amqp091/acceptor.ts";
import type { ClientMethod } from "../../src/protocols/amqp091/codec/methods.generated.ts";
import { consume, declareQueue } from "../../src/protocols/amqp091/test-methods.ts";
import { Client, type Received, testSettings } from "../../src/protocols/amqp091/testing.ts";
import { bodyOf, idOf } from "./bodies.ts";
import { Violation } from "./checks.ts";
import type { HistoryOptions, HistoryResult } from "./history.ts";
import { anybody, Life, World } from "./life.ts";
import { streamOf } from "./streams.ts";
import {
  adopt,
  checkPromises,
  ONCE,
  READER,
  type Sent,
  WireModel,
  WireQueue,
} from "./wire-model.ts";

const LIVES = 3;
const PORT = 5672;
const CONNECTIONS = 3;
/** What each channel of a connection is for. */
const Channel = { one: 1, other: 2, transactions: 3, methods: 4, reader: 5 } as const;
const KEYS = 30;
/** Everything happens at multiples of this. */
const TICK_MS = 1;
const FRESH =
  /^(connection\.(start|tune|open-ok)|channel\.open-ok|basic\.qos-ok|basic\.consume-ok|tx\.select-ok|confirm\.select-ok)$/;

/** Throws what went wrong. */
export async function runWireHistory(options: HistoryOptions): Promise<HistoryResult> {
  const { seed, imagesPerCrash } = options;
  const world = new World(seed, undefined, TICK_MS);
  const { random } = world;
  const model = new WireModel();
  let life = await Life.start(world);
  await setUp(life);
  let images = 0;
  for (let round = 0; round < LIVES; round++) {
    const clients = await WireClients.connect(life, model);
    await clients.live(5 + random.integer(40));
    const isOrderly = random.chance(0.1);
    if (isOrderly) await life.stop();
    const disks = isOrderly
      ? [world.disk.copy()]
      : Array.from({ length: imagesPerCrash }, () => world.possibleImage());
    for (const disk of disks) {
      world.use(disk);
      life = await Life.start(world);
      const contents = await checkPromises(life, model);
      // The last one is gone on with.
      if (disk === disks.at(-1)) adopt(life, model, contents);
    }
    images += disks.length;
  }
  await life.stop();
  return { images, trace: world.trace.digest };
}

/** What everybody uses, on disk: what happens to a declare that is cut off is looked at with other queues. */
async function setUp(life: Life): Promise<void> {
  const drops: [string, FieldValue] = ["x-message-deduplication", { type: "t", value: true }];
  const size: [string, FieldValue] = ["x-cache-size", { type: "I", value: 1_000 }];
  life.access.declareExchange({
    ...{ name: ONCE, type: "fanout", durable: true, autoDelete: false, internal: false },
    arguments: new Map([drops, size]),
  });
  life.declare(WireQueue.plain, true);
  life.declare(WireQueue.unique, true, new Map([drops, size]));
  life.declare(WireQueue.kept, true);
  life.declare(WireQueue.log, true, new Map([["x-queue-type", longString("stream")]]));
  const route = { source: ONCE, destination: WireQueue.kept, routingKey: "" };
  life.access.bindQueue({ ...route, arguments: EMPTY_TABLE });
  life.broker.turn.schedule();
  while (life.broker.journal.durablePosition < life.position) await pass(life, TICK_MS);
}

/** Whole ticks: what is asked for in one is asked for at the same moment. */
async function pass(life: Life, ticks: number): Promise<void> {
  for (let tick = 0; tick < ticks; tick++) {
    life.world.clock.runFor(TICK_MS);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

class WireClients {
  readonly #life: Life;
  readonly #model: WireModel;
  readonly #connections: WireConnection[];

  private constructor(life: Life, model: WireModel, connections: WireConnection[]) {
    this.#life = life;
    this.#model = model;
    this.#connections = connections;
  }

  static async connect(life: Life, model: WireModel): Promise<WireClients> {
    const { broker, world } = life;
    const net = new FakeNet(world.clock, world.random.fork(), broker.memory, {
      split: world.random.chance(0.8) ? "seeded" : "whole",
      latencyMs: TICK_MS,
    });
    const settings = testSettings(anybody, () => {});
    const acceptor = new Amqp091Acceptor(broker, settings);
    await net.listen({ port: PORT }, (socket) => acceptor.accept(socket));
    const connections = Array.from({ length: CONNECTIONS }, (_, number) => {
      const client = new Client(net.connect(PORT), () => {});
      return new WireConnection(life, model, client, number);
    });
    for (const connection of connections) connection.open();
    return new WireClients(life, model, connections);
  }

  async live(steps: number): Promise<void> {
    const { random } = this.#life.world;
    for (let step = 0; step < steps; step++) {
      for (let count = 1 + random.integer(6); count > 0; count--) this.#step();
      const isHurried = steps - step <= 4;
      await pass(this.#life, random.integer(isHurried ? 3 : random.chance(0.1) ? 80 : 5));
      for (const connection of this.#connections) connection.hear();
    }
  }

  #step(): void {
    const { random } = this.#life.world;
    const connection = this.#connections[random.integer(CONNECTIONS)] as WireConnection;
    const choice = random.integer(100);
    if (choice < 60) connection.publishSome();
    else if (choice < 70) connection.transaction();
    else if (choice < 76) connection.get();
    else if (choice < 82) connection.purge();
    else if (choice < 88) connection.declareOrDelete();
    else if (choice < 92) this.#soon(() => this.#purgeByHttp());
    else if (choice < 96) this.#soon(() => this.#storeOffset());
    else this.#life.durability.store?.wantCheckpoint();
  }

  /** At a moment at which input may come too: before or behind it, in the same turn. */
  #soon(run: () => void): void {
    const { clock, random } = this.#life.world;
    clock.setTimer(random.integer(2) * TICK_MS, run);
  }

  /** As the HTTP API does it. */
  #purgeByHttp(): void {
    const { broker, access } = this.#life;
    const queue = this.#life.world.random.chance(0.5) ? WireQueue.plain : WireQueue.unique;
    const certain = this.#model.in(queue).filter(({ isConfirmed }) => isConfirmed);
    this.#model.purge(queue);
    access.purgeQueue(queue);
    broker.gates.whenDurable(broker.replyPosition, () => this.#model.purged(queue, certain));
  }

  #storeOffset(): void {
    const { broker } = this.#life;
    const { offsets } = this.#model;
    offsets.push(offsets.length);
    const index = offsets.length - 1;
    streamOf(this.#life, WireQueue.log).stream.store(
      TrackedKind.offset,
      READER,
      offsets[index] as number,
    );
    broker.gates.whenDurable(broker.replyPosition, () => {
      this.#model.offsetsKept = index;
    });
  }
}

/** What the reply that comes next on the channel for methods means. */
type OnReply = (reply: Received) => void;

class WireConnection {
  readonly #life: Life;
  readonly #model: WireModel;
  readonly #client: Client;
  readonly #number: number;
  /** By channel: what waits for its confirm, and the number of the first of these. */
  readonly #unconfirmed = new Map<number, { first: number; sent: Sent[] }>();
  readonly #commits: Sent[][] = [];
  readonly #replies: OnReply[] = [];

  constructor(life: Life, model: WireModel, client: Client, number: number) {
    this.#life = life;
    this.#model = model;
    this.#client = client;
    this.#number = number;
  }

  get #random() {
    return this.#life.world.random;
  }

  open(): void {
    const client = this.#client.open(Object.keys(Channel).length);
    for (const channel of [Channel.one, Channel.other]) {
      client.send(channel, { name: "confirm.select", noWait: false });
      this.#unconfirmed.set(channel, { first: 1, sent: [] });
    }
    client.send(Channel.transactions, { name: "tx.select" });
    const qos = { prefetchSize: 0, prefetchCount: 5, global: false };
    client.send(Channel.reader, { name: "basic.qos", ...qos });
    const offset = this.#random.chance(0.5) ? "first" : "next";
    const reading = new Map([["x-stream-offset", longString(offset)]]);
    client.send(Channel.reader, consume("log", { noAck: false, arguments: reading }));
  }

  publishSome(): void {
    const channel = this.#random.chance(0.5) ? Channel.one : Channel.other;
    // Now and then more than a buffer of the log holds.
    const isMuch = this.#random.chance(0.02);
    for (let count = 1 + this.#random.integer(isMuch ? 30 : 8); count > 0; count--) {
      const sent = this.#publish(channel, undefined, isMuch ? 60_000 : 300);
      this.#unconfirmed.get(channel)?.sent.push(sent);
    }
  }

  transaction(): void {
    const transaction = ++this.#model.lastTransaction;
    const sent = Array.from({ length: 1 + this.#random.integer(8) }, () =>
      this.#publish(Channel.transactions, transaction, 300),
    );
    this.#client.send(Channel.transactions, { name: "tx.commit" });
    this.#commits.push(sent);
  }

  #publish(channel: number, transaction: number | undefined, bodySizeMax: number): Sent {
    const queues = Object.values(WireQueue);
    const queue = queues[this.#random.integer(queues.length)] as WireQueue;
    const isKeyed = (queue === "unique" || queue === "kept") && this.#random.chance(0.7);
    const key = isKeyed ? `k${this.#random.integer(KEYS)}` : undefined;
    const sent = this.#model.send({ queue, key, transaction, connection: this.#number });
    const headers: Map<string, FieldValue> =
      key === undefined ? new Map() : new Map([["x-deduplication-header", longString(key)]]);
    this.#client.publish(
      ...([channel, queue === "kept" ? ONCE : "", queue === "kept" ? "" : queue] as const),
      bodyOf(sent.id, this.#random.integer(bodySizeMax)),
      { deliveryMode: 2, headers },
    );
    return sent;
  }

  get(): void {
    const queue = this.#random.chance(0.5) ? WireQueue.plain : WireQueue.unique;
    const { gets } = this.#model;
    gets.set(queue, (gets.get(queue) ?? 0) + 1);
    this.#ask({ name: "basic.get", queue, noAck: true }, ({ method, body }) => {
      gets.set(queue, (gets.get(queue) as number) - 1);
      if (method.name !== "basic.get-ok") return;
      const sent = this.#model.sent.get(idOf(body as Buffer)) as Sent;
      sent.mayBeGone = true;
    });
  }

  purge(): void {
    const queue = this.#random.chance(0.5) ? WireQueue.plain : WireQueue.unique;
    // What this connection has sent before, the broker has read before.
    const certain = this.#model.in(queue).filter(({ connection, transaction, isConfirmed }) => {
      return isConfirmed || (connection === this.#number && transaction === undefined);
    });
    this.#model.purge(queue);
    this.#ask({ name: "queue.purge", queue, noWait: false }, () => {
      this.#model.purged(queue, certain);
    });
  }

  declareOrDelete(): void {
    const queue = `d${this.#number}-${this.#random.integer(2)}`;
    const declared = this.#model.queueAt(queue);
    declared.open++;
    const exists = this.#random.chance(0.6);
    const done = () => {
      declared.open--;
      declared.exists = exists;
    };
    if (exists) this.#ask(declareQueue(queue, { durable: true }), done);
    else {
      const flags = { ifUnused: false, ifEmpty: false, noWait: false };
      this.#ask({ name: "queue.delete", queue, ...flags }, done);
    }
  }

  #ask(method: ClientMethod, onReply: OnReply): void {
    this.#client.send(Channel.methods, method);
    this.#replies.push(onReply);
  }

  /** Takes what the broker has sent. */
  hear(): void {
    for (const received of this.#client.receive()) {
      this.#life.world.trace.add(`${this.#number} ${received.channel} ${received.method.name}`);
      this.#onReceived(received);
    }
  }

  #onReceived(received: Received): void {
    const { channel, method } = received;
    if (FRESH.test(method.name)) return;
    if (method.name === "basic.ack") return this.#onAck(channel, method.deliveryTag);
    if (method.name === "basic.nack") return this.#onNack(channel, method.deliveryTag);
    if (method.name === "tx.commit-ok") {
      for (const sent of this.#commits.shift() as Sent[]) this.#model.confirm(sent);
      return;
    }
    if (method.name === "basic.deliver") {
      this.#model.read.add(idOf(received.body as Buffer));
      const { deliveryTag } = method;
      this.#client.send(channel, { name: "basic.ack", deliveryTag, multiple: false });
      return;
    }
    if (channel !== Channel.methods || method.name === "channel.close") {
      throw new Violation(`${JSON.stringify(method)} on channel ${channel}`);
    }
    (this.#replies.shift() as OnReply)(received);
  }

  /** Answers always cover everything before them: this broker never leaves gaps. */
  #onAck(channel: number, tag: number): void {
    for (const sent of this.#answered(channel, tag)) this.#model.confirm(sent);
  }

  #onNack(channel: number, tag: number): void {
    for (const sent of this.#answered(channel, tag)) sent.mayBeGone = true;
  }

  #answered(channel: number, tag: number): Sent[] {
    const unconfirmed = this.#unconfirmed.get(channel);
    if (unconfirmed === undefined) throw new Violation(`a confirm on channel ${channel}`);
    const answered = unconfirmed.sent.splice(0, tag - unconfirmed.first + 1);
    unconfirmed.first += answered.length;
    return answered;
  }
}
