import { expect, test } from "vitest";
import { newTestApi } from "./test-management.ts";

test("queues and exchanges are declared, bound, listed and deleted", async () => {
  const { request } = await newTestApi();
  expect((await request("PUT", "/queues/%2F/q1", { durable: true })).status).toBe(201);
  expect((await request("PUT", "/queues/%2F/q1", { durable: true })).status).toBe(204);
  expect((await request("PUT", "/queues/%2F/q1", { durable: false })).body).toEqual({
    error: "bad_request",
    reason:
      "inequivalent arg 'durable' for queue 'q1' in vhost '/': received 'false' but current is 'true'",
  });
  expect((await request("PUT", "/exchanges/%2F/x", { type: "topic" })).status).toBe(201);
  const bound = await request("POST", "/bindings/%2F/e/x/q/q1", { routing_key: "a.*.b" });
  expect(bound.status).toBe(201);
  const list = await request("GET", "/bindings/%2F/e/x/q/q1");
  expect(list.body).toMatchObject([
    { source: "x", destination: "q1", destination_type: "queue", routing_key: "a.*.b" },
  ]);
  const key = encodeURIComponent(list.body[0].properties_key);
  expect((await request("GET", `/bindings/%2F/e/x/q/q1/${key}`)).status).toBe(200);
  expect((await request("DELETE", `/bindings/%2F/e/x/q/q1/${key}`)).status).toBe(204);
  expect((await request("GET", "/queues")).body).toMatchObject([
    { name: "q1", vhost: "/", type: "classic", messages: 0, state: "running" },
  ]);
  expect((await request("DELETE", "/queues/%2F/q1")).status).toBe(204);
  expect((await request("DELETE", "/queues/%2F/q1")).status).toBe(404);
  expect((await request("DELETE", "/exchanges/%2F/amq.direct")).status).toBe(401);
});

test("queues and exchanges are durable when that is said, or when they can be nothing else", async () => {
  const { request } = await newTestApi();
  const features = "columns=durable,auto_delete,arguments";
  const declared = async (path: string, body: object) => {
    expect((await request("PUT", path, body)).status).toBe(201);
    return (await request("GET", `${path}?${features}`)).body;
  };
  const bare = { durable: false, auto_delete: false, arguments: {} };
  expect(await declared("/queues/%2F/bare", {})).toEqual(bare);
  expect(await declared("/queues/%2F/said", { durable: true })).toEqual({ ...bare, durable: true });
  const quorum = { arguments: { "x-queue-type": "quorum" } };
  expect(await declared("/queues/%2F/quorum", quorum)).toEqual({
    ...{ ...bare, ...quorum },
    durable: true,
  });
  expect(await declared("/exchanges/%2F/bare", {})).toEqual(bare);
  await request("PUT", "/vhosts/v", { default_queue_type: "stream" });
  await request("PUT", "/permissions/v/guest", { configure: ".*", write: ".*", read: ".*" });
  expect(await declared("/queues/v/bare", {})).toMatchObject({ durable: true });
});

test("hard names come back as they went in", async () => {
  const { request } = await newTestApi();
  for (const name of ["a/b?c#d", "100%", "%2F", "ünï cøde", "x".repeat(255), "<script>", "a+b"]) {
    const path = `/queues/%2F/${encodeURIComponent(name)}`;
    expect((await request("PUT", path, {})).status, name).toBe(201);
    expect((await request("GET", path)).body.name).toBe(name);
    expect((await request("DELETE", path)).status).toBe(204);
  }
});

test("lists are paged, sorted, filtered and cut to columns", async () => {
  const { request } = await newTestApi();
  for (const name of ["b1", "a1", "c1", "a2"]) await request("PUT", `/queues/%2F/${name}`, {});
  const page = await request(
    "GET",
    "/queues?page=1&page_size=2&name=^[ab]&use_regex=true&sort=name&sort_reverse=true&columns=name",
  );
  expect(page.body).toEqual({
    filtered_count: 3,
    item_count: 2,
    items: [{ name: "b1" }, { name: "a2" }],
    page: 1,
    page_count: 2,
    page_size: 2,
    total_count: 4,
  });
  expect((await request("GET", "/queues?page=9")).body.error).toBe("page_out_of_range");
  expect((await request("GET", "/queues?page=a")).body.reason).toBe(
    "Pagination parameters are invalid",
  );
  expect((await request("GET", "/queues?page=1&page_size=501")).body.error).toBe(
    "invalid_pagination_parameters",
  );
});

test("with rates_mode = none nothing is told of messages that passed", async () => {
  const message = { properties: {}, routing_key: "one", payload: "x", payload_encoding: "string" };
  const told = async (ratesMode: "basic" | "none") => {
    const { request } = await newTestApi({ ratesMode });
    await request("PUT", "/queues/%2F/one", {});
    await request("POST", "/exchanges/%2F/amq.default/publish", message);
    const queue = (await request("GET", "/queues/%2F/one")).body;
    const exchange = (await request("GET", "/exchanges/%2F/amq.default")).body;
    const { message_stats: all } = (await request("GET", "/overview")).body;
    expect(queue.messages).toBe(1);
    const stats = [queue, exchange].map(({ message_stats }) => message_stats !== undefined);
    return [...stats, queue.incoming.length, exchange.outgoing.length, typeof all];
  };
  expect(await told("basic")).toEqual([true, true, 1, 1, "object"]);
  expect(await told("none")).toEqual([false, false, 0, 0, "object"]);
});

test.each([
  [{ properties: { delivery_mode: "2" } }, ["not_int", "delivery_mode"]],
  [{ properties: { expiration: 5 } }, ["not_string", "expiration"]],
  [{ properties: { timestamp: "a" } }, ["not_int", "timestamp"]],
  [{ payload: 5 }, "payload_not_string"],
  [{ payload_encoding: "nope" }, ["unsupported_encoding", "nope"]],
])("a publish of %j is refused with RabbitMQ's reason", async (part, reason) => {
  const { request } = await newTestApi();
  const message = { properties: {}, routing_key: "q", payload: "x", payload_encoding: "string" };
  const path = "/exchanges/%2F/amq.default/publish";
  const answer = await request("POST", path, { ...message, ...part });
  expect([answer.status, answer.body]).toEqual([400, { error: "bad_request", reason }]);
});

test("columns reach into objects and lists, as in RabbitMQ", async () => {
  const { request } = await newTestApi();
  await request("PUT", "/queues/%2F/one", { arguments: { "x-max-length": 5 } });
  await request("PUT", "/queues/%2F/two", {});
  const queues = await request("GET", "/queues?columns=arguments.x-max-length,name.more,nothing");
  expect(queues.body).toEqual([
    { name: "one", arguments: { "x-max-length": 5 } },
    { name: "two", arguments: [] },
  ]);
  expect((await request("GET", "/queues?columns=nothing")).body).toEqual([[], []]);
  expect((await request("GET", "/queues/%2F/one?columns=nothing")).body).toEqual([]);
  expect((await request("GET", "/overview?columns=nothing")).body).toEqual([]);
  const overview = await request(
    "GET",
    "/overview?columns=exchange_types.name,object_totals.queues",
  );
  expect(overview.body).toMatchObject({ object_totals: { queues: 2 } });
  expect(overview.body.exchange_types[0]).toEqual({ name: "direct" });
});

test("the size of pages alone asks for none, as in RabbitMQ", async () => {
  const { request } = await newTestApi();
  await request("PUT", "/queues/%2F/one", {});
  expect((await request("GET", "/queues?page_size=501&columns=name")).body).toEqual([
    { name: "one" },
  ]);
  const paged = await request("GET", "/queues?pagination=true&page_size=5&columns=name");
  expect(paged.body).toMatchObject({ page: 1, page_size: 5, items: [{ name: "one" }] });
});

test("without statistics queues still tell how many messages they have, when asked to", async () => {
  const { request } = await newTestApi();
  await request("PUT", "/queues/%2F/one", {});
  const message = { properties: {}, routing_key: "one", payload: "x", payload_encoding: "string" };
  await request("POST", "/exchanges/%2F/amq.default/publish", message);
  const without = await request("GET", "/queues/%2F?disable_stats=true");
  expect(without.body).toEqual([expect.not.objectContaining({ messages: expect.anything() })]);
  const totals = await request("GET", "/queues/%2F?disable_stats=true&enable_queue_totals=true");
  const counts = { messages: 1, messages_ready: 1, messages_unacknowledged: 0 };
  expect(totals.body).toMatchObject([{ name: "one", ...counts }]);
  expect(totals.body).toEqual([expect.not.objectContaining({ message_stats: expect.anything() })]);
});

test("who may ask, and how refusals look", async () => {
  const { request, users } = await newTestApi();
  const none = await request("GET", "/overview", undefined, {}, "");
  expect([none.status, none.text]).toEqual([401, ""]);
  expect(none.headers["www-authenticate"]).toContain("Basic");
  const wrong = await request("GET", "/overview", undefined, {}, "nobody");
  expect(wrong.body).toEqual({ error: "not_authorized", reason: "Login failed" });
  const closed = { permitsVhost: () => false, permits: () => false, permitsTopic: () => false };
  users.set("ann", { name: "ann", tags: ["management"], authorizer: closed });
  expect((await request("GET", "/nodes", undefined, {}, "ann")).body.reason).toBe(
    "Not monitor user",
  );
  expect((await request("GET", "/queues/%2F", undefined, {}, "ann")).body.reason).toBe(
    "User not authorised to access virtual host",
  );
  expect((await request("GET", "/queues", undefined, {}, "ann")).body).toEqual([]);
  expect((await request("PATCH", "/overview")).status).toBe(405);
  expect((await request("GET", "/nothing")).body).toEqual({
    error: "Object Not Found",
    reason: "Not Found",
  });
  const basic = { authorization: `Basic ${btoa("guest")}` };
  expect((await request("GET", "/overview", undefined, basic, "")).status).toBe(400);
});

test("a page of another site changes nothing", async () => {
  const { request } = await newTestApi();
  const foreign = { origin: "https://evil.example", host: "localhost" };
  expect((await request("PUT", "/queues/%2F/q", {}, foreign)).status).toBe(403);
  expect(
    (await request("PUT", "/queues/%2F/q", {}, { "sec-fetch-site": "cross-site" })).status,
  ).toBe(403);
  const own = { origin: "http://localhost:15672", host: "localhost:15672" };
  const answer = await request("PUT", "/queues/%2F/q", {}, own);
  expect(answer.status).toBe(201);
  expect(answer.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
});

test("integers beyond 2^53 stay exact, and bad bodies are refused", async () => {
  const { request } = await newTestApi();
  await request("PUT", "/queues/%2F/q", '{"arguments":{"x-foo":9007199254740993}}');
  expect((await request("GET", "/queues/%2F/q")).text).toContain('"x-foo":9007199254740993');
  expect((await request("PUT", "/queues/%2F/r", '{"durable":')).body).toEqual({
    error: "bad_request",
    reason: "not_json",
  });
  expect((await request("PUT", "/queues/%2F/r", { durable: "yes" })).body.reason).toEqual([
    "not_boolean",
    "yes",
  ]);
});

test("overview and node have the shapes dashboards read", async () => {
  const { request, sampler } = await newTestApi();
  sampler.walkNow();
  const overview = (
    await request(
      "GET",
      "/overview?lengths_age=60&lengths_incr=5&msg_rates_age=60&msg_rates_incr=5",
    )
  ).body;
  expect(overview.queue_totals.messages_details.samples.length).toBeGreaterThan(0);
  expect(overview.object_totals).toEqual({
    channels: 0,
    connections: 0,
    consumers: 0,
    exchanges: 7,
    queues: 0,
  });
  expect((await request("GET", "/nodes/rabbit@test")).body).toMatchObject({
    name: "rabbit@test",
    running: true,
    mem_alarm: false,
  });
  expect((await request("GET", "/overview?lengths_age=100000000&lengths_incr=1")).body.reason).toBe(
    "Invalid range parameters: age 100000000, incr 1",
  );
});

test("explain says which bindings were tried and why", async () => {
  const { request } = await newTestApi();
  await request("PUT", "/queues/%2F/q", {});
  await request("PUT", "/exchanges/%2F/x", { type: "topic" });
  await request("PUT", "/exchanges/%2F/h", { type: "headers" });
  await request("POST", "/bindings/%2F/e/x/q/q", { routing_key: "a.*" });
  await request("POST", "/bindings/%2F/e/x/e/h", { routing_key: "b.#" });
  await request("POST", "/bindings/%2F/e/h/q/q", { arguments: { "x-match": "all", n: 5 } });
  const hit = (await request("GET", "/explain?vhost=%2F&exchange=x&routing_key=a.b")).body;
  expect(hit.queues).toEqual(["q"]);
  expect(hit.bindings.find((b: { matched: boolean }) => !b.matched).why).toContain(
    "does not match",
  );
  const through = (
    await request(
      "GET",
      `/explain?exchange=x&routing_key=b.c&headers=${encodeURIComponent('{"n":5}')}`,
    )
  ).body;
  expect(through.bindings[0]).toMatchObject({
    destination: "h",
    matched: true,
    next: { bindings: [{ matched: true }] },
  });
  const miss = (
    await request(
      "GET",
      `/explain?exchange=x&routing_key=b.c&headers=${encodeURIComponent('{"n":6}')}`,
    )
  ).body;
  expect(miss.queues).toEqual([]);
  expect(miss.bindings[0].next.bindings[0].why).toBe("the header 'n' is 6, not 5");
  expect(miss.verdict).toContain("unroutable");
});

test("messages are published and got, kept or taken", async () => {
  const { request } = await newTestApi();
  await request("PUT", "/queues/%2F/q", {});
  const publish = (payload: string, encoding = "string") =>
    request("POST", "/exchanges/%2F/amq.default/publish", {
      properties: { delivery_mode: 2, headers: { h: 1 }, timestamp: 5, content_type: "text/plain" },
      routing_key: "q",
      payload,
      payload_encoding: encoding,
    });
  expect((await publish("hello")).body).toEqual({ routed: true });
  expect((await publish("/////w==", "base64")).status).toBe(200);
  expect((await publish("***", "base64")).body.reason).toEqual(["not_base64", "***"]);
  const large = "x".repeat(300_000);
  expect((await publish(large)).body).toEqual({ routed: true });
  const get = (ackmode: string, more = {}) =>
    request("POST", "/queues/%2F/q/get", { count: 5, ackmode, encoding: "auto", ...more });
  const kept = (await get("ack_requeue_true")).body;
  expect(kept).toHaveLength(3);
  expect(kept[0]).toEqual({
    payload_bytes: 5,
    redelivered: false,
    exchange: "",
    routing_key: "q",
    message_count: 2,
    properties: { content_type: "text/plain", delivery_mode: 2, timestamp: 5, headers: { h: 1 } },
    payload: "hello",
    payload_encoding: "string",
  });
  expect(kept[1]).toMatchObject({ payload: "/////w==", payload_encoding: "base64" });
  expect(kept[2].payload).toBe(large);
  const cut = (await get("ack_requeue_false", { truncate: 2 })).body;
  expect(cut[0]).toMatchObject({ payload: "he", payload_bytes: 5, redelivered: true });
  expect((await get("ack_requeue_true")).body).toEqual([]);
  expect((await get("nosuch")).status).toBe(400);
  expect((await get("ack_requeue_true", { count: -1 })).status).toBe(400);
  expect((await get("ack_requeue_true", { count: "a" })).body.reason).toEqual(["not_integer", "a"]);
});

test("limits of a vhost: one is added to the others, the parameter replaces them all", async () => {
  const { request } = await newTestApi();
  const limits = async () => (await request("GET", "/vhost-limits/%2F")).body;
  await request("PUT", "/vhost-limits/%2F/max-queues", { value: 50 });
  await request("PUT", "/vhost-limits/%2F/max-connections", { value: 5 });
  expect(await limits()).toEqual([
    { vhost: "/", value: { "max-connections": 5, "max-queues": 50 } },
  ]);
  const path = "/parameters/vhost-limits/%2F/limits";
  expect((await request("PUT", path, { value: { "max-queues": 7 } })).status).toBe(204);
  expect(await limits()).toEqual([{ vhost: "/", value: { "max-queues": 7 } }]);
  expect((await request("DELETE", "/vhost-limits/%2F/max-connections")).status).toBe(204);
  expect((await request("DELETE", path)).status).toBe(204);
  expect(await limits()).toEqual([]);
});

test("definitions go out and come in again, and a wrong file changes nothing", async () => {
  const { request, broker } = await newTestApi();
  await request("PUT", "/vhosts/v", {
    description: "d",
    tags: "a,b",
    default_queue_type: "quorum",
  });
  await request("PUT", "/users/ann", { password: "x", tags: ["management"] });
  await request("PUT", "/permissions/v/ann", { configure: "^a", write: "^b", read: "^c" });
  await request("PUT", "/policies/v/p", { pattern: "^q", definition: { "max-length": 5 } });
  await request("PUT", "/vhost-limits/v/max-queues", { value: 50 });
  await request("PUT", "/permissions/v/guest", { configure: ".*", write: ".*", read: ".*" });
  await request("PUT", "/queues/v/q", { arguments: { "x-foo": 1 } });
  await request("PUT", "/exchanges/v/x", { type: "topic" });
  await request("POST", "/bindings/v/e/x/q/q", { routing_key: "k", arguments: { a: "b" } });
  const whole = (await request("GET", "/definitions")).body;
  const one = (await request("GET", "/definitions/v")).body;
  expect(one.queues).toEqual([
    expect.objectContaining({ name: "q", type: "quorum", durable: true, auto_delete: false }),
  ]);
  const other = await newTestApi();
  expect((await other.request("POST", "/definitions", whole)).status).toBe(204);
  expect((await other.request("POST", "/definitions", whole)).status).toBe(204);
  expect((await other.request("GET", "/definitions")).body).toEqual(whole);
  expect(other.broker.vhosts.get("v")?.queues.get("q")?.settings.values.maxLength).toBe(5);
  expect((await other.request("POST", "/definitions/%2F", one)).status).toBe(204);
  expect([...other.broker.vhosts.get("/")!.queues.keys()]).toEqual(["q"]);

  const wrong = {
    queues: [
      { name: "new", vhost: "/" },
      { name: 5, vhost: "/" },
    ],
  };
  const refused = await request("POST", "/definitions", wrong);
  expect(refused.body.reason).toBe("queues[1]: 'name' should be a string, actually was 5");
  expect(broker.vhosts.get("/")?.queues.has("new")).toBe(false);
  const loose = {
    bindings: [
      {
        source: "amq.topic",
        vhost: "/",
        destination: "gone",
        destination_type: "queue",
        routing_key: "",
        arguments: {},
      },
    ],
  };
  expect((await request("POST", "/definitions", loose)).body.reason).toBe(
    "binding from exchange 'amq.topic' to queue 'gone' in vhost '/': there is no such queue",
  );
  expect(
    (await request("POST", "/definitions/%2F", '{"__proto__":{"x":1},"queues":[]}')).status,
  ).toBe(204);
});

test("a body is counted while it is read: too much of it is 413, 400 where definitions are imported", async () => {
  const { app, request } = await newTestApi({ bodyMaxBytes: 1_000 });
  const body = { arguments: { x: "a".repeat(2_000) } };
  expect((await request("PUT", "/queues/%2F/q", body)).status).toBe(413);
  expect((await request("POST", "/definitions", body)).status).toBe(400);
  const address = await app.listen({ port: 0, host: "127.0.0.1" });
  // Without content-length nobody knows in advance.
  const pieces = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode(" ".repeat(100))),
  });
  const status = await fetch(`${address}/api/queues/%2F/q`, {
    method: "PUT",
    headers: { authorization: `Basic ${btoa("guest:guest")}` },
    body: pieces,
    duplex: "half",
  } as RequestInit).then(
    (answer) => answer.status,
    () => "closed",
  );
  expect([413, "closed"]).toContain(status);
  await app.close();
});

test("arguments nested a hundred thousand deep are refused", async () => {
  const { request } = await newTestApi();
  const deep = `{"arguments":{"x":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`;
  const { status } = await request("PUT", "/queues/%2F/q", deep);
  expect(status).toBe(400);
});
