// Random operations of a well-behaved client, and now and then one that is refused.

import {
  EMPTY_TABLE,
  type FieldTable,
  type FieldValue,
  longString,
} from "../../../src/broker/message/field-table.ts";
import type { MessageProperties } from "../../../src/broker/message/message-properties.ts";
import type { SeededRandom } from "../../../src/env/fake-random.ts";
import type { ClientMethod } from "../../../src/protocols/amqp091/codec/methods.generated.ts";

/** Connection and channel number of one of the channels in use. */
export interface Place {
  readonly connection: number;
  readonly channel: number;
}

/** The third is in confirm mode, the fourth transactional. */
export const places: readonly Place[] = [
  { connection: 0, channel: 1 },
  { connection: 0, channel: 2 },
  { connection: 1, channel: 1 },
  { connection: 1, channel: 2 },
];
export const CONFIRMING = 2;
export const TRANSACTIONAL = 3;

export type Operation =
  | { readonly kind: "method"; readonly place: Place; readonly method: ClientMethod }
  | {
      readonly kind: "publish";
      readonly place: Place;
      readonly method: Extract<ClientMethod, { name: "basic.publish" }>;
      readonly properties: MessageProperties;
      readonly body: string;
    }
  /** The client closes the channel, and opens it again. */
  | { readonly kind: "close"; readonly place: Place }
  /** Settles an outstanding delivery: the nth oldest of those there are, or all. */
  | {
      readonly kind: "settle";
      readonly place: Place;
      readonly which: number | "all";
      readonly how: "ack" | "nack" | "reject";
      readonly requeue: boolean;
    };

const queues = ["q1", "q2", "q3", "q4", "q5", "q6", "q7"];
/** Named for their types; what comes after a second dash tells two of a type apart. */
const exchanges = ["x-direct", "x-fanout", "x-topic", "x-headers", "x-topic-alternate"];
const keys = ["a", "a.b", "a.b.c", "q1", "b", ""];
const patterns = ["a", "a.*", "#", "a.#", "*.b.#", "b", ""];
const bodies = ["", "s", "m".repeat(5_000), "l".repeat(140_000)];

type MethodKind =
  | "declare"
  | "bind"
  | "unbind"
  | "get"
  | "qos"
  | "delete"
  | "purge"
  | "check"
  | "recover"
  | "exchange"
  | "link"
  | "unlink"
  | "remove"
  | "flow"
  | "exclusive"
  | "wrong";

export class Operations {
  readonly #random: SeededRandom;
  #bodyCount = 0;
  #consumerCount = 0;
  /** The rest of a transaction that has begun. */
  readonly #waiting: Operation[] = [];
  /** One consumer a queue: among several, who gets what is a matter of timing. */
  readonly #consumers = new Map<string, { readonly place: Place; readonly tag: string }>();

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** What happens before anything random: modes that can't be changed later. */
  static opening(): Operation[] {
    const [, , confirming, transactional] = places as [Place, Place, Place, Place];
    return [
      { kind: "method", place: confirming, method: { name: "confirm.select", noWait: false } },
      { kind: "method", place: transactional, method: { name: "tx.select" } },
      ...exchanges.map(
        (exchange): Operation => ({
          kind: "method",
          place: places[0] as Place,
          method: Operations.declareExchange(exchange, false),
        }),
      ),
    ];
  }

  next(): Operation {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting;
    const kind = this.#weighted([
      [14, "publish"],
      [5, "declare"],
      [3, "bind"],
      [5, "consume"],
      [4, "get"],
      [8, "settle"],
      [2, "qos"],
      [1, "unbind"],
      [1, "delete"],
      [1, "purge"],
      [2, "check"],
      [1, "recover"],
      [3, "transaction"],
      [1, "exchange"],
      [2, "link"],
      [1, "unlink"],
      [1, "remove"],
      [1, "flow"],
      [1, "exclusive"],
      [1, "close"],
      [1, "wrong"],
    ] as const);
    const place = this.#pick(places.slice(0, TRANSACTIONAL));
    if (kind === "publish") return this.#publish(place);
    if (kind === "settle") return this.#settle(place);
    if (kind === "transaction") return this.#transaction();
    if (kind === "consume") return this.#consume(place);
    if (kind === "close") return { kind: "close", place };
    return { kind: "method", place, method: this.#method(kind) };
  }

  /**
   * A whole transaction with nothing in between: RabbitMQ routes its messages when they are published, we route them
   * when they are committed, so what is bound and deleted meanwhile would make a difference on purpose.
   */
  #transaction(): Operation {
    const place = places[TRANSACTIONAL] as Place;
    const steps: Operation[] = [];
    if (this.#random.chance(0.5)) {
      const queue = this.#pick(["q1", "q3", "q4"]);
      const get: ClientMethod = { name: "basic.get", queue, noAck: false };
      steps.push({ kind: "method", place, method: get });
    }
    for (let i = this.#random.integer(4); i > 0; i--) {
      steps.push(this.#random.chance(0.7) ? this.#publish(place) : this.#settle(place));
    }
    const name = this.#random.chance(0.7) ? "tx.commit" : "tx.rollback";
    steps.push({ kind: "method", place, method: { name } });
    this.#waiting.push(...steps.slice(1));
    return steps[0] as Operation;
  }

  /** Consumes from a queue nobody consumes from, or ends the consumer it has. */
  #consume(place: Place): Operation {
    const queue = this.#pick(queues);
    const present = this.#consumers.get(queue);
    if (present !== undefined) {
      this.#consumers.delete(queue);
      const method: ClientMethod = {
        name: "basic.cancel",
        consumerTag: present.tag,
        noWait: false,
      };
      return { kind: "method", place: present.place, method };
    }
    const tag = `c${this.#consumerCount++}`;
    this.#consumers.set(queue, { place, tag });
    const method: ClientMethod = {
      ...{ name: "basic.consume", queue, consumerTag: tag, noLocal: false },
      ...{ noAck: this.#noAck(queue, 0.3), exclusive: false, noWait: false },
      arguments: EMPTY_TABLE,
    };
    return { kind: "method", place, method };
  }

  static declareExchange(exchange: string, passive: boolean): ClientMethod {
    return {
      ...{ name: "exchange.declare", exchange, type: exchange.split("-")[1] ?? "", passive },
      ...{ durable: false, autoDelete: false, internal: false, noWait: false },
      arguments: new Map(
        exchange.endsWith("alternate") ? [["alternate-exchange", longString("x-fanout")]] : [],
      ),
    };
  }

  #method(kind: MethodKind): ClientMethod {
    const queue = this.#pick(queues);
    const none = EMPTY_TABLE;
    switch (kind) {
      case "declare":
        return {
          ...{ name: "queue.declare", queue, passive: false, durable: false, exclusive: false },
          ...{ autoDelete: queue === "q6", noWait: this.#random.chance(0.2) },
          arguments: this.#queueArguments(queue),
        };
      case "check":
        return {
          ...{ name: "queue.declare", queue, passive: true, durable: false, exclusive: false },
          ...{ autoDelete: false, noWait: false, arguments: none },
        };
      case "bind":
      case "unbind": {
        const exchange = this.#pick(exchanges);
        const binding = {
          ...{ queue, exchange, routingKey: this.#pick(patterns) },
          arguments: exchange === "x-headers" ? this.#headerMatch() : none,
        };
        return kind === "bind"
          ? { name: "queue.bind", ...binding, noWait: this.#random.chance(0.2) }
          : { name: "queue.unbind", ...binding };
      }
      case "get":
        return { name: "basic.get", queue, noAck: this.#noAck(queue, 0.5) };
      case "qos":
        return {
          ...{ name: "basic.qos", prefetchSize: 0, prefetchCount: this.#random.integer(4) },
          // Which of several consumers gets the one free place of a channel is nobody's promise.
          global: false,
        };
      case "delete":
        return {
          ...{ name: "queue.delete", queue, ifUnused: this.#random.chance(0.4) },
          ...{ ifEmpty: this.#random.chance(0.4), noWait: false },
        };
      case "purge":
        return { name: "queue.purge", queue, noWait: false };
      case "link":
      case "unlink": {
        const link = {
          ...{ destination: this.#pick(exchanges), source: this.#pick(exchanges) },
          ...{ routingKey: this.#pick(patterns), noWait: false, arguments: none },
        };
        return kind === "link"
          ? { name: "exchange.bind", ...link }
          : { name: "exchange.unbind", ...link };
      }
      case "remove":
        return {
          ...{ name: "exchange.delete", exchange: this.#pick(exchanges), noWait: false },
          ifUnused: this.#random.chance(0.8),
        };
      case "flow":
        return { name: "channel.flow", active: true };
      case "exclusive":
        return {
          ...{ name: "queue.declare", queue: "q-exclusive", passive: false, durable: false },
          ...{ exclusive: true, autoDelete: false, noWait: false, arguments: none },
        };
      case "wrong":
        return this.#pick(this.#refused(queue));
      case "recover":
        return { name: "basic.recover", requeue: true };
      case "exchange":
        return Operations.declareExchange(this.#pick(exchanges), this.#random.chance(0.5));
    }
  }

  /** What every broker refuses, each for another reason. */
  #refused(queue: string): ClientMethod[] {
    const none = EMPTY_TABLE;
    const flags = { passive: false, durable: false, exclusive: false, autoDelete: false };
    return [
      { name: "queue.declare", queue: "amq.mine", ...flags, noWait: false, arguments: none },
      { name: "queue.declare", queue, ...flags, durable: true, noWait: false, arguments: none },
      { name: "queue.bind", queue, exchange: "", routingKey: "a", noWait: false, arguments: none },
      { name: "exchange.delete", exchange: "amq.direct", ifUnused: false, noWait: false },
      { name: "basic.get", queue: "nowhere", noAck: true },
      { name: "basic.ack", deliveryTag: 1_000_000, multiple: false },
      { name: "tx.commit" },
      {
        ...{ name: "exchange.declare", exchange: "x-direct", type: "fanout", passive: false },
        ...{ durable: false, autoDelete: false, internal: false, noWait: false, arguments: none },
      },
    ];
  }

  /**
   * Nothing goes back to the queues with a length limit: RabbitMQ drops from the head before it delivers what came back,
   * we deliver first and drop what is still too much.
   */
  #noAck(queue: string, probability: number): boolean {
    return this.#random.chance(probability) || queue === "q2" || queue === "q5";
  }

  #publish(place: Place): Operation {
    const toQueue = this.#random.chance(0.5);
    const body = `${this.#bodyCount++}:${this.#pick(bodies)}`;
    return {
      ...{ kind: "publish", place, body, properties: this.#properties() },
      method: {
        ...{ name: "basic.publish", exchange: toQueue ? "" : this.#pick(exchanges) },
        ...{ routingKey: toQueue ? this.#pick(queues) : this.#pick(keys) },
        ...{ mandatory: this.#random.chance(0.3), immediate: false },
      },
    };
  }

  #settle(place: Place): Operation {
    return {
      ...{ kind: "settle", place },
      which: this.#random.chance(0.15) ? "all" : this.#random.integer(5),
      how: this.#pick(["ack", "ack", "nack", "reject"] as const),
      requeue: this.#random.chance(0.5),
    };
  }

  #properties(): MessageProperties {
    const { chance, integer } = {
      chance: (probability: number) => this.#random.chance(probability),
      integer: (bound: number) => this.#random.integer(bound),
    };
    return {
      ...(chance(0.3) ? { deliveryMode: 1 + integer(2) } : {}),
      ...(chance(0.3) ? { priority: integer(5) } : {}),
      ...(chance(0.5) ? { headers: this.#headers() } : {}),
      ...(chance(0.2) ? { correlationId: `c${integer(9)}`, contentType: "text/plain" } : {}),
      ...(chance(0.1) ? { timestamp: 1_700_000_000n, appId: "app", messageId: "m" } : {}),
      ...(chance(0.1) ? { expiration: this.#pick(["0", "600000", "600000", "soon"]) } : {}),
      ...(chance(0.05) ? { userId: this.#pick(["guest", "guest", "somebody"]) } : {}),
    };
  }

  #headers(): FieldTable {
    const pairs: [string, FieldValue][] = [["one", { type: "I", value: this.#random.integer(2) }]];
    if (this.#random.chance(0.5)) pairs.push(["two", longString(this.#pick(["x", "y"]))]);
    if (this.#random.chance(0.2)) {
      const value = [longString(this.#pick(queues)), longString(this.#pick(keys))];
      pairs.push([this.#pick(["CC", "BCC"]), { type: "A", value }]);
    }
    return new Map(pairs);
  }

  #headerMatch(): FieldTable {
    return new Map([
      ["x-match", longString(this.#pick(["all", "any"]))],
      ["one", { type: "I", value: this.#random.integer(2) }],
      ["two", longString(this.#pick(["x", "y"]))],
    ]);
  }

  /** Mostly the same ones for the same queue, so that declaring again mostly succeeds. */
  #queueArguments(queue: string): FieldTable {
    const usual: Record<string, [string, FieldValue][]> = {
      q1: [],
      q2: [["x-max-length", { type: "I", value: 3 }]],
      q3: [
        ["x-dead-letter-exchange", longString("")],
        ["x-dead-letter-routing-key", longString("q1")],
      ],
      q4: [["x-max-priority", { type: "I", value: 4 }]],
      q5: [
        ["x-max-length", { type: "I", value: 2 }],
        ["x-overflow", longString("reject-publish")],
        ["x-dead-letter-exchange", longString("x-topic")],
      ],
      q6: [["x-dead-letter-exchange", longString("x-fanout")]],
      q7: [
        ["x-message-ttl", { type: "I", value: 0 }],
        ["x-dead-letter-exchange", longString("")],
        ["x-dead-letter-routing-key", longString("q4")],
      ],
    };
    const pairs = this.#random.chance(0.95) ? (usual[queue] ?? []) : [];
    return new Map(pairs);
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#random.integer(choices.length)] as T;
  }

  #weighted<T>(choices: readonly (readonly [number, T])[]): T {
    let rest = this.#random.integer(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, choice] of choices) {
      if (rest < weight) return choice;
      rest -= weight;
    }
    throw new Error("weights are whole and positive");
  }
}
