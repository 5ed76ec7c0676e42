import { beforeEach, expect, test } from "vitest";
import type { Broker } from "./broker.ts";
import { EMPTY_TABLE } from "./message/field-table.ts";
import { PublishResult } from "./routing/route.ts";
import { anybody, connectionNamed, newTestBroker, recording } from "./test-doubles.ts";
import type { VhostAccess } from "./vhost-access.ts";

let broker: Broker;
let access: VhostAccess;

beforeEach(() => {
  broker = newTestBroker();
  broker.addVhost("/");
  access = broker.open(anybody, "/", connectionNamed("c1"));
});

function declareQueue(name: string, exclusive = false) {
  return access.declareQueue({
    name,
    durable: true,
    exclusive,
    autoDelete: false,
    arguments: EMPTY_TABLE,
  });
}

function declareExchange(name: string, type: string) {
  return access.declareExchange({
    name,
    type,
    durable: true,
    autoDelete: false,
    internal: false,
    arguments: EMPTY_TABLE,
  });
}

function publish(exchange: string, routingKey: string): number {
  return access.publish(access.route(exchange, routingKey), broker.publication);
}

test("the default exchange leads to the queue of that name", () => {
  const queue = declareQueue("q");
  expect(publish("", "q")).toBe(PublishResult.routed);
  expect(publish("", "other")).toBe(0);
  expect(recording(queue).received).toBe(1);
});

test("a direct exchange delivers by key, once per queue", () => {
  const queue = declareQueue("q");
  declareExchange("x", "direct");
  for (const routingKey of ["a", "b"]) {
    access.bindQueue({ source: "x", destination: "q", routingKey, arguments: EMPTY_TABLE });
  }
  publish("x", "a");
  publish("x", "b");
  publish("x", "c");
  expect(recording(queue).received).toBe(2);
});

test("exchanges bound in a circle deliver one copy", () => {
  const queue = declareQueue("q");
  declareExchange("x", "fanout");
  declareExchange("y", "fanout");
  for (const [source, destination] of [
    ["x", "y"],
    ["y", "x"],
    ["x", "x"],
  ] as const) {
    access.bindExchange({ source, destination, routingKey: "", arguments: EMPTY_TABLE });
  }
  for (const source of ["x", "y"]) {
    access.bindQueue({ source, destination: "q", routingKey: "", arguments: EMPTY_TABLE });
  }
  publish("x", "any");
  expect(recording(queue).received).toBe(1);
});

test("a remembered route ends with the next change of topology", () => {
  declareQueue("q");
  const route = access.route("", "q");
  expect(access.route("", "q")).toBe(route);
  expect(route.isCurrent()).toBe(true);
  access.deleteQueue("q", { ifUnused: false, ifEmpty: false });
  expect(route.isCurrent()).toBe(false);
  expect(access.route("", "q").targets).toEqual([]);
});

test("server-named queues look like RabbitMQ's", () => {
  const first = declareQueue("").definition.name;
  expect(first).toMatch(/^amq\.gen-[A-Za-z0-9_-]{22}$/);
  expect(declareQueue("").definition.name).not.toBe(first);
});

test("an exclusive queue is its connection's alone and goes with it", () => {
  const queue = declareQueue("mine", true);
  const other = broker.open(anybody, "/", connectionNamed("c2"));
  expect(() => other.queueForReading("mine")).toThrow(
    "cannot obtain exclusive access to locked queue 'mine' in vhost '/'.",
  );
  expect(() => declareQueue("mine", false)).toThrow("cannot obtain exclusive access");
  broker.closed(access);
  expect(recording(queue).deletedBecause).toBe("owner-gone");
  expect(access.vhost.queues.size).toBe(0);
});

test.each([
  [() => access.checkQueue("none"), "not-found", "no queue 'none' in vhost '/'"],
  [() => access.checkExchange("none"), "not-found", "no exchange 'none' in vhost '/'"],
  [() => access.route("none", "k"), "not-found", "no exchange 'none' in vhost '/'"],
  [
    () => declareQueue("amq.mine"),
    "access-refused",
    "queue name 'amq.mine' contains reserved prefix 'amq.*'",
  ],
  [
    () => access.deleteExchange("amq.direct", { ifUnused: false }),
    "access-refused",
    "deletion of system exchange 'amq.direct' in vhost '/' not allowed",
  ],
  [
    () => access.deleteExchange("", { ifUnused: false }),
    "access-refused",
    "operation not permitted on the default exchange",
  ],
  [() => declareExchange("x", "nosuch"), "precondition-failed", "unknown exchange type 'nosuch'"],
])("refuses as RabbitMQ does: %#", (act, reason, text) => {
  expect(act).toThrow(expect.objectContaining({ reason, message: text }));
});

test("a queue with very many bindings is gone at once; they follow in slices", () => {
  const turns: (() => void)[] = [];
  broker.clock.nextTurn = (onTurn) => void turns.push(onTurn);
  declareQueue("many");
  const other = declareQueue("other");
  access.declareExchange({
    name: "x",
    type: "topic",
    durable: true,
    autoDelete: true,
    internal: false,
    arguments: EMPTY_TABLE,
  });
  declareExchange("y", "fanout");
  const bind = (source: string, destination: string, routingKey: string) =>
    access.bindQueue({ source, destination, routingKey, arguments: EMPTY_TABLE });
  for (let i = 0; i < 10_000; i++) bind("x", "many", `a.${i}`);
  bind("y", "many", "");
  bind("y", "other", "");
  access.deleteQueue("many", { ifUnused: false, ifEmpty: false });
  const again = declareQueue("many");
  expect(access.route("x", "a.9999").targets).toEqual([]);
  expect(access.route("y", "").targets).toEqual([other]);
  expect(access.vhost.bindings.count).toBeGreaterThan(5000);
  const logged = [...broker.definitions()].filter(({ kind }) => kind === "binding");
  expect(logged.length).toBe(1);
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
  expect(access.vhost.bindings.count).toBe(1);
  expect(access.vhost.exchanges.has("x")).toBe(false);
  expect(recording(again).deletedBecause).toBeUndefined();
});

test("an exchange goes with all its bindings, from and to it", () => {
  declareQueue("q");
  declareExchange("x", "topic");
  declareExchange("y", "fanout");
  access.bindQueue({ source: "x", destination: "q", routingKey: "a", arguments: EMPTY_TABLE });
  access.bindQueue({ source: "x", destination: "q", routingKey: "b", arguments: EMPTY_TABLE });
  access.bindExchange({ source: "x", destination: "y", routingKey: "#", arguments: EMPTY_TABLE });
  access.bindExchange({ source: "y", destination: "x", routingKey: "", arguments: EMPTY_TABLE });
  access.deleteExchange("x", { ifUnused: false });
  expect(access.vhost.bindings.count).toBe(0);
  expect([...access.vhost.bindings.to(access.vhost.queueNamed("q"))]).toEqual([]);
  expect(access.route("y", "k").targets).toEqual([]);
});
