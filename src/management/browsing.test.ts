import { expect, test } from "vitest";
import { newTestApi } from "./test-management.ts";

const publish = (routingKey: string, payload: string, properties = {}) => ({
  routing_key: routingKey,
  payload,
  properties,
  payload_encoding: "string",
});

async function withOrders() {
  const api = await newTestApi();
  const { request } = api;
  await request("PUT", "/queues/%2F/orders", {});
  await request("PUT", "/queues/%2F/other", {});
  for (let id = 1; id <= 5; id++) {
    const body = JSON.stringify({ customer: { id }, note: id === 3 ? "urgent" : "" });
    const properties = { headers: { region: id % 2 === 0 ? "eu" : "us" }, message_id: `m${id}` };
    const message = publish("orders", body, properties);
    await request("POST", "/exchanges/%2F/amq.default/publish", message);
  }
  const ids = (items: { properties: { message_id: string } }[]) =>
    items.map(({ properties }) => properties.message_id);
  return { ...api, ids };
}

test("messages are looked at page by page, and stay as they are", async () => {
  const { request, ids } = await withOrders();
  const first = (await request("GET", "/queues/%2F/orders/messages?count=2")).body;
  expect(ids(first.items)).toEqual(["m1", "m2"]);
  expect(first.items[0]).toMatchObject({
    state: "ready",
    redelivered: false,
    routing_key: "orders",
    payload: '{"customer":{"id":1},"note":""}',
    payload_encoding: "string",
  });
  const rest = await request("GET", `/queues/%2F/orders/messages?offset=${first.next}`);
  expect(ids(rest.body.items)).toEqual(["m3", "m4", "m5"]);
  expect(rest.body.next).toBeNull();
  const got = await request("POST", "/queues/%2F/orders/get", {
    count: 9,
    ackmode: "ack_requeue_false",
    encoding: "auto",
  });
  expect(ids(got.body)).toEqual(["m1", "m2", "m3", "m4", "m5"]);
  expect(got.body.every(({ redelivered }: { redelivered: boolean }) => !redelivered)).toBe(true);
});

test.each([
  ["header=region:eu", ["m2", "m4"]],
  ["property=message_id:m5", ["m5"]],
  ["text=urgent", ["m3"]],
  ["path=customer.id:4", ["m4"]],
  ["path=customer.id", ["m1", "m2", "m3", "m4", "m5"]],
  ["key=nowhere", []],
  ["header=region:us&text=urgent", ["m3"]],
])("messages are searched by %s", async (query, expected) => {
  const { request, ids } = await withOrders();
  const { body } = await request("GET", `/queues/%2F/orders/messages?${query}`);
  expect(ids(body.items)).toEqual(expected);
});

test("chosen messages are moved, all others stay in order", async () => {
  const { request, ids } = await withOrders();
  const all = (await request("GET", "/queues/%2F/orders/messages")).body.items;
  const positions = [all[3].position, all[1].position];
  const moved = await request("POST", "/queues/%2F/orders/move", {
    destination: "other",
    positions,
  });
  expect(moved.body).toEqual({ moved: 2 });
  expect(ids((await request("GET", "/queues/%2F/orders/messages")).body.items)).toEqual([
    "m1",
    "m3",
    "m5",
  ]);
  expect(ids((await request("GET", "/queues/%2F/other/messages")).body.items)).toEqual([
    "m2",
    "m4",
  ]);
  expect((await request("GET", "/queues/%2F/orders")).body.messages).toBe(3);
});

test("messages are copied with a filter, and a move to nowhere loses nothing", async () => {
  const { request, ids } = await withOrders();
  const filter = { header: "region:us" };
  const copied = await request("POST", "/queues/%2F/orders/copy", { destination: "other", filter });
  expect(copied.body).toEqual({ moved: 3 });
  expect(ids((await request("GET", "/queues/%2F/other/messages")).body.items)).toEqual([
    "m1",
    "m3",
    "m5",
  ]);
  const nowhere = { exchange: "amq.direct", routing_key: "nobody" };
  expect((await request("POST", "/queues/%2F/orders/move", nowhere)).body).toEqual({ moved: 0 });
  expect((await request("GET", "/queues/%2F/orders")).body.messages).toBe(5);
  const missing = await request("POST", "/queues/%2F/orders/move", { destination: "missing" });
  expect(missing.status).toBe(404);
  expect((await request("POST", "/queues/%2F/orders/move", {})).status).toBe(400);
});

test("dead letters are counted by why and where they died, and sent back there", async () => {
  const { request, ids } = await withOrders();
  const death = (queue: string, reason: string) => ({
    headers: { "x-death": [{ queue, reason, exchange: "x", count: 2 }] },
    message_id: `${queue}-${reason}`,
  });
  await request("PUT", "/queues/%2F/dead", {});
  for (const [queue, reason] of [
    ["other", "rejected"],
    ["other", "expired"],
    ["other", "rejected"],
    ["gone", "rejected"],
  ] as const) {
    const message = publish("dead", "late", death(queue, reason));
    await request("POST", "/exchanges/%2F/amq.default/publish", message);
  }
  expect((await request("GET", "/queues/%2F/dead/dead-letters")).body).toEqual([
    { reason: "rejected", queue: "other", exchange: "x", count: 2 },
    { reason: "expired", queue: "other", exchange: "x", count: 1 },
    { reason: "rejected", queue: "gone", exchange: "x", count: 1 },
  ]);
  const replayed = await request("POST", "/queues/%2F/dead/replay", { reason: "rejected" });
  // The one whose queue is gone stays where it is.
  expect(replayed.body).toEqual({ moved: 2 });
  expect(ids((await request("GET", "/queues/%2F/dead/messages")).body.items)).toEqual([
    "other-expired",
    "gone-rejected",
  ]);
  expect((await request("GET", "/queues/%2F/other")).body.messages).toBe(2);
});

test("what is copied to where it came from is copied once", async () => {
  const { request, ids } = await withOrders();
  const copied = await request("POST", "/queues/%2F/orders/copy", { destination: "orders" });
  expect(copied.body).toEqual({ moved: 5 });
  const twice = [...Array(2)].flatMap(() => ["m1", "m2", "m3", "m4", "m5"]);
  expect(ids((await request("GET", "/queues/%2F/orders/messages")).body.items)).toEqual(twice);
  const moved = await request("POST", "/queues/%2F/orders/move", { destination: "orders" });
  expect(moved.body).toEqual({ moved: 10 });
  expect(ids((await request("GET", "/queues/%2F/orders/messages")).body.items)).toEqual(twice);
});

test("more than one piece is moved, in order, and no more than asked for", async () => {
  const { request } = await withOrders();
  await request("PUT", "/queues/%2F/many", {});
  for (let i = 0; i < 200; i++) {
    await request("POST", "/exchanges/%2F/amq.default/publish", publish("many", `${i}`));
  }
  await request("PUT", "/queues/%2F/target", {});
  const move = (count: object) =>
    request("POST", "/queues/%2F/many/move", { destination: "target", ...count });
  expect((await move({ count: 150 })).body).toEqual({ moved: 150 });
  expect((await move({})).body).toEqual({ moved: 50 });
  const { items } = (await request("GET", "/queues/%2F/target/messages?count=500")).body;
  const payloads = (items as { payload: string }[]).map(({ payload }) => payload);
  expect(payloads).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
});
