// What clients do until the broker is gone: publish with confirms, acknowledge, reject, hold back. Everything they
// learn goes to the ledgers.

import { setTimeout as sleep } from "node:timers/promises";
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from "amqplib";
import { BODY_BYTES_MIN, bodyOf, idOf } from "./bodies.ts";
import type { Chance } from "./chance.ts";
import { conversions } from "./converting.ts";
import { Keys } from "./keys.ts";
import { Ledger } from "./ledger.ts";
import type { Shape } from "./shapes.ts";

/** Confirmed on their own after acknowledgements: what came before them on the connection is on disk then. */
export const MARKER_QUEUE = "markers";
const PUBLISHERS = 2;
const WINDOW = 128;
const BACKLOG_MESSAGES_MAX = 1_200;
const BACKLOG_BYTES_MAX = 10_000_000;
const PREFETCH = 60;

/** A shape with what is known about its messages: a ledger for each place. */
export interface Known {
  readonly shape: Shape;
  readonly ledgers: readonly Ledger[];
  /** Of a shape that drops duplicates. */
  readonly keys: Keys | undefined;
}

/** Nothing is known yet. */
export function knownOf(shape: Shape): Known {
  const ledgers = shape.places.map((place) => new Ledger(place));
  return { shape, ledgers, keys: shape.dropsDuplicates === true ? new Keys() : undefined };
}

export interface WorkloadOptions {
  readonly port: number;
  readonly httpPort: number;
  readonly chance: Chance;
  readonly known: readonly Known[];
  readonly nextId: () => number;
  /** Publishers send as much as they can, and larger bodies: the log turns over. */
  readonly isHeavy: boolean;
}

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #connections: ChannelModel[] = [];
  #ended = false;
  /** Something no client may see. */
  readonly faults: string[] = [];
  confirmedCount = 0;
  /** Of these: copies that nobody may see. */
  copies = 0;
  conversions = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  /** Resolves when everybody works. Rejects only when the broker is gone already. */
  async start(): Promise<void> {
    const { known } = this.#options;
    const consumers = await this.#connect();
    const read = known
      .flatMap(({ ledgers }) => ledgers)
      .filter(({ place }) => place.consumers !== "none");
    await Promise.all(read.map((ledger) => this.#startConsumer(consumers, ledger)));
    for (const { shape } of known) void this.#convert(shape);
    for (let i = 0; i < PUBLISHERS; i++) {
      const connection = await this.#connect();
      for (const each of known) void this.#runPublisher(connection, each, i);
    }
  }

  /** To be called when the broker is gone. */
  end(): void {
    this.#ended = true;
    for (const connection of this.#connections) void connection.close().catch(() => {});
  }

  async #connect(): Promise<ChannelModel> {
    const connection = await connect({ port: this.#options.port, heartbeat: 0 });
    this.#connections.push(connection);
    connection.on("error", () => {});
    connection.on("close", () => {
      this.#ended = true;
    });
    return connection;
  }

  async #openChannel(connection: ChannelModel): Promise<ConfirmChannel> {
    const channel = await connection.createConfirmChannel();
    channel.on("error", (error: Error) =>
      this.faults.push(`a channel was closed: ${error.message}`),
    );
    return channel;
  }

  async #convert(shape: Shape): Promise<void> {
    const { httpPort, chance } = this.#options;
    try {
      for await (const _ of conversions(httpPort, chance, shape)) {
        this.conversions++;
        if (this.#ended) break;
      }
    } catch (error) {
      this.faults.push(`${shape.name}: ${(error as Error).message}`);
    }
  }

  // ---- publishers ---------------------------------------------------------------------------------------------

  async #runPublisher(connection: ChannelModel, known: Known, producer: number): Promise<void> {
    const { chance, isHeavy } = this.#options;
    const { shape, ledgers } = known;
    const backlogMax = Math.min(BACKLOG_MESSAGES_MAX, BACKLOG_BYTES_MAX / shape.bodyBytesMax);
    try {
      const channel = await this.#openChannel(connection);
      const window = { open: 0 };
      while (!this.#ended) {
        const isFull = ledgers.some(({ size }) => size > backlogMax);
        if (window.open >= WINDOW || isFull) {
          await sleep(2);
          continue;
        }
        for (let i = chance.between(1, isHeavy ? 20 : 8); i > 0; i--) {
          this.#publish(channel, known, producer, window);
        }
        await (chance.happens(0.7) ? new Promise(setImmediate) : sleep(chance.between(0, 8)));
      }
    } catch {
      // The broker is gone.
    }
  }

  #publish(
    channel: ConfirmChannel,
    { shape, ledgers, keys }: Known,
    producer: number,
    window: { open: number },
  ): void {
    const { chance, nextId, isHeavy } = this.#options;
    const id = nextId();
    const priority = shape.priorityMax === 0 ? 0 : chance.between(0, shape.priorityMax);
    const isLarge = chance.happens(isHeavy ? 0.5 : 0.05);
    const sizeBytes = chance.between(BODY_BYTES_MIN, isLarge ? shape.bodyBytesMax : 400);
    const key = keys?.choose(chance, id, ledgers[0] as Ledger);
    const isCopy = key?.isKnown === true;
    const delayMs = shape.delaysMs === undefined ? 0 : chance.pick(shape.delaysMs);
    const notBeforeMs = Date.now() + delayMs;
    for (const ledger of ledgers) {
      if (isCopy) ledger.refused(id);
      else ledger.sent(id, producer, priority, notBeforeMs);
    }
    window.open++;
    const options = {
      ...{ persistent: true, messageId: String(id) },
      ...(shape.priorityMax === 0 ? {} : { priority }),
      ...(key === undefined ? {} : { headers: { "x-deduplication-header": key.key } }),
      ...(delayMs === 0 ? {} : { headers: delayHeader(chance, delayMs, notBeforeMs) }),
    };
    channel.publish(shape.exchange, shape.routingKey, bodyOf(id, sizeBytes), options, (error) => {
      window.open--;
      if (error === null || error === undefined) {
        this.confirmedCount++;
        if (isCopy) this.copies++;
        // A copy does not make its key younger: the broker forgets the oldest by when it saw each first.
        else if (key !== undefined) keys?.confirmed(key.key);
        for (const ledger of ledgers) ledger.confirmed(id);
      } else if (error.message === "message nacked") {
        for (const ledger of ledgers) ledger.refused(id);
      }
    });
  }

  // ---- consumers ----------------------------------------------------------------------------------------------

  async #startConsumer(connection: ChannelModel, ledger: Ledger): Promise<void> {
    const channel = await this.#openChannel(connection);
    await channel.prefetch(PREFETCH);
    const held: { message: ConsumeMessage; id: number }[] = [];
    const [queue] = ledger.place.queues;
    await channel.consume(queue as string, (message) => {
      if (message === null) return;
      try {
        const id = idOf(message.content);
        const fault = ledger.delivered(id, deliveryCountOf(message), Date.now());
        if (fault !== undefined) this.faults.push(`${queue}: ${fault}`);
        held.push({ message, id });
      } catch (error) {
        this.faults.push(`${queue}: ${(error as Error).message}`);
      }
    });
    void this.#settle(channel, ledger, held);
    void this.#mark(channel, ledger);
  }

  /** Acknowledges most, returns some, keeps some for long. */
  async #settle(
    channel: ConfirmChannel,
    ledger: Ledger,
    held: { message: ConsumeMessage; id: number }[],
  ): Promise<void> {
    const { chance } = this.#options;
    const pauseMs = chance.pick([0, 1, 5, 30]);
    try {
      while (!this.#ended) {
        await sleep(pauseMs);
        if (held.length === 0) continue;
        if (chance.happens(0.1)) {
          // All up to one of them at once.
          const several = held.splice(0, chance.between(1, held.length));
          channel.ack((several.at(-1) as { message: ConsumeMessage }).message, true);
          for (const { id } of several) ledger.settled(id);
          continue;
        }
        // Some wait for a long time while others behind them are done.
        const from = chance.happens(0.2) ? chance.between(0, held.length - 1) : 0;
        for (const { message, id } of held.splice(from, chance.between(1, 10))) {
          this.#settleOne(channel, ledger, message, id);
        }
      }
    } catch {
      // The channel is gone.
    }
  }

  #settleOne(channel: ConfirmChannel, ledger: Ledger, message: ConsumeMessage, id: number): void {
    const { chance } = this.#options;
    const { consumers, retries } = ledger.place;
    if (retries !== undefined && consumers === "fail" && chance.happens(0.5)) {
      channel.reject(message, true);
      ledger.failed(id, Date.now() + retries.waitMsMin);
    } else if (chance.happens(0.05)) {
      channel.nack(message, false, true);
    } else if (consumers === "reject" && chance.happens(0.7)) {
      channel.nack(message, false, false);
      ledger.moved(id);
    } else {
      channel.ack(message);
      ledger.settled(id);
    }
  }

  /** Two confirms, one after the other, behind what the consumer has said. */
  async #mark(channel: ConfirmChannel, ledger: Ledger): Promise<void> {
    try {
      while (!this.#ended) {
        const news = ledger.takeNews();
        await publishConfirmed(channel);
        await publishConfirmed(channel);
        ledger.certain(news);
        await sleep(20);
      }
    } catch {
      // The channel is gone.
    }
  }
}

export function publishConfirmed(channel: ConfirmChannel): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.publish("", MARKER_QUEUE, Buffer.alloc(1), { persistent: true }, (error) =>
      error === null || error === undefined ? resolve() : reject(error as Error),
    );
  });
}

/** One of the two ways to ask for it. */
function delayHeader(chance: Chance, delayMs: number, dueAtMs: number): Record<string, number> {
  return chance.happens(0.5) ? { "x-delay": delayMs } : { "x-deliver-at": dueAtMs };
}

function deliveryCountOf({ properties }: ConsumeMessage): number {
  return Number(properties.headers?.["x-delivery-count"] ?? 0);
}
