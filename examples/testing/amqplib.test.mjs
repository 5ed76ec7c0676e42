// vitest + amqplib: a service that retries a failed order after ten minutes, and gives up after the third time.

import amqplib from "amqplib";
import { TestBroker } from "leveret/testing";
import { afterEach, beforeEach, expect, test } from "vitest";

/** The program under test: rejected orders wait in "orders.later" and come back ten minutes later. */
async function startOrderService(url, handle) {
  const connection = await amqplib.connect(url);
  const channel = await connection.createChannel();
  await channel.assertQueue("orders.failed");
  await channel.assertQueue("orders.later", {
    ...{ messageTtl: 600_000, deadLetterExchange: "", deadLetterRoutingKey: "orders" },
  });
  await channel.assertQueue("orders", {
    ...{ deadLetterExchange: "", deadLetterRoutingKey: "orders.later" },
  });
  await channel.consume("orders", async (message) => {
    const deaths = message.properties.headers["x-death"] ?? [];
    const failures = deaths.find(({ reason }) => reason === "rejected")?.count ?? 0;
    try {
      await handle(JSON.parse(message.content));
      channel.ack(message);
    } catch {
      if (failures < 2) return channel.nack(message, false, false);
      channel.sendToQueue("orders.failed", message.content);
      channel.ack(message);
    }
  });
  return channel;
}

let broker;
beforeEach(async () => {
  broker = await TestBroker.start();
});
afterEach(() => broker.stop());

test("an order that fails is tried again ten minutes later, three times in all", async () => {
  const tried = [];
  const channel = await startOrderService(broker.url, (order) => {
    tried.push(order.id);
    throw new Error("the warehouse is closed");
  });
  channel.sendToQueue("orders", Buffer.from('{"id":7}'));

  await broker.queue("orders.later").expectDepth(1);
  await broker.clock.advance("9m");
  expect(tried).toEqual([7]);
  await broker.clock.advance("1m");
  await expect.poll(() => tried).toEqual([7, 7]);
  await broker.queue("orders.later").expectDepth(1);
  await broker.clock.advance("10m");
  await broker.queue("orders.failed").expectMessage({ json: { id: 7 } });
  expect(tried).toEqual([7, 7, 7]);
  await broker.queue("orders").expectDepth(0);
});
