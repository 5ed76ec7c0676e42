// Looking at the broker over AMQP, to see whether what was done in the pages is so.

import { type Channel, type ChannelModel, connect, type GetMessage, type Options } from "amqplib";

/** Looks, 50 ms apart, for something that comes soon unless it never does. */
const ATTEMPTS_MAX = 200;

export interface Client {
  readonly connection: ChannelModel;
  readonly channel: Channel;
  readonly close: () => Promise<void>;
}

/** A connection with one channel, whose errors are left to the calls they end. */
export async function openClient(
  url: string,
  name?: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Client> {
  const properties = name === undefined ? more : { ...more, connection_name: name };
  const connection = await connect(url, { clientProperties: properties });
  connection.on("error", () => {});
  const channel = await connection.createChannel();
  channel.on("error", () => {});
  return { connection, channel, close: () => connection.close().catch(() => {}) };
}

/** What a refused call says; undefined when it was not refused. Uses a channel of its own. */
export async function refusal(
  client: Client,
  call: (channel: Channel) => Promise<unknown>,
): Promise<string | undefined> {
  const channel = await client.connection.createChannel();
  channel.on("error", () => {});
  try {
    await call(channel);
    await channel.close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Takes one message, waiting a little for it; throws when none comes. */
export async function take(client: Client, queue: string): Promise<GetMessage> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const message = await client.channel.get(queue, { noAck: true });
    if (message !== false) return message;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing came to ${queue}`);
}

/** Ready messages in a queue. */
export async function ready(client: Client, queue: string): Promise<number> {
  return (await client.channel.checkQueue(queue)).messageCount;
}

/** Publishes so many messages straight into a queue, numbered from 0. */
export async function fill(
  client: Client,
  queue: string,
  count: number,
  options: Options.Publish = {},
): Promise<void> {
  const confirming = await client.connection.createConfirmChannel();
  for (let index = 0; index < count; index++) {
    confirming.sendToQueue(queue, Buffer.from(JSON.stringify({ number: index })), {
      persistent: true,
      contentType: "application/json",
      ...options,
    });
  }
  await confirming.waitForConfirms();
  await confirming.close();
}

/** Waits until so many messages are ready; throws when it takes too long. */
export async function reaches(client: Client, queue: string, count: number): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if ((await ready(client, queue)) === count) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${queue} never had ${count} messages`);
}
