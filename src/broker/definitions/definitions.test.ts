// Definition files both ways: RabbitMQ's format in, the same out; a wrong file changes nothing and names the object.
import { beforeEach, describe, expect, test } from "vitest";
import type { Broker } from "../broker.ts";
import type { PlainJson, PlainJsonObject } from "../message/field-table-json.ts";
import { newTestBroker } from "../test-doubles.ts";
import { exportDefinitions } from "./export.ts";
import { importDefinitions, importDefinitionsNow } from "./import.ts";

const facts = { rabbitVersion: "4.3.5", productName: "Leveret", productVersion: "0" };
const sha256 = "rabbit_password_hashing_sha256";
/** The salted hash of "guest" as a RabbitMQ 3.10 exported it. */
const guestHash = "pNl/xGjiV8JBHpHpLqLOJ2pJgYnpSPjgLnrAFGdwTJNnZCCn";

/** As RabbitMQ 3.10 writes it: tags as a list, limits in parameters, no types beside queues. */
const file: PlainJsonObject = {
  rabbit_version: "3.10.8",
  product_name: "RabbitMQ",
  users: [
    {
      name: "guest",
      password_hash: guestHash,
      hashing_algorithm: sha256,
      tags: ["administrator"],
      limits: {},
    },
    { name: "u", password_hash: "", tags: "monitoring, x", limits: { "max-connections": 3 } },
  ],
  vhosts: [{ name: "/" }, { name: "v2", metadata: { description: "second", tags: ["a"] } }],
  permissions: [{ user: "u", vhost: "v2", configure: "^a", write: ".*", read: "" }],
  topic_permissions: [{ user: "u", vhost: "v2", exchange: "amq.topic", write: "a", read: "b" }],
  parameters: [
    {
      vhost: "v2",
      component: "vhost-limits",
      name: "limits",
      value: { "max-queues": 9, "max-connections": -1 },
    },
    {
      vhost: "/",
      component: "operator_policy",
      name: "op",
      value: { pattern: "^q", definition: { "max-length": 10 }, priority: 0, "apply-to": "queues" },
    },
    { vhost: "/", component: "shovel", name: "s", value: { "src-queue": "a" } },
  ],
  global_parameters: [{ name: "cluster_name", value: "rabbit@a" }],
  policies: [
    {
      vhost: "/",
      name: "p",
      pattern: "^q",
      "apply-to": "queues",
      definition: { "message-ttl": 60000 },
      priority: 1,
    },
  ],
  queues: [
    {
      name: "q1",
      vhost: "/",
      durable: true,
      auto_delete: false,
      arguments: { "x-max-length": 20 },
    },
    {
      name: "qq",
      vhost: "/",
      durable: true,
      auto_delete: false,
      arguments: { "x-queue-type": "quorum" },
    },
    {
      name: "odd",
      vhost: "v2",
      durable: false,
      auto_delete: true,
      arguments: { "x-big": 9007199254740993n },
    },
  ],
  exchanges: [
    {
      name: "x",
      vhost: "/",
      type: "topic",
      durable: true,
      auto_delete: false,
      internal: false,
      arguments: {},
    },
    {
      name: "h",
      vhost: "/",
      type: "headers",
      durable: true,
      auto_delete: false,
      internal: true,
      arguments: {},
    },
  ],
  bindings: [
    {
      source: "x",
      vhost: "/",
      destination: "q1",
      destination_type: "queue",
      routing_key: "a.#",
      arguments: {},
    },
    {
      source: "amq.direct",
      vhost: "/",
      destination: "qq",
      destination_type: "queue",
      routing_key: "k",
      arguments: {},
    },
    {
      source: "x",
      vhost: "/",
      destination: "h",
      destination_type: "exchange",
      routing_key: "#",
      arguments: { "x-match": "any", n: 1 },
    },
  ],
};

let broker: Broker;
beforeEach(() => {
  broker = newTestBroker();
});

const state = () => [...broker.definitions()].map((entry) => JSON.stringify(entry));
const load = (json: PlainJson, vhost?: string) => {
  let isDone = false;
  importDefinitionsNow(broker, json, {
    vhost,
    by: "test",
    onDone: () => {
      isDone = true;
    },
    onFailed: (error) => {
      throw error;
    },
  });
  return isDone;
};

test("a file of RabbitMQ 3.10 comes in whole, and out again in 4.3's format", () => {
  expect(load(file)).toBe(true);
  const queue = broker.vhosts.get("/")?.queues.get("q1");
  expect(queue?.settings.values.maxLength).toBe(10);
  expect(queue?.settings.values.messageTtlMs).toBe(60000);
  expect(broker.vhosts.get("v2")?.limits).toEqual({ connectionsMax: undefined, queuesMax: 9 });
  expect(broker.access.store.get("u")?.tags).toEqual(["monitoring", "x"]);

  const exported = exportDefinitions(broker, facts) as Record<string, PlainJsonObject[]>;
  for (const field of [
    "permissions",
    "topic_permissions",
    "policies",
    "exchanges",
    "bindings",
    "global_parameters",
  ]) {
    expect(sorted(exported[field])).toEqual(sorted(file[field]));
  }
  expect(exported.queues).toEqual([
    { ...(file.queues as PlainJsonObject[])[0], type: "classic" },
    { ...(file.queues as PlainJsonObject[])[1], type: "quorum" },
    { ...(file.queues as PlainJsonObject[])[2], type: "classic" },
  ]);
  expect(exported.users?.[0]).toEqual((file.users as PlainJsonObject[])[0]);
  expect(exported.parameters).toContainEqual({
    vhost: "v2",
    component: "vhost-limits",
    name: "limits",
    value: { "max-queues": 9 },
  });
  expect(exported.parameters).toContainEqual((file.parameters as PlainJsonObject[])[1]);
});

test("what was exported imports into another broker, and twice changes nothing", () => {
  load(file);
  const exported = exportDefinitions(broker, facts);
  broker = newTestBroker();
  load(exported);
  const once = state();
  expect(exportDefinitions(broker, facts)).toEqual(exported);
  load(exported);
  expect(state()).toEqual(once);
});

test("one vhost goes into another", () => {
  load(file);
  const from = broker.vhosts.get("/");
  if (from === undefined) throw new Error("no vhost");
  const exported = exportDefinitions(broker, facts, from);
  expect(JSON.stringify(exported.queues)).not.toContain("vhost");
  const into = broker.addVhost("copy");
  load(exported, "copy");
  expect([...into.queues.keys()]).toEqual(["q1", "qq"]);
  expect(into.bindings.count).toBe(3);
  expect(into.queues.get("q1")?.settings.operatorPolicy).toBe("op");
});

test("what exists stays as it is", () => {
  load(file);
  const queue = broker.vhosts.get("/")?.queues.get("q1");
  load({ queues: [{ name: "q1", vhost: "/", arguments: { "x-max-length": 1 } }] });
  expect(broker.vhosts.get("/")?.queues.get("q1")).toBe(queue);
});

test("plain passwords are hashed, old hashes are MD5", () => {
  const old = Buffer.alloc(20, 1).toString("base64");
  load({ rabbit_version: "3.5.7", users: [{ name: "old", password_hash: old, tags: "" }] });
  load({ users: [{ name: "new", password: "secret", tags: "" }] });
  expect(broker.access.store.get("old")?.hash?.algorithm).toBe("rabbit_password_hashing_md5");
  expect(broker.access.store.get("new")?.hash?.algorithm).toBe(sha256);
});

describe("a wrong file", () => {
  test.each([
    ["no object", 5, "definitions: should be an object"],
    ["no list", { queues: {} }, "queues: should be a list"],
    [
      "a name that is none",
      { queues: [{ name: 5 }] },
      "queues[0]: 'name' should be a string, actually was 5",
    ],
    [
      "an unknown vhost",
      { queues: [{ name: "q", vhost: "no" }] },
      "queues[0]: vhost 'no' does not exist",
    ],
    [
      "a wrong argument",
      { queues: [{ name: "q", vhost: "/", arguments: { "x-message-ttl": "a" } }] },
      "invalid arg 'x-message-ttl' for queue 'q' in vhost '/': \"expected integer, got longstr\"",
    ],
    [
      "an unknown exchange type",
      { exchanges: [{ name: "x2", vhost: "/", type: "no" }] },
      "exchange 'x2' in vhost '/': unknown exchange type 'no'",
    ],
    [
      "a reserved name",
      { exchanges: [{ name: "amq.x", vhost: "/", type: "direct" }] },
      "exchange 'amq.x' in vhost '/': the name is reserved",
    ],
    [
      "a binding to nothing",
      { bindings: [{ source: "x", vhost: "/", destination: "no", destination_type: "queue" }] },
      "binding from exchange 'x' to queue 'no' in vhost '/': there is no such queue",
    ],
    [
      "a binding the exchange refuses",
      {
        bindings: [
          {
            source: "h",
            vhost: "/",
            destination: "q1",
            destination_type: "queue",
            arguments: { "x-match": "no" },
          },
        ],
      },
      "Invalid x-match field value",
    ],
    [
      "a policy",
      { policies: [{ name: "p", vhost: "/", pattern: "(", definition: { "max-length": 1 } }] },
      "policy 'p' in vhost '/': Validation failed",
    ],
    [
      "permissions of nobody",
      { permissions: [{ user: "no", vhost: "/", configure: "", write: "", read: "" }] },
      "permissions[0]: user 'no' does not exist",
    ],
    [
      "a broken hash",
      { users: [{ name: "b", password_hash: "AAAA", tags: "" }] },
      "user 'b': 'password_hash' is no hash of",
    ],
    [
      "deep nesting",
      { queues: [{ name: "q", vhost: "/", arguments: deep(500) }] },
      "nested deeper than 128",
    ],
  ])("with %s changes nothing and names it", (_what, wrong, message) => {
    load(file);
    const before = state();
    const good = { users: [{ name: "late", tags: "" }], vhosts: [{ name: "late" }] };
    const json = typeof wrong === "object" ? { ...good, ...wrong } : wrong;
    expect(() => load(json as PlainJson)).toThrow(message);
    expect(state()).toEqual(before);
  });
});

function sorted(list: PlainJson): string[] {
  return (list as PlainJsonObject[])
    .map((item) => JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))))
    .sort();
}

function deep(levels: number): PlainJsonObject {
  let object: PlainJsonObject = {};
  for (let i = 0; i < levels; i++) object = { a: object };
  return object;
}

test("__proto__ is a name like any other", () => {
  load(JSON.parse('{"vhosts":[{"name":"__proto__"}],"__proto__":{"x":1},"queues":[]}'));
  expect(broker.vhosts.has("__proto__")).toBe(true);
});

test("a large file is carried out in slices", () => {
  const clock = broker.clock as unknown as { now: number; monotonicMs(): number };
  clock.monotonicMs = () => clock.now++;
  const turns: (() => void)[] = [];
  broker.clock.nextTurn = (onTurn) => void turns.push(onTurn);
  let isDone = false;
  const queues = Array.from({ length: 100 }, (_, i) => ({ name: `q${i}`, vhost: "/" }));
  importDefinitions(
    broker,
    { vhosts: [{ name: "/" }], queues },
    {
      vhost: undefined,
      by: "test",
      onDone: () => {
        isDone = true;
      },
      onFailed: () => {},
    },
  );
  let slices = 0;
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
    turn();
    slices++;
  }
  expect(isDone).toBe(true);
  // Checking them takes a turn for every few, and so does carrying them out.
  expect(slices).toBeGreaterThan(90);
  expect(broker.vhosts.get("/")?.queues.size).toBe(100);
});

test("what goes wrong after a plain password was hashed is told, not thrown at nobody", async () => {
  broker.access.putUser = () => {
    throw new Error("no room");
  };
  const users = [{ name: "ann", password: "plain", tags: [] }];
  for (const importer of [importDefinitions, importDefinitionsNow]) {
    broker.clock.nextTurn = (onTurn) => void setImmediate(onTurn);
    const importing = new Promise<void>((onDone, onFailed) =>
      importer(broker, { users }, { vhost: undefined, by: "test", onDone, onFailed }),
    );
    await expect(importing).rejects.toThrow("no room");
  }
});
