// What is special about quorum queues, as three clients see it, with a broker whose clock the test holds.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestBroker } from "../../src/testing/index.ts";
import type { Client, Table } from "./client.ts";
import { clients, getSoon, refusal } from "./clients.ts";

const QUORUM = { "x-queue-type": "quorum" };
const TO_DEAD = { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" };

describe.each(clients)("%s", (_name, isThere, connect) => {
  let broker: TestBroker;
  let client: Client;

  beforeEach(async (context) => {
    if (!isThere) context.skip();
    broker = await TestBroker.start();
    client = await connect(broker.url);
  });
  afterEach(async () => {
    await client?.end();
    await broker?.stop();
  });

  const send = (queue: string, body: string, options = {}) =>
    client.publish("", queue, body, options);

  test.each([
    ["x-max-priority", { "x-max-priority": 5 }, /invalid arg 'x-max-priority' for queue 'q'/],
    ["x-queue-mode", { "x-queue-mode": "lazy" }, /invalid arg 'x-queue-mode'/],
  ])("%s is refused with 406", async (_what, options: Table, text) => {
    const message = await refusal(client.declareQueue("q", { ...QUORUM, ...options }));
    expect(message).toMatch(text);
    expect(message).toMatch(/406|PRECONDITION_FAILED/);
    await client.closed();
  });

  test("20 deliveries in vain are the limit, and each tells how many there were", async () => {
    await client.declareQueue("dead");
    await client.declareQueue("q", { ...QUORUM, ...TO_DEAD });
    expect(await send("q", "poison")).toBe("confirmed");
    for (let count = 0; count <= 20; count++) {
      const got = await getSoon(client, "q");
      expect(got.headers["x-delivery-count"] ?? 0).toBe(count);
      expect(got.redelivered).toBe(count > 0);
      await client.fail(got);
    }
    const dead = await getSoon(client, "dead");
    expect(dead.headers["x-first-death-reason"]).toBe("delivery_limit");
    expect(await client.get("q")).toBeUndefined();
  });

  test("x-delivery-limit: fewer are enough; what is given back is not counted", async () => {
    await client.declareQueue("q", { ...QUORUM, "x-delivery-limit": 1 });
    await send("q", "x");
    for (let i = 0; i < 3; i++) await client.giveBack(await getSoon(client, "q"));
    await client.fail(await getSoon(client, "q"));
    await client.fail(await getSoon(client, "q"));
    await broker.queue("q").expectDepth(0);
  });

  test("the highest priority goes first, whatever waits below", async () => {
    await client.declareQueue("q", QUORUM);
    await send("q", "low", { priority: 1 });
    await send("q", "high", { priority: 9 });
    await send("q", "higher", { priority: 20 });
    const bodies: string[] = [];
    for (let i = 0; i < 3; i++) bodies.push((await getSoon(client, "q")).body);
    expect(bodies).toEqual(["higher", "high", "low"]);
  });

  test("one consumer is active; the next takes over when it ends", async () => {
    await client.declareQueue("q", { ...QUORUM, "x-single-active-consumer": true });
    await client.consume("q", "first", { noAck: true });
    await client.consume("q", "second", { noAck: true });
    await send("q", "1");
    await send("q", "2");
    const first = await client.take("first", 2);
    await client.cancel("first");
    await send("q", "3");
    const second = await client.take("second", 1);
    expect([...first, ...second].map(({ body }) => body)).toEqual(["1", "2", "3"]);
  });

  test("reject-publish: what is too much is nacked", async () => {
    await client.declareQueue("q", {
      ...{ ...QUORUM, "x-max-length": 1, "x-overflow": "reject-publish" },
    });
    expect(await send("q", "1")).toBe("confirmed");
    expect(await send("q", "2")).toBe("nacked");
    await broker.queue("q").expectDepth(1);
  });

  test("at-least-once: a dead letter stays until its queue has taken it", async () => {
    await client.declareQueue("dead", { "x-max-length": 1, "x-overflow": "reject-publish" });
    await send("dead", "in the way");
    await client.declareQueue("q", {
      ...{ ...QUORUM, ...TO_DEAD },
      ...{ "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish" },
    });
    await send("q", "x");
    await client.discard(await getSoon(client, "q"));
    await broker.clock.advance("1m");
    const inTheWay = await getSoon(client, "dead");
    expect(inTheWay.body).toBe("in the way");
    await client.ack(inTheWay);
    // An answer on the same channel: the acknowledgement has been heard.
    expect(await client.get("q")).toBeUndefined();
    await broker.clock.advance("1m");
    const dead = await getSoon(client, "dead");
    expect(dead.body).toBe("x");
    expect(dead.headers["x-first-death-reason"]).toBe("rejected");
  });

  test("delayed retry: what comes back waits, longer each time", async () => {
    await client.declareQueue("q", {
      ...{ ...QUORUM, "x-delayed-retry-type": "all" },
      ...{ "x-delayed-retry-min": 60_000, "x-delayed-retry-max": 600_000 },
    });
    await send("q", "x");
    for (const [attempt, waitSeconds] of [60, 120].entries()) {
      const got = await getSoon(client, "q");
      expect(got.headers["x-delivery-count"] ?? 0).toBe(attempt);
      await client.fail(got);
      expect(await client.get("q")).toBeUndefined();
      await broker.clock.advance(`${waitSeconds - 1}s`);
      expect(await client.get("q")).toBeUndefined();
      await broker.clock.advance("1s");
    }
    expect((await getSoon(client, "q")).headers["x-delivery-count"]).toBe(2);
  });

  test("a delivery kept for longer than the queue's consumer timeout closes the channel", async () => {
    await client.declareQueue("q", { ...QUORUM, "x-consumer-timeout": 60_000 });
    await send("q", "x");
    await client.consume("q", "slow");
    await client.take("slow", 1);
    await broker.clock.advance("3m");
    expect(await client.closed()).toContain("delivery acknowledgement on channel 1 timed out");
    await broker.queue("q").expectDepth(1);
    expect((await getSoon(client, "q")).redelivered).toBe(true);
  });
});

test("durable=false and exclusive are refused with 406", async () => {
  const { connect } = await import("amqplib");
  const broker = await TestBroker.start();
  const connection = await connect(broker.url);
  connection.on("error", () => {});
  for (const [options, text] of [
    [{ durable: false }, /invalid property 'non-durable' for queue 'q'/],
    [{ exclusive: true }, /invalid property 'exclusive-owner' for queue 'q'/],
  ] as const) {
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    const message = await refusal(channel.assertQueue("q", { ...options, arguments: QUORUM }));
    expect(message).toMatch(text);
    expect(message).toContain("406 (PRECONDITION-FAILED)");
  }
  await broker.stop();
});
