// A small shop whose programs run against the broker while the pages are looked at: every kind of exchange and
// queue, consumers that acknowledge, refuse and hold messages, dead letters, and messages that go nowhere.

import {
  type Channel,
  type ChannelModel,
  type ConsumeMessage,
  connect,
  type Options,
} from "amqplib";

export interface Traffic {
  /** Messages published so far. */
  readonly published: () => number;
  readonly stop: () => Promise<void>;
}

export const SHOP = {
  orders: "shop.orders",
  events: "shop.events",
  byHeader: "shop.by-header",
  unrouted: "shop.unrouted",
  deadLetters: "shop.dead-letters",
  newOrders: "orders.new",
  email: "orders.email",
  audit: "orders.audit",
  stream: "orders.stream",
  urgent: "orders.urgent",
  dead: "orders.dead",
  lost: "orders.lost",
  germany: "orders.germany",
} as const;

/** Declares the shop and starts its programs; `perSecond` messages are published each second. */
export async function startTraffic(url: string, perSecond = 40): Promise<Traffic> {
  const setUp = await open(url, "shop-set-up");
  await declareShop(await setUp.createChannel());
  await setUp.close();
  const consumers = await open(url, "order-worker");
  await startConsumers(consumers);
  const publisher = await open(url, "order-service");
  const channel = await publisher.createConfirmChannel();
  let count = 0;
  const timer = setInterval(() => {
    for (let index = 0; index < Math.ceil(perSecond / 10); index++) publishOrder(channel, count++);
  }, 100);
  return {
    published: () => count,
    stop: async () => {
      clearInterval(timer);
      await publisher.close().catch(ignore);
      await consumers.close().catch(ignore);
    },
  };
}

/** Removes what the shop declared. */
export async function removeShop(url: string): Promise<void> {
  const connection = await open(url, "shop-set-up");
  const channel = await connection.createChannel();
  for (const name of Object.values(SHOP)) {
    if (name.startsWith("orders.")) await channel.deleteQueue(name);
    else await channel.deleteExchange(name);
  }
  await connection.close();
}

async function open(url: string, name: string): Promise<ChannelModel> {
  const connection = await connect(url, { clientProperties: { connection_name: name } });
  connection.on("error", ignore);
  return connection;
}

function ignore(): void {}

async function declareShop(channel: Channel): Promise<void> {
  const x = SHOP;
  await channel.assertExchange(x.unrouted, "fanout", { durable: true });
  await channel.assertExchange(x.deadLetters, "direct", { durable: true });
  await channel.assertExchange(x.events, "fanout", { durable: true });
  await channel.assertExchange(x.byHeader, "headers", { durable: true });
  const orders = { durable: true, alternateExchange: x.unrouted };
  await channel.assertExchange(x.orders, "topic", orders);
  await channel.assertQueue(x.newOrders, { durable: true, ...deadLetters("new") });
  await channel.assertQueue(x.email, { durable: true, messageTtl: 4000, ...deadLetters("email") });
  await channel.assertQueue(x.audit, withType("quorum"));
  await channel.assertQueue(x.stream, withType("stream"));
  await channel.assertQueue(x.urgent, { durable: true, maxPriority: 5 });
  for (const name of [x.dead, x.lost, x.germany])
    await channel.assertQueue(name, { durable: true });
  await channel.bindQueue(x.newOrders, x.orders, "order.*.new");
  await channel.bindQueue(x.email, x.orders, "order.#");
  await channel.bindQueue(x.urgent, x.orders, "order.*.urgent");
  await channel.bindExchange(x.events, x.orders, "#");
  await channel.bindExchange(x.byHeader, x.events, "");
  await channel.bindQueue(x.audit, x.events, "");
  await channel.bindQueue(x.stream, x.events, "");
  await channel.bindQueue(x.germany, x.byHeader, "", { "x-match": "all", country: "de" });
  await channel.bindQueue(x.lost, x.unrouted, "");
  await channel.bindQueue(x.dead, x.deadLetters, "new");
  await channel.bindQueue(x.dead, x.deadLetters, "email");
}

function deadLetters(routingKey: string): Options.AssertQueue {
  return { deadLetterExchange: SHOP.deadLetters, deadLetterRoutingKey: routingKey };
}

function withType(type: string): Options.AssertQueue {
  return { durable: true, arguments: { "x-queue-type": type } };
}

const COUNTRIES = ["de", "fr", "jp", "br"];

function publishOrder(channel: Channel, number: number): void {
  const country = COUNTRIES[number % COUNTRIES.length] ?? "de";
  const kind = number % 10 === 0 ? "urgent" : "new";
  const lost = number % 50 === 0;
  const order = { orderId: number, country, total: (number % 90) + 0.5, items: [{ sku: "A12" }] };
  channel.publish(SHOP.orders, lost ? "invoice.new" : `order.${country}.${kind}`, json(order), {
    persistent: true,
    contentType: "application/json",
    messageId: `order-${number}`,
    appId: "order-service",
    priority: number % 6,
    headers: { country, "x-attempt": 1 },
  });
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** One worker refuses every 20th order, one only takes from the audit, one holds on to what it got. */
async function startConsumers(connection: ChannelModel): Promise<void> {
  const worker = await connection.createChannel();
  await worker.prefetch(20);
  await worker.consume(SHOP.newOrders, refusingSome(worker), { consumerTag: "order-worker-1" });
  const audit = await connection.createChannel();
  await audit.prefetch(50);
  const takeAudit = (message: ConsumeMessage | null): void => {
    if (message !== null) audit.ack(message);
  };
  await audit.consume(SHOP.audit, takeAudit, { consumerTag: "auditor" });
  const holder = await connection.createChannel();
  await holder.prefetch(3);
  await holder.consume(SHOP.germany, ignore, { consumerTag: "slow-worker" });
  const reader = await connection.createChannel();
  await reader.prefetch(100);
  const read = (message: ConsumeMessage | null): void => {
    if (message !== null) reader.ack(message);
  };
  await reader.consume(SHOP.stream, read, {
    consumerTag: "stream-reader",
    arguments: { "x-stream-offset": "first" },
  });
}

function refusingSome(channel: Channel): (message: ConsumeMessage | null) => void {
  let taken = 0;
  return (message) => {
    if (message === null) return;
    taken++;
    if (taken % 20 === 0) channel.nack(message, false, false);
    else channel.ack(message);
  };
}
