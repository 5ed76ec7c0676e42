// One seed of messages that wait at an exchange until they are due, and of keys seen before. Clients publish, call off
// and send on, hours pass, the power goes; nothing may come early, twice or never, and no duplicate inside the window.

import type { TakenOut } from "../../src/broker/delay/store.ts";
import { EMPTY_TABLE, type FieldValue, longString } from "../../src/broker/message/field-table.ts";
import { NO_BODY_REFERENCE } from "../../src/broker/message/publication.ts";
import type { BodyReference } from "../../src/broker/numbers.ts";
import { Consumer } from "../../src/broker/queue/consumer.ts";
import { type Delivery, Outcome } from "../../src/broker/queue/queue.ts";
import { bodyOf, idOf } from "./bodies.ts";
import { Violation } from "./checks.ts";
import { bodyAt, copyOf, type Found } from "./contents.ts";
import type { HistoryOptions, HistoryResult } from "./history.ts";
import { KeyedClients, setUpWindows } from "./keys.ts";
import { Life, World } from "./life.ts";
import {
  adopt,
  check,
  DUE_QUEUES,
  EXCHANGE,
  refuseEarly,
  type Scheduled,
  ScheduleModel,
  storeOf,
  waitingIn,
} from "./schedule-checks.ts";

const LIVES = 3;

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** From each of the widths of buckets, and across their borders. */
const DELAYS_MS = [5, 60, 900, 5_000, 70_000, 20 * 60_000, 3 * HOUR_MS, 3 * DAY_MS];
/** What passes at once now and then, also while the power is off. */
const LEAPS_MS = [200, SECOND_MS, 8_000, 90_000, HOUR_MS, DAY_MS];
/** What is due is on its way within this. */
const LATENESS_MS = 2_000;

/** Throws what went wrong. */
export async function runScheduleHistory(options: HistoryOptions): Promise<HistoryResult> {
  const { seed, imagesPerCrash } = options;
  const world = new World(seed);
  const model = new ScheduleModel();
  let life = await Life.start(world);
  await setUp(life);
  let images = 0;
  for (let round = 0; round < LIVES; round++) {
    const clients = new ScheduleClients(life, model);
    await clients.live(5 + world.random.integer(60));
    const isOrderly = world.random.chance(0.15);
    const confirmed = isOrderly ? Number.POSITIVE_INFINITY : life.broker.journal.durablePosition;
    if (isOrderly) await life.stop();
    const disks = isOrderly
      ? [world.disk.copy()]
      : Array.from({ length: imagesPerCrash }, () => world.possibleImage());
    const downMs = world.random.chance(0.3) ? pick(life, LEAPS_MS) : 0;
    for (const disk of disks) {
      world.use(disk, downMs);
      life = await Life.start(world);
      const contents = await check(life, model, confirmed);
      // The last one is gone on with.
      if (disk === disks.at(-1)) adopt(life, model, contents);
    }
    images += disks.length;
  }
  await new ScheduleClients(life, model).drain();
  await life.stop();
  return { images, trace: world.trace.digest };
}

async function setUp(life: Life): Promise<void> {
  life.access.declareExchange({
    ...{ name: EXCHANGE, type: "x-delayed-message" },
    ...{ durable: true, autoDelete: false, internal: false },
    arguments: new Map<string, FieldValue>([["x-delayed-type", longString("fanout")]]),
  });
  const quorum = new Map<string, FieldValue>([["x-queue-type", longString("quorum")]]);
  for (const name of DUE_QUEUES) {
    life.declare(name, true, name === "due" ? EMPTY_TABLE : quorum);
    const route = { source: EXCHANGE, destination: name, routingKey: "" };
    life.access.bindQueue({ ...route, arguments: EMPTY_TABLE });
  }
  setUpWindows(life);
  life.broker.turn.schedule();
  while (life.broker.journal.durablePosition < life.position) await life.pass(1);
}

function pick<T>({ world }: Life, from: readonly T[]): T {
  return from[world.random.integer(from.length)] as T;
}

interface Out {
  readonly consumer: Consumer;
  readonly head: Omit<Found, "id">;
  /** Undefined where it lies elsewhere: by reference. */
  readonly body: Uint8Array | undefined;
  readonly reference: BodyReference;
}

class ScheduleClients {
  readonly #life: Life;
  readonly #model: ScheduleModel;
  readonly #keyed: KeyedClients;
  readonly #seen = new Map<string, Set<number>>(DUE_QUEUES.map((name) => [name, new Set()]));
  readonly #consumers: Consumer[] = [];
  #out: Out[] = [];
  /** Acknowledged since the last turn: their entry is gathered but not appended. */
  #gathered: { readonly message: Scheduled; readonly queue: string }[] = [];

  constructor(life: Life, model: ScheduleModel) {
    this.#life = life;
    this.#model = model;
    this.#keyed = new KeyedClients(life, model.windows, () => ++model.lastId);
  }

  get #random() {
    return this.#life.world.random;
  }

  get #nowMs(): number {
    return this.#life.world.clock.nowMs();
  }

  async live(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#step();
      const isHurried = steps - step <= 3;
      const leaps = !isHurried && this.#random.chance(0.12);
      const passMs = isHurried ? 0.3 : this.#random.chance(0.1) ? 80 : 2;
      await this.#pass(leaps ? pick(this.#life, LEAPS_MS) : this.#random.fraction() * passMs);
    }
  }

  /** Everybody gets everything, and nothing waits any more. */
  async drain(): Promise<void> {
    for (const name of DUE_QUEUES) this.#consume(name, 0);
    for (let turns = 0; turns < 10_000; turns++) {
      await this.#settle(this.#out.length);
      await this.#pass(1);
      const open = [...this.#model.messages.values()].filter((message) => this.#isOwed(message));
      if (open.length === 0 && (storeOf(this.#life)?.size.count ?? 0) === 0) return;
      const nextMs = Math.min(...open.map(({ dueAtMs }) => dueAtMs));
      const isWorking = open.some(({ dueAtMs }) => dueAtMs <= this.#nowMs);
      if (!isWorking && nextMs > this.#nowMs + 1) await this.#pass(nextMs - this.#nowMs);
      const late = open.find(({ dueAtMs }) => dueAtMs + LATENESS_MS + turns < this.#nowMs);
      if (late !== undefined && turns > 5_000) throw new Violation(`${late.id} never comes`);
    }
    throw new Violation(`${storeOf(this.#life)?.size.count} messages wait for ever`);
  }

  #isOwed(message: Scheduled): boolean {
    if (message.calledOffPosition !== undefined) return false;
    return DUE_QUEUES.some((name) => !message.ended.has(name));
  }

  async #pass(ms: number): Promise<void> {
    // As a protocol does after input: at the turn's end what was gathered goes to the log.
    this.#life.broker.turn.schedule();
    await this.#life.pass(ms);
    const { position } = this.#life;
    for (const { message, queue } of this.#gathered.splice(0)) message.ended.set(queue, position);
    this.#keyed.turnPassed(position);
  }

  async #step(): Promise<void> {
    const choice = this.#random.integer(100);
    if (choice < 30) this.#publishSome(1 + this.#random.integer(12));
    else if (choice < 50) this.#keyed.publishSome(1 + this.#random.integer(10));
    else if (choice < 58) this.#consume(pick(this.#life, DUE_QUEUES), 1 + this.#random.integer(20));
    else if (choice < 75) await this.#settle(this.#random.integer(20));
    else if (choice < 79) this.#cancelConsumer();
    else if (choice < 86) await this.#takeOut("cancel");
    else if (choice < 92) await this.#takeOut("deliverNow");
    else if (choice < 95) await this.#keyed.takeSome();
    else this.#life.durability.store?.wantCheckpoint();
  }

  #publishSome(count: number): void {
    for (let i = 0; i < count; i++) {
      const { memory, journal } = this.#life.broker;
      if (memory.pages.freeBytes < memory.pages.sizeBytes / 4) return;
      if (journal.position - journal.durablePosition > 600_000) return;
      this.#publish();
    }
  }

  #publish(): void {
    const id = ++this.#model.lastId;
    const isLarge = this.#random.chance(0.02);
    const delayMs = 1 + this.#random.integer(pick(this.#life, DELAYS_MS));
    const persistent = this.#random.chance(0.9);
    this.#life.messages.publish(this.#life.access, {
      exchange: EXCHANGE,
      routingKey: "",
      body: bodyOf(id, isLarge ? 65_537 + this.#random.integer(50_000) : this.#random.integer(900)),
      properties: {
        ...(persistent ? { deliveryMode: 2 } : {}),
        headers: new Map<string, FieldValue>([["x-delay", { type: "I", value: delayMs }]]),
      },
    });
    this.#model.messages.set(id, {
      ...{ id, persistent, dueAtMs: this.#nowMs + delayMs, position: this.#life.position },
      ...{ isSentOn: false, calledOffPosition: undefined, ended: new Map() },
    });
  }

  /** Calls one off that waits, or sends it on. */
  async #takeOut(how: "cancel" | "deliverNow"): Promise<void> {
    const waiting = await waitingIn(this.#life);
    const one = waiting[this.#random.integer(waiting.length + 1)];
    const store = storeOf(this.#life);
    const message = this.#model.messages.get(one?.id ?? 0);
    if (one === undefined || message === undefined || store === undefined) return;
    let taken: TakenOut = "reading";
    for (let ms = 0; taken === "reading" || taken === "busy"; ms++) {
      if (ms > 10_000) throw new Violation(`message ${message.id} can't be taken out`);
      if (how === "deliverNow") message.isSentOn = true;
      taken = store[how](one.bucket, one.sequence);
      if (taken === "reading" || taken === "busy") await this.#pass(1);
    }
    // It was due meanwhile, or lies in another bucket now.
    if (taken === "gone") return;
    this.#life.world.trace.add(`${how} ${message.id}`);
    if (how === "deliverNow") return;
    message.calledOffPosition = Number.POSITIVE_INFINITY;
    await this.#pass(1);
    message.calledOffPosition = this.#life.position;
  }

  #consume(name: string, prefetchMax: number): void {
    if (this.#consumers.length > 3 && prefetchMax > 0) return;
    const queue = this.#life.access.vhost.queueNamed(name);
    const consumer: Consumer = new Consumer({
      queue,
      target: {
        writable: true,
        deliver: (_, delivery) => this.#onDelivery(consumer, delivery),
        onCancelled: () => {},
      },
      ...{ tag: `t${this.#consumers.length}`, prefetchMax, noAck: false, exclusive: false },
      ...{ priority: 0, arguments: EMPTY_TABLE },
    });
    queue.consume(consumer);
    this.#consumers.push(consumer);
  }

  #onDelivery(consumer: Consumer, delivery: Delivery): void {
    const { head, body, reference } = copyOf(this.#life, delivery);
    if (body !== undefined) this.#checkDelivery(consumer, head, idOf(body));
    this.#out.push({ consumer, head, body, reference });
  }

  #checkDelivery(consumer: Consumer, head: Omit<Found, "id">, id: number): Scheduled {
    const { name } = consumer.queue.definition;
    this.#life.world.trace.add(`deliver ${name} ${id}`);
    const message = this.#model.messages.get(id);
    const seen = this.#seen.get(name) as Set<number>;
    if (message === undefined) throw new Violation(`message ${id} was never scheduled`);
    refuseEarly(message, head.takenAtMs);
    if (message.calledOffPosition !== undefined) {
      throw new Violation(`message ${id} was called off and is delivered`);
    }
    if (message.ended.has(name) || (seen.has(id) && !head.redelivered)) {
      throw new Violation(`message ${id} is delivered from ${name} twice`);
    }
    seen.add(id);
    return message;
  }

  async #settle(count: number): Promise<void> {
    for (const { consumer, head, body, reference } of this.#out.splice(0, count)) {
      const { sequence, location, bodySizeBytes, deliveryCount } = head;
      const { queue } = consumer;
      const id = idOf(body ?? (await bodyAt(this.#life, reference, bodySizeBytes)));
      if (body === undefined) this.#checkDelivery(consumer, head, id);
      if (reference !== NO_BODY_REFERENCE) this.#life.broker.bodies.release(reference, 1);
      queue.settle(consumer, sequence, location, bodySizeBytes, Outcome.accept, deliveryCount);
      const message = this.#model.messages.get(id) as Scheduled;
      message.ended.set(queue.definition.name, Number.POSITIVE_INFINITY);
      this.#gathered.push({ message, queue: queue.definition.name });
    }
  }

  #cancelConsumer(): void {
    const consumer = this.#consumers.shift();
    if (consumer === undefined) return;
    consumer.queue.cancel(consumer);
    for (const { consumer: whose, head, reference } of this.#out) {
      const { sequence, location, bodySizeBytes, deliveryCount } = head;
      if (whose !== consumer) continue;
      if (reference !== NO_BODY_REFERENCE) this.#life.broker.bodies.release(reference, 1);
      const outcome = Outcome.requeue;
      consumer.queue.settle(consumer, sequence, location, bodySizeBytes, outcome, deliveryCount);
    }
    this.#out = this.#out.filter((out) => out.consumer !== consumer);
  }
}
