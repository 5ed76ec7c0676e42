// A RabbitMQ as a client: its shovels and its federation move messages from and to this broker, as they would with
// another RabbitMQ.

import { setTimeout as sleep } from "node:timers/promises";
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  isRabbitMqInstalled,
  type RealRabbitMq,
  startRabbitMq,
} from "../conformance/real-rabbitmq.ts";
import { startTarget, type Target } from "./target.ts";

const isInstalled = isRabbitMqInstalled();
if (!isInstalled) console.warn("skipped: shovels and federation of rabbitmq-server, not installed");

/** How long a link may take to come up, and to come back: it waits five seconds between two attempts. */
const LINK_LIMIT_MS = 40_000;
const MESSAGES = 2_000;
/** Sent until a link is there. */
const PROBE = "probe";

/** One end: a connection and a channel to declare, publish and count with. */
class End {
  readonly #connection: ChannelModel;
  readonly channel: ConfirmChannel;

  private constructor(connection: ChannelModel, channel: ConfirmChannel) {
    this.#connection = connection;
    this.channel = channel;
  }

  static async at(url: string): Promise<End> {
    const connection = await connect(url);
    connection.on("error", () => {});
    return new End(connection, await connection.createConfirmChannel());
  }

  async publish(exchange: string, key: string, first = 0): Promise<void> {
    for (let i = first; i < first + MESSAGES; i++) {
      this.channel.publish(exchange, key, Buffer.from(`${i}`), { persistent: true });
    }
    await this.channel.waitForConfirms();
  }

  /** The numbers in the bodies of `queue`, once that many have come, and of what is there with them. Probes are none. */
  async numbers(queue: string, count: number): Promise<number[]> {
    const numbers: number[] = [];
    await this.channel.assertQueue(queue);
    const endMs = performance.now() + LINK_LIMIT_MS;
    while (performance.now() < endMs) {
      const message = await this.channel.get(queue, { noAck: true });
      if (message !== false && String(message.content) !== PROBE) {
        numbers.push(Number(message.content));
      } else if (message === false) {
        if (numbers.length >= count) break;
        await sleep(20);
      }
    }
    return numbers;
  }

  async close(): Promise<void> {
    await this.#connection.close().catch(() => {});
  }
}

const all = Array.from({ length: MESSAGES }, (_, i) => i);

describe.skipIf(!isInstalled)("a RabbitMQ beside this broker", () => {
  let rabbit: RealRabbitMq;
  /** Addresses as they are told to the RabbitMQ: Erlang's client takes the path "/" for a vhost called "". */
  let urls: { readonly here: string; readonly there: string };
  let target: Target;
  let here: End;
  let there: End;

  beforeAll(async () => {
    rabbit = await startRabbitMq({ plugins: ["rabbitmq_shovel", "rabbitmq_federation"] });
    target = await startTarget();
    urls = { here: target.url.replace(/\/$/, ""), there: rabbit.url.replace(/\/$/, "") };
    [here, there] = await Promise.all([End.at(target.url), End.at(rabbit.url)]);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([here?.close(), there?.close()]);
    await Promise.all([rabbit?.stop(), target?.stop()]);
  });

  const shovel = (name: string, from: string, to: string, source: string, destination: string) =>
    rabbit.ctl(
      ...["set_parameter", "shovel", name],
      JSON.stringify({
        ...{ "src-protocol": "amqp091", "src-uri": from, "src-queue": source },
        ...{ "dest-protocol": "amqp091", "dest-uri": to, "dest-queue": destination },
        ...{ "ack-mode": "on-confirm", "reconnect-delay": 1 },
      }),
    );

  it("shovels a queue here, and goes on when this broker was away", {
    timeout: 120_000,
  }, async () => {
    await there.channel.assertQueue("old");
    await there.publish("", "old");
    await shovel("in", urls.there, urls.here, "old", "new");
    expect(await here.numbers("new", MESSAGES)).toEqual(all);
    await here.close();
    await target.restart();
    here = await End.at(target.url);
    await there.publish("", "old", MESSAGES);
    expect(await here.numbers("new", MESSAGES)).toEqual(all.map((i) => i + MESSAGES));
  });

  it("shovels a queue from here", { timeout: 120_000 }, async () => {
    await here.channel.assertQueue("ours");
    await here.publish("", "ours");
    await shovel("out", urls.here, urls.there, "ours", "theirs");
    expect(await there.numbers("theirs", MESSAGES)).toEqual(all);
  });

  it("federates an exchange and a queue of this broker", { timeout: 120_000 }, async () => {
    await here.channel.assertExchange("news", "topic");
    await here.channel.assertQueue("work");
    await here.publish("", "work");
    await rabbit.ctl(
      ...["set_parameter", "federation-upstream", "leveret"],
      JSON.stringify({ uri: urls.here, "reconnect-delay": 1 }),
    );
    const definition = JSON.stringify({ "federation-upstream": "leveret" });
    await rabbit.ctl("set_policy", "federated", "^(news|work)$", definition, "--apply-to", "all");
    await there.channel.assertExchange("news", "topic");
    await there.channel.assertQueue("subscriber");
    await there.channel.bindQueue("subscriber", "news", "a.#");
    await federatedUntil("subscriber");
    await here.publish("news", "a.b");
    await here.publish("news", "b.a");
    expect(await there.numbers("subscriber", MESSAGES)).toEqual(all);

    await there.channel.assertQueue("work");
    const got: number[] = [];
    const onMessage = (message: ConsumeMessage | null) => got.push(Number(message?.content));
    await there.channel.consume("work", onMessage, { noAck: true });
    await expect.poll(() => got.length, { timeout: LINK_LIMIT_MS }).toBe(MESSAGES);
    expect(got).toEqual(all);
  });

  /** Bindings there reach this broker a moment later: what is published before goes nowhere. */
  async function federatedUntil(queue: string): Promise<void> {
    const probe = async () => {
      here.channel.publish("news", "a.b", Buffer.from(PROBE));
      await here.channel.waitForConfirms();
      return (await there.channel.checkQueue(queue)).messageCount;
    };
    const options = { timeout: LINK_LIMIT_MS, interval: 200 };
    await expect.poll(probe, options).toBeGreaterThan(0);
  }
});
