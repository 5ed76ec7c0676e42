// The kinds of queue the crash suite works on. A new queue type, or a feature that moves messages, is one more row.

import type { Channel, Message } from "amqplib";

export interface Shape {
  readonly name: string;
  /** Where publishers send to: an exchange and a key for a message of that priority. */
  readonly exchange: string;
  readonly routingKey: string;
  /** Each message is in every place once; a place is one queue, or several among which it moves. */
  readonly places: readonly Place[];
  /** Largest priority, 0 = none. */
  readonly priorityMax: number;
  readonly bodyBytesMax: number;
  /** Sets up what is durable; must be repeatable. */
  declare(channel: Channel): Promise<void>;
  /** Messages wait at the exchange for one of these, in ms. */
  readonly delaysMs?: readonly number[];
  /** Each message has a key of its own, and copies of confirmed ones that nobody may see are sent now and then. */
  readonly dropsDuplicates?: boolean;
  /** The first queue of the first place becomes one of each of these types in turn, again and again. */
  readonly conversions?: readonly Conversion[];
  /** Whether what was declared behaves as this row expects; a broker without it is not asked for it. */
  isThere?(channel: Channel): Promise<boolean>;
}

/** The body of a request that gives a queue another type. */
export interface Conversion {
  readonly type: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What happens to messages of a queue that were delivered in vain. */
export interface Retries {
  /** They are dead then. */
  readonly attempts: number;
  /** No second delivery before this. */
  readonly waitMsMin: number;
}

export interface Place {
  /** The first is where messages arrive. */
  readonly queues: readonly string[];
  /** What consumers do, besides acknowledging: reject for good, or fail, which is to return for another attempt. */
  readonly consumers: "none" | "acknowledge" | "reject" | "fail";
  /** False where messages arrive in an order of their own (of their deaths). */
  readonly ordered: readonly boolean[];
  /** Reading removes nothing, and everything is read from the start. */
  readonly isStream?: boolean;
  /** It is a stream now and then; whoever has compared it begins anew with another queue of its name. */
  readonly becomesStream?: boolean;
  /** Messages wait at this exchange before they are in the first queue. */
  readonly waitsAt?: string;
  /** Of the first queue. To take a message and put it back would be an attempt too: it is looked at where it is. */
  readonly retries?: Retries;
}

const FANOUT_QUEUES = 5;

function single(
  name: string,
  bodyBytesMax: number,
  queueArguments: Record<string, unknown> = {},
): Shape {
  const priorityMax = Number(queueArguments["x-max-priority"] ?? 0);
  return {
    name,
    exchange: "",
    routingKey: name,
    places: [{ queues: [name], consumers: "acknowledge", ordered: [true] }],
    priorityMax,
    bodyBytesMax,
    async declare(channel) {
      await channel.assertQueue(name, { durable: true, arguments: queueArguments });
    },
  };
}

/** Messages move from one queue to another when `source` says so. */
function deadLettering(
  name: string,
  consumers: "reject" | "none",
  source: Record<string, unknown>,
): Shape {
  const target = `${name}-dead`;
  return {
    name,
    exchange: "",
    routingKey: name,
    places: [{ queues: [name, target], consumers, ordered: [true, false] }],
    priorityMax: 0,
    bodyBytesMax: 100_000,
    async declare(channel) {
      await channel.assertQueue(target, { durable: true });
      const dead = { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": target };
      await channel.assertQueue(name, { durable: true, arguments: { ...dead, ...source } });
    },
  };
}

const fanout: Shape = {
  name: "fanout",
  exchange: "crash-fanout",
  routingKey: "",
  places: Array.from({ length: FANOUT_QUEUES }, (_, i) => ({
    queues: [`fanout-${i}`],
    consumers: i === 0 ? "none" : "acknowledge",
    ordered: [true],
  })),
  priorityMax: 0,
  bodyBytesMax: 90_000,
  async declare(channel) {
    await channel.assertExchange("crash-fanout", "fanout", { durable: true });
    for (let i = 0; i < FANOUT_QUEUES; i++) {
      await channel.assertQueue(`fanout-${i}`, { durable: true });
      await channel.bindQueue(`fanout-${i}`, "crash-fanout", "");
    }
  },
};

const STREAM = { "x-queue-type": "stream" };

const stream: Shape = {
  ...single("stream", 20_000, STREAM),
  places: [{ queues: ["stream"], consumers: "none", ordered: [true], isStream: true }],
  /** Reading must remove nothing. */
  async isThere(channel) {
    await channel.assertQueue("stream-probe", { durable: true, arguments: STREAM });
    channel.sendToQueue("stream-probe", Buffer.from("read"), { persistent: true });
    await channel.prefetch(1);
    const read = new Promise<void>((resolve) => {
      const onMessage = (message: Message | null): void => {
        if (message !== null) channel.ack(message);
        resolve();
      };
      void channel.consume("stream-probe", onMessage, {
        arguments: { "x-stream-offset": "first" },
      });
    });
    await read;
    return (await channel.checkQueue("stream-probe")).messageCount === 1;
  },
};

/** Returned messages of a quorum queue are counted, and too many returns would dead-letter them. */
const QUORUM = { "x-queue-type": "quorum", "x-delivery-limit": -1 };

const delayed: Shape = {
  ...single("delayed", 20_000),
  exchange: "crash-delayed",
  places: [
    { queues: ["delayed"], consumers: "acknowledge", ordered: [false], waitsAt: "crash-delayed" },
  ],
  // Some are due while the broker that took them still runs, some in a later life.
  delaysMs: [1, 40, 300, 1_500, 5_000],
  async declare(channel) {
    const type = { "x-delayed-type": "direct" };
    await channel.assertExchange("crash-delayed", "x-delayed-message", { arguments: type });
    await channel.assertQueue("delayed", { durable: true });
    await channel.bindQueue("delayed", "crash-delayed", "delayed");
  },
};

/** More keys than are sent again. */
const DROPS = { "x-message-deduplication": true, "x-cache-size": 5_000 };

const deduplicatedExchange: Shape = {
  ...single("deduplicated-exchange", 3_000),
  exchange: "crash-once",
  dropsDuplicates: true,
  async declare(channel) {
    await channel.assertExchange("crash-once", "direct", { arguments: DROPS });
    await channel.assertQueue("deduplicated-exchange", { durable: true });
    await channel.bindQueue("deduplicated-exchange", "crash-once", "deduplicated-exchange");
  },
};

/** What is out while the queue changes follows the rest. */
const converted: Shape = {
  ...single("converted", 20_000),
  places: [{ queues: ["converted"], consumers: "acknowledge", ordered: [false] }],
  conversions: [
    { type: "quorum", arguments: { "x-delivery-limit": -1 } },
    { type: "classic", arguments: { "x-delivery-limit": null } },
  ],
};

/** There and back. Its consumers are cancelled when it becomes a stream for the first time in a life. */
const toStream: Shape = {
  ...single("to-stream", 20_000),
  places: [
    { queues: ["to-stream"], consumers: "acknowledge", ordered: [false], becomesStream: true },
  ],
  conversions: [
    { type: "stream", arguments: {} },
    { type: "classic", arguments: {} },
    { type: "stream", arguments: {} },
    { type: "quorum", arguments: { "x-delivery-limit": -1 } },
    { type: "classic", arguments: { "x-delivery-limit": null } },
  ],
};

const RETRY_MS = 40;
const ATTEMPTS = 4;

/** Messages wait for their next delivery, and are dead after the last. */
function retried(name: string, source: Record<string, unknown>, waitMsMin: number): Shape {
  const shape = deadLettering(name, "none", source);
  const retries = { attempts: ATTEMPTS, waitMsMin };
  const place: Place = {
    ...{ queues: [name, `${name}-dead`], consumers: "fail", ordered: [false, false], retries },
  };
  return { ...shape, places: [place], bodyBytesMax: 20_000 };
}

export const shapes: readonly Shape[] = [
  single("classic", 3_000),
  single("large", 300_000),
  single("priorities", 2_000, { "x-max-priority": 4 }),
  deadLettering("rejected", "reject", {}),
  deadLettering("expired", "none", { "x-message-ttl": 150 }),
  deadLettering("overflow", "none", { "x-max-length": 40 }),
  fanout,
  single("quorum", 100_000, QUORUM),
  deadLettering("quorum-rejected", "reject", {
    ...QUORUM,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
  }),
  stream,
  delayed,
  deduplicatedExchange,
  { ...single("deduplicated-queue", 3_000, DROPS), dropsDuplicates: true },
  converted,
  toStream,
  retried(
    "retried",
    {
      ...{ "x-retry-initial-delay": RETRY_MS, "x-retry-multiplier": 3, "x-retry-jitter": 20 },
      "x-retry-max-attempts": ATTEMPTS,
    },
    RETRY_MS * 0.8,
  ),
  retried(
    "quorum-retried",
    {
      ...{ "x-queue-type": "quorum", "x-delivery-limit": ATTEMPTS - 1 },
      ...{ "x-delayed-retry-type": "all", "x-delayed-retry-min": RETRY_MS },
      "x-delayed-retry-max": 5 * RETRY_MS,
    },
    RETRY_MS,
  ),
];
