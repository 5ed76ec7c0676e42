// Brokers embedded in a program, with a client library of the other side.

import amqplib from "amqplib";
import { expect, test } from "vitest";
import { Leveret, type LogLevel } from "./index.ts";

test("a broker is started, used by its URL, and stopped", async () => {
  const broker = await Leveret.start({ port: 0 });
  const connection = await amqplib.connect(broker.url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue("tasks", { durable: true });
  channel.sendToQueue("tasks", Buffer.from("one"), { persistent: true });
  await channel.waitForConfirms();
  const message = await channel.get("tasks", { noAck: true });
  expect(message && message.content.toString()).toBe("one");
  const closed = new Promise<Error>((resolve) => connection.once("close", resolve));
  await broker.stop();
  expect((await closed).message).toContain("320");
  await expect(amqplib.connect(broker.url)).rejects.toThrow("ECONNREFUSED");
});

test("brokers in one process share nothing", async () => {
  const brokers = await Promise.all(Array.from({ length: 5 }, () => Leveret.start()));
  expect(new Set(brokers.map((broker) => broker.port)).size).toBe(5);
  const connections = await Promise.all(brokers.map((broker) => amqplib.connect(broker.url)));
  for (const [index, connection] of connections.entries()) {
    const channel = await connection.createChannel();
    await channel.assertQueue(`only-${index}`);
  }
  const channel = await (connections[0] as amqplib.ChannelModel).createChannel();
  channel.on("error", () => {});
  await expect(channel.checkQueue("only-1")).rejects.toThrow("NOT_FOUND");
  // One going down leaves the others as they are.
  const [first, ...others] = brokers;
  await first?.stop();
  const again = await (connections[1] as amqplib.ChannelModel).createChannel();
  expect((await again.checkQueue("only-1")).messageCount).toBe(0);
  await Promise.all(others.map((broker) => broker.stop()));
});

test("settings are rabbitmq.conf's; what is wrong with them is one sentence", async () => {
  const broker = await Leveret.start({ settings: { default_user: "me", default_pass: "secret" } });
  const url = new URL(broker.url);
  expect([url.username, url.password]).toEqual(["me", "secret"]);
  await (await amqplib.connect(broker.url)).close();
  await expect(Leveret.start({ settings: { heartbeet: "1" } })).rejects.toThrow("heartbeet");
  await expect(Leveret.start({ port: broker.port })).rejects.toThrow(String(broker.port));
  await broker.stop();
});

test("a log hears about connections", async () => {
  const lines: [LogLevel, string][] = [];
  const broker = await Leveret.start({
    log: { write: (level, _category, text) => void lines.push([level, text]) },
  });
  await (await amqplib.connect(broker.url)).close();
  await broker.stop();
  expect(lines.some(([, text]) => text.includes("user 'guest' authenticated"))).toBe(true);
  expect(lines.filter(([level]) => level === "error")).toEqual([]);
});

test("stopping twice, and stopping while clients work, is harmless", async () => {
  const broker = await Leveret.start();
  const connection = await amqplib.connect(broker.url);
  connection.on("error", () => {});
  const channel = await connection.createChannel();
  channel.on("error", () => {});
  const { queue } = await channel.assertQueue("");
  await channel.consume(queue, () => {}, { noAck: true });
  for (let i = 0; i < 1000; i++) channel.sendToQueue(queue, Buffer.alloc(1000));
  await Promise.all([broker.stop(), broker.stop()]);
  await broker.stop();
});
