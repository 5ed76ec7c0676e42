import amqplib from "amqplib";
import { afterEach, describe, expect, test } from "vitest";
import { TestBroker } from "./index.ts";

let broker: TestBroker;
afterEach(() => broker?.stop());

async function channelOf(url: string): Promise<amqplib.Channel> {
  const connection = await amqplib.connect(url);
  connection.on("error", () => {});
  return connection.createChannel();
}

async function depth(channel: amqplib.Channel, queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount;
}

describe("TestBroker", () => {
  test("hours pass at once: messages expire in order and are dead-lettered", async () => {
    broker = await TestBroker.start();
    const channel = await channelOf(broker.url);
    await channel.assertQueue("late");
    await channel.assertQueue("waiting", {
      messageTtl: 3_600_000,
      deadLetterExchange: "",
      deadLetterRoutingKey: "late",
    });
    channel.sendToQueue("waiting", Buffer.from("soon"), { expiration: "60000" });
    channel.sendToQueue("waiting", Buffer.from("later"));
    expect(await depth(channel, "waiting")).toBe(2);
    await broker.clock.advance(59_000);
    expect(await depth(channel, "waiting")).toBe(2);
    await broker.clock.advance("2s");
    expect(await depth(channel, "late")).toBe(1);
    await broker.clock.advance("1h");
    expect(await depth(channel, "waiting")).toBe(0);
    const bodies = [await channel.get("late"), await channel.get("late")];
    expect(bodies.map((message) => message && message.content.toString())).toEqual([
      "soon",
      "later",
    ]);
  });

  test("unused queues expire, and connections outlive the hours", async () => {
    broker = await TestBroker.start();
    const channel = await channelOf(broker.url);
    await channel.assertQueue("short-lived", { expires: 86_400_000 });
    await broker.clock.advance(86_400_000 - 1_000);
    await broker.clock.advance(2_000);
    const probe = await channelOf(broker.url);
    probe.on("error", () => {});
    await expect(probe.checkQueue("short-lived")).rejects.toThrow("NOT_FOUND");
    await channel.assertQueue("still-connected");
  });

  test("a delivery that is not acknowledged for half an hour closes its channel, and is there for others", async () => {
    broker = await TestBroker.start();
    const channel = await channelOf(broker.url);
    const closed = new Promise<Error>((resolve) => channel.once("error", resolve));
    await channel.assertQueue("patient");
    channel.sendToQueue("patient", Buffer.from("x"));
    await channel.consume("patient", () => {});
    await broker.queue("patient").expectMessage();
    await broker.clock.advance("29m");
    expect(broker.queue("patient").unacknowledged).toBe(1);
    await broker.clock.advance("2m");
    expect(String(await closed)).toContain(
      "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out",
    );
    await broker.queue("patient").expectDepth(1);
    expect(broker.queue("patient").ready).toBe(1);
  });

  test("connections are cut without a word, and refused while told so", async () => {
    broker = await TestBroker.start();
    const connection = await amqplib.connect(broker.url);
    const lost = new Promise<Error | undefined>((resolve) => connection.once("close", resolve));
    connection.on("error", () => {});
    broker.faults.refuseConnections(true);
    expect(broker.faults.cutConnections()).toBe(1);
    expect(String(await lost)).not.toContain("320");
    await expect(amqplib.connect(broker.url)).rejects.toThrow();
    broker.faults.refuseConnections(false);
    await (await amqplib.connect(broker.url)).close();
  });

  test("heartbeats can be asked for, and then a client that is silent too long is dropped", async () => {
    broker = await TestBroker.start({ settings: { heartbeat: "30" } });
    const connection = await amqplib.connect(`${broker.url}?heartbeat=30`);
    const closed = new Promise((resolve) => connection.once("close", resolve));
    connection.on("error", () => {});
    await broker.clock.advance("2m");
    await closed;
  });
});
