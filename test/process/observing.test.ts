// `leveret tap` and `leveret timeline` on a running broker: what they show of real clients' messages.

import { readFileSync } from "node:fs";
import { get as httpGet, type IncomingMessage } from "node:http";
import { type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LeveretProcess } from "./leveret-process.ts";
import { AUTHORIZATION, SharedBroker } from "./set-up.ts";

const broker = new SharedBroker("observing");
let connection: ChannelModel;
let channel: ConfirmChannel;

beforeAll(async () => {
  connection = await connect({ port: await broker.process.port("amqp") });
  channel = await connection.createConfirmChannel();
  await channel.assertExchange("orders", "topic");
  await channel.assertQueue("buried");
  await channel.assertQueue("billing", { deadLetterExchange: "", deadLetterRoutingKey: "buried" });
  await channel.assertQueue("audit");
  await channel.bindQueue("billing", "orders", "order.#");
  await channel.bindQueue("audit", "orders", "#");
});

afterAll(() => connection?.close());

const headers = { authorization: AUTHORIZATION };
const api = async (path: string) => `${await broker.api()}${path}`;

/** Reads a tap's events; ready once the broker has answered. */
async function openTap(query: string) {
  const end = new AbortController();
  const response = await fetch(await api(`/tap/%2F?${query}`), { headers, signal: end.signal });
  expect(response.status).toBe(200);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async next(): Promise<Record<string, unknown>> {
      while (!text.includes("\n")) text += (await reader.read()).value ?? "";
      const at = text.indexOf("\n");
      const event = JSON.parse(text.slice(0, at));
      text = text.slice(at + 1);
      return event;
    },
    close: () => end.abort(),
  };
}

async function queueNames(): Promise<string[]> {
  const queues = (await (await fetch(await api("/queues"), { headers })).json()) as {
    name: string;
  }[];
  return queues.map(({ name }) => name).sort();
}

test("a tap shows publishes, deliveries and deaths, and leaves no trace in the topology", async () => {
  const before = await queueNames();
  const [all, billing, large] = await Promise.all([
    openTap("exchange=orders&kinds=published"),
    openTap("queue=billing"),
    openTap("path=size:large&payload_bytes=5"),
  ]);
  expect(await queueNames()).toEqual(before);
  channel.publish("orders", "order.new", Buffer.from('{"size":"small"}'), { messageId: "m1" });
  channel.publish("orders", "nobody", Buffer.from('{"size":"large"}'), { headers: { a: 1 } });
  await channel.waitForConfirms();
  expect(await all.next()).toMatchObject({
    ...{ kind: "published", exchange: "orders", routing_key: "order.new", user: "guest" },
    ...{ routed_queues: ["billing", "audit"], payload: '{"size":"small"}' },
    properties: { message_id: "m1" },
  });
  expect(await all.next()).toMatchObject({ routing_key: "nobody", routed_queues: ["audit"] });
  expect(await large.next()).toMatchObject({
    ...{ routing_key: "nobody", payload: '{"siz', payload_bytes: 16 },
    properties: { headers: { a: 1 } },
  });
  const got = await channel.get("billing");
  if (got === false) throw new Error("nothing in billing");
  channel.nack(got, false, false);
  const seen = [await billing.next(), await billing.next(), await billing.next()];
  expect(seen.map(({ kind }) => kind)).toEqual(["published", "delivered", "died"]);
  expect(seen[2]).toMatchObject({ queue: "billing", reason: "rejected", dead_letter_exchange: "" });
  for (const tap of [all, billing, large]) tap.close();
});

test("the default exchange and a message of 200 KB can be watched too", async () => {
  const tap = await openTap("exchange=amq.default&payload_bytes=300000");
  const body = "x".repeat(200_000);
  channel.sendToQueue("audit", Buffer.from(body));
  expect((await tap.next()).payload).toBe(body);
  tap.close();
});

test("whoever may not read does not watch", async () => {
  const put = async (path: string, body: object) =>
    fetch(await api(path), { method: "PUT", headers, body: JSON.stringify(body) });
  await put("/users/ann", { password: "ann", tags: "management" });
  await put("/permissions/%2F/ann", { configure: "", write: ".*", read: "^audit$" });
  const asAnn = { headers: { authorization: `Basic ${btoa("ann:ann")}` } };
  const status = async (query: string) => {
    const end = new AbortController();
    const answer = await fetch(await api(`/tap/%2F?${query}`), { ...asAnn, signal: end.signal });
    end.abort();
    return answer.status;
  };
  expect(await status("queue=audit")).toBe(200);
  expect(await status("queue=billing")).toBe(401);
  expect(await status("exchange=orders")).toBe(401);
  expect(await status("")).toBe(401);
  expect(await status("queue=audit&kinds=born")).toBe(400);
});

test("leveret tap prints a line for each and ends after --count", async () => {
  const tap = new LeveretProcess([
    "tap",
    "--data-dir",
    broker.folder,
    "--queue",
    "audit",
    "--kinds",
    "published",
    "--count",
    "2",
  ]);
  await tap.printed("Watching messages in vhost / ...");
  // The line above comes before the broker has been asked.
  const publishing = setInterval(() => channel.sendToQueue("audit", Buffer.from("seen")), 50);
  expect(await tap.exitCode()).toBe(0);
  clearInterval(publishing);
  const lines = tap.stdout.trimEnd().split("\n").slice(1);
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} published \(default\) "audit" -> \[audit\] {2}"seen"$/,
    );
  }
});

test("a timeline tells what happened to one message, from publish to its end", async () => {
  const run = async (...args: string[]) => {
    const timeline = new LeveretProcess(["timeline", "--data-dir", broker.folder, ...args]);
    const exitCode = await timeline.exitCode();
    return { exitCode, lines: timeline.stdout.trimEnd().split("\n"), stderr: timeline.stderr };
  };
  await channel.purgeQueue("billing");
  expect((await run("on", "100")).exitCode).toBe(0);
  channel.publish("orders", "order.new", Buffer.from("1"), {
    messageId: "m7",
    correlationId: "c7",
  });
  await channel.waitForConfirms();
  const first = await channel.get("billing");
  if (first === false) throw new Error("nothing in billing");
  channel.nack(first, false, true);
  const second = await channel.get("billing");
  if (second === false) throw new Error("nothing in billing");
  channel.reject(second, false);
  await channel.assertQueue("billing", { deadLetterExchange: "", deadLetterRoutingKey: "buried" });
  const { lines } = await run("m7");
  expect(lines.map((line) => line.split(/\s+/)[1])).toEqual([
    ...["published", "delivered", "requeued", "delivered", "rejected", "died"],
  ]);
  expect(lines[0]).toContain("exchange=orders routing_key=order.new queues=[billing, audit]");
  expect(lines[3]).toContain("redelivered=true");
  expect(lines[5]).toContain("queue=billing reason=rejected");
  expect((await run("c7")).lines).toEqual(lines);
  expect(await run("unknown")).toMatchObject({ exitCode: 69 });

  // It is bounded: a hundred steps later m7 is forgotten.
  for (let i = 0; i < 100; i++) channel.sendToQueue("audit", Buffer.from("x"), { messageId: "m8" });
  await channel.waitForConfirms();
  expect((await run("m7")).exitCode).toBe(69);
  expect((await run("m8")).lines).toHaveLength(100);
  expect((await run("off")).exitCode).toBe(0);
  expect((await run("m8")).exitCode).not.toBe(0);
});

/** A tap that nobody reads for now. */
async function openUnreadTap(query: string): Promise<IncomingMessage> {
  const url = await api(`/tap/%2F?${query}`);
  return new Promise((resolve, reject) => {
    httpGet(url, { headers }, (response) => {
      response.pause();
      resolve(response);
    }).on("error", reject);
  });
}

function residentMiB(pid: number | undefined): number {
  const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) / 1_024;
}

test("a tap by connection shows what that one publishes, gets and consumes, and nothing of others", async () => {
  const mine = await connect({ port: await broker.process.port("amqp") });
  const own = await mine.createConfirmChannel();
  await own.assertQueue("by-connection");
  const all = await (await fetch(await api("/connections"), { headers })).json();
  const ports = (all as { name: string; peer_port: number }[]).map(({ name }) => name);
  const { localPort } = (mine.connection as unknown as { stream: { localPort: number } }).stream;
  const name = ports.find((known) => known.includes(`:${localPort} ->`)) ?? "";
  const tap = await openTap(`connection=${encodeURIComponent(name)}`);
  channel.sendToQueue("by-connection", Buffer.from("of another"));
  await channel.waitForConfirms();
  own.sendToQueue("by-connection", Buffer.from("own"));
  await own.waitForConfirms();
  await own.get("by-connection", { noAck: true });
  await own.consume("by-connection", () => {}, { noAck: true, consumerTag: "reader" });
  await channel.get("billing", { noAck: true });
  const told = [await tap.next(), await tap.next(), await tap.next()];
  expect(told).toMatchObject([
    { kind: "published", payload: "own", connection: name },
    { kind: "delivered", payload: "of another", connection: name },
    { kind: "delivered", payload: "own", connection: name, consumer_tag: "reader" },
  ]);
  expect(told[1]).not.toHaveProperty("consumer_tag");
  tap.close();
  await mine.close();
});

test("a tap that is not read costs its bounds: publishers go on, and the reader hears what it missed", async () => {
  const count = 60_000;
  const body = Buffer.alloc(1_024, "x");
  await channel.assertQueue("short", { maxLength: 10 });
  const tap = await openUnreadTap("queue=short&kinds=published");
  const publish = async (messages: number) => {
    for (let i = 0; i < messages; i++) {
      channel.sendToQueue("short", body);
      if (i % 1_000 === 999) await channel.waitForConfirms();
    }
    await channel.waitForConfirms();
  };
  await publish(count / 2);
  const before = residentMiB(broker.process.processId);
  await publish(count / 2);
  expect(residentMiB(broker.process.processId) - before).toBeLessThan(48);
  let [seen, missed, rest] = [0, 0, ""];
  tap.setEncoding("utf8");
  await new Promise<void>((resolve) => {
    tap.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const event = JSON.parse(line) as { kind: string; count?: number };
        if (event.kind === "missed") missed += event.count ?? 0;
        else seen++;
      }
      if (seen + missed === count) resolve();
    });
    tap.resume();
  });
  expect(missed).toBeGreaterThan(count / 2);
  tap.destroy();
});
