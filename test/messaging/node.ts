// A node for tests that need whole features without sockets: the real core on the real store, on a clock and a disk
// that are made up, to be crashed and started again.

import type { FieldTable, FieldValue } from "../../src/broker/message/field-table.ts";
import { EMPTY_TABLE, longString } from "../../src/broker/message/field-table.ts";
import type { StoredMessage } from "../../src/broker/message/message-port.ts";
import type { MessageProperties } from "../../src/broker/message/message-properties.ts";
import { type Delivery, type Getter, Outcome, type Queue } from "../../src/broker/queue/queue.ts";
import { Life, VHOST, World } from "../simulation/life.ts";

export interface Got {
  readonly body: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: FieldTable;
  readonly properties: MessageProperties;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
}

type Plain = string | number | boolean;

/** Arguments and headers from plain values. */
export function table(values: Readonly<Record<string, Plain | FieldValue>>): FieldTable {
  return new Map(Object.entries(values).map(([name, value]) => [name, field(value)]));
}

function field(value: Plain | FieldValue): FieldValue {
  if (typeof value === "string") return longString(value);
  if (typeof value === "boolean") return { type: "t", value };
  if (typeof value === "number") return { type: "l", value: BigInt(value) };
  return value;
}

export class Node {
  readonly world: World;
  life: Life;

  private constructor(world: World, life: Life) {
    this.world = world;
    this.life = life;
  }

  static async start(seed = 1): Promise<Node> {
    const world = new World(seed);
    return new Node(world, await Life.start(world));
  }

  get vhost() {
    return this.life.access.vhost;
  }

  /** The power goes once everything so far is on disk, and comes back. */
  async crash(): Promise<void> {
    await this.pass(200);
    this.world.crash();
    this.life = await Life.start(this.world);
  }

  /** The power goes now: what was not on disk may be there or not. */
  async losePower(): Promise<void> {
    this.world.crash();
    this.life = await Life.start(this.world);
  }

  /** The log is filled until a checkpoint has been written. */
  async checkpoint(): Promise<void> {
    const { world } = this;
    const checkpoints = (): string =>
      world.disk
        .files()
        .filter((name) => name.includes("checkpoint"))
        .join();
    this.queue("filler");
    const before = checkpoints();
    for (let i = 0; checkpoints() === before; i++) {
      if (i > 10_000) throw new Error("no checkpoint comes");
      this.publish("", "filler", "x".repeat(2_000));
      await this.pass(20);
    }
    this.life.access.deleteQueue("filler", { ifUnused: false, ifEmpty: false });
    await this.pass(1_000);
  }

  /** Stops in order and starts again, so that a checkpoint is all there is. */
  async restart(afterMs = 200): Promise<void> {
    if (afterMs > 0) await this.pass(afterMs);
    await this.life.stop();
    // With the process its timers and its memory go.
    this.world.use(this.world.disk.copy());
    this.life = await Life.start(this.world);
  }

  pass(ms: number): Promise<void> {
    // Nobody waits for a reply here, which is what makes the log write.
    this.life.broker.turn.schedule();
    return this.life.pass(ms);
  }

  exchange(name: string, type: string, options: Parameters<typeof table>[0] = {}, durable = true) {
    return this.life.access.declareExchange({
      ...{ name, type, durable, autoDelete: false, internal: false },
      arguments: table(options),
    });
  }

  queue(name: string, options: Readonly<Record<string, Plain>> = {}, durable = true): Queue {
    this.life.declare(name, durable, table(options));
    return this.at(name);
  }

  at(name: string): Queue {
    return this.vhost.queueNamed(name);
  }

  bind(
    source: string,
    destination: string,
    routingKey = "",
    options: FieldTable = EMPTY_TABLE,
  ): void {
    this.life.access.bindQueue({ source, destination, routingKey, arguments: options });
  }

  policy(pattern: string, definition: Readonly<Record<string, Plain>>): void {
    const policy = { vhost: VHOST, name: `policy-${pattern}`, pattern, definition };
    this.life.broker.policies.set("policy", { ...policy, applyTo: "all", priority: 0 }, "guest");
  }

  /** Answers PublishResult bits. */
  publish(
    exchange: string,
    routingKey: string,
    body: string,
    headers: Readonly<Record<string, Plain | FieldValue>> = {},
    properties: MessageProperties = { deliveryMode: 2 },
  ): number {
    return this.life.messages.publish(this.life.access, {
      ...{ exchange, routingKey, body: Buffer.from(body) },
      properties: { ...properties, headers: table(headers) },
    });
  }

  /** Takes everything that is ready. */
  async drain(queueName: string, outcome: Outcome = Outcome.accept): Promise<Got[]> {
    const all: Got[] = [];
    for (;;) {
      const got = await this.get(queueName, outcome);
      if (got === undefined) return all;
      all.push(got);
    }
  }

  async bodies(queueName: string): Promise<string[]> {
    return (await this.drain(queueName)).map(({ body }) => body);
  }

  /** Takes one message and settles it. */
  get(queueName: string, outcome: Outcome = Outcome.accept): Promise<Got | undefined> {
    return this.#take(queueName, outcome);
  }

  /** Takes one message and keeps it. */
  hold(queueName: string): Promise<Got | undefined> {
    return this.#take(queueName, undefined);
  }

  async #take(queueName: string, outcome: Outcome | undefined): Promise<Got | undefined> {
    const queue = this.at(queueName);
    let answered = false;
    let message: Promise<StoredMessage> | undefined;
    let facts = { redelivered: false, deliveryCount: 0 };
    let settle = () => {};
    const getter: Getter = {
      noAck: false,
      onGot: (_queue: Queue, delivery: Delivery) => {
        answered = true;
        const { sequence, location, record, redelivered, deliveryCount } = delivery;
        const bytes = record.bodySizeBytes;
        facts = { redelivered, deliveryCount };
        message = this.life.messages.read(record);
        if (outcome === undefined) return;
        settle = () => queue.settle(undefined, sequence, location, bytes, outcome, deliveryCount);
      },
      onEmpty: () => {
        answered = true;
      },
    };
    queue.get(getter);
    for (let i = 0; i < 1000 && !answered; i++) await this.pass(1);
    if (message === undefined) return undefined;
    const { body, exchange, routingKey, properties } = await message;
    settle();
    await this.pass(1);
    const headers = properties.headers ?? EMPTY_TABLE;
    return {
      ...facts,
      body: Buffer.from(body).toString(),
      exchange,
      routingKey,
      headers,
      properties,
    };
  }
}

export { Outcome };
