// One seed of streams: a stream is a list that grows at one end and loses whole stretches at the other. Readers come
// and go, the power goes, and after each crash the list must be one it has been, with nothing missing that was seen.

import type { FieldTable, FieldValue } from "../../src/broker/message/field-table.ts";
import { EMPTY_TABLE, longString } from "../../src/broker/message/field-table.ts";
import { NO_BODY_REFERENCE } from "../../src/broker/message/publication.ts";
import { Consumer } from "../../src/broker/queue/consumer.ts";
import { type Delivery, Outcome, type Queue } from "../../src/broker/queue/queue.ts";
import type { StreamPort } from "../../src/broker/stream/port.ts";
import { bodyOf, idOf } from "./bodies.ts";
import { Violation } from "./checks.ts";
import { bodyAt, copyOf } from "./contents.ts";
import type { HistoryOptions, HistoryResult } from "./history.ts";
import { Life, World } from "./life.ts";

const LIVES = 3;
const EXCHANGE = "both";
const FILTER_VALUES = ["red", "green", "blue"];
const READER_NAMES = ["one", "two"];

const MAX_BYTES = 60_000;
const SEGMENT_BYTES = 15_000;
/** A segment is longer than asked for by a part of a message. */
const LEAST_KEPT_BYTES = MAX_BYTES - SEGMENT_BYTES - 2_000;

interface Stored {
  readonly id: number;
  readonly filter: string | undefined;
  /** Of the transaction it came with, or its own. */
  readonly group: number;
  /** Everything before this in the log: it is there. */
  position: number;
  isGone?: boolean;
}

/** A number as it was from a log position on. */
interface Noted {
  readonly value: number;
  readonly position: number;
}

class StreamModel {
  readonly name: string;
  readonly messages: Stored[] = [];
  /** First offsets there have been. */
  readonly firsts: Noted[] = [{ value: 0, position: 0 }];
  readonly tracked = new Map<string, Noted[]>();

  constructor(name: string) {
    this.name = name;
  }
}

const ARGUMENTS: Readonly<Record<string, FieldTable>> = {
  long: new Map<string, FieldValue>([["x-queue-type", longString("stream")]]),
  short: new Map<string, FieldValue>([
    ["x-queue-type", longString("stream")],
    ["x-max-length-bytes", { type: "I", value: MAX_BYTES }],
    ["x-stream-max-segment-size-bytes", { type: "I", value: SEGMENT_BYTES }],
    ["x-stream-filter-size-bytes", { type: "I", value: 32 }],
  ]),
};

/** Throws what went wrong. */
export async function runStreamHistory(options: HistoryOptions): Promise<HistoryResult> {
  const { seed, imagesPerCrash } = options;
  const world = new World(seed);
  const models = Object.keys(ARGUMENTS).map((name) => new StreamModel(name));
  let life = await Life.start(world);
  await setUp(life);
  let images = 0;
  for (let round = 0; round < LIVES; round++) {
    const clients = new StreamClients(life, models);
    await clients.live(5 + world.random.integer(60));
    const confirmed = life.broker.journal.durablePosition;
    clients.leave();
    if (world.random.chance(0.15)) {
      await life.stop();
      world.use(world.disk.copy());
      life = await Life.start(world);
      for (const model of models) {
        adopt(life, model, await check(life, model, Number.POSITIVE_INFINITY));
      }
      images++;
    } else {
      const disks = Array.from({ length: imagesPerCrash }, () => world.possibleImage());
      for (const disk of disks) {
        world.use(disk);
        life = await Life.start(world);
        const found: Contents[] = [];
        for (const model of models) found.push(await check(life, model, confirmed));
        // The last one is gone on with.
        if (disk === disks.at(-1)) models.forEach((model, i) => void adopt(life, model, found[i]));
      }
      images += imagesPerCrash;
    }
  }
  await life.stop();
  return { images, trace: world.trace.digest };
}

/** The streams, on disk: what happens to a declare that is cut off is another history's subject. */
async function setUp(life: Life): Promise<void> {
  const flags = { durable: true, autoDelete: false, internal: false };
  life.access.declareExchange({ name: EXCHANGE, type: "fanout", ...flags, arguments: EMPTY_TABLE });
  for (const [name, queueArguments] of Object.entries(ARGUMENTS)) {
    life.declare(name, true, queueArguments);
    const route = { source: EXCHANGE, destination: name, routingKey: "" };
    life.access.bindQueue({ ...route, arguments: EMPTY_TABLE });
  }
  life.broker.turn.schedule();
  while (life.broker.journal.durablePosition < life.position) await life.pass(1);
}

export function streamOf(life: Life, name: string): Queue & { readonly stream: StreamPort } {
  const queue = life.access.vhost.queueNamed(name);
  if (queue.stream === undefined) throw new Violation(`${name} came back as no stream`);
  return queue as Queue & { readonly stream: StreamPort };
}

interface Out {
  readonly consumer: Consumer;
  readonly sequence: number;
  readonly bytes: number;
}

class StreamClients {
  readonly #life: Life;
  readonly #models: readonly StreamModel[];
  readonly #consumers: Consumer[] = [];
  #out: Out[] = [];

  constructor(life: Life, models: readonly StreamModel[]) {
    this.#life = life;
    this.#models = models;
  }

  get #random() {
    return this.#life.world.random;
  }

  async live(steps: number): Promise<void> {
    // Nothing of a life that was cut off may be taken for durable in this one.
    for (let step = 0; step < steps; step++) {
      this.#step();
      const isHurried = steps - step <= 3;
      const passMs = isHurried ? 0.3 : this.#random.chance(0.1) ? 80 : 2;
      await this.#life.pass(this.#random.fraction() * passMs);
      this.#note();
    }
  }

  /** Nobody reads any more. */
  leave(): void {
    for (const consumer of this.#consumers) consumer.queue.cancel(consumer);
  }

  #step(): void {
    const choice = this.#random.integer(100);
    if (choice < 45) this.#publishSome(1 + this.#random.integer(20));
    else if (choice < 52) this.#transaction();
    else if (choice < 64) this.#consume();
    else if (choice < 90) this.#settleSome();
    else if (choice < 95) this.#cancel();
    else this.#life.durability.store?.wantCheckpoint();
  }

  #publishSome(count: number): void {
    const { broker } = this.#life;
    for (let i = 0; i < count; i++) {
      if (broker.memory.pages.freeBytes < broker.memory.pages.sizeBytes / 4) return;
      if (broker.journal.position - broker.journal.durablePosition > 600_000) return;
      this.#publish();
    }
  }

  #transaction(): void {
    const { journal } = this.#life.broker;
    const before = this.#models.map(({ messages }) => messages.length);
    journal.beginTransaction();
    this.#publishSome(1 + this.#random.integer(40));
    journal.endTransaction();
    const group = ++lastGroup;
    this.#models.forEach(({ messages }, i) => {
      for (let at = before[i] as number; at < messages.length; at++) {
        messages[at] = { ...(messages[at] as Stored), group, position: this.#life.position };
      }
    });
  }

  #publish(): void {
    const toBoth = this.#random.chance(0.3);
    const model = this.#models[this.#random.integer(this.#models.length)] as StreamModel;
    const filter = this.#random.chance(0.4)
      ? FILTER_VALUES[this.#random.integer(FILTER_VALUES.length)]
      : undefined;
    const id = ++lastId;
    const isLarge = this.#random.chance(0.02);
    const sizeBytes = isLarge ? 65_537 + this.#random.integer(50_000) : this.#random.integer(900);
    this.#life.messages.publish(this.#life.access, {
      exchange: toBoth ? EXCHANGE : "",
      routingKey: toBoth ? "" : model.name,
      body: bodyOf(id, sizeBytes),
      properties: {
        ...(this.#random.chance(0.7) ? { deliveryMode: 2 } : {}),
        ...(filter === undefined
          ? {}
          : { headers: new Map([["x-stream-filter-value", longString(filter)]]) }),
      },
    });
    const stored = { id, filter, group: ++lastGroup, position: this.#life.position };
    for (const target of toBoth ? this.#models : [model]) target.messages.push({ ...stored });
  }

  #consume(): void {
    if (this.#consumers.length >= 4) return;
    const model = this.#models[this.#random.integer(this.#models.length)] as StreamModel;
    const queue = streamOf(this.#life, model.name);
    const consumerArguments = new Map<string, FieldValue>();
    const offset = this.#random.integer(model.messages.length + 3);
    const begins = this.#random.integer(4);
    if (begins < 2) {
      consumerArguments.set("x-stream-offset", { type: "l", value: BigInt(offset) });
    } else if (begins === 2) {
      consumerArguments.set("x-stream-offset", longString("first"));
    }
    const wanted = this.#random.chance(0.3) ? (FILTER_VALUES[0] as string) : undefined;
    if (wanted !== undefined) consumerArguments.set("x-stream-filter", longString(wanted));
    const name = this.#random.chance(0.4) ? READER_NAMES[this.#random.integer(2)] : undefined;
    if (name !== undefined) {
      consumerArguments.set("x-stream-consumer-name", longString(name));
    }
    let next = -1;
    const consumer: Consumer = new Consumer({
      queue,
      target: {
        writable: true,
        deliver: (_, delivery) => {
          next = this.#onDelivery(consumer, model, delivery, next, wanted);
        },
        onCancelled: () => {},
      },
      tag: `t${this.#consumers.length}`,
      prefetchMax: 1 + this.#random.integer(50),
      noAck: false,
      exclusive: false,
      priority: 0,
      arguments: consumerArguments,
    });
    queue.consume(consumer);
    this.#consumers.push(consumer);
  }

  /** Answers the offset behind this one. */
  #onDelivery(
    consumer: Consumer,
    model: StreamModel,
    delivery: Delivery,
    next: number,
    wanted: string | undefined,
  ): number {
    const { head, body, reference } = copyOf(this.#life, delivery);
    const { sequence, bodySizeBytes } = head;
    const offset = delivery.header?.value as number;
    const stored = model.messages[offset];
    const { durablePosition } = this.#life.broker.journal;
    const where = `message ${stored?.id} at ${offset} of ${model.name}`;
    if (stored === undefined || stored.isGone === true)
      throw new Violation(`nothing was ever at ${offset}`);
    if (body !== undefined && idOf(body) !== stored.id) {
      throw new Violation(`${idOf(body)} is delivered for ${where}`);
    }
    if (stored.position > durablePosition) throw new Violation(`${where} is seen too early`);
    if (wanted !== undefined && stored.filter !== wanted) {
      throw new Violation(`${where} has the filter value ${stored.filter}`);
    }
    const first = streamOf(this.#life, model.name).stream.firstOffset;
    for (let at = Math.max(next, first); next >= 0 && at < offset; at++) {
      const between = model.messages[at];
      if (between?.isGone === true) continue;
      if (wanted === undefined || between?.filter === wanted) {
        throw new Violation(`${at} is left out before ${where}`);
      }
    }
    if (reference !== NO_BODY_REFERENCE) this.#life.broker.bodies.release(reference, 1);
    this.#out.push({ consumer, sequence, bytes: bodySizeBytes });
    this.#life.world.trace.add(`deliver ${model.name} ${offset}`);
    return offset + 1;
  }

  #settleSome(): void {
    for (let count = this.#random.integer(60); count > 0 && this.#out.length > 0; count--) {
      const at = this.#random.chance(0.8) ? 0 : this.#random.integer(this.#out.length);
      const [out] = this.#out.splice(at, 1) as [Out];
      settle(out, Outcome.accept);
    }
  }

  #cancel(): void {
    const consumer = this.#consumers.shift();
    if (consumer === undefined) return;
    consumer.queue.cancel(consumer);
    for (const out of this.#out) if (out.consumer === consumer) settle(out, Outcome.returned);
    this.#out = this.#out.filter((out) => out.consumer !== consumer);
  }

  /** After each turn: what the stream says of itself, and up to where the log holds it. */
  #note(): void {
    const { position } = this.#life;
    for (const model of this.#models) {
      const { stream } = streamOf(this.#life, model.name);
      model.firsts.push({ value: stream.firstOffset, position });
      for (const [name, value] of stream.tracked(0)) {
        const noted = model.tracked.get(name) ?? [];
        noted.push({ value, position });
        model.tracked.set(name, noted);
      }
    }
  }
}

let lastId = 0;
let lastGroup = 0;

function settle({ consumer, sequence, bytes }: Out, outcome: Outcome): void {
  consumer.queue.settle(consumer, sequence, 0, bytes, outcome, 0);
}

/** What a restart has brought back; `confirmed`: everything before was on disk. */
async function check(life: Life, model: StreamModel, confirmed: number): Promise<Contents> {
  const damage = life.durability.store?.damage[0];
  if (damage !== undefined) throw new Violation(`damage is reported: ${JSON.stringify(damage)}`);
  const { stream } = streamOf(life, model.name);
  const { firstOffset } = stream;
  const found = await readAll(life, model.name, queueDepth(life, model.name));
  const leastFirst = newestNoted(model.firsts, confirmed);
  if (firstOffset < leastFirst) throw new Violation(`${model.name} begins at ${firstOffset} again`);
  const mostFirst = model.firsts.at(-1)?.value as number;
  // Retention keeps some; what else is missing in front never was: a transaction that was cut off leaves its offsets empty.
  const isCut = stream.sizeBytes >= LEAST_KEPT_BYTES;
  const lowest = isCut ? firstOffset : Math.min(firstOffset, mostFirst);
  for (const [offset, id] of found) {
    const stored = model.messages[offset];
    if (stored?.isGone === true) throw new Violation(`message ${id} of ${model.name} is back`);
    if (stored?.id !== id) {
      throw new Violation(`${id} is at ${offset} of ${model.name} instead of ${stored?.id}`);
    }
  }
  await checkFiltered(life, model, found);
  const groups = new Map<number, boolean>();
  model.messages.forEach(({ id, position, group, isGone }, offset) => {
    if (offset < lowest || isGone === true) return;
    const isThere = found.has(offset);
    if (!isThere && position <= confirmed) {
      throw new Violation(`message ${id} at ${offset} of ${model.name} is gone`);
    }
    if ((groups.get(group) ?? isThere) !== isThere) {
      throw new Violation(`of transaction ${group} in ${model.name} only a part is there`);
    }
    groups.set(group, isThere);
  });
  for (const [name, noted] of model.tracked) {
    const value = stream.query(0, name);
    const oldest = noted.findLastIndex(({ position }) => position <= confirmed);
    const isOne = noted.slice(Math.max(0, oldest)).some((x) => x.value === value);
    if (!isOne && !(value === undefined && oldest === -1)) {
      throw new Violation(`${name} is at ${value} of ${model.name}`);
    }
  }
  return found;
}

function newestNoted(noted: readonly Noted[], confirmed: number): number {
  return noted.findLast(({ position }) => position <= confirmed)?.value ?? 0;
}

/** Ids by offset. */
type Contents = ReadonlyMap<number, number>;

/** Who asks for one filter value gets all messages with it, and no others. */
async function checkFiltered(life: Life, model: StreamModel, all: Contents): Promise<void> {
  const value = FILTER_VALUES[0] as string;
  const wanted = [...all.keys()].filter((offset) => model.messages[offset]?.filter === value);
  const found = await readAll(life, model.name, wanted.length, value);
  if (wanted.some((offset) => !found.has(offset))) {
    throw new Violation(`not all ${value} messages of ${model.name} are found`);
  }
}

function queueDepth(life: Life, name: string): number {
  return streamOf(life, name).depth.ready;
}

/** Reads `count` messages as a consumer would. */
export async function readAll(
  life: Life,
  name: string,
  count: number,
  filter?: string,
): Promise<Contents> {
  const queue = streamOf(life, name);
  const found = new Map<number, number>();
  const large: { offset: number; reference: number; sizeBytes: number }[] = [];
  const consumer: Consumer = new Consumer({
    queue,
    target: {
      writable: true,
      deliver: (_, delivery) => {
        const { head, body, reference } = copyOf(life, delivery);
        const offset = delivery.header?.value as number;
        if (found.has(offset)) throw new Violation(`${offset} of ${name} comes twice`);
        found.set(offset, body === undefined ? -1 : idOf(body));
        if (body === undefined) large.push({ offset, reference, sizeBytes: head.bodySizeBytes });
      },
      onCancelled: () => {},
    },
    ...{ tag: "all", noAck: false, exclusive: false, priority: 0, prefetchMax: 0 },
    arguments: new Map([
      ["x-stream-offset", longString("first")],
      ...(filter === undefined ? [] : [["x-stream-filter", longString(filter)] as const]),
    ]),
  });
  queue.consume(consumer);
  for (let ms = 0; found.size < count; ms++) {
    if (ms > 10_000) throw new Violation(`${found.size} of ${count} in ${name} ${filter ?? ""}`);
    await life.pass(1);
  }
  queue.cancel(consumer);
  for (const { offset, reference, sizeBytes } of large) {
    found.set(offset, idOf(await bodyAt(life, reference, sizeBytes)));
    life.broker.bodies.release(reference, 1);
  }
  return found;
}

/** The model goes on from what came back. All of it is on disk. */
function adopt(life: Life, model: StreamModel, found: Contents | undefined): void {
  const { stream } = streamOf(life, model.name);
  model.messages.length = stream.nextOffset;
  model.messages.forEach((stored, offset) => {
    stored.position = 0;
    // Of a transaction that was cut off: its offset stays empty.
    if (offset >= stream.firstOffset && found?.has(offset) !== true) stored.isGone = true;
  });
  model.firsts.splice(0, model.firsts.length, { value: stream.firstOffset, position: 0 });
  model.tracked.clear();
  for (const [name, value] of stream.tracked(0)) model.tracked.set(name, [{ value, position: 0 }]);
}
