// What model clients do to a broker, chosen by chance, each noted in the model.

import { BrokerError } from "../../src/broker/errors.ts";
import type { FieldValue } from "../../src/broker/message/field-table.ts";
import { EMPTY_TABLE, longString } from "../../src/broker/message/field-table.ts";
import type { OutgoingMessage } from "../../src/broker/message/message-port.ts";
import { NO_BODY_REFERENCE } from "../../src/broker/message/publication.ts";
import type { BodyReference } from "../../src/broker/numbers.ts";
import { Consumer, type DeliveryTarget } from "../../src/broker/queue/consumer.ts";
import { type Delivery, Outcome, type Queue } from "../../src/broker/queue/queue.ts";
import { PublishResult } from "../../src/broker/routing/route.ts";
import { bodyOf, idOf } from "./bodies.ts";
import { bodyAt, copyOf, type Found } from "./contents.ts";
import type { Life } from "./life.ts";
import type { Instance, Model, ModelQueue } from "./model.ts";

const QUEUE_NAMES = ["a", "b", "c", "d", "e"];
const DEAD_LETTERS = "dead";
const EXCHANGES = ["all", "some"];
/** A delivery limit far enough away that only messages returned often reach it. */
const RETURNS_NEAR_LIMIT = 15;

interface Pending {
  readonly queue: Queue;
  readonly consumer: Consumer;
  readonly head: Omit<Found, "id">;
  /** Undefined while the body has not been read. */
  readonly body: Uint8Array | undefined;
  readonly reference: BodyReference;
}

/** How a seed likes to behave. */
export interface Profile {
  readonly bodySizeMax: number;
  /** Some bodies are so large that they lie elsewhere. */
  readonly largeBodies: boolean;
  readonly publishesPerStep: number;
  readonly drains: boolean;
}

export class Clients {
  readonly #life: Life;
  readonly #model: Model;
  readonly #profile: Profile;
  readonly #consumers: Consumer[] = [];
  #pending: Pending[] = [];
  #inTransaction = false;
  readonly #transactionInstances: Instance[] = [];

  constructor(life: Life, model: Model, profile: Profile) {
    this.#life = life;
    this.#model = model;
    this.#profile = profile;
    this.noteDefinitions();
  }

  get #random() {
    return this.#life.world.random;
  }

  /** One thing at random. */
  async step(): Promise<void> {
    const choice = this.#random.integer(100);
    if (choice < 48) this.#publishSome();
    else if (choice < 56) this.#consume();
    else if (choice < 76) await this.#settleSome();
    else if (choice < 80) await this.#transaction();
    else if (choice < 84) this.#declare();
    else if (choice < 86) this.#delete();
    else if (choice < 90) this.#bind();
    else if (choice < 91) this.#purge();
    else if (choice < 93) this.#cancel();
    else if (choice < 94) this.#define();
    else this.#life.durability.store?.wantCheckpoint();
  }

  /** Everything in order, so that a drained broker can be told from a stuck one. */
  async drain(): Promise<void> {
    for (const queue of [...this.#life.access.vhost.queues.values()]) this.#addConsumer(queue, 0);
    for (let ms = 0; ms < 60_000; ms += 5) {
      await this.#settleAll();
      await this.#life.pass(5);
      if (this.#pending.length === 0 && this.#isEmpty) return;
    }
    throw new Error("queues do not drain within a minute");
  }

  get #isEmpty(): boolean {
    for (const { depth } of this.#life.access.vhost.queues.values()) {
      if (depth.ready + depth.unacknowledged > 0) return false;
    }
    return true;
  }

  /** After each turn: settlements have been appended by now, definitions may have changed. */
  afterTurn(): void {
    this.#model.turnPassed(this.#life.position);
  }

  noteDefinitions(): void {
    const definitions = definitionsOf(this.#life);
    if (this.#model.moments.at(-1)?.definitions === definitions) return;
    this.#model.moments.push({ position: this.#life.position, definitions });
  }

  // ---- publishing -----------------------------------------------------------------------------------------------

  #publishSome(): void {
    const count = 1 + this.#random.integer(this.#profile.publishesPerStep);
    for (let i = 0; i < count; i++) this.#publish();
  }

  #publish(): void {
    const { broker, access } = this.#life;
    if (broker.memory.pages.freeBytes < broker.memory.pages.sizeBytes / 4) return;
    if (broker.journal.position - broker.journal.durablePosition > 600_000) return;
    const toExchange = this.#random.chance(0.3);
    const exchange = toExchange ? this.#pick(EXCHANGES) : "";
    const routingKey = this.#pick(toExchange ? ["x", "y"] : [...QUEUE_NAMES, DEAD_LETTERS]);
    if (!access.vhost.exchanges.has(exchange)) return;
    const targets = access.route(exchange, routingKey).targets;
    const id = ++this.#model.lastId;
    const persistent = this.#random.chance(0.9);
    const expires = this.#random.chance(0.05);
    const result = this.#published({
      exchange,
      routingKey,
      body: bodyOf(id, this.#bodySize()),
      properties: {
        ...(persistent ? { deliveryMode: 2 } : {}),
        ...(expires ? { expiration: String(this.#random.integer(3_000)) } : {}),
        ...(this.#random.chance(0.3) ? { priority: this.#random.integer(6) } : {}),
      },
    });
    if ((result & PublishResult.routed) !== 0) this.#notePublished(id, targets, persistent);
  }

  /** As a protocol would: a message there is no memory for is refused. */
  #published(message: OutgoingMessage): PublishResult {
    try {
      return this.#life.messages.publish(this.#life.access, message);
    } catch (error) {
      if (error instanceof BrokerError && error.reason === "resource-error") return 0;
      throw error;
    }
  }

  #notePublished(id: number, targets: readonly Queue[], persistent: boolean): void {
    const { position } = this.#life;
    const group = ++this.#model.lastGroup;
    for (const queue of targets) {
      const known = this.#model.queues.get(queue.definition.name) as ModelQueue;
      const instance: Instance = {
        ...{ id, group, persistent },
        position: this.#inTransaction ? Number.POSITIVE_INFINITY : position,
        queue: known.number,
        expiresAtMs: queue.lastExpiresAtMs,
        level: Math.floor(queue.lastSequence / 2 ** 44),
        settled: false,
        settledPosition: Number.POSITIVE_INFINITY,
        isSettledByTransaction: false,
        mayVanish: known.bounded || !known.durable,
        mayMove: false,
        isGone: false,
      };
      known.instances.set(id, instance);
      if (this.#inTransaction) this.#transactionInstances.push(instance);
    }
  }

  #bodySize(): number {
    const { bodySizeMax, largeBodies } = this.#profile;
    if (largeBodies && this.#random.chance(0.1)) return 65_537 + this.#random.integer(200_000);
    return 8 + this.#random.integer(bodySizeMax);
  }

  async #transaction(): Promise<void> {
    const { journal } = this.#life.broker;
    const settled = this.#pending.length === 0 ? [] : await this.#takePending(3);
    journal.beginTransaction();
    this.#inTransaction = true;
    for (const { pending, id } of settled) this.#settle(pending, id, Outcome.accept);
    for (let i = this.#random.integer(this.#random.chance(0.3) ? 60 : 6); i >= 0; i--)
      this.#publish();
    journal.endTransaction();
    this.#inTransaction = false;
    const { position } = this.#life;
    for (const instance of this.#transactionInstances.splice(0)) {
      (instance as { position: number }).position = position;
    }
    for (const { pending, id } of settled) {
      const instance = this.#instanceOf(pending.queue, id);
      if (instance === undefined) continue;
      instance.settledPosition = position;
      instance.isSettledByTransaction = true;
    }
  }

  // ---- consuming ------------------------------------------------------------------------------------------------

  #consume(): void {
    const queue = this.#anyQueue();
    if (queue === undefined || this.#consumers.length > 4) return;
    this.#addConsumer(queue, this.#random.integer(20));
  }

  #addConsumer(queue: Queue, prefetchMax: number): void {
    const target: DeliveryTarget = {
      writable: true,
      deliver: (consumer, delivery) => this.#onDelivery(consumer, delivery),
      onCancelled: (consumer) => this.#forget(consumer),
    };
    const consumer = new Consumer({
      ...{ queue, target, prefetchMax },
      tag: `t${this.#consumers.length}`,
      noAck: false,
      exclusive: false,
      priority: 0,
      arguments: EMPTY_TABLE,
    });
    queue.consume(consumer);
    this.#consumers.push(consumer);
  }

  #onDelivery(consumer: Consumer, delivery: Delivery): void {
    const { head, body, reference } = copyOf(this.#life, delivery);
    if (body !== undefined) {
      const id = idOf(body);
      this.#life.world.trace.add(`deliver ${consumer.queue.definition.name} ${id}`);
      this.#noteDeadLetter(consumer.queue, id);
      const instance = this.#instanceOf(consumer.queue, id);
      if (instance === undefined) {
        throw new Error(`message ${id} is delivered from a queue it was never published to`);
      }
      if (instance.settled) throw new Error(`message ${id} is delivered after it was settled`);
    }
    this.#pending.push({ queue: consumer.queue, consumer, head, body, reference });
  }

  /** A dead letter has arrived where it should: what was its old place is no business of ours any more. */
  #noteDeadLetter(queue: Queue, id: number): void {
    const to = this.#model.everyQueue.get(queue.definition.number) as ModelQueue;
    if (to.instances.has(id)) return;
    for (const from of this.#model.everyQueue.values()) {
      const instance = from.instances.get(id);
      if (instance === undefined || from.deadLetterQueue !== to.name) continue;
      instance.mayVanish = true;
      to.instances.set(id, {
        ...instance,
        queue: to.number,
        position: Number.POSITIVE_INFINITY,
        settled: false,
        mayMove: false,
        mayVanish: true,
        isGone: false,
        // A dead letter has no expiration any more.
        expiresAtMs: 0,
      });
      return;
    }
  }

  async #settleSome(): Promise<void> {
    const outcome = this.#pick([
      ...new Array<Outcome>(7).fill(Outcome.accept),
      Outcome.requeue,
      Outcome.returned,
      Outcome.discard,
    ]);
    for (const { pending, id } of await this.#takePending(1 + this.#random.integer(30))) {
      this.#settle(pending, id, outcome);
    }
  }

  async #settleAll(): Promise<void> {
    for (const { pending, id } of await this.#takePending(Number.POSITIVE_INFINITY)) {
      this.#settle(pending, id, Outcome.accept);
    }
  }

  /** Takes some deliveries in order, or at random places; bodies that lie elsewhere are read for it. */
  async #takePending(countMax: number): Promise<{ pending: Pending; id: number }[]> {
    const taken: { pending: Pending; id: number }[] = [];
    while (taken.length < countMax && this.#pending.length > 0) {
      const at = this.#random.chance(0.7) ? 0 : this.#random.integer(this.#pending.length);
      const [pending] = this.#pending.splice(at, 1) as [Pending];
      const body =
        pending.body ?? (await bodyAt(this.#life, pending.reference, pending.head.bodySizeBytes));
      if (pending.reference !== NO_BODY_REFERENCE) {
        this.#life.broker.bodies.release(pending.reference, 1);
      }
      const id = idOf(body);
      this.#noteDeadLetter(pending.queue, id);
      taken.push({ pending, id });
    }
    return taken;
  }

  #settle({ queue, consumer, head }: Pending, id: number, outcome: Outcome): void {
    const { sequence, location, bodySizeBytes, deliveryCount } = head;
    if (queue.state === "deleted") return;
    queue.settle(consumer, sequence, location, bodySizeBytes, outcome, deliveryCount);
    const instance = this.#instanceOf(queue, id);
    if (instance === undefined) return;
    const model = this.#model.everyQueue.get(queue.definition.number) as ModelQueue;
    if (outcome === Outcome.accept) this.#model.settle(instance);
    else if (outcome === Outcome.discard && model.deadLetterQueue === undefined) {
      this.#model.settle(instance);
    } else if (outcome === Outcome.discard) {
      instance.mayMove = true;
      // Nobody keeps it now, though somebody may keep dead letters again before the power goes.
      if (!this.#model.queues.has(DEAD_LETTERS)) instance.mayVanish = true;
    } else if (deliveryCount >= RETURNS_NEAR_LIMIT) {
      instance.mayVanish = true;
    }
  }

  #instanceOf(queue: Queue, id: number): Instance | undefined {
    return this.#model.everyQueue.get(queue.definition.number)?.instances.get(id);
  }

  #cancel(): void {
    const consumer = this.#consumers[this.#random.integer(this.#consumers.length + 1)];
    if (consumer === undefined) return;
    consumer.queue.cancel(consumer);
    this.#forget(consumer);
    // As when a channel closes: what is out comes back.
    const mine = this.#pending.filter((x) => x.consumer === consumer);
    this.#pending = this.#pending.filter((x) => x.consumer !== consumer);
    for (const { queue, head, reference } of mine) {
      if (reference !== NO_BODY_REFERENCE) this.#life.broker.bodies.release(reference, 1);
      if (queue.state === "deleted") continue;
      const { sequence, location, bodySizeBytes, deliveryCount } = head;
      queue.settle(consumer, sequence, location, bodySizeBytes, Outcome.returned, deliveryCount);
    }
  }

  #forget(consumer: Consumer): void {
    const at = this.#consumers.indexOf(consumer);
    if (at !== -1) this.#consumers.splice(at, 1);
  }

  // ---- definitions ----------------------------------------------------------------------------------------------

  #declare(): void {
    const name = this.#pick([...QUEUE_NAMES, DEAD_LETTERS]);
    if (this.#life.access.vhost.queues.has(name)) return;
    const durable = this.#random.chance(0.9);
    const isDead = name === DEAD_LETTERS;
    const queueArguments = new Map<string, FieldValue>();
    const bounded = !isDead && this.#random.chance(0.1);
    const dies = !isDead && !bounded && this.#random.chance(0.3);
    const quorum = durable && !isDead && this.#random.chance(0.25);
    if (quorum) queueArguments.set("x-queue-type", longString("quorum"));
    else if (this.#random.chance(0.25))
      queueArguments.set("x-max-priority", { type: "b", value: 5 });
    if (bounded) queueArguments.set("x-max-length", { type: "I", value: 10 });
    if (dies) {
      queueArguments.set("x-dead-letter-exchange", longString(""));
      queueArguments.set("x-dead-letter-routing-key", longString(DEAD_LETTERS));
    }
    if (dies) this.#declareDeadLetters();
    this.#life.declare(name, durable, queueArguments);
    this.#noteQueue(name, durable, bounded, dies ? DEAD_LETTERS : undefined);
  }

  #declareDeadLetters(): void {
    if (this.#life.access.vhost.queues.has(DEAD_LETTERS)) return;
    this.#life.declare(DEAD_LETTERS, true);
    this.#noteQueue(DEAD_LETTERS, true, false, undefined);
  }

  #noteQueue(
    name: string,
    durable: boolean,
    bounded: boolean,
    deadLetterQueue: string | undefined,
  ): void {
    const queue = this.#life.access.vhost.queues.get(name) as Queue;
    const { number } = queue.definition;
    const instances = new Map<number, Instance>();
    this.#model.addQueue({ name, number, durable, bounded, deadLetterQueue, levels: 1, instances });
    this.noteDefinitions();
  }

  #delete(): void {
    const name = this.#pick(QUEUE_NAMES);
    if (!this.#life.access.vhost.queues.has(name)) return;
    this.#life.access.deleteQueue(name, { ifUnused: false, ifEmpty: false });
    this.#model.queues.delete(name);
    for (const { queue, reference } of this.#pending) {
      if (queue.state === "deleted" && reference !== NO_BODY_REFERENCE) {
        this.#life.broker.bodies.release(reference, 1);
      }
    }
    this.#pending = this.#pending.filter((x) => x.queue.state !== "deleted");
    this.noteDefinitions();
  }

  #bind(): void {
    const { access } = this.#life;
    const exchange = this.#pick(EXCHANGES);
    if (!access.vhost.exchanges.has(exchange)) {
      const type = exchange === "all" ? "fanout" : "direct";
      const flags = { durable: true, autoDelete: false, internal: false };
      access.declareExchange({ name: exchange, type, ...flags, arguments: EMPTY_TABLE });
      this.noteDefinitions();
    }
    const queue = this.#anyQueue();
    if (queue !== undefined && !this.#hasToDoWithDeadLetters(queue)) {
      const request = {
        source: exchange,
        destination: queue.definition.name,
        routingKey: this.#pick(["x", "y"]),
        arguments: EMPTY_TABLE,
      };
      if (this.#random.chance(0.75)) access.bindQueue(request);
      else access.unbindQueue(request);
      this.noteDefinitions();
    }
    if (this.#random.chance(0.1)) access.deleteExchange(exchange, { ifUnused: false });
    this.noteDefinitions();
  }

  /** Such queues get messages one by one: a dead letter that could come from two queues can't be followed. */
  #hasToDoWithDeadLetters({ definition }: Queue): boolean {
    const model = this.#model.everyQueue.get(definition.number);
    return model?.deadLetterQueue !== undefined || definition.name === DEAD_LETTERS;
  }

  #define(): void {
    const { broker } = this.#life;
    const name = this.#pick(["p", "q"]);
    broker.parameters.setGlobal(name, this.#random.integer(1_000), "model");
    this.noteDefinitions();
  }

  #purge(): void {
    const queue = this.#anyQueue();
    if (queue === undefined) return;
    const out = new Set(this.#pending.filter((x) => x.queue === queue).map((x) => x.head.sequence));
    if (queue.depth.unacknowledged !== out.size) return;
    const model = this.#model.everyQueue.get(queue.definition.number) as ModelQueue;
    const kept = new Set<number>();
    for (const { queue: of, body } of this.#pending) {
      if (of === queue && body !== undefined) kept.add(idOf(body));
      // Which message a large body belongs to is not known before it is read.
      if (of === queue && body === undefined) return;
    }
    queue.purge();
    for (const from of this.#model.everyQueue.values()) {
      if (from.deadLetterQueue !== model.name) continue;
      // Dead letters that have arrived were purged with the rest.
      for (const instance of from.instances.values()) instance.mayVanish = true;
    }
    for (const instance of model.instances.values()) {
      if (!instance.settled && !instance.mayMove && !kept.has(instance.id)) {
        this.#model.settle(instance);
      }
    }
  }

  #anyQueue(): Queue | undefined {
    const queues = [...this.#life.access.vhost.queues.values()];
    return queues[this.#random.integer(queues.length + 1)];
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random.integer(values.length)] as T;
  }
}

/** All durable definitions as one text, whatever the order they are kept in. */
export function definitionsOf(life: Life): string {
  return [...life.broker.definitions()]
    .map(({ kind, object }) => `${kind} ${JSON.stringify(object)}`)
    .sort()
    .join("\n");
}
