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
  /** Whether what was declared behaves as this row expects; a broker without it is not asked for it. */
  isThere?(channel: Channel): Promise<boolean>;
}

export interface Place {
  /** The first is where messages arrive. */
  readonly queues: readonly string[];
  /** What consumers do, besides acknowledging. */
  readonly consumers: "none" | "acknowledge" | "reject";
  /** False where messages arrive in an order of their own (of their deaths). */
  readonly ordered: readonly boolean[];
  /** Reading removes nothing, and everything is read from the start. */
  readonly isStream?: boolean;
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
];
