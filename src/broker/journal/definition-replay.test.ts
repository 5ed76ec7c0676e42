// What the log says about topology, users and settings brings the same broker back.
import { expect, test } from "vitest";
import type { Broker } from "../broker.ts";
import { type FieldValue, longString } from "../message/field-table.ts";
import { anybody, connectionNamed, newTestBroker } from "../test-doubles.ts";
import { type JsonObject, NoJournal } from "./journaling.ts";

class RecordingJournal extends NoJournal {
  readonly entries: { kind: string; text: string }[] = [];
  override define(kind: string, object: JsonObject): void {
    this.entries.push({ kind, text: JSON.stringify(object) });
  }
}

const fields = (entries: Record<string, FieldValue>) => new Map(Object.entries(entries));

/** Does a bit of everything, deletions included. */
function fill(broker: Broker): void {
  const { access, policies, parameters } = broker;
  const vhost = broker.addVhost("/", { ...broker.addVhost("gone").metadata, description: "main" });
  broker.deleteVhost(broker.addVhost("gone"));
  broker.setVhostLimits(vhost, { connectionsMax: 5, queuesMax: undefined });
  broker.setTracing(vhost, true);
  const hash = { algorithm: "rabbit_password_hashing_sha256", value: "AAAA" };
  const limits = { connectionsMax: 1, channelsMax: undefined };
  access.putUser({ name: "u", tags: ["management", "x"], hash, limits }, "test");
  access.putUser({ name: "dead", tags: [], hash: undefined, limits }, "test");
  access.setPermissions({ user: "u", vhost: "/", configure: "^a", write: "", read: ".*" }, "test");
  const topic = { user: "u", vhost: "/", exchange: "amq.topic", write: "^{username}", read: ".*" };
  access.setTopicPermissions(topic, "test");
  broker.deleteUser("dead");
  const policy = { vhost: "/", pattern: "^q", applyTo: "queues" as const, priority: 3 };
  policies.set("policy", { ...policy, name: "p", definition: { "max-length": 7 } }, "test");
  const operator = { ...policy, name: "o", definition: { "message-ttl": 100 } };
  policies.set("operator_policy", operator, "test");
  policies.set("policy", { ...policy, name: "p2", definition: { expires: 1 } }, "test");
  policies.delete("policy", "/", "p2", "test");
  parameters.set({ vhost: "/", component: "shovel", name: "s", value: { a: [1] } }, "test");
  parameters.setGlobal("cluster_name", "c", "test");
  const view = broker.open(anybody, "/", connectionNamed("c1"));
  const flags = { durable: true, autoDelete: false, internal: false, exclusive: false };
  const queueArguments = fields({
    "x-message-ttl": { type: "l", value: 60_000n },
    "x-odd": { type: "L", value: 18_446_744_073_709_551_615n },
  });
  view.declareExchange({ ...flags, name: "x", type: "topic", arguments: new Map() });
  view.declareExchange({ ...flags, name: "y", type: "headers", arguments: new Map() });
  view.declareExchange({
    ...flags,
    name: "t",
    type: "fanout",
    durable: false,
    arguments: new Map(),
  });
  view.declareQueue({ ...flags, name: "q", arguments: queueArguments });
  view.declareQueue({ ...flags, name: "mine", exclusive: true, arguments: new Map() });
  view.declareQueue({ ...flags, name: "temporary", durable: false, arguments: new Map() });
  view.declareQueue({ ...flags, name: "again", arguments: new Map() });
  view.deleteQueue("again", { ifEmpty: false, ifUnused: false });
  view.declareQueue({
    ...flags,
    name: "again",
    arguments: fields({ "x-max-priority": { type: "I", value: 5 } }),
  });
  const none = { arguments: new Map() };
  view.bindQueue({ source: "x", destination: "q", routingKey: "a.#", ...none });
  view.bindQueue({ source: "x", destination: "mine", routingKey: "b", ...none });
  view.bindQueue({ source: "t", destination: "q", routingKey: "", ...none });
  view.bindExchange({ source: "x", destination: "y", routingKey: "#", ...none });
  const match = fields({ "x-match": longString("any"), a: { type: "I", value: 1 } });
  view.bindQueue({ source: "y", destination: "again", routingKey: "k", arguments: match });
  view.bindQueue({ source: "x", destination: "q", routingKey: "gone", ...none });
  view.unbindQueue({ source: "x", destination: "q", routingKey: "gone", ...none });
}

const describe = (broker: Broker) =>
  [...broker.definitions()].map((entry) => JSON.stringify(entry));

test("replaying the log, or a checkpoint, gives the same definitions; twice changes nothing", () => {
  const journal = new RecordingJournal();
  const first = newTestBroker({ journal });
  fill(first);
  const expected = describe(first);
  expect(expected.length).toBeGreaterThan(14);
  expect(expected.join()).not.toContain("temporary");
  expect(expected.join()).not.toContain("mine");

  const again = newTestBroker({ journal: new RecordingJournal() });
  again.startReplay();
  for (const { kind, text } of journal.entries) again.applyDefinition(kind, JSON.parse(text));
  expect(describe(again)).toEqual(expected);
  for (const text of expected) {
    const { kind, object } = JSON.parse(text);
    again.applyDefinition(kind, object);
  }
  again.endReplay();
  expect(describe(again)).toEqual(expected);
  expect((again.journal as RecordingJournal).entries).toEqual([]);
  expect(again.lastQueueNumber).toBeGreaterThanOrEqual(4);

  const queue = again.vhosts.get("/")?.queues.get("q");
  expect(queue?.settings.values.messageTtlMs).toBe(100);
  expect(queue?.settings.origins.get("messageTtlMs")).toBe("operator-policy");
  expect(queue?.settings.values.maxLength).toBe(7);
  expect(queue?.definition.arguments.get("x-odd")).toEqual({
    type: "L",
    value: 18_446_744_073_709_551_615n,
  });
});

test("an unknown kind stops the replay", () => {
  const broker = newTestBroker();
  broker.startReplay();
  expect(() => broker.applyDefinition("toString", {})).toThrow("unknown kind 'toString'");
});
