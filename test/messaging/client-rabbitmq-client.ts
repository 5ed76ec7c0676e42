// rabbitmq-client as the tests of features use it.

import { type AsyncMessage, type Channel, Connection, type SyncMessage } from "rabbitmq-client";
import {
  type Client,
  type ConsumeOptions,
  type Got,
  type Inbox,
  inboxOf,
  type PublishOptions,
  type Table,
} from "./client.ts";

export class RabbitmqClient implements Client {
  readonly writesTimestamps = false;
  readonly #connection: Connection;
  #channel: Channel;
  /** What the channel was closed for; it has no listener for that where nobody waits for an answer. */
  #failure: Error | undefined = undefined;
  #ended: Promise<void>;
  readonly #inboxes = new Map<string, Inbox>();

  private constructor(connection: Connection, channel: Channel) {
    this.#connection = connection;
    this.#channel = channel;
    this.#ended = this.#listen(channel);
    connection.on("error", (error) => {
      this.#failure = error;
    });
  }

  static async connect(url: string): Promise<Client> {
    const connection = new Connection(url);
    const channel = await connection.acquire();
    await channel.confirmSelect();
    return new RabbitmqClient(connection, channel);
  }

  async declareQueue(queue: string, options: Table = {}): Promise<void> {
    const declared = { queue, durable: true, arguments: table(options) };
    await this.#noting(this.#channel.queueDeclare(declared));
  }

  async declareExchange(exchange: string, type: string, options: Table = {}): Promise<void> {
    const declared = { exchange, type, durable: true, arguments: table(options) };
    await this.#channel.exchangeDeclare(declared);
  }

  async bind(exchange: string, queue: string, key: string, options: Table = {}): Promise<void> {
    const bound = { exchange, queue, routingKey: key, arguments: table(options) };
    await this.#channel.queueBind(bound);
  }

  async publish(exchange: string, key: string, body: string, options: PublishOptions = {}) {
    const headers = table(options.headers ?? {});
    const envelope = { ...options, headers, exchange, routingKey: key, durable: true };
    try {
      await this.#channel.basicPublish(envelope, body);
      return "confirmed";
    } catch {
      return "nacked";
    }
  }

  async get(queue: string): Promise<Got | undefined> {
    const message = await this.#channel.basicGet({ queue });
    return message === undefined ? undefined : gotFrom(message);
  }

  async ack({ deliveryTag }: Got): Promise<void> {
    this.#channel.basicAck({ deliveryTag });
  }
  async discard({ deliveryTag }: Got): Promise<void> {
    this.#channel.basicNack({ deliveryTag, requeue: false });
  }
  async giveBack({ deliveryTag }: Got): Promise<void> {
    this.#channel.basicNack({ deliveryTag, requeue: true });
  }
  /** It has no basic.reject. */
  async fail(): Promise<void> {
    await this.#channel.close();
    await this.#renew();
  }

  async prefetch(prefetchCount: number): Promise<void> {
    await this.#channel.basicQos({ prefetchCount });
  }

  async consume(queue: string, tag: string, options: ConsumeOptions = {}): Promise<void> {
    const inbox = inboxOf(this.#inboxes, tag);
    const { noAck = false } = options;
    const consumed = { queue, consumerTag: tag, noAck, arguments: table(options.arguments ?? {}) };
    const onMessage = (message: AsyncMessage) => inbox.add(gotFrom(message));
    await this.#noting(this.#channel.basicConsume(consumed, onMessage));
  }

  take(tag: string, count: number): Promise<readonly Got[]> {
    return inboxOf(this.#inboxes, tag).take(count);
  }

  async cancel(tag: string): Promise<void> {
    await this.#channel.basicCancel(tag);
  }

  cancelled(tag: string): Promise<void> {
    return inboxOf(this.#inboxes, tag).cancelled();
  }

  async closed(): Promise<string> {
    await this.#ended;
    await this.#renew();
    return this.#failure?.message ?? "closed for no reason";
  }

  async end(): Promise<void> {
    await this.#channel.close();
    await this.#connection.close();
  }

  async #noting(asked: Promise<unknown>): Promise<void> {
    try {
      await asked;
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
  }

  async #renew(): Promise<void> {
    this.#channel = await this.#connection.acquire();
    await this.#channel.confirmSelect();
    this.#ended = this.#listen(this.#channel);
  }

  #listen(channel: Channel): Promise<void> {
    channel.on("basic.cancel", (tag) => inboxOf(this.#inboxes, tag).cancel());
    return new Promise((resolve) => channel.once("close", resolve));
  }
}

function table(options: Table): Record<string, unknown> {
  return { ...options };
}

function gotFrom(message: AsyncMessage | SyncMessage): Got {
  const { body, headers = {}, redelivered, deliveryTag } = message;
  return { body: String(body), headers, redelivered, deliveryTag };
}
