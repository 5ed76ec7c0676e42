// amqplib as the tests of features use it.

import amqplib from "amqplib";
import {
  type Client,
  type ConsumeOptions,
  type Got,
  type Inbox,
  inboxOf,
  isTimestamp,
  type PublishOptions,
  type Table,
} from "./client.ts";

export class AmqplibClient implements Client {
  readonly writesTimestamps = true;
  readonly #connection: amqplib.ChannelModel;
  #channel: amqplib.ConfirmChannel;
  #failure: Promise<Error>;
  readonly #inboxes = new Map<string, Inbox>();

  private constructor(connection: amqplib.ChannelModel, channel: amqplib.ConfirmChannel) {
    this.#connection = connection;
    this.#channel = channel;
    this.#failure = failureOf(channel);
  }

  static async connect(url: string): Promise<Client> {
    const connection = await amqplib.connect(url);
    connection.on("error", () => {});
    return new AmqplibClient(connection, await connection.createConfirmChannel());
  }

  async declareQueue(queue: string, options: Table = {}): Promise<void> {
    await this.#channel.assertQueue(queue, { arguments: table(options) });
  }

  async declareExchange(exchange: string, type: string, options: Table = {}): Promise<void> {
    await this.#channel.assertExchange(exchange, type, { arguments: table(options) });
  }

  async bind(exchange: string, queue: string, key: string, options: Table = {}): Promise<void> {
    await this.#channel.bindQueue(queue, exchange, key, table(options));
  }

  publish(exchange: string, key: string, body: string, options: PublishOptions = {}) {
    const sent = { ...options, headers: table(options.headers ?? {}), persistent: true };
    return new Promise<"confirmed" | "nacked">((resolve) => {
      this.#channel.publish(exchange, key, Buffer.from(body), sent, (error) =>
        resolve(error === null || error === undefined ? "confirmed" : "nacked"),
      );
    });
  }

  async get(queue: string): Promise<Got | undefined> {
    const message = await this.#channel.get(queue);
    return message === false ? undefined : gotFrom(message);
  }

  async ack(got: Got): Promise<void> {
    this.#channel.ack(messageOf(got));
  }
  async discard(got: Got): Promise<void> {
    this.#channel.reject(messageOf(got), false);
  }
  async giveBack(got: Got): Promise<void> {
    this.#channel.nack(messageOf(got), false, true);
  }
  async fail(got: Got): Promise<void> {
    this.#channel.reject(messageOf(got), true);
  }

  async prefetch(count: number): Promise<void> {
    await this.#channel.prefetch(count);
  }

  async consume(queue: string, tag: string, options: ConsumeOptions = {}): Promise<void> {
    const inbox = inboxOf(this.#inboxes, tag);
    const onMessage = (message: amqplib.ConsumeMessage | null) =>
      message === null ? inbox.cancel() : inbox.add(gotFrom(message));
    const { noAck = false } = options;
    await this.#channel.consume(queue, onMessage, {
      ...{ consumerTag: tag, noAck, arguments: table(options.arguments ?? {}) },
    });
  }

  take(tag: string, count: number): Promise<readonly Got[]> {
    return inboxOf(this.#inboxes, tag).take(count);
  }

  async cancel(tag: string): Promise<void> {
    await this.#channel.cancel(tag);
  }

  cancelled(tag: string): Promise<void> {
    return inboxOf(this.#inboxes, tag).cancelled();
  }

  async closed(): Promise<string> {
    const { message } = await this.#failure;
    this.#channel = await this.#connection.createConfirmChannel();
    this.#failure = failureOf(this.#channel);
    return message;
  }

  async end(): Promise<void> {
    await this.#connection.close();
  }
}

function failureOf(channel: amqplib.Channel): Promise<Error> {
  return new Promise((resolve) => channel.once("error", resolve));
}

function table(options: Table): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      isTimestamp(value) ? { "!": "timestamp", value: value.timestamp } : value,
    ]),
  );
}

function gotFrom({ content, fields, properties }: amqplib.Message): Got {
  return {
    body: String(content),
    headers: properties.headers ?? {},
    redelivered: fields.redelivered,
    deliveryTag: fields.deliveryTag,
  };
}

/** What amqplib looks at in a message that is settled. */
function messageOf({ deliveryTag }: Got): amqplib.Message {
  return { fields: { deliveryTag } } as amqplib.Message;
}
