// Real clients and the HTTP API with what this folder is about: delays, retries, duplicates, changes while things run.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Channel, type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { Connection } from "rabbitmq-client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

const PYTHON = "/usr/bin/python3";
const hasPika = spawnSync(PYTHON, ["-c", "import pika"], { stdio: "ignore" }).status === 0;

const program = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

let broker: ChildProcess;
let folder: string;
let url: string;
let apiUrl: string;
let connection: ChannelModel;
let channel: ConfirmChannel;

/** A process as users start it, from the sources, on free ports. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "leveret-messaging-"));
  const ports = ["--amqp-port", "0", "--http-port", "0", "--set", "prometheus.tcp.port=0"];
  const words = ["start", "--config", "none", ...ports, "--data-dir", folder];
  broker = spawn(process.execPath, ["--import", "tsx", program, ...words], { stdio: "pipe" });
  let output = "";
  broker.stdout?.on("data", (text) => {
    output += text;
  });
  const port = (protocol: string) =>
    new RegExp(`^ +${protocol} +\\S+:(\\d+)$`, "m").exec(output)?.[1] ?? "";
  while (!output.includes("Server startup complete")) {
    if (broker.exitCode !== null) throw new Error(`ended with ${broker.exitCode}: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  url = `amqp://guest:guest@127.0.0.1:${port("amqp")}/`;
  apiUrl = `http://127.0.0.1:${port("http")}/api`;
});
afterAll(async () => {
  const ended = new Promise((resolve) => broker.once("exit", resolve));
  broker.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  connection = await connect(url);
  channel = await connection.createConfirmChannel();
});
afterEach(() => connection.close());

async function api(method: string, path: string, body?: unknown) {
  const response = await fetch(`${apiUrl}${path}`, {
    method,
    headers: { authorization: `Basic ${btoa("guest:guest")}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === "" ? undefined : JSON.parse(text) };
}

async function get(queue: string, withinMs = 5_000) {
  const until = Date.now() + withinMs;
  for (;;) {
    const message = await channel.get(queue);
    if (message !== false) return message;
    if (Date.now() >= until) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Consumes and keeps what comes; nothing is acknowledged. */
async function held(on: Channel, queue: string, consumerTag: string) {
  const got: string[] = [];
  await on.consume(queue, (message) => void got.push(String(message?.content)), { consumerTag });
  return {
    got,
    async reaches(count: number) {
      while (got.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

describe("amqplib", () => {
  test("delays, lists, calls off and delivers now", async () => {
    await channel.assertExchange("later", "x-delayed-message", {
      arguments: { "x-delayed-type": "topic" },
    });
    await channel.assertQueue("delayed");
    await channel.bindQueue("delayed", "later", "a.#");
    const send = (body: string, delay: number) =>
      channel.publish("later", "a.b", Buffer.from(body), {
        ...{ persistent: true, messageId: body, headers: { "x-delay": delay } },
      });
    send("never", 7_200_000);
    send("now", 3_600_000);
    await channel.waitForConfirms();
    const waiting = await api("GET", "/exchanges/%2F/later/delayed");
    expect(waiting.json).toMatchObject({ count: 2 });
    const [now, never] = waiting.json.items;
    expect(now).toMatchObject({ exchange: "later", routing_key: "a.b", payload_bytes: 3 });
    expect(now.properties.message_id).toBe("now");
    send("soon", 150);
    expect(String((await get("delayed"))?.content)).toBe("soon");
    expect((await api("POST", `/exchanges/%2F/later/delayed/${now.id}/deliver`)).status).toBe(204);
    const message = await get("delayed");
    expect(String(message?.content)).toBe("now");
    expect(message?.properties.headers).toMatchObject({ "x-delay": -3_600_000 });
    const path = `/exchanges/%2F/later/delayed/${never.id}`;
    expect((await api("DELETE", path)).status).toBe(204);
    expect((await api("DELETE", path)).status).toBe(404);
    expect((await api("GET", "/exchanges/%2F/later/delayed")).json).toMatchObject({ count: 0 });
    expect((await api("GET", "/exchanges/%2F/later")).json).toMatchObject({ messages_delayed: 0 });
  });

  test("retries a plain nack with growing waits, then finds it among the dead", async () => {
    await channel.assertQueue("buried");
    await channel.assertQueue("work", {
      ...{ deadLetterExchange: "", deadLetterRoutingKey: "buried" },
      arguments: { "x-retry-initial-delay": 100, "x-retry-max-attempts": 3, "x-retry-jitter": 0 },
    });
    const at: number[] = [];
    const counts: unknown[] = [];
    await channel.consume("work", (message) => {
      if (message === null) return;
      at.push(performance.now());
      counts.push(message.properties.headers?.["x-delivery-count"]);
      channel.nack(message);
    });
    channel.sendToQueue("work", Buffer.from("poison"), { persistent: true });
    const dead = await get("buried");
    expect(counts).toEqual([undefined, 1, 2]);
    expect((at[1] as number) - (at[0] as number)).toBeGreaterThanOrEqual(99);
    expect((at[2] as number) - (at[1] as number)).toBeGreaterThanOrEqual(199);
    expect(dead?.properties.headers?.["x-first-death-reason"]).toBe("delivery_limit");
  });

  test("a running consumer's prefetch changes, and its time to acknowledge", async () => {
    await channel.assertQueue("slow");
    await channel.prefetch(1);
    const { got, reaches } = await held(channel, "slow", "worker");
    for (let i = 0; i < 5; i++) channel.sendToQueue("slow", Buffer.from(`${i}`));
    await channel.waitForConfirms();
    await reaches(1);
    expect(got).toEqual(["0"]);
    const path = "/consumers/%2F/slow/worker";
    expect((await api("PUT", `${path}/prefetch`, { prefetch_count: 3 })).status).toBe(204);
    await reaches(3);
    expect((await api("GET", "/queues/%2F/slow")).json.consumer_details[0]).toMatchObject({
      prefetch_count: 3,
    });
    expect(got).toEqual(["0", "1", "2"]);
    expect((await api("PUT", `${path}/deadline`, { extend_ms: 60_000 })).status).toBe(204);
    for (const [deliveryTag, status] of [
      [2, 204],
      [9, 404],
    ]) {
      const body = { extend_ms: 60_000, delivery_tag: deliveryTag };
      expect((await api("PUT", `${path}/deadline`, body)).status).toBe(status);
    }
    expect(
      (await api("PUT", "/consumers/%2F/slow/nobody/prefetch", { prefetch_count: 3 })).status,
    ).toBe(404);
  });

  test("arguments of a queue change while it runs, and what changed is told", async () => {
    await channel.assertQueue("live", { maxLength: 2, arguments: { "x-queue-type": "classic" } });
    for (let i = 0; i < 5; i++) channel.sendToQueue("live", Buffer.from(`${i}`));
    await channel.waitForConfirms();
    expect(await channel.checkQueue("live")).toMatchObject({ messageCount: 2 });
    const change = (values: object) =>
      api("PUT", "/queues/%2F/live/arguments", { arguments: values });
    const changed = await change({ "x-max-length": 1, "x-message-ttl": 60_000, "x-expires": null });
    expect(changed.json).toEqual({
      changed: [
        { argument: "x-max-length", before: 2, after: 1 },
        { argument: "x-message-ttl", before: null, after: 60_000 },
      ],
      arguments: { "x-max-length": 1, "x-message-ttl": 60_000, "x-queue-type": "classic" },
    });
    expect(await channel.checkQueue("live")).toMatchObject({ messageCount: 1 });
    expect((await change({ "x-message-ttl": -1 })).json.reason).toContain("{value_negative,-1}");
    expect((await change({ "x-max-priority": 3 })).json.reason).toContain("cannot change");
    await channel.assertQueue("live", { maxLength: 1, messageTtl: 60_000 });
  });
});

test("the API tells who leads a quorum queue and which members are online: this node", async () => {
  await channel.assertQueue("members", { arguments: { "x-queue-type": "quorum" } });
  const { json } = await api("GET", "/queues/%2F/members");
  const node = (await api("GET", "/overview")).json.node;
  expect(json).toMatchObject({ type: "quorum", leader: node, members: [node], online: [node] });
});

test("rabbitmq-client: delays, and drops duplicates", async () => {
  const rabbit = new Connection(url);
  const exchanges = [
    {
      ...{ exchange: "once-later", type: "x-delayed-message", durable: true },
      arguments: { "x-delayed-type": "fanout", "x-message-deduplication": true },
    },
  ];
  const publisher = rabbit.createPublisher({ confirm: true, exchanges });
  const got: [string, boolean][] = [];
  const consumer = rabbit.createConsumer(
    {
      ...{ queue: "once", exchanges },
      queueOptions: { durable: true },
      queueBindings: [{ exchange: "once-later", routingKey: "" }],
    },
    async (message) => void got.push([String(message.body), message.redelivered]),
  );
  await new Promise((resolve) => consumer.once("ready", resolve));
  const headers = { "x-delay": 100, "x-deduplication-header": "order-1" };
  for (const body of ["first", "second"]) {
    await publisher.send({ exchange: "once-later", durable: true, headers }, body);
  }
  await publisher.send(
    { exchange: "once-later", durable: true, headers: { "x-delay": 200 } },
    "third",
  );
  while (got.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(got.map(([body]) => body)).toEqual(["first", "third"]);
  await publisher.close();
  await consumer.close();
  await rabbit.close();
});

test.skipIf(!hasPika)("pika: delays, retries, drops duplicates", () => {
  const script = fileURLToPath(new URL("features_pika.py", import.meta.url));
  return new Promise<void>((resolve, reject) => {
    execFile(PYTHON, [script, url], { timeout: 30_000 }, (error, output) => {
      if (error !== null) {
        reject(error);
        return;
      }
      expect(output.trim().split("\n")).toEqual([
        ...["delayed 200 -200 True", "later None", "count None", "waits None"],
        ...["count 1 True", "gone None", "once 1", "ENDED"],
      ]);
      resolve();
    });
  });
});
