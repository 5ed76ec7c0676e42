// What is special about quorum queues, as a client sees it: amqplib against a broker whose clock the test holds.

import amqplib from "amqplib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestBroker } from "../../src/testing/index.ts";

const QUORUM = { "x-queue-type": "quorum" };

let broker: TestBroker;
let connection: amqplib.ChannelModel;
let channel: amqplib.ConfirmChannel;

beforeEach(async () => {
  broker = await TestBroker.start();
  connection = await amqplib.connect(broker.url);
  connection.on("error", () => {});
  channel = await connection.createConfirmChannel();
});
afterEach(() => broker.stop());

async function take(queue: string): Promise<amqplib.GetMessage> {
  const message = await channel.get(queue);
  if (message === false) throw new Error(`nothing is in ${queue}`);
  return message;
}

async function send(queue: string, ...bodies: readonly [string, object?][]): Promise<void> {
  for (const [body, options] of bodies) channel.sendToQueue(queue, Buffer.from(body), options);
  await channel.waitForConfirms();
}

const refusal = (asked: Promise<unknown>) =>
  asked.then(
    () => "no refusal",
    (error: Error) => error.message,
  );

test.each([
  ["durable=false", { durable: false }, /invalid property 'non-durable' for queue 'q'/],
  ["exclusive", { exclusive: true }, /invalid property 'exclusive-owner' for queue 'q'/],
  ["x-max-priority", { maxPriority: 5 }, /invalid arg 'x-max-priority' for queue 'q'/],
  ["x-queue-mode", { arguments: { "x-queue-mode": "lazy" } }, /invalid arg 'x-queue-mode'/],
])("%s is refused with 406", async (_what, options, text) => {
  const refused = await connection.createChannel();
  refused.on("error", () => {});
  const given = (options as { arguments?: object }).arguments ?? {};
  const asked = refused.assertQueue("q", { ...options, arguments: { ...given, ...QUORUM } });
  const message = await refusal(asked);
  expect(message).toMatch(text);
  expect(message).toContain("406 (PRECONDITION-FAILED)");
});

test("20 deliveries in vain are the limit, and each tells how many there were", async () => {
  await channel.assertQueue("dead");
  await channel.assertQueue("q", {
    ...{ deadLetterExchange: "", deadLetterRoutingKey: "dead", arguments: QUORUM },
  });
  await send("q", ["poison"]);
  for (let count = 0; count <= 20; count++) {
    const message = await take("q");
    expect(message.properties.headers?.["x-delivery-count"] ?? 0).toBe(count);
    expect(message.fields.redelivered).toBe(count > 0);
    channel.reject(message, true);
  }
  await broker
    .queue("dead")
    .expectMessage({ headers: { "x-first-death-reason": "delivery_limit" } });
});

test("the highest priority goes first, whatever waits below", async () => {
  await channel.assertQueue("q", { arguments: QUORUM });
  await send(
    "q",
    ["low", { priority: 1 }],
    ["high", { priority: 9 }],
    ["higher", { priority: 20 }],
  );
  const bodies = [await take("q"), await take("q"), await take("q")];
  expect(bodies.map(({ content }) => String(content))).toEqual(["higher", "high", "low"]);
});

test("one consumer is active; the next takes over when it ends", async () => {
  await channel.assertQueue("q", { arguments: { ...QUORUM, "x-single-active-consumer": true } });
  const got: string[] = [];
  const consume = (name: string) =>
    channel.consume("q", (message) => message && got.push(`${name} ${message.content}`), {
      ...{ consumerTag: name, noAck: true },
    });
  await consume("first");
  await consume("second");
  await send("q", ["1"], ["2"]);
  await channel.cancel("first");
  await send("q", ["3"]);
  await expect.poll(() => got).toEqual(["first 1", "first 2", "second 3"]);
});

test("reject-publish: what is too much is nacked", async () => {
  const limit = { "x-max-length": 1, "x-overflow": "reject-publish" };
  await channel.assertQueue("q", { arguments: { ...QUORUM, ...limit } });
  await send("q", ["1"]);
  expect(await refusal(send("q", ["2"]))).toBe("message nacked");
  await broker.queue("q").expectDepth(1);
});

test("at-least-once: a dead letter stays until its queue has taken it", async () => {
  const full = { "x-max-length": 1, "x-overflow": "reject-publish" };
  await channel.assertQueue("dead", { arguments: full });
  await send("dead", ["in the way"]);
  await channel.assertQueue("q", {
    ...{ deadLetterExchange: "", deadLetterRoutingKey: "dead" },
    arguments: {
      ...{ ...QUORUM, "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish" },
    },
  });
  await send("q", ["x"]);
  channel.reject(await take("q"), false);
  await broker.clock.advance("1m");
  expect(String((await take("dead")).content)).toBe("in the way");
  channel.ackAll();
  await broker.clock.advance("1m");
  await broker.queue("dead").expectMessage({ body: "x" });
});

test("a delivery kept for longer than the queue's consumer timeout closes the channel", async () => {
  await channel.assertQueue("q", { arguments: { ...QUORUM, "x-consumer-timeout": 60_000 } });
  await send("q", ["x"]);
  const closed = new Promise<Error>((resolve) => channel.once("error", resolve));
  await channel.consume("q", () => {});
  await broker.queue("q").expectConsumers(1);
  await broker.clock.advance("3m");
  expect((await closed).message).toContain("delivery acknowledgement on channel 1 timed out");
  await broker.queue("q").expectDepth(1);
});
