import { expect, test } from "vitest";
import { type FieldTable, longString, textOf } from "../../broker/message/field-table.ts";
import type { MessageProperties } from "../../broker/message/message-properties.ts";
import { type Interceptions, permissiveRules } from "../../broker/rules.ts";
import { consume, declareQueue } from "./test-methods.ts";
import { createWorld } from "./testing.ts";

const NODE = "rabbit@test";
const SENT = "x-opt-rabbitmq-sent-time";
const ALWAYS = { overwrite: true };
const UNLESS_THERE = { overwrite: false };

async function world(interceptions: Interceptions | undefined) {
  const made = await createWorld();
  made.broker.rules = { ...permissiveRules, interceptions };
  const client = made.connect().open(1);
  client.send(1, declareQueue("q")).receive();
  const pass = (body: Buffer | string, properties: MessageProperties = {}) => {
    client.publish(1, "", "q", body, properties);
    client.send(1, { name: "basic.get", queue: "q", noAck: true });
    const [received] = client.receive(200);
    return received!;
  };
  return { ...made, client, pass };
}

test("without them a message stays as it is", async () => {
  const { pass } = await world(undefined);
  expect(pass("x", { appId: "a" }).properties).toEqual({ appId: "a" });
});

test.each([["small"], ["large ".repeat(40_000)]])(
  "time and node are put on a message",
  async (body) => {
    const { pass, env } = await world({ timestamp: UNLESS_THERE, routingNode: UNLESS_THERE });
    const before = BigInt(Math.floor(env.clock.nowMs()));
    const headers: FieldTable = new Map([["own", longString("kept")]]);
    const received = pass(body, { headers, appId: "a" });
    expect(received.body?.toString()).toBe(body);
    const { headers: found, timestamp, appId } = received.properties!;
    expect(appId).toBe("a");
    expect(textOf(found!.get("own")!)).toBe("kept");
    expect(textOf(found!.get("x-routed-by")!)).toBe(NODE);
    const stamp = found!.get("timestamp_in_ms") as { type: string; value: bigint };
    expect(stamp.type).toBe("l");
    expect(stamp.value - before).toBeLessThan(1_000n);
    expect(stamp.value >= before).toBe(true);
    expect(timestamp).toBe(stamp.value / 1_000n);
  },
);

test("what the publisher put there stays, or does not, as it is configured", async () => {
  const headers: FieldTable = new Map([
    ["timestamp_in_ms", { type: "l", value: 5n } as const],
    ["x-routed-by", longString("me")],
  ]);
  const kept = await world({ timestamp: UNLESS_THERE, routingNode: UNLESS_THERE });
  const { properties } = kept.pass("x", { headers, timestamp: 7n });
  expect(properties).toMatchObject({ timestamp: 7n });
  expect(properties?.headers?.get("timestamp_in_ms")).toEqual({ type: "l", value: 5n });
  expect(textOf(properties!.headers!.get("x-routed-by")!)).toBe("me");
  const over = await world({ timestamp: ALWAYS, routingNode: ALWAYS });
  const { properties: replaced } = over.pass("x", { headers, timestamp: 7n });
  expect(replaced?.timestamp).not.toBe(7n);
  expect(textOf(replaced!.headers!.get("x-routed-by")!)).toBe(NODE);
});

test("in a transaction, and for headers exchanges, they are there too", async () => {
  const { client } = await world({ timestamp: undefined, routingNode: ALWAYS });
  client.send(1, {
    name: "queue.bind",
    queue: "q",
    exchange: "amq.headers",
    routingKey: "",
    noWait: false,
    arguments: new Map([["x-routed-by", longString(NODE)]]),
  } as never);
  client.send(1, { name: "tx.select" });
  client.publish(1, "amq.headers", "", "x");
  client.send(1, { name: "tx.commit" });
  client.send(1, { name: "basic.get", queue: "q", noAck: true });
  const got = client.receive(200).find(({ method }) => method.name === "basic.get-ok");
  expect(textOf(got!.properties!.headers!.get("x-routed-by")!)).toBe(NODE);
});

test("deliveries tell when they are sent, beside what a queue adds", async () => {
  const { client, broker, env } = await world(undefined);
  broker.rules = { ...permissiveRules, marksDeliveries: true };
  const before = BigInt(Math.floor(env.clock.nowMs()));
  const quorum = new Map([["x-queue-type", longString("quorum")]]);
  client.send(1, declareQueue("marked", { durable: true, arguments: quorum })).receive(200);
  const headers: FieldTable = new Map([["own", longString("kept")]]);
  client.publish(1, "", "marked", "x", { headers });
  client.send(1, { name: "basic.get", queue: "marked", noAck: false });
  const [got] = client.receive(200);
  const sentOf = (received: { properties?: MessageProperties | undefined } | undefined) => {
    const sent = received?.properties?.headers?.get(SENT) as { type: string; value: bigint };
    expect(sent.type).toBe("l");
    expect(sent.value >= before && sent.value < before + 60_000n).toBe(true);
    return [...(received?.properties?.headers?.keys() ?? [])];
  };
  expect(sentOf(got)).toEqual(["own", SENT]);
  client.send(1, { name: "basic.reject", deliveryTag: 1, requeue: true });
  client.send(1, consume("marked", { noAck: false }));
  const deliveries = () =>
    client.receive(200).filter(({ method }) => method.name === "basic.deliver");
  const [redelivered] = deliveries();
  expect(sentOf(redelivered).toSorted()).toEqual(["own", "x-delivery-count", SENT].toSorted());
  for (let number = 0; number < 20; number++) client.publish(1, "", "marked", "y");
  const rest = deliveries();
  expect(rest).toHaveLength(20);
  for (const received of rest) expect(sentOf(received)).toEqual([SENT]);
});

test("those that go straight to a consumer without acknowledgements tell it, too", async () => {
  const { client, broker } = await world(undefined);
  broker.rules = { ...permissiveRules, marksDeliveries: true };
  client.send(1, consume("q")).receive(200);
  for (let number = 0; number < 20; number++) client.publish(1, "", "q", `${number}`);
  const received = client.receive(200).filter(({ method }) => method.name === "basic.deliver");
  expect(received.map(({ body }) => body?.toString())).toEqual(
    Array.from({ length: 20 }, (_, number) => `${number}`),
  );
  for (const { properties } of received) expect([...properties!.headers!.keys()]).toEqual([SENT]);
});
