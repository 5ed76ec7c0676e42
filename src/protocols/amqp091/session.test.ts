// One connection against the real core, on the simulated net: what a client sees, at every split of its input.

import { describe, expect, it } from "vitest";
import { longString, textOf } from "../../broker/message/field-table.ts";
import type { FakeNetOptions } from "../../env/fake-net.ts";
import type { ClientMethod } from "./codec/methods.generated.ts";
import { consume, declareExchange, declareQueue } from "./test-methods.ts";
import { createWorld, publishBytes, type Received } from "./testing.ts";

const consumeAndAcknowledge = (queue: string, consumerTag = "c") =>
  consume(queue, { noAck: false, consumerTag });
const names = (received: Received[]) => received.map(({ method }) => method.name);
const bodies = (received: Received[]) =>
  received.flatMap(({ body }) => (body === undefined ? [] : [body.toString()]));

const splits: FakeNetOptions["split"][] = ["whole", "bytes", "seeded"];

describe.each(splits)("a session with input split %s", (split) => {
  const start = async () => {
    const world = await createWorld({ net: { split, inFlight: split === "seeded" ? 0.5 : 0 } });
    return { world, client: world.connect().open() };
  };

  it("publishes, consumes and acknowledges", async () => {
    const { client, world } = await start();
    client.send(1, declareQueue("q"));
    expect(client.answer().method).toMatchObject({ name: "queue.declare-ok", messageCount: 0 });
    for (let i = 0; i < 50; i++)
      client.publish(1, "", "q", `message ${i}`, { contentType: "text" });
    client.publish(1, "", "q", "");
    client.send(1, consumeAndAcknowledge("q"));
    const received = client.receive();
    expect(received[0]?.method.name).toBe("basic.consume-ok");
    expect(bodies(received)).toEqual([...Array.from({ length: 50 }, (_, i) => `message ${i}`), ""]);
    expect(received[1]).toMatchObject({
      method: { name: "basic.deliver", deliveryTag: 1, redelivered: false, routingKey: "q" },
      properties: { contentType: "text" },
    });
    client.send(1, { name: "basic.ack", deliveryTag: 51, multiple: true });
    client.send(1, {
      name: "queue.delete",
      queue: "q",
      ifUnused: false,
      ifEmpty: true,
      noWait: false,
    });
    expect(names(client.receive())).toContain("queue.delete-ok");
    expect(world.broker.memory.pages.usedBytes).toBe(0);
  });

  it("counts as waiting only what no consumer can take, also within one read", async () => {
    const { client } = await start();
    client.send(1, declareQueue("q")).send(1, consume("q"));
    client.receive();
    client.publish(1, "", "q", "taken").send(1, declareQueue("q"));
    const received = client.receive();
    expect(received.map(({ method }) => method.name).sort()).toEqual([
      "basic.deliver",
      "queue.declare-ok",
    ]);
    const answer = received.find(({ method }) => method.name === "queue.declare-ok");
    expect(answer?.method).toMatchObject({ messageCount: 0, consumerCount: 1 });
    client
      .publish(1, "", "q", "taken too")
      .send(1, { name: "queue.purge", queue: "q", noWait: false });
    const purged = client.receive().find(({ method }) => method.name === "queue.purge-ok");
    expect(purged?.method).toMatchObject({ messageCount: 0 });
  });

  it("takes bodies of any size, cut in frames of any size", async () => {
    const { client } = await start();
    client.send(1, declareQueue("q")).send(1, consume("q"));
    client.receive();
    const sizes = [1, 4_000, 65_536, 65_537, 300_000];
    for (const size of sizes) {
      const body = Buffer.alloc(size, `${size} `);
      client.publish(1, "", "q", body);
      client.publish(1, "", "q", body, {}, { frameMax: 4_096 });
    }
    const received = client.receive(200);
    expect(received.map(({ bodySizeBytes }) => bodySizeBytes)).toEqual(
      sizes.flatMap((size) => [size, size]),
    );
    for (const { body, bodySizeBytes = 0 } of received) {
      expect(body?.equals(Buffer.alloc(bodySizeBytes, `${bodySizeBytes} `))).toBe(true);
    }
  });

  it("sends to the keys in CC and BCC, and shows the latter to nobody", async () => {
    const { client } = await start();
    for (const queue of ["to", "copy", "blind"]) client.send(1, declareQueue(queue));
    client.receive();
    const keys = (...names: string[]) => ({ type: "A", value: names.map(longString) }) as const;
    const headers = new Map([
      ["CC", keys("copy", "nowhere")],
      ["BCC", keys("blind")],
    ]);
    const body = "x".repeat(9_000);
    client.publish(1, "", "to", body, { headers, expiration: "60000", correlationId: "7" });
    for (const queue of ["to", "copy", "blind"]) {
      const got = client.send(1, { name: "basic.get", queue, noAck: true }).answer();
      expect(got.properties).toMatchObject({ expiration: "60000", correlationId: "7" });
      const shown = got.properties?.headers;
      expect([...(shown?.keys() ?? [])]).toEqual(["CC"]);
      const copies = shown?.get("CC");
      expect(copies?.type === "A" && copies.value.map(textOf)).toEqual(["copy", "nowhere"]);
      expect(got.body?.toString()).toBe(body);
    }
  });

  it("drops a message without time to live behind others, when nobody stood ready", async () => {
    const { client } = await start();
    client.send(1, declareQueue("q"));
    client.publish(1, "", "q", "first").publish(1, "", "q", "second", { expiration: "0" });
    client.publish(1, "", "q", "third").send(1, consume("q"));
    expect(bodies(client.receive(200))).toEqual(["first", "third"]);
    client.publish(1, "", "q", "at once", { expiration: "0" });
    expect(bodies(client.receive(200))).toEqual(["at once"]);
    client.send(1, { name: "basic.cancel", consumerTag: "c", noWait: false });
    client.send(1, consumeAndAcknowledge("q", "acknowledging"));
    client.publish(1, "", "q", "given back", { expiration: "0" });
    const given = client.receive(200).find(({ method }) => method.name === "basic.deliver");
    const deliveryTag = given?.method.name === "basic.deliver" ? given.method.deliveryTag : 0;
    client.send(1, { name: "basic.nack", deliveryTag, multiple: false, requeue: true });
    expect(bodies(client.receive(200))).toEqual([]);
  });

  it("lifts the limit of a channel when a limit for consumers is set, as RabbitMQ does", async () => {
    const { client } = await start();
    const qos = (prefetchCount: number, global: boolean): ClientMethod => ({
      ...{ name: "basic.qos", prefetchSize: 0, prefetchCount, global },
    });
    client.send(1, declareQueue("q")).send(1, qos(1, true)).send(1, consumeAndAcknowledge("q"));
    client.receive();
    for (const body of ["one", "two", "three"]) client.publish(1, "", "q", body);
    expect(bodies(client.receive())).toEqual(["one"]);
    client.send(1, qos(5, false));
    expect(bodies(client.receive())).toEqual(["two", "three"]);
  });

  it("confirms in order, with a returned message before its confirm", async () => {
    const { client } = await start();
    client.send(1, declareQueue("q")).send(1, { name: "confirm.select", noWait: false });
    client.publish(1, "", "q", "one");
    client.publish(1, "", "nowhere", "two", {}, { mandatory: true });
    client.publish(1, "", "q", "three", { deliveryMode: 2 });
    const received = client.receive();
    const interesting = received.slice(2);
    const returned = interesting.findIndex(({ method }) => method.name === "basic.return");
    expect(interesting[returned]).toMatchObject({
      method: { replyCode: 312, replyText: "NO_ROUTE", routingKey: "nowhere" },
    });
    expect(interesting[returned]?.body?.toString()).toBe("two");
    const confirmed = interesting.filter(({ method }) => method.name === "basic.ack");
    expect(confirmed.at(-1)?.method).toMatchObject({ deliveryTag: 3 });
    const before = interesting.slice(0, returned);
    expect(before.every(({ method }) => "deliveryTag" in method && method.deliveryTag < 2)).toBe(
      true,
    );
  });

  it("keeps contents of several channels apart, however their frames alternate", async () => {
    const { client } = await start();
    client.send(2, { name: "channel.open" }).send(1, declareQueue("q")).send(1, consume("q"));
    client.receive();
    const one = frames(publishBytes(1, "", "q", Buffer.alloc(9_000, "1"), {}, { frameMax: 4_096 }));
    const two = frames(publishBytes(2, "", "q", Buffer.alloc(9_000, "2"), {}, { frameMax: 4_096 }));
    for (let i = 0; i < one.length; i++) {
      client.raw.write(one[i] as Uint8Array);
      client.raw.write(two[i] as Uint8Array);
    }
    const received = client.receive();
    expect(bodies(received).map((body) => [body[0], new Set(body).size, body.length])).toEqual([
      ["1", 1, 9_000],
      ["2", 1, 9_000],
    ]);
  });

  it("routes a message as things are when its last byte has come", async () => {
    const { client } = await start();
    client.send(2, { name: "channel.open" }).send(1, declareQueue("q"));
    client.receive();
    const [method, header, body] = frames(publishBytes(1, "", "q", Buffer.from("late"), {}));
    client.raw.write(method as Uint8Array);
    client.raw.write(header as Uint8Array);
    const flags = { ifUnused: false, ifEmpty: false, noWait: false };
    client.send(2, { name: "queue.delete", queue: "q", ...flags }).send(2, declareQueue("q"));
    client.receive();
    client.raw.write(body as Uint8Array);
    client.send(2, consume("q"));
    expect(bodies(client.receive())).toEqual(["late"]);
  });

  it("refuses a message whose exchange is gone when its last byte comes", async () => {
    const { client } = await start();
    client.send(2, { name: "channel.open" }).send(1, declareExchange("x", "fanout"));
    client.receive();
    const [method, header, body] = frames(publishBytes(1, "x", "", Buffer.from("late"), {}));
    client.raw.write(method as Uint8Array);
    client.raw.write(header as Uint8Array);
    client.send(2, { name: "exchange.delete", exchange: "x", ifUnused: false, noWait: false });
    client.receive();
    client.raw.write(body as Uint8Array);
    expect(client.answer().method).toMatchObject({
      ...{ name: "channel.close", replyCode: 404, classId: 60, methodId: 40 },
    });
  });

  it("closes a channel for a soft error and goes on with the others", async () => {
    const { client } = await start();
    client.send(2, { name: "channel.open" });
    client.receive();
    client.publish(1, "missing", "k", "lost");
    client.publish(1, "missing", "k", "ignored");
    client.send(2, declareQueue("q"));
    const received = client.receive();
    expect(received.map(({ channel, method }) => [channel, method.name])).toEqual([
      [1, "channel.close"],
      [2, "queue.declare-ok"],
    ]);
    expect(received[0]?.method).toMatchObject({
      replyCode: 404,
      replyText: "NOT_FOUND - no exchange 'missing' in vhost '/'",
      classId: 60,
      methodId: 40,
    });
    client.send(1, { name: "channel.close-ok" }).send(1, { name: "channel.open" });
    expect(client.answer()).toMatchObject({ channel: 1, method: { name: "channel.open-ok" } });
  });

  it("answers direct reply-to requests", async () => {
    const { client, world } = await start();
    const server = world.connect().open();
    server.send(1, declareQueue("rpc")).send(1, consume("rpc"));
    server.receive();
    client.send(1, consume("amq.rabbitmq.reply-to"));
    client.receive();
    client.publish(1, "", "rpc", "ping", { replyTo: "amq.rabbitmq.reply-to", correlationId: "7" });
    client.receive();
    const [request] = server.receive();
    const replyTo = request?.properties?.replyTo ?? "";
    expect(replyTo).toMatch(/^amq\.rabbitmq\.reply-to\..{22}$/);
    expect(request?.body?.toString()).toBe("ping");
    server.publish(1, "", replyTo, "pong", { correlationId: "7" });
    server.receive();
    expect(client.answer()).toMatchObject({
      method: { name: "basic.deliver", consumerTag: "c" },
      properties: { correlationId: "7" },
    });
  });
});

describe("a transaction", () => {
  it("does nothing until it is committed, and then all of it", async () => {
    const world = await createWorld();
    const client = world.connect().open(2);
    client.send(1, declareQueue("in")).send(1, declareQueue("out")).publish(1, "", "in", "work");
    client.send(2, { name: "tx.select" });
    client.send(2, { name: "basic.get", queue: "in", noAck: false });
    client.receive();
    client.publish(2, "", "out", "result");
    client.send(2, { name: "basic.ack", deliveryTag: 1, multiple: false });
    client.receive();
    expect(depths(world.broker, "in", "out")).toEqual([
      [0, 1],
      [0, 0],
    ]);
    client.send(2, { name: "tx.commit" });
    expect(client.answer().method.name).toBe("tx.commit-ok");
    expect(depths(world.broker, "in", "out")).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it("leaves nothing behind when it is rolled back or its channel ends", async () => {
    const world = await createWorld();
    const client = world.connect().open(2);
    client.send(1, declareQueue("out")).send(2, { name: "tx.select" });
    client.receive();
    client.publish(2, "", "out", Buffer.alloc(100_000)).send(2, { name: "tx.rollback" });
    expect(client.answer().method.name).toBe("tx.rollback-ok");
    client.publish(2, "", "out", Buffer.alloc(100_000));
    client.send(2, {
      name: "channel.close",
      replyCode: 200,
      replyText: "",
      classId: 0,
      methodId: 0,
    });
    expect(client.answer().method.name).toBe("channel.close-ok");
    expect(depths(world.broker, "out")).toEqual([[0, 0]]);
    expect(world.broker.memory.pages.usedBytes).toBe(0);
  });
});

describe("a connection that ends", () => {
  it("gives its deliveries back and its exclusive queues up", async () => {
    const world = await createWorld();
    const client = world.connect().open();
    client.send(1, declareQueue("q")).send(1, declareQueue("mine", { exclusive: true }));
    for (let i = 0; i < 3; i++) client.publish(1, "", "q", `${i}`);
    client.send(1, consumeAndAcknowledge("q"));
    expect(bodies(client.receive())).toEqual(["0", "1", "2"]);
    client.raw.destroy();
    world.run();
    expect(world.broker.vhosts.get("/")?.queues.has("mine")).toBe(false);
    expect(world.broker.connections.count).toBe(0);
    const other = world.connect().open();
    other.send(1, consume("q"));
    const received = other.receive().slice(1);
    expect(bodies(received)).toEqual(["0", "1", "2"]);
    expect(received.every(({ method }) => "redelivered" in method && method.redelivered)).toBe(
      true,
    );
  });

  it("is told why when the broker stops, and closes after its close-ok", async () => {
    const world = await createWorld();
    const client = world.connect().open();
    const closed = world.acceptor.closeAll("shutdown");
    expect(client.answer().method).toMatchObject({
      name: "connection.close",
      replyCode: 320,
      replyText: "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
    });
    client.send(0, { name: "connection.close-ok" });
    world.run();
    await closed;
    expect(world.acceptor.connectionCount).toBe(0);
  });

  it("is dropped when it never shakes hands, and when its heartbeats stop", async () => {
    const world = await createWorld();
    const silent = world.connect();
    world.run(9_900);
    expect(silent.raw.closed).toBe(false);
    world.run(200);
    expect(silent.raw.closed).toBe(true);
  });
});

describe("a client that does not read", () => {
  it("costs its bound of output, and its queue keeps the rest", async () => {
    const world = await createWorld({ net: { windowBytes: 65_536 } });
    const reader = world.connect().open();
    reader.send(1, declareQueue("q")).send(1, consume("q"));
    reader.receive();
    reader.raw.reads = false;
    const idleBytes = world.broker.memory.output.usedBytes;
    const writer = world.connect().open();
    for (let i = 0; i < 400; i++) writer.publish(1, "", "q", Buffer.alloc(10_000));
    writer.receive();
    expect(world.broker.memory.output.usedBytes - idleBytes).toBeLessThanOrEqual(2 * 1_048_576);
    const [ready] = depths(world.broker, "q")[0] as [number];
    expect(ready).toBeGreaterThan(200);
  });
});

describe("a memory that fills up", () => {
  it("holds publishers back, says why, lets consumers drain, and loses nothing", async () => {
    const world = await createWorld();
    const publisher = world.connect().open(1, ["connection.blocked"]);
    publisher.send(1, declareQueue("q")).send(1, { name: "confirm.select", noWait: false });
    publisher.receive();
    const count = 400;
    for (let i = 0; i < count; i++) publisher.publish(1, "", "q", Buffer.alloc(60_000, `${i},`));
    const early = publisher.receive();
    expect(names(early)).toContain("connection.blocked");
    const { pages } = world.broker.memory;
    expect(pages.freeBytes).toBeGreaterThan(0);
    expect(world.broker.alarms.blocked).toBe(true);

    const consumer = world.connect().open();
    consumer.send(1, consume("q"));
    const seen = [...bodies(consumer.receive(500)), ...bodies(consumer.receive(500))];
    expect(seen.map((body) => body.slice(0, body.indexOf(",")))).toEqual(
      Array.from({ length: count }, (_, i) => `${i}`),
    );
    const late = publisher.receive();
    expect(names(late)).toContain("connection.unblocked");
    const acknowledged = [...early, ...late].filter(({ method }) => method.name === "basic.ack");
    expect(acknowledged.at(-1)?.method).toMatchObject({ deliveryTag: count });
    expect(world.broker.alarms.blocked).toBe(false);
    expect(pages.usedBytes).toBe(0);
  });

  it("still takes acknowledgements from a connection that is held back", async () => {
    const world = await createWorld();
    const client = world.connect().open();
    client.send(1, declareQueue("q")).send(1, consumeAndAcknowledge("q"));
    for (let i = 0; i < 40; i++) client.publish(1, "", "q", Buffer.alloc(60_000));
    let deliveredCount = client.receive().filter(isDelivery).length;
    const other = world.connect().open();
    for (let i = 0; i < 400; i++) other.publish(1, "", "q", Buffer.alloc(60_000));
    other.receive();
    expect(world.broker.flow.heldCount).toBe(1);
    // Its own publish waits behind the acknowledgement, which must be heard all the same.
    for (let round = 0; round < 10; round++) {
      client.send(1, { name: "basic.ack", deliveryTag: 0, multiple: true });
      if (round < 5) client.publish(1, "", "q", "more");
      deliveredCount += client.receive(100).filter(isDelivery).length;
    }
    expect(deliveredCount).toBe(40 + 400 + 5);
    expect(world.broker.flow.heldCount).toBe(0);
  });
});

describe("a disk that is slower than what comes", () => {
  it("holds a body that is under way back, and takes the rest when the disk has caught up", async () => {
    const world = await createWorld();
    const client = world.connect().open();
    client.send(1, declareQueue("q")).send(1, consume("q"));
    client.receive();
    let isCongested = true;
    Object.defineProperty(world.broker, "isCongested", { get: () => isCongested });
    client.publish(1, "", "q", Buffer.alloc(300_000, "large "), {}, { frameMax: 4_096 });
    expect(client.receive()).toEqual([]);
    expect(world.broker.flow.heldCount).toBe(1);
    // Its header has been taken, no part of its body.
    const { pages } = world.broker.memory;
    expect(pages.usedBytes).toBeGreaterThan(0);
    expect(pages.usedBytes).toBeLessThan(65_536);
    isCongested = false;
    world.broker.turn.schedule();
    const [delivery] = client.receive(200);
    expect(delivery?.body?.equals(Buffer.alloc(300_000, "large "))).toBe(true);
    expect(pages.usedBytes).toBe(0);
  });
});

const isDelivery = ({ method }: Received) => method.name === "basic.deliver";

function depths(broker: Awaited<ReturnType<typeof createWorld>>["broker"], ...queues: string[]) {
  return queues.map((name) => {
    const depth = broker.vhosts.get("/")?.queues.get(name)?.depth;
    return [depth?.ready, depth?.unacknowledged];
  });
}

/** The frames of `bytes`, one by one. */
function frames(bytes: Uint8Array): Uint8Array[] {
  const all: Uint8Array[] = [];
  const view = Buffer.from(bytes);
  for (let at = 0; at < view.length; ) {
    const end = at + 8 + view.readUInt32BE(at + 3);
    all.push(view.subarray(at, end));
    at = end;
  }
  return all;
}
