// What somebody with a low tag must not get to see or do: other people's clients and messages, whole vhosts.
import { beforeEach, expect, test } from "vitest";
import type { UserTag } from "../broker/access/user.ts";
import type { ConnectionView } from "../broker/connection-registry.ts";
import { EMPTY_TABLE } from "../broker/message/field-table.ts";
import { Consumer, type DeliveryTarget } from "../broker/queue/consumer.ts";
import { anybody, connectionNamed } from "../broker/test-doubles.ts";
import { newTestApi } from "./test-management.ts";

type Api = Awaited<ReturnType<typeof newTestApi>>;
let api: Api;

beforeEach(async () => {
  api = await newTestApi();
  const { broker } = api;
  for (const name of ["v", "hidden"]) {
    const vhost = broker.addVhost(name);
    const flags = { durable: true, autoDelete: false, arguments: EMPTY_TABLE };
    const access = broker.enter(anybody, name, connectionNamed("owner"));
    const queue = access.declareQueue({ ...flags, name: "q", exclusive: false });
    vhost.bind(vhost.exchanges.get("amq.topic")!, queue, "#", EMPTY_TABLE);
  }
  addUser("ann", ["management"], { read: ".*" });
});

function addUser(name: string, tags: readonly UserTag[], { read = "" } = {}): void {
  const { broker, users } = api;
  const limits = { connectionsMax: undefined, channelsMax: undefined };
  broker.access.putUser({ name, tags: [], hash: undefined, limits }, "test");
  const nothing = { configure: "^$", write: "^$" };
  broker.access.setPermissions({ user: name, vhost: "v", ...nothing, read }, "test");
  users.set(name, { name, tags, authorizer: broker.access.authorizer });
}

const asks = (path: string, user: string, body?: unknown) =>
  api.request(body === undefined ? "GET" : "POST", path, body, {}, user);

test.each([
  ["/traces"],
  ["/traces/v"],
  ["/traces/v/t"],
  ["/traces/node/rabbit@localhost"],
  ["/trace-files"],
  ["/trace-files/t.log"],
  ["/trace-files/node/rabbit@localhost/t.log"],
  ["/definitions/v"],
  ["/all-configuration/v"],
])("%s holds everybody's: only administrators read it", async (path) => {
  for (const tag of ["management", "policymaker", "monitoring"] as const) {
    addUser("u", [tag], { read: ".*" });
    expect((await asks(path, "u")).status, tag).toBe(401);
  }
});

test("who makes policies cannot import what they may not declare", async () => {
  addUser("u", ["policymaker"]);
  const file = { queues: [{ name: "smuggled", durable: true, auto_delete: false, arguments: {} }] };
  expect((await asks("/definitions/v", "u", file)).status).toBe(401);
  expect(api.broker.vhosts.get("v")!.queues.has("smuggled")).toBe(false);
});

/** A client of `user` that consumes from q. */
function addClient(user: string): void {
  const vhost = api.broker.vhosts.get("v")!;
  const name = `client of ${user}`;
  const peer = { address: "10.0.0.1", port: 1 };
  const facts = { vhost: "v", state: "running", clientProperties: EMPTY_TABLE, peer, local: peer };
  const channel = { describe: () => ({ connectionName: name, number: 1, user, vhost: "v" }) };
  api.broker.connections.add({
    identity: { ...connectionNamed(name), name, user },
    vhost: "v",
    channels: () => [channel],
    describe: () => ({ ...facts, name, user }),
  } as unknown as ConnectionView);
  const queue = vhost.queues.get("q")!;
  const target = { channel, writable: false, deliver() {}, onCancelled() {} };
  queue.consume(
    new Consumer({
      tag: `tag of ${user}`,
      queue,
      target: target as unknown as DeliveryTarget,
      noAck: true,
      exclusive: false,
      priority: 0,
      prefetchMax: 0,
      arguments: EMPTY_TABLE,
    }),
  );
}

test("clients are shown to themselves and to those who monitor", async () => {
  addUser("watch", ["monitoring"]);
  addClient("ann");
  addClient("bob");
  const everywhere = ["/consumers", "/consumers/v", "/topology?vhost=v"];
  for (const path of everywhere) {
    const { text } = await asks(path, "ann");
    expect(text, path).toContain("of ann");
    expect(text, path).not.toContain("of bob");
    expect((await asks(path, "watch")).text, path).toContain("of bob");
  }
});

test("the overview of who does not monitor is of their virtual hosts and clients", async () => {
  addUser("watch", ["monitoring"]);
  addClient("ann");
  addClient("bob");
  const all = (await asks("/overview", "watch")).body;
  expect(all.object_totals).toMatchObject({ queues: 2, connections: 2 });
  expect(all.listeners).toHaveLength(2);
  const own = (await asks("/overview", "ann")).body;
  expect(own.object_totals).toMatchObject({ queues: 1, connections: 1, channels: 1, consumers: 2 });
  for (const name of ["node", "listeners", "contexts", "uptime"]) expect(own[name]).toBeUndefined();
  expect(own.queue_totals).toMatchObject({ messages: 0 });
  expect(own.rabbitmq_version).toBe(all.rabbitmq_version);
});

test("a tap on the default exchange is for administrators: nobody can bind there", async () => {
  expect((await asks("/tap/v?exchange=amq.default", "ann")).status).toBe(401);
});

test("a tap on a topic exchange shows only keys one could bind with", async () => {
  const { broker, app } = api;
  broker.access.setTopicPermissions(
    { user: "ann", vhost: "v", exchange: "amq.topic", write: "^$", read: "^eu[.]" },
    "test",
  );
  const address = await app.listen({ port: 0, host: "127.0.0.1" });
  const answer = await fetch(`${address}/api/tap/v?exchange=amq.topic&kinds=published`, {
    headers: { authorization: `Basic ${btoa("ann:ann")}` },
  });
  expect(answer.status).toBe(200);
  const publish = (key: string) =>
    api.request("POST", "/exchanges/v/amq.topic/publish", {
      ...{ properties: {}, routing_key: key, payload: "p", payload_encoding: "string" },
    });
  await publish("us.secret");
  await publish("eu.open");
  const { value } = await answer.body!.getReader().read();
  const shown = new TextDecoder().decode(value);
  expect(shown).toContain("eu.open");
  expect(shown).not.toContain("us.secret");
  await app.close();
});
