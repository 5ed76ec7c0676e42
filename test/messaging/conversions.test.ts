// A queue becomes one of another type while it is used: no message is lost or doubled, whatever happens meanwhile.

import { expect, test } from "vitest";
import type { Conversion } from "../../src/broker/conversion/conversion.ts";
import type { FieldTable, FieldValue } from "../../src/broker/message/field-table.ts";
import { Consumer, type DeliveryTarget } from "../../src/broker/queue/consumer.ts";
import type { Queue } from "../../src/broker/queue/queue.ts";
import type { Transfer } from "../../src/broker/queue/transfer.ts";
import { Node, Outcome, table } from "./node.ts";

const COUNT = 300;
const BODIES = Array.from({ length: COUNT }, (_, i) => `${i}`);

function fill(node: Node, from = 0, to = COUNT): void {
  for (const body of BODIES.slice(from, to)) node.publish("x", "key", body);
}

function convert(
  node: Node,
  type: string,
  wanted: ReadonlyMap<string, FieldValue | undefined> = table({}),
): void {
  node.life.access.convertQueue("q", type, wanted);
}

async function begin(type: string, options = {}): Promise<Node> {
  const node = await Node.start();
  node.exchange("x", "topic");
  node.queue("q", { "x-queue-type": type, ...options });
  node.bind("x", "q", "key");
  return node;
}

const typeOf = (queue: Queue) => queue.definition.type.name;

test.each([
  ["classic", "quorum"],
  ["quorum", "classic"],
  ["stream", "classic"],
  ["stream", "quorum"],
])("%s to %s: messages keep their order, bindings lead to it", async (from, to) => {
  const node = await begin(from);
  fill(node, 0, 200);
  convert(node, to);
  fill(node, 200, 250);
  expect(node.at("q").depth.ready).toBe(250);
  await node.pass(1_000);
  fill(node, 250);
  expect(typeOf(node.at("q"))).toBe(to);
  expect(node.at("q").state).toBe("running");
  expect(node.at("q").depth.ready).toBe(COUNT);
  expect(await node.bodies("q")).toEqual(BODIES);
});

test.each([
  ["crash", "classic"],
  ["restart", "classic"],
  ["crash", "stream"],
  ["restart", "stream"],
] as const)("what was converted is there after a %s, once a %s", async (how, type) => {
  const node = await begin(type);
  fill(node);
  convert(node, "quorum");
  await node.pass(1_000);
  await node[how]();
  expect(typeOf(node.at("q"))).toBe("quorum");
  node.publish("x", "key", "new");
  expect(await node.bodies("q")).toEqual([...BODIES, "new"]);
  await node[how]();
  expect(await node.bodies("q")).toEqual([]);
});

test.each([
  ["classic", "quorum"],
  ["classic", "stream"],
  ["stream", "quorum"],
  ["stream", "classic"],
])("%s to %s, the power goes in the middle: each message once", async (from, wanted) => {
  const count = 3_500;
  let middles = 0;
  for (let seed = 1; seed <= 24; seed++) {
    const node = await Node.start(seed);
    node.exchange("x", "direct");
    node.queue("q", { "x-queue-type": from });
    node.bind("x", "q", "key");
    for (let i = 0; i < count; i++) node.publish("x", "key", `${i}`);
    await node.pass(200);
    convert(node, wanted);
    await node.pass(seed / 20);
    await node.losePower();
    if (seed % 5 === 0) await node.losePower();
    const queue = node.at("q");
    // The request itself may not have reached the disk.
    if (queue.state !== "converting") {
      if (typeOf(queue) !== wanted) convert(node, wanted);
    } else if ((queue.transfer?.partner?.depth.ready ?? 0) > 0) middles++;
    await node.pass(2_000);
    expect(node.at("q").state).toBe("running");
    expect(node.at("q").depth.ready, `seed ${seed}`).toBe(count);
    if (wanted === "stream") continue;
    const bodies = await node.bodies("q");
    expect(bodies).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
  }
  expect(middles).toBeGreaterThan(3);
});

test("a checkpoint in the middle says what is where", async () => {
  const node = await begin("classic");
  fill(node);
  const queue = node.at("q");
  const held = await hold(node, 3);
  convert(node, "quorum");
  await node.pass(1_000);
  expect(node.at("q").depth.unacknowledged).toBe(3);
  await node.restart();
  expect(queue).not.toBe(node.at("q"));
  await node.pass(1_000);
  const bodies = await node.bodies("q");
  // What was out when the process ended follows the rest.
  expect(bodies).toEqual([...BODIES.slice(3), ...held.map(({ body }) => body)]);
});

test("deliveries that are out can be acknowledged, and come back behind the rest", async () => {
  const node = await begin("classic");
  fill(node, 0, 10);
  const [first, second, third] = await hold(node, 3);
  convert(node, "quorum");
  await node.pass(1_000);
  first?.settle(Outcome.accept);
  second?.settle(Outcome.requeue);
  await node.pass(1_000);
  expect(node.at("q").depth.unacknowledged).toBe(1);
  expect(await node.bodies("q")).toEqual([...BODIES.slice(3, 10), "1"]);
  third?.settle(Outcome.accept);
  await node.pass(1_000);
  expect(node.at("q").transfer?.partner).toBeUndefined();
  expect([...node.vhost.numberedQueues()].length).toBe(1);
  await node.crash();
  expect(await node.bodies("q")).toEqual([]);
});

test("counts of deliveries, priorities and the time a message has left go along", async () => {
  const node = await begin("quorum");
  node.publish("x", "key", "low", {}, { deliveryMode: 2, priority: 1 });
  node.publish("x", "key", "high", {}, { deliveryMode: 2, priority: 9 });
  node.publish("x", "key", "brief", {}, { deliveryMode: 2, expiration: "5000" });
  await node.get("q", Outcome.returned);
  await node.pass(4_000);
  convert(node, "classic", table({ "x-max-priority": 9 }));
  await node.pass(500);
  expect(typeOf(node.at("q"))).toBe("classic");
  const high = await node.get("q", Outcome.requeue);
  expect(high).toMatchObject({ body: "high", redelivered: true, deliveryCount: 1 });
  await node.crash();
  await node.pass(1_000);
  expect(await node.bodies("q")).toEqual(["high", "low"]);
});

test("a paused queue stays paused, a policy of the new type holds", async () => {
  const node = await begin("classic");
  node.policy("q", { "delivery-limit": 3 });
  fill(node, 0, 5);
  node.vhost.setPaused(node.at("q"), true);
  convert(node, "quorum");
  await node.pass(1_000);
  expect(node.at("q").state).toBe("paused");
  expect(node.at("q").settings.values.deliveryLimit).toBe(3);
  await node.crash();
  expect(node.at("q").state).toBe("paused");
  node.vhost.setPaused(node.at("q"), false);
  expect(await node.bodies("q")).toEqual(BODIES.slice(0, 5));
});

test("deleting it in the middle deletes both halves", async () => {
  const node = await begin("classic");
  fill(node);
  convert(node, "quorum");
  node.vhost.deleteQueue(node.at("q"), "deleted");
  await node.pass(1_000);
  expect([...node.vhost.numberedQueues()]).toEqual([]);
  await node.crash();
  expect([...node.vhost.numberedQueues()]).toEqual([]);
});

test("purging it in the middle purges both halves", async () => {
  const node = await begin("classic");
  for (let i = 0; i < 3_000; i++) node.publish("x", "key", `${i}`);
  await node.pass(200);
  convert(node, "quorum");
  const { partner, mover } = node.at("q").transfer as Transfer;
  // One message at a time.
  for (let i = 0; i < 10; i++) (mover as Conversion).runSlice(() => true);
  expect(partner?.depth.ready).toBe(10);
  expect(node.life.access.purgeQueue("q")).toBe(3_000);
  await node.crash();
  await node.pass(1_000);
  expect(node.at("q").depth.ready).toBe(0);
});

test("keys of duplicates go along", async () => {
  const node = await begin("classic", { "x-message-deduplication": true });
  node.publish("x", "key", "one", { "x-deduplication-header": "a" });
  convert(node, "quorum");
  await node.pass(1_000);
  node.publish("x", "key", "again", { "x-deduplication-header": "a" });
  await node.crash();
  node.publish("x", "key", "again", { "x-deduplication-header": "a" });
  expect(await node.bodies("q")).toEqual(["one"]);
});

test("what such a queue could not be declared with is refused", async () => {
  const node = await begin("classic", { "x-max-priority": 5 });
  const name = "queue 'q' in vhost '/'";
  expect(() => convert(node, "quorum")).toThrow(
    `invalid arg 'x-max-priority' for ${name} of queue type rabbit_quorum_queue`,
  );
  expect(() => convert(node, "mirrored")).toThrow(
    `invalid arg 'x-queue-type' for ${name}: "unsupported queue type 'mirrored'"`,
  );
  convert(node, "quorum", new Map([["x-max-priority", undefined]]));
  expect(() => convert(node, "classic")).toThrow(`${name} is being converted already`);
  await node.pass(1_000);
  convert(node, "stream");
  await node.pass(1_000);
  expect(() => convert(node, "stream")).toThrow(`${name} is a stream already`);
});

test("what a message says of itself counts: its priority, its filter value, its time to live", async () => {
  const node = await begin("classic");
  const kept = { deliveryMode: 2 } as const;
  node.publish("x", "key", "low", {}, { ...kept, priority: 1 });
  node.publish("x", "key", "high", {}, { ...kept, priority: 9 });
  node.publish("x", "key", "none");
  convert(node, "quorum");
  await node.pass(1_000);
  expect(await node.bodies("q")).toEqual(["high", "none", "low"]);

  node.publish("x", "key", "plain");
  node.publish("x", "key", "red", { "x-stream-filter-value": "red" });
  node.publish("", "elsewhere", "without headers");
  convert(node, "stream");
  await node.pass(1_000);
  for (let i = 0; i < 200; i++) node.publish("x", "key", "x".repeat(1_000));
  await node.pass(1_000);
  const red = await read(node, table({ "x-stream-filter": "red", "x-stream-offset": "first" }));
  expect(red.bodies).toEqual(["red"]);
});

test("what comes out of a stream begins its time to live then, and is kept whatever it was", async () => {
  const node = await begin("stream");
  node.publish("x", "key", "brief", {}, { expiration: "5000" });
  node.publish("x", "key", "transient", {}, { deliveryMode: 1 });
  await node.pass(60_000);
  convert(node, "classic");
  await node.pass(4_000);
  await node.crash();
  expect(node.at("q").depth).toMatchObject({ ready: 2, persistent: 2 });
  await node.pass(5_000);
  expect(await node.bodies("q")).toEqual(["transient"]);
});

test("readers of a stream hear that it is gone; who comes meanwhile goes along", async () => {
  const node = await begin("stream");
  fill(node);
  await node.pass(100);
  const early = await read(node, table({ "x-stream-offset": "first" }));
  expect(early.bodies).toEqual(BODIES);
  convert(node, "quorum");
  expect(early.ended).toEqual(["cancelled"]);
  const late = await read(node, table({}), 0);
  expect(late.bodies).toEqual([]);
  await node.pass(1_000);
  expect(late.ended).toEqual(["replaced"]);
  expect(node.at("q").consumerCount).toBe(0);
});

test("a stream that retention would shorten loses nothing on its way", async () => {
  const sizes = { "x-max-length-bytes": 20_000, "x-stream-max-segment-size-bytes": 2_000 };
  const node = await begin("stream", sizes);
  fill(node, 0, 200);
  await node.pass(100);
  const [before] = [node.at("q").depth.ready];
  node.vhost.setPaused(node.at("q"), true);
  const gone = ["x-stream-max-segment-size-bytes", "x-max-length-bytes"];
  convert(node, "classic", new Map(gone.map((name) => [name, undefined])));
  fill(node, 200);
  expect(node.at("q").depth.ready).toBe(before + 100);
  await node.pass(1_000);
  node.vhost.setPaused(node.at("q"), false);
  expect(await node.bodies("q")).toEqual(BODIES.slice(COUNT - before - 100));
});

test("there and back again, over a checkpoint in the middle", async () => {
  const node = await begin("classic");
  const all: string[] = [];
  let middles = 0;
  for (const [round, type] of ["stream", "quorum", "stream", "classic"].entries()) {
    for (let i = 0; i < 400; i++) {
      all.push(`${round} ${i}`);
      node.publish("x", "key", `${round} ${i}`);
    }
    await node.pass(100);
    convert(node, type);
    const { partner, mover } = node.at("q").transfer as Transfer;
    for (let i = 0; i < 10; i++) (mover as Conversion).runSlice(() => true);
    if ((partner?.depth.ready ?? 0) > 0) middles++;
    await node.restart(0);
    await node.pass(1_000);
    expect([typeOf(node.at("q")), node.at("q").state]).toEqual([type, "running"]);
    expect(node.at("q").depth.ready).toBe(all.length);
  }
  expect(middles).toBeGreaterThan(0);
  expect(await node.bodies("q")).toEqual(all);
  expect([...node.vhost.numberedQueues()].length).toBe(1);
});

/** Reads for a while, and keeps what it gets. */
async function read(node: Node, options: FieldTable, prefetchMax = COUNT) {
  const bodies: string[] = [];
  const ended: string[] = [];
  const waiting: Promise<unknown>[] = [];
  const queue = node.at("q");
  const target: DeliveryTarget = {
    writable: true,
    deliver: (_consumer, { record }) => {
      const place = bodies.push("") - 1;
      waiting.push(
        node.life.messages.read(record).then((message) => {
          bodies[place] = Buffer.from(message.body).toString();
        }),
      );
    },
    onCancelled: () => ended.push("cancelled"),
    onQueueReplaced: () => ended.push("replaced"),
  };
  const plain = { tag: "reader", queue, target, noAck: false, exclusive: false, priority: 0 };
  queue.consume(new Consumer({ ...plain, prefetchMax, arguments: options }));
  await node.pass(200 * Math.sign(prefetchMax));
  await Promise.all(waiting);
  return { bodies, ended };
}

/** Takes messages and keeps them. */
async function hold(node: Node, count: number) {
  const held: { body: string; settle: (outcome: Outcome) => void }[] = [];
  for (let i = 0; i < count; i++) {
    const queue = node.at("q");
    queue.get({
      noAck: false,
      onGot: (_queue, { sequence, location, record, deliveryCount }) => {
        const bytes = record.bodySizeBytes;
        held.push({
          body: `${i}`,
          settle: (outcome) =>
            queue.settle(undefined, sequence, location, bytes, outcome, deliveryCount),
        });
      },
      onEmpty: () => {},
    });
  }
  await node.pass(10);
  return held;
}

test("its share of a hash exchange remains its share, over a restart too", async () => {
  const node = await Node.start();
  node.exchange("x", "x-consistent-hash");
  const names = ["q1", "q2", "q3"];
  for (const name of names) {
    node.queue(name);
    node.bind("x", name, "2");
  }
  const shares = async () => {
    for (let i = 0; i < 100; i++) node.publish("x", `key ${i}`, `${i}`);
    const all: string[][] = [];
    for (const name of names) all.push(await node.bodies(name));
    return all;
  };
  const before = await shares();
  node.life.access.convertQueue("q1", "quorum", new Map());
  await node.pass(500);
  expect(await shares()).toEqual(before);
  await node.crash();
  expect(await shares()).toEqual(before);
  await node.restart();
  expect(await shares()).toEqual(before);
});
