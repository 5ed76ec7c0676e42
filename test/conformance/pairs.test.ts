// What was done between which channel, exchange and queue, compared with a RabbitMQ 3.10's answers in detailed mode.

import { readFileSync } from "node:fs";
import { type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EmbeddedBroker, startEmbedded } from "./embedded.ts";
import { call } from "./http-client.ts";
import { readPairs, runTraffic } from "./pair-traffic.ts";

const recorded = JSON.parse(
  readFileSync(new URL("data/pairs.json", import.meta.url), "utf8"),
) as Record<string, unknown>;
let broker: EmbeddedBroker;
let connection: ChannelModel;
let pairs: Record<string, unknown>;

const get = async (path: string) =>
  JSON.parse(
    (
      await call({
        port: broker.httpPort,
        method: "GET",
        path: `/api${path}`,
        credentials: "guest:guest",
      })
    ).text,
  ) as Record<string, unknown>;

beforeAll(async () => {
  broker = await startEmbedded({ management: true });
  connection = await connect(`amqp://guest:guest@127.0.0.1:${broker.port}/`);
  await runTraffic(connection);
  pairs = await readPairs(get);
});
afterAll(async () => {
  await broker?.stop();
});

test.each(Object.keys(recorded))("%s tells the same as RabbitMQ", (name) => {
  expect(pairs[name]).toEqual(recorded[name]);
});

async function scrape(): Promise<string> {
  const { port } = broker.server.httpListeners.find(({ protocol }) =>
    protocol.includes("prometheus"),
  )!;
  return (await call({ port, method: "GET", path: "/metrics/per-object" })).text;
}

test("metrics have a line per pair", async () => {
  const text = await scrape();
  const lines = (name: string, labels: RegExp) =>
    text.split("\n").filter((line) => line.startsWith(`rabbitmq_${name}{`) && labels.test(line));
  const published = lines("channel_messages_published_total", /\(1\)",vhost="\/",exchange="x\.h"/);
  expect(published).toEqual([expect.stringMatching(/ 30$/)]);
  const acked = lines("channel_messages_acked_total", /\(2\)",vhost="\/",queue="q1"/);
  expect(acked).toEqual([expect.stringMatching(/ 40$/)]);
  const pair = /queue_vhost="\/",queue="q2",exchange_vhost="\/",exchange="x\.g"/;
  for (const name of [
    "queue_messages_published_total",
    "queue_exchange_messages_published_total",
  ]) {
    expect(lines(name, pair)).toEqual([expect.stringMatching(/ 10$/)]);
  }
});

test("what was received to be confirmed is counted as it comes, and what was returned is not dropped too", async () => {
  const { port } = broker.server.httpListeners.find(({ protocol }) =>
    protocol.includes("prometheus"),
  )!;
  const { text } = await call({ port, method: "GET", path: "/metrics" });
  const value = (name: string) =>
    Number(new RegExp(`^rabbitmq_global_${name}_total.* (\\d+)$`, "m").exec(text)?.[1]);
  expect(value("messages_received")).toBe(60);
  expect(value("messages_received_confirm")).toBe(60);
  expect(value("messages_routed")).toBe(40);
  expect(value("messages_unroutable_returned")).toBe(10);
  expect(value("messages_unroutable_dropped")).toBe(10);
});

test("pairs go with their exchange, their queue and their channel", async () => {
  const channel = await connection.createChannel();
  await channel.deleteExchange("x.f");
  await channel.deleteQueue("q2");
  await channel.close();
  const { incoming } = await get("/queues/%2F/q1");
  const names = (incoming as { exchange: { name: string } }[]).map(({ exchange }) => exchange.name);
  expect(names.sort()).toEqual(["", "x.g", "x.h"]);
  const { outgoing } = await get("/exchanges/%2F/x.g");
  expect(outgoing).toMatchObject([{ queue: { name: "q1" } }]);
  await connection.close();
  expect(await get("/queues/%2F/q1")).toMatchObject({ deliveries: [] });
});
