// Client libraries from npm, unchanged: connect, declare, publish with confirms, consume, ack, reject, call, reconnect.

import { AMQPClient, AMQPSession } from "@cloudamqp/amqp-client";
import { connect as connectManaged } from "amqp-connection-manager";
import { type ConsumeMessage, connect } from "amqplib";
import { Connection } from "rabbitmq-client";
import { BrokerAsPromised, withDefaultConfig } from "rascal";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTarget, type Target } from "./target.ts";

const text = (body: Uint8Array | null | undefined) => Buffer.from(body ?? []).toString();

/** Waits until `condition` holds; the test's own time limit ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

function emitted(emitter: { once(event: string, listener: () => void): unknown }, event: string) {
  return new Promise<void>((resolve) => emitter.once(event, resolve));
}

describe("clients from npm", () => {
  let target: Target;
  beforeAll(async () => {
    target = await startTarget();
  });
  afterAll(() => target?.stop());

  describe("amqplib", () => {
    it("publishes with confirms, gets returns, consumes, acks, rejects into a dead letter queue", async () => {
      const connection = await connect(target.url);
      const channel = await connection.createConfirmChannel();
      await channel.prefetch(2);
      await channel.assertQueue("amqplib-dead", { durable: true });
      await channel.assertExchange("amqplib", "topic", { durable: true });
      await channel.assertQueue("amqplib-work", {
        ...{ durable: true, deadLetterExchange: "", deadLetterRoutingKey: "amqplib-dead" },
        ...{ maxLength: 100, messageTtl: 60_000 },
      });
      await channel.bindQueue("amqplib-work", "amqplib", "work.#");
      for (let i = 0; i < 5; i++) {
        const headers = { number: i, large: 2 ** 40, nested: { list: [1, "two", true, null] } };
        channel.publish("amqplib", "work.a", Buffer.from(`${i}`), { persistent: true, headers });
      }
      const returned: string[] = [];
      channel.on("return", (message) => returned.push(text(message.content)));
      channel.publish("amqplib", "nowhere", Buffer.from("lost"), { mandatory: true });
      await channel.waitForConfirms();
      expect(returned).toEqual(["lost"]);

      const seen: string[] = [];
      const { consumerTag } = await channel.consume("amqplib-work", (message) => {
        const { content, fields, properties } = message as ConsumeMessage;
        seen.push(`${text(content)}${fields.redelivered ? " again" : ""}`);
        expect(properties.headers?.nested).toEqual({ list: [1, "two", true, null] });
        if (text(content) === "0" && !fields.redelivered) channel.reject(message!, true);
        else if (text(content) === "1") channel.nack(message!, false, false);
        else channel.ack(message!);
      });
      await until(() => seen.length === 6);
      expect(seen.slice().sort()).toEqual(["0", "0 again", "1", "2", "3", "4"]);
      await channel.cancel(consumerTag);
      await until(() => true);
      let dead = await channel.get("amqplib-dead", { noAck: true });
      while (dead === false) dead = await channel.get("amqplib-dead", { noAck: true });
      expect(text(dead.content)).toBe("1");
      expect(dead.properties.headers?.["x-death"]?.[0]).toMatchObject({
        ...{ count: 1, reason: "rejected", queue: "amqplib-work", exchange: "amqplib" },
        ...{ "routing-keys": ["work.a"] },
      });
      expect((await channel.checkQueue("amqplib-work")).messageCount).toBe(0);
      await connection.close();
    });

    it("calls over direct reply-to, and carries a body of many frames", async () => {
      const connection = await connect(target.url);
      const channel = await connection.createChannel();
      await channel.assertQueue("amqplib-rpc", { exclusive: true });
      await channel.consume("amqplib-rpc", (message) => {
        const { replyTo, correlationId } = message!.properties;
        channel.sendToQueue(replyTo, Buffer.from(message!.content).reverse(), { correlationId });
        channel.ack(message!);
      });
      const reply = new Promise<ConsumeMessage>((resolve) => {
        const onReply = (message: ConsumeMessage | null) => resolve(message!);
        void channel.consume("amq.rabbitmq.reply-to", onReply, { noAck: true });
      });
      const body = Buffer.alloc(1_000_000, "abcdefg");
      const replyTo = "amq.rabbitmq.reply-to";
      channel.sendToQueue("amqplib-rpc", body, { replyTo, correlationId: "7" });
      const { content, properties } = await reply;
      expect(properties.correlationId).toBe("7");
      expect(content.equals(Buffer.from(body).reverse())).toBe(true);
      await connection.close();
    });

    it("tells what is wrong as RabbitMQ does, and keeps the connection", async () => {
      const connection = await connect(target.url);
      const broken = await connection.createChannel();
      broken.on("error", () => {});
      await expect(broken.checkQueue("amqplib-nothing")).rejects.toThrow(
        `404 (NOT-FOUND) with message "NOT_FOUND - no queue 'amqplib-nothing' in vhost '/'"`,
      );
      const channel = await connection.createChannel();
      await channel.assertQueue("amqplib-q", { durable: false });
      channel.on("error", () => {});
      await expect(channel.assertQueue("amqplib-q", { durable: true })).rejects.toThrow(
        "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'amqplib-q' in vhost '/': received 'true' but current is 'false'",
      );
      await connection.close();
    });

    it("recovers by itself when the broker restarts", async () => {
      const connection = await connect(target.url, {
        recovery: { initialDelay: 100, maxDelay: 300 },
      } as never);
      const closed = emitted(connection as never, "disconnect");
      await target.restart();
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1_000))]);
      const open = async (): Promise<void> => {
        try {
          const channel = await connection.createChannel();
          const { queue } = await channel.assertQueue("", { exclusive: true });
          expect(queue).toMatch(/^amq\.gen-/);
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 200));
          await open();
        }
      };
      await open();
      await connection.close();
    });
  });

  it("rabbitmq-client: publisher, consumer, calls, and going on after a restart", async () => {
    const rabbit = new Connection({ url: target.url, retryLow: 100, retryHigh: 300 });
    rabbit.on("error", () => {});
    const seen: unknown[] = [];
    const consumer = rabbit.createConsumer(
      {
        queue: "rc-work",
        queueOptions: { durable: true, arguments: { "x-queue-type": "quorum" } },
        qos: { prefetchCount: 2 },
        exchanges: [{ exchange: "rc", type: "topic" }],
        queueBindings: [{ exchange: "rc", routingKey: "users.*" }],
      },
      async (message) => {
        seen.push([message.body, message.redelivered]);
        if (message.body.number === 0 && !message.redelivered) throw new Error("once more");
      },
    );
    consumer.on("error", () => {});
    await emitted(consumer as never, "ready");
    const publisher = rabbit.createPublisher({
      confirm: true,
      maxAttempts: 10,
      exchanges: [{ exchange: "rc", type: "topic" }],
    });
    for (let number = 0; number < 3; number++) {
      await publisher.send(
        { exchange: "rc", routingKey: "users.visit", durable: true },
        { number },
      );
    }
    await until(() => seen.length === 4);
    expect(seen).toContainEqual([{ number: 0 }, true]);

    const server = rabbit.createConsumer({ queue: "rc-rpc" }, async (request, reply) => {
      await reply(`answer to ${request.body}`);
    });
    server.on("error", () => {});
    await emitted(server as never, "ready");
    const client = rabbit.createRPCClient({ confirm: true });
    expect((await client.send("rc-rpc", "question")).body).toBe("answer to question");

    const again = emitted(consumer as never, "ready");
    await target.restart();
    await again;
    await publisher.send({ exchange: "rc", routingKey: "users.visit" }, { number: 99 });
    await until(() => seen.some((entry) => JSON.stringify(entry).includes("99")));
    await Promise.all([consumer.close(), server.close(), client.close(), publisher.close()]);
    await rabbit.close();
  });

  it("@cloudamqp/amqp-client: low level, then a session that survives a restart", async () => {
    const client = new AMQPClient(target.url);
    const connection = await client.connect();
    const channel = await connection.channel();
    await channel.confirmSelect();
    await channel.basicQos(3);
    await channel.queueDeclare("cloud-work", { durable: true });
    for (let i = 0; i < 3; i++) {
      const properties = { deliveryMode: 2, headers: { i } };
      expect(await channel.basicPublish("", "cloud-work", `${i}`, properties)).toBe(i + 1);
    }
    const seen: string[] = [];
    const consumer = await channel.basicConsume("cloud-work", { noAck: false }, async (message) => {
      seen.push(`${message.bodyString()} ${message.redelivered}`);
      if (message.redelivered || message.bodyString() !== "1") await message.ack();
      else await message.reject(true);
    });
    await until(() => seen.length === 4);
    expect(seen.slice().sort()).toEqual(["0 false", "1 false", "1 true", "2 false"]);
    await consumer.cancel();
    expect(await channel.queueDelete("cloud-work")).toMatchObject({ messageCount: 0 });
    await expect(channel.basicGet("cloud-none")).rejects.toThrow(/no queue 'cloud-none' in vhost/);
    await connection.close();

    const session = await AMQPSession.connect(target.url, {
      reconnectInterval: 100,
      maxReconnectInterval: 300,
    } as never);
    const handle = await session.queue("cloud-session", { durable: true });
    const received: string[] = [];
    await handle.subscribe(async (message) => void received.push(String(message.bodyString())));
    await handle.publish("before", { deliveryMode: 2 });
    await until(() => received.includes("before"));
    await target.restart();
    while (!received.includes("after")) {
      await handle.publish("after").catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await session.stop();
  });

  it("amqp-connection-manager: what is sent while the broker is away arrives when it is back", async () => {
    const connection = connectManaged([target.url], {
      heartbeatIntervalInSeconds: 5,
      reconnectTimeInSeconds: 0.2,
    });
    const seen: unknown[] = [];
    const channel = connection.createChannel({
      json: true,
      setup: async (plain: import("amqplib").ConfirmChannel) => {
        await plain.assertQueue("managed", { durable: true });
        await plain.prefetch(1);
        await plain.consume("managed", (message) => {
          seen.push(JSON.parse(text(message?.content)));
          plain.ack(message!);
        });
      },
    });
    await channel.waitForConnect();
    expect(await channel.sendToQueue("managed", { number: 1 })).toBe(true);
    await until(() => seen.length === 1);
    const gone = emitted(connection as never, "disconnect");
    const restarted = target.restart();
    await gone;
    const sent = channel.sendToQueue("managed", { number: 2 });
    await restarted;
    expect(await sent).toBe(true);
    await until(() => seen.length >= 2);
    expect(seen).toEqual([{ number: 1 }, { number: 2 }]);
    await channel.close();
    await connection.close();
  });

  it("rascal: publications, subscriptions, refusal with republishing, reconnection", async () => {
    const broker = await BrokerAsPromised.create(
      withDefaultConfig({
        vhosts: {
          "/": {
            connection: { url: target.url, retry: { min: 100, max: 300 } },
            exchanges: { rascal: { type: "topic" } },
            queues: ["rascal-q"],
            bindings: ["rascal[a.#] -> rascal-q"],
            publications: { p: { exchange: "rascal", routingKey: "a.b", confirm: true } },
            subscriptions: { s: { queue: "rascal-q", prefetch: 3 } },
          },
        },
      }),
    );
    broker.on("error", () => {});
    const seen: string[] = [];
    const subscription = await broker.subscribe("s");
    subscription.on("error", () => {});
    subscription.on("message", (_message, content, ackOrNack) => {
      const first = !seen.includes(String(content));
      seen.push(String(content));
      if (content === "refuse" && first)
        ackOrNack(new Error("no"), { strategy: "republish", attempts: 2 });
      else ackOrNack();
    });
    const publish = async (content: string) => {
      const publication = await broker.publish("p", content);
      publication.on("error", () => {});
      await emitted(publication, "success");
    };
    await publish("fine");
    await publish("refuse");
    await until(() => seen.length === 3);
    expect(seen).toEqual(["fine", "refuse", "refuse"]);
    const subscribed = emitted(subscription, "subscribed");
    await target.restart();
    await Promise.race([subscribed, new Promise((resolve) => setTimeout(resolve, 2_000))]);
    await publish("after");
    await until(() => seen.includes("after"));
    await broker.shutdown();
  });
});
