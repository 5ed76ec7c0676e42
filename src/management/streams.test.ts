import { expect, test } from "vitest";
import { newTestApi } from "./test-management.ts";

const stream = { durable: true, arguments: { "x-queue-type": "stream" } };
const publish = (routingKey: string, payload: string) => ({
  routing_key: routingKey,
  payload,
  properties: {},
  payload_encoding: "string",
});

/** What happens in turns has happened. */
const turns = () => new Promise((resolve) => setTimeout(resolve, 20));

test("a stream shows its offsets, and its messages without taking any", async () => {
  const { request } = await newTestApi();
  await request("PUT", "/queues/%2F/s", stream);
  for (const text of ["a", "b", "c"]) {
    await request("POST", "/exchanges/%2F/amq.default/publish", publish("s", text));
  }
  await turns();
  const view = (await request("GET", "/queues/%2F/s")).body;
  expect(view).toMatchObject({
    ...{ type: "stream", messages: 3, messages_ready: 3, segments: 1 },
    ...{ first_offset: 0, last_offset: 2, committed_offset: 2 },
  });
  const seen = await request("GET", "/queues/%2F/s/messages?count=2");
  expect(seen.body.items.map(({ payload }: { payload: string }) => payload)).toEqual(["a", "b"]);
  const rest = await request("GET", `/queues/%2F/s/messages?offset=${seen.body.next}`);
  expect(rest.body.items.map(({ payload }: { payload: string }) => payload)).toEqual(["c"]);
  const got = { count: 1, ackmode: "ack_requeue_false", encoding: "auto" };
  expect((await request("POST", "/queues/%2F/s/get", got)).status).toBe(400);
  expect((await request("DELETE", "/queues/%2F/s/contents")).status).toBe(400);
});

test("offsets are kept under names", async () => {
  const { request } = await newTestApi();
  await request("PUT", "/queues/%2F/s", stream);
  await request("PUT", "/queues/%2F/q", {});
  expect((await request("PUT", "/stream/%2F/s/tracking/app", { offset: 41 })).status).toBe(204);
  expect((await request("PUT", "/stream/%2F/s/tracking/app", { offset: -1 })).status).toBe(400);
  expect((await request("GET", "/stream/%2F/s/tracking")).body).toEqual({
    offsets: { app: 41 },
    writers: {},
  });
  expect((await request("GET", "/stream/%2F/s/readers")).body).toEqual([]);
  expect((await request("DELETE", "/stream/%2F/s/tracking/app")).status).toBe(204);
  expect((await request("DELETE", "/stream/%2F/s/tracking/app")).status).toBe(404);
  expect((await request("GET", "/stream/%2F/q/tracking")).status).toBe(404);
});

test("a super stream is made, shown and deleted as one", async () => {
  const { request } = await newTestApi();
  const path = "/stream/super-streams/%2F/orders";
  const asked = { partitions: 3, arguments: { "max-age": "7D", "x-max-length-bytes": 5_000 } };
  expect((await request("PUT", path, asked)).status).toBe(201);
  expect((await request("PUT", path, asked)).status).toBe(400);
  const partition = (await request("GET", "/queues/%2F/orders-1")).body;
  expect(partition.arguments).toEqual({
    ...{ "x-queue-type": "stream", "x-max-age": "7D", "x-max-length-bytes": 5_000 },
  });
  expect((await request("GET", "/stream/super-streams")).body).toEqual([
    {
      name: "orders",
      vhost: "/",
      partitions: [0, 1, 2].map((i) => ({ name: `orders-${i}`, binding_key: String(i) })),
    },
  ]);
  for (let i = 0; i < 30; i++) {
    const body = publish(`customer-${i % 10}`, "x");
    const answer = await request("POST", "/exchanges/%2F/orders/publish", body);
    expect(answer.body).toEqual({ routed: true });
  }
  const depths = await Promise.all(
    [0, 1, 2].map(async (i) => (await request("GET", `/queues/%2F/orders-${i}`)).body.messages),
  );
  expect(depths.reduce((sum, depth) => sum + depth, 0)).toBe(30);
  expect(depths.filter((depth) => depth > 0).length).toBeGreaterThan(1);
  expect((await request("DELETE", path)).status).toBe(204);
  expect((await request("DELETE", path)).status).toBe(404);
  expect((await request("GET", "/queues/%2F/orders-0")).status).toBe(404);
});

test.each([
  [{}],
  [{ partitions: 2, "binding-keys": "a,b" }],
  [{ partitions: 0 }],
  [{ partitions: 1_001 }],
  [{ "binding-keys": "a,a" }],
  [{ partitions: 2, arguments: { "max-age": "1X" } }],
])("a super stream that cannot be leaves nothing behind: %j", async (body) => {
  const { request } = await newTestApi();
  expect((await request("PUT", "/stream/super-streams/%2F/bad", body)).status).toBe(400);
  expect((await request("GET", "/exchanges/%2F/bad")).status).toBe(404);
  expect((await request("GET", "/queues/%2F")).body).toEqual([]);
});
