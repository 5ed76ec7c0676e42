// Delays, duplicates, retries, live changes and taps as three clients meet them, with a broker whose clock the test holds.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiBroker } from "./api-broker.ts";
import type { Client } from "./client.ts";
import { clients, getSoon, takeSoon } from "./clients.ts";

const TO_DEAD = { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" };

describe.each(clients)("%s", (_name, isThere, connect) => {
  let server: ApiBroker;
  let client: Client;

  beforeEach(async (context) => {
    if (!isThere) context.skip();
    server = await ApiBroker.start();
    client = await connect(server.broker.url);
  });
  afterEach(async () => {
    await client?.end();
    await server?.broker.stop();
  });

  const send = (queue: string, body: string, options = {}) =>
    client.publish("", queue, body, options);

  test("a delayed message comes when it is due, by x-delay and by x-deliver-at", async () => {
    const { clock } = server.broker;
    await client.declareExchange("later", "x-delayed-message", { "x-delayed-type": "direct" });
    await client.declareQueue("q");
    await client.bind("later", "q", "k");
    await client.publish("later", "k", "hour", { headers: { "x-delay": 3_600_000 } });
    const at = clock.now().getTime() + 1_800_000;
    await client.publish("later", "k", "half", { headers: { "x-deliver-at": at } });
    await clock.advance("29m");
    expect(await client.get("q")).toBeUndefined();
    await clock.advance("1m");
    expect((await takeSoon(client, "q")).body).toBe("half");
    await clock.advance("30m");
    const hour = await getSoon(client, "q");
    expect(hour).toMatchObject({ body: "hour", headers: { "x-delay": -3_600_000 } });
  });

  test("a waiting message is listed, called off, delivered now", async () => {
    await client.declareExchange("later", "x-delayed-message", { "x-delayed-type": "fanout" });
    await client.declareQueue("q");
    await client.bind("later", "q", "");
    for (const body of ["never", "now"]) {
      const options = { headers: { "x-delay": 3_600_000 }, messageId: body };
      expect(await client.publish("later", "", body, options)).toBe("confirmed");
    }
    const { json } = await server.api("GET", "/exchanges/%2F/later/delayed");
    const idOf = (messageId: string) =>
      json.items.find(
        (item: { properties: { message_id: string } }) => item.properties.message_id === messageId,
      ).id;
    const path = "/exchanges/%2F/later/delayed";
    expect((await server.api("DELETE", `${path}/${idOf("never")}`)).status).toBe(204);
    expect((await server.api("POST", `${path}/${idOf("now")}/deliver`)).status).toBe(204);
    expect((await takeSoon(client, "q")).body).toBe("now");
    await server.broker.clock.advance("2h");
    expect(await client.get("q")).toBeUndefined();
  });

  test("a policy lets any exchange delay", async () => {
    const policy = {
      pattern: "^orders$",
      definition: { "delayed-message": true },
      "apply-to": "exchanges",
    };
    await client.declareExchange("orders", "topic");
    expect((await server.api("PUT", "/policies/%2F/later", policy)).status).toBe(201);
    await client.declareQueue("q");
    await client.bind("orders", "q", "#");
    await client.publish("orders", "a.b", "x", { headers: { "x-delay": 60_000 } });
    await server.broker.clock.advance("59s");
    expect(await client.get("q")).toBeUndefined();
    await server.broker.clock.advance("1s");
    expect((await getSoon(client, "q")).body).toBe("x");
  });

  test("duplicates are dropped by a queue and by an exchange, until their time is over", async () => {
    await client.declareQueue("q", { "x-message-deduplication": true });
    const headers = { "x-deduplication-header": "order 1" };
    for (const body of ["first", "second"]) {
      expect(await send("q", body, { headers })).toBe("confirmed");
    }
    expect((await takeSoon(client, "q")).body).toBe("first");
    expect(await client.get("q")).toBeUndefined();

    await client.declareExchange("e", "fanout", {
      ...{ "x-message-deduplication": true, "x-cache-size": 100, "x-cache-ttl": 60_000 },
    });
    await client.declareQueue("all");
    await client.bind("e", "all", "");
    for (const each of ["1", "2"]) await client.publish("e", "", each, { headers });
    await server.broker.clock.advance("61s");
    await client.publish("e", "", "3", { headers });
    const bodies = [(await getSoon(client, "all")).body, (await getSoon(client, "all")).body];
    expect(bodies).toEqual(["1", "3"]);
  });

  test("a classic queue retries with growing waits, then it is among the dead", async () => {
    await client.declareQueue("dead");
    await client.declareQueue("q", {
      ...{ ...TO_DEAD, "x-retry-initial-delay": 60_000, "x-retry-max-attempts": 3 },
      ...{ "x-retry-jitter": 0, "x-retry-multiplier": 2 },
    });
    await send("q", "poison");
    for (const [attempt, waitSeconds] of [60, 120].entries()) {
      const got = await getSoon(client, "q");
      expect(got.headers["x-delivery-count"] ?? 0).toBe(attempt);
      await client.giveBack(got);
      expect(await client.get("q")).toBeUndefined();
      await server.broker.clock.advance(`${waitSeconds - 1}s`);
      expect(await client.get("q")).toBeUndefined();
      await server.broker.clock.advance("1s");
    }
    await client.giveBack(await getSoon(client, "q"));
    expect((await getSoon(client, "dead")).headers["x-first-death-reason"]).toBe("delivery_limit");
  });

  test.each(["classic", "quorum"])(
    "in a %s queue a message that waits for its retry is listed, taken away, delivered now",
    async (type) => {
      const retries = { "x-retry-initial-delay": 3_600_000, "x-retry-jitter": 0 };
      await client.declareQueue("q", { "x-queue-type": type, ...retries });
      for (const body of ["never", "now", "later"]) {
        await send("q", body);
        await client.giveBack(await getSoon(client, "q"));
      }
      expect(await client.get("q")).toBeUndefined();
      const path = "/queues/%2F/q/waiting";
      const { json } = await server.api("GET", path);
      expect(json.count).toBe(3);
      const [never, now, later] = json.items;
      expect([never, now, later].map(({ payload }) => payload)).toEqual(["never", "now", "later"]);
      expect(now).toMatchObject({ state: "waiting", routing_key: "q", delivery_count: 1 });
      const dueInMs = Date.parse(now.due_at) - server.broker.clock.now().getTime();
      expect(dueInMs).toBeGreaterThan(3_500_000);
      expect((await server.api("DELETE", `${path}/${never.position}`)).status).toBe(204);
      expect((await server.api("DELETE", `${path}/${never.position}`)).status).toBe(404);
      expect((await server.api("POST", `${path}/${now.position}/deliver`)).status).toBe(204);
      const got = await takeSoon(client, "q");
      expect(got).toMatchObject({ body: "now", redelivered: true });
      expect(got.headers["x-delivery-count"]).toBe(1);
      expect((await server.api("GET", path)).json.items).toHaveLength(1);
      await server.broker.clock.advance("1h");
      expect((await takeSoon(client, "q")).body).toBe("later");
      expect(await client.get("q")).toBeUndefined();
      await server.broker.queue("q").expectDepth(0);
    },
  );

  test("a queue is paused: publishes are taken, nothing comes until it goes on", async () => {
    await client.declareQueue("q");
    await client.consume("q", "c", { noAck: true });
    expect((await server.api("PUT", "/queues/%2F/q/pause")).status).toBe(204);
    expect(await send("q", "x")).toBe("confirmed");
    await server.broker.queue("q").expectDepth(1);
    expect((await server.api("GET", "/queues/%2F/q")).json.state).toBe("paused");
    expect((await server.api("PUT", "/queues/%2F/q/resume")).status).toBe(204);
    expect((await client.take("c", 1)).map(({ body }) => body)).toEqual(["x"]);
  });

  test("arguments change while a client consumes, and what changed is told", async () => {
    await client.declareQueue("q", { "x-queue-type": "classic" });
    for (const body of ["1", "2", "3"]) await send("q", body);
    const change = { arguments: { "x-max-length": 1 } };
    const { json } = await server.api("PUT", "/queues/%2F/q/arguments", change);
    expect(json.changed).toEqual([{ argument: "x-max-length", before: null, after: 1 }]);
    expect((await getSoon(client, "q")).body).toBe("3");
    await client.declareQueue("q", { "x-queue-type": "classic", "x-max-length": 1 });
  });

  test.each([
    ["classic", "quorum"],
    ["quorum", "classic"],
    ["stream", "quorum"],
  ])("%s becomes %s under its consumer", async (from, to) => {
    await client.declareQueue("q", { "x-queue-type": from });
    await client.prefetch(10);
    for (let i = 0; i < 20; i++) await send("q", `${i}`);
    if (from !== "stream") {
      await client.consume("q", "c");
      for (const got of await client.take("c", 10)) await client.ack(got);
    } else await client.consume("q", "reader", { arguments: { "x-stream-offset": "first" } });
    expect((await server.api("PUT", "/queues/%2F/q/type", { type: to })).status).toBe(200);
    if (from === "stream") {
      await client.cancelled("reader");
      await client.consume("q", "c");
    }
    const first = from === "stream" ? 0 : 10;
    const bodies: string[] = [];
    while (bodies.length < 20 - first) {
      for (const got of await client.take("c", 10)) {
        bodies.push(got.body);
        await client.ack(got);
      }
    }
    expect(bodies).toEqual(Array.from({ length: 20 - first }, (_, i) => `${first + i}`));
    await expect.poll(async () => (await server.api("GET", "/queues/%2F/q")).json.type).toBe(to);
    await client.declareQueue("q", { "x-queue-type": to });
  });

  test("a running consumer's prefetch changes, and its time to acknowledge", async () => {
    await client.declareQueue("q", { "x-queue-type": "quorum", "x-consumer-timeout": 60_000 });
    await client.prefetch(1);
    await client.consume("q", "c");
    for (const body of ["1", "2"]) await send("q", body);
    await client.take("c", 1);
    const path = "/consumers/%2F/q/c";
    expect((await server.api("PUT", `${path}/prefetch`, { prefetch_count: 2 })).status).toBe(204);
    await client.take("c", 1);
    const more = { extend_ms: 600_000 };
    expect((await server.api("PUT", `${path}/deadline`, more)).status).toBe(204);
    for (const [delivery_tag, status] of [
      [2, 204],
      [9, 404],
    ]) {
      const one = await server.api("PUT", `${path}/deadline`, { ...more, delivery_tag });
      expect(one.status).toBe(status);
    }
    await server.broker.clock.advance("5m");
    await server.broker.queue("q").expectConsumers(1);
    await server.broker.clock.advance("10m");
    expect(await client.closed()).toContain("timed out");
  });

  test("a tap shows what one connection publishes and gets, and nothing of another", async () => {
    await client.declareQueue("q");
    await send("q", "before");
    await getSoon(client, "q");
    const other = await connect(server.broker.url);
    const mine = await holderOf(server);
    const tap = await server.tap(`connection=${encodeURIComponent(mine)}`);
    await other.publish("", "q", "of another");
    await send("q", "mine");
    expect(await tap.next()).toMatchObject({
      kind: "published",
      payload: "mine",
      connection: mine,
    });
    await client.consume("q", "c", { noAck: true });
    const got = [await tap.next(), await tap.next()];
    for (const event of got) expect(event).toMatchObject({ kind: "delivered", connection: mine });
    expect(got.map(({ payload }) => payload)).toEqual(["of another", "mine"]);
    tap.stop();
    await other.end();
  });

  test("a tap of an exchange shows where its messages went, filtered by key and header", async () => {
    await client.declareExchange("e", "topic");
    await client.declareQueue("q");
    await client.bind("e", "q", "a.*");
    const tap = await server.tap("exchange=e&key=a.b&header=colour:red&kinds=published");
    await client.publish("e", "a.b", "no", { headers: { colour: "blue" } });
    await client.publish("e", "a.c", "no", { headers: { colour: "red" } });
    await client.publish("e", "a.b", "yes", { headers: { colour: "red" } });
    expect(await tap.next()).toMatchObject({
      ...{ kind: "published", exchange: "e", routing_key: "a.b", payload: "yes" },
      routed_queues: ["q"],
    });
    tap.stop();
  });
});

/** The connection with the only message that is out. */
async function holderOf(server: ApiBroker): Promise<string> {
  const { json } = await server.api("GET", "/channels");
  for (const { messages_unacknowledged: count, connection_details: connection } of json) {
    if (count === 1) return connection.name;
  }
  throw new Error(JSON.stringify(json));
}
