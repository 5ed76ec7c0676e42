import { AssertionError } from "node:assert";
import amqplib from "amqplib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { durationMs } from "./duration.ts";
import { TestBroker } from "./index.ts";

let broker: TestBroker;
let channel: amqplib.ConfirmChannel;
let connection: amqplib.ChannelModel;

beforeEach(async () => {
  broker = await TestBroker.start();
  connection = await amqplib.connect(broker.url);
  connection.on("error", () => {});
  channel = await connection.createConfirmChannel();
  channel.on("error", () => {});
  await channel.assertExchange("orders", "topic");
  await channel.assertQueue("billing");
  await channel.bindQueue("billing", "orders", "order.#");
});
afterEach(() => broker.stop());

const order = (id: number, headers = {}) =>
  channel.publish("orders", "order.new", Buffer.from(JSON.stringify({ id, lines: [1, 2] })), {
    ...{ messageId: `m${id}`, persistent: true, headers },
  });
const complaint = (assertion: Promise<unknown>) =>
  assertion.then(
    () => "no complaint",
    (error: unknown) => {
      expect(error).toBeInstanceOf(AssertionError);
      return (error as Error).message;
    },
  );

test.each([
  [1500, 1500],
  ["1500", 1500],
  ["30m", 1_800_000],
  ["1d", 86_400_000],
])("%s is %d ms", (text, ms) => expect(durationMs(text)).toBe(ms));
test.each(["", "soon", "-1", -1, Number.NaN])("%s is no duration", (text) =>
  expect(() => durationMs(text)).toThrow(/is no duration/),
);

test("a client that wants heartbeats is not given up while hours pass", async () => {
  const url = new URL(broker.url);
  url.searchParams.set("heartbeat", "60");
  const patient = await amqplib.connect(url.href);
  await broker.clock.advance("3h");
  await (await patient.createChannel()).assertQueue("still here");
  await patient.close();
});

test("a burst is remembered whole", async () => {
  for (let i = 0; i < 6_000; i++) order(i);
  await channel.waitForConfirms();
  expect(await broker.exchange("orders").published()).toHaveLength(6_000);
});

describe("expectations", () => {
  test("a message in a queue is found by anything it has, and stays there", async () => {
    order(7, { "x-retries": 2, source: "web" });
    const message = await broker.queue("billing").expectMessage({
      ...{ json: { id: 7 }, routingKey: /^order\./, exchange: "orders", persistent: true },
      ...{ headers: { "x-retries": 2 }, messageId: "m7" },
    });
    expect(message.json).toEqual({ id: 7, lines: [1, 2] });
    expect(message.headers).toEqual({ "x-retries": 2, source: "web" });
    expect(await broker.queue("billing").messages()).toHaveLength(1);
    await broker.queue("billing").expectDepth(1);
  });

  test("a message that was consumed at once is found too, until it is forgotten", async () => {
    await channel.consume("billing", () => {}, { noAck: true });
    await broker.queue("billing").expectConsumers(1);
    order(8);
    await broker.queue("billing").expectMessage({ json: { id: 8 } });
    await broker.queue("billing").expectDepth(0);
    await broker.exchange("orders").expectPublished({ routingKey: "order.new" });
    broker.forget();
    expect(broker.exchange("orders").published()).toEqual([]);
    await broker.queue("billing").expectNoMessage();
  });

  test("what fails says what there was instead", async () => {
    order(9);
    await channel.waitForConfirms();
    const soon = { within: 20 };
    const { queue, exchange } = {
      queue: broker.queue("billing"),
      exchange: broker.exchange("orders"),
    };
    expect(await complaint(queue.expectMessage({ json: { id: 1 } }, soon))).toBe(
      'no message {"json":{"id":1}} came to queue \'billing\'; the last that did:\n' +
        `  orders "order.new" "{\\"id\\":9,\\"lines\\":[1,2]}"\n`.repeat(2).trimEnd(),
    );
    expect(await complaint(queue.expectNoMessage({ json: { id: 9 } }))).toContain(
      "should not have",
    );
    expect(await complaint(queue.expectDepth(3, soon))).toContain("has 1 ready");
    expect(await complaint(broker.queue("biling").expectMessage({}, soon))).toContain(
      "no queue 'biling' in vhost '/' (there are billing)",
    );
    expect(await complaint(exchange.expectPublished({ body: "x" }, soon))).toContain("order.new");
    expect(await complaint(broker.exchange("").expectPublished({}, soon))).toContain(
      "none ever was",
    );
  });
});

describe("snapshots", () => {
  test("bring back definitions and messages, exactly, any number of times", async () => {
    await channel.assertQueue("fleeting", { durable: false });
    channel.sendToQueue("fleeting", Buffer.alloc(200_000, "x"), { expiration: "60000" });
    order(1, { a: [1, "two"] });
    order(2);
    await channel.waitForConfirms();
    const before = await broker.queue("billing").messages();
    const snapshot = await broker.snapshot();
    for (let round = 0; round < 2; round++) {
      const closed = new Promise<Error>((resolve) => connection.once("close", resolve));
      await broker.restore(snapshot);
      expect(String(await closed)).toContain("320");
      connection = await amqplib.connect(broker.url);
      channel = await connection.createConfirmChannel();
      expect(await broker.queue("billing").messages()).toEqual(before);
      expect((await broker.queue("fleeting").messages())[0]?.body).toEqual(
        Buffer.alloc(200_000, "x"),
      );
      expect(broker.queue("other").exists).toBe(false);
      await channel.purgeQueue("billing");
      await channel.deleteQueue("fleeting");
      await channel.assertQueue("other");
    }
  });

  test("bring back what waits at an exchange, what a stream holds and what a consumer has", async () => {
    const type = { "x-delayed-type": "fanout" };
    await channel.assertExchange("later", "x-delayed-message", { arguments: type });
    await channel.bindQueue("billing", "later", "");
    await channel.assertQueue("events", { arguments: { "x-queue-type": "stream" } });
    channel.publish("later", "", Buffer.from("tomorrow"), { headers: { "x-delay": 86_400_000 } });
    channel.sendToQueue("events", Buffer.from("event"));
    order(1);
    await channel.waitForConfirms();
    await channel.get("billing");
    const snapshot = await broker.snapshot();
    for (let round = 0; round < 2; round++) {
      await broker.restore(snapshot);
      await broker.queue("events").expectMessage({ body: "event" });
      await broker.queue("billing").expectDepth(1);
      await broker.clock.advance("23h");
      await broker.queue("billing").expectNoMessage({ body: "tomorrow" });
      await broker.clock.advance("2h");
      await broker.queue("billing").expectDepth(2);
      broker.forget();
    }
  });
});

describe("time moves", () => {
  const names = async () =>
    (await broker.queue("late").messages()).map(({ body }) => body.toString()).join();

  test("delays, and waits for a retry", async () => {
    await channel.assertExchange("later", "x-delayed-message", {
      arguments: { "x-delayed-type": "fanout" },
    });
    await channel.assertQueue("late");
    await channel.bindQueue("late", "later", "");
    for (const [body, headers] of [
      ["in 2 h", { "x-delay": 7_200_000 }],
      ["in 1 h", { "x-deliver-at": broker.clock.now().getTime() + 3_600_000 }],
    ] as const) {
      channel.publish("later", "", Buffer.from(body), { headers });
    }
    await channel.waitForConfirms();
    await broker.clock.advance("59m");
    expect(await names()).toBe("");
    await broker.clock.advance("2m");
    expect(await names()).toBe("in 1 h");
    await broker.clock.advance("1h");
    expect(await names()).toBe("in 1 h,in 2 h");

    const hour = { "x-retry-initial-delay": 3_600_000, "x-retry-jitter": 0 };
    await channel.assertQueue("tried", { arguments: hour });
    channel.sendToQueue("tried", Buffer.from("again"));
    await channel.waitForConfirms();
    const first = await channel.get("tried");
    if (first === false) throw new Error("a message is there");
    channel.nack(first);
    await broker.clock.advance("59m");
    expect(await channel.get("tried")).toBe(false);
    await broker.clock.advance("2m");
    expect(await channel.get("tried")).toMatchObject({
      properties: { headers: { "x-delivery-count": 1 } },
    });
  });

  test("how long a key counts", async () => {
    await channel.assertQueue("once", {
      arguments: { "x-message-deduplication": true, "x-cache-ttl": 3_600_000 },
    });
    const send = () =>
      channel.sendToQueue("once", Buffer.from("x"), { headers: { "x-deduplication-header": "k" } });
    send();
    send();
    await channel.waitForConfirms();
    await broker.queue("once").expectDepth(1);
    await broker.clock.advance("61m");
    send();
    await broker.queue("once").expectDepth(2);
  });
});

describe("faults", () => {
  const within = async (promise: Promise<unknown>, ms: number) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve("late"), ms);
    });
    const first = await Promise.race([promise.then(() => "there"), late]);
    clearTimeout(timer);
    return first;
  };

  test("confirms that are held come when they are let go; the messages were there all along", async () => {
    broker.faults.holdConfirms(true);
    order(1);
    const confirmed = channel.waitForConfirms();
    await broker.queue("billing").expectDepth(1);
    expect(await within(confirmed, 50)).toBe("late");
    broker.faults.holdConfirms(false);
    await confirmed;
  });

  test("confirms held until the connection is cut are lost", async () => {
    const lost = new Promise((resolve) => connection.once("close", resolve));
    broker.faults.holdConfirms(true);
    order(1);
    const outcome = channel.waitForConfirms().then(
      () => "confirmed",
      () => "lost",
    );
    await broker.queue("billing").expectDepth(1);
    broker.faults.cutConnections();
    await lost;
    broker.faults.clear();
    expect(await outcome).toBe("lost");
  });

  test.each([
    ["blockPublishers", "low on memory"],
    ["fillDisk", "low on disk"],
  ] as const)("%s: publishers hear why and wait, consumers go on", async (fault, reason) => {
    order(1);
    await channel.waitForConfirms();
    const blocked = new Promise((resolve) => connection.once("blocked", resolve));
    const unblocked = new Promise((resolve) => connection.once("unblocked", resolve));
    broker.faults[fault](true);
    order(2);
    expect(await blocked).toBe(reason);
    await broker.queue("billing").expectNoMessage({ json: { id: 2 } });
    const consumer = await amqplib.connect(broker.url);
    const reading = await consumer.createChannel();
    expect(await reading.get("billing", { noAck: true })).toMatchObject({
      properties: { messageId: "m1" },
    });
    await consumer.close();
    broker.faults[fault](false);
    await unblocked;
    await broker.queue("billing").expectMessage({ json: { id: 2 } });
  });

  test("latency holds back what clients send, in order, and ends", async () => {
    broker.faults.latency("80ms");
    const startedMs = performance.now();
    for (let id = 0; id < 20; id++) order(id);
    // What is on its way keeps its place in front of what comes faster.
    await new Promise((resolve) => setTimeout(resolve, 20));
    broker.faults.latency(0);
    order(20);
    await channel.waitForConfirms();
    expect(performance.now() - startedMs).toBeGreaterThan(70);
    const messages = await broker.queue("billing").messages();
    expect(messages.map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 21 }, (_, id) => `m${id}`),
    );
  });

  test("connections are closed as an operator closes them", async () => {
    const closed = new Promise<Error>((resolve) => connection.once("close", resolve));
    expect(broker.faults.closeConnections("maintenance")).toBe(1);
    expect(String(await closed)).toContain("CONNECTION_FORCED - maintenance");
    expect(broker.connectionCount).toBe(0);
  });
});
