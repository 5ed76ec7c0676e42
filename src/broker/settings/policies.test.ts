import { beforeEach, describe, expect, test } from "vitest";
import type { Broker } from "../broker.ts";
import { type FieldValue, longString } from "../message/field-table.ts";
import type { PlainJson, PlainValues } from "../message/field-table-json.ts";
import { anybody, connectionNamed, newTestBroker } from "../test-doubles.ts";
import type { VhostAccess } from "../vhost-access.ts";
import { type PolicyKind, type PolicyTarget, parsePolicy } from "./policies.ts";

let broker: Broker;
let access: VhostAccess;
beforeEach(() => {
  broker = newTestBroker();
  broker.addVhost("/");
  access = broker.open(anybody, "/", connectionNamed("c"));
});

function declare(name: string, fields: Record<string, FieldValue> = {}) {
  return access.declareQueue({
    name,
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: new Map(Object.entries(fields)),
  });
}

function set(
  name: string,
  definition: PlainValues,
  more: { pattern?: string; priority?: number; applyTo?: PolicyTarget; kind?: PolicyKind } = {},
): void {
  const { pattern = ".*", priority = 0, applyTo = "all", kind = "policy" } = more;
  broker.policies.set(kind, { vhost: "/", name, pattern, applyTo, definition, priority }, "test");
}

const quorum = { "x-queue-type": longString("quorum") };
const int = (value: number): FieldValue => ({ type: "I", value });

test("a policy reaches queues that exist and queues that come", () => {
  const before = declare("q1");
  set("p", { "max-length": 5 }, { pattern: "^q" });
  const after = declare("q2");
  const other = declare("other");
  for (const queue of [before, after]) {
    expect(queue.settings.values.maxLength).toBe(5);
    expect(queue.settings.policy).toBe("p");
    expect(queue.settings.origins.get("maxLength")).toBe("policy");
  }
  expect(other.settings.policy).toBeUndefined();
  broker.policies.delete("policy", "/", "p", "test");
  expect(before.settings.values.maxLength).toBeUndefined();
});

test("the highest priority wins, and only one policy applies", () => {
  const queue = declare("q");
  set("low", { "max-length": 5, expires: 100 }, { priority: 1 });
  set("high", { "max-length": 9 }, { priority: 2 });
  expect(queue.settings.policy).toBe("high");
  expect(queue.settings.values).toMatchObject({ maxLength: 9, expiresMs: undefined });
});

describe("argument, policy and operator policy", () => {
  test.each([
    // argument, policy, operator policy: what holds, and where it comes from
    [5, 9, undefined, 5, "argument"],
    [9, 5, undefined, 5, "policy"],
    [undefined, 9, 5, 5, "operator-policy"],
    [undefined, 5, 9, 5, "policy"],
    [3, 5, 9, 3, "argument"],
    [9, 7, 5, 5, "operator-policy"],
    [undefined, undefined, 5, 5, "operator-policy"],
  ] as const)(
    "of max-length %s, %s, %s give %s from the %s",
    (argument, policy, operator, expected, origin) => {
      const queue = declare("q", argument === undefined ? {} : { "x-max-length": int(argument) });
      if (policy !== undefined) set("p", { "max-length": policy });
      if (operator !== undefined) set("o", { "max-length": operator }, { kind: "operator_policy" });
      expect(queue.settings.values.maxLength).toBe(expected);
      expect(queue.settings.origins.get("maxLength")).toBe(origin);
    },
  );

  test("a text of the declare wins over a policy's", () => {
    const queue = declare("q", { "x-dead-letter-exchange": longString("a") });
    set("p", { "dead-letter-exchange": "b", "dead-letter-routing-key": "k" });
    expect(queue.settings.values).toMatchObject({
      deadLetterExchange: "a",
      deadLetterRoutingKey: "k",
    });
  });

  test("an operator's overflow wins over a policy's", () => {
    const queue = declare("q");
    set("p", { overflow: "drop-head" });
    set("o", { overflow: "reject-publish" }, { kind: "operator_policy" });
    expect(queue.settings.values.overflow).toBe("reject-publish");
  });

  test("no delivery limit is more than any", () => {
    const queue = declare("q", { ...quorum, "x-delivery-limit": int(-1) });
    set("o", { "delivery-limit": 7 }, { kind: "operator_policy" });
    expect(queue.settings.values.deliveryLimit).toBe(7);
  });
});

test.each([
  ["all", true, true, true],
  ["queues", true, true, false],
  ["classic_queues", true, false, false],
  ["quorum_queues", false, true, false],
  ["streams", false, false, false],
  ["exchanges", false, false, true],
] as const)("apply-to %s", (applyTo, onClassic, onQuorum, onExchange) => {
  const classic = declare("c");
  const replicated = declare("r", quorum);
  const exchange = access.vhost.exchangeNamed("amq.topic");
  set("p", { "max-length": 5, "alternate-exchange": "amq.fanout" }, { applyTo });
  expect(classic.settings.policy === "p").toBe(onClassic);
  expect(replicated.settings.policy === "p").toBe(onQuorum);
  expect(exchange.settings.values.alternateExchange === "amq.fanout").toBe(onExchange);
});

test("a policy with a key that a type does not take does not apply to it", () => {
  const classic = declare("c");
  const replicated = declare("r", quorum);
  set("p", { "max-length": 5, "delivery-limit": 3 });
  expect(classic.settings.policy).toBeUndefined();
  expect(replicated.settings.values).toMatchObject({ maxLength: 5, deliveryLimit: 3 });
});

test("an alternate exchange by policy gets what has no queue, at once", () => {
  const queue = declare("q");
  access.bindQueue({
    source: "amq.fanout",
    destination: "q",
    routingKey: "",
    arguments: new Map(),
  });
  const route = access.route("amq.direct", "nowhere");
  expect(route.targets).toEqual([]);
  set("p", { "alternate-exchange": "amq.fanout" }, { pattern: "^amq\\.direct$" });
  expect(route.isCurrent()).toBe(false);
  expect(access.route("amq.direct", "nowhere").targets).toEqual([queue]);
});

test("more objects than fit into a slice get their settings over several turns", () => {
  const turns: (() => void)[] = [];
  broker.clock.nextTurn = (onTurn) => void turns.push(onTurn);
  const queues = Array.from({ length: 2500 }, (_, i) => declare(`q${i}`));
  set("p", { "max-length": 5 });
  const reached = () => queues.filter((queue) => queue.settings.policy === "p").length;
  expect(reached()).toBeLessThan(2500);
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
  expect(reached()).toBe(2500);
});

describe("a policy from outside", () => {
  const parse = (input: Record<string, PlainJson>, kind: PolicyKind = "policy") =>
    parsePolicy(kind, "/", "p", input, broker.matcher);
  const good = { pattern: "^q", definition: { "max-length": 1 } };

  test("has defaults", () => {
    expect(parse(good)).toEqual({
      vhost: "/",
      name: "p",
      pattern: "^q",
      applyTo: "all",
      definition: { "max-length": 1 },
      priority: 0,
    });
  });

  test.each([
    [{ definition: { "max-length": 1 } }, "[{key_missing,pattern}]"],
    [{}, "[{key_missing,pattern},{key_missing,definition}]"],
    [{ ...good, pattern: "(" }, "pattern should be regular expression but is invalid"],
    [{ ...good, definition: { "max-length": "a" } }, '<<"a">> is not a valid maximum length'],
    [{ ...good, definition: { "message-ttl": -1 } }, "-1 is not a valid message TTL"],
    [{ ...good, definition: { overflow: "no" } }, '<<"no">> is not a valid overflow value'],
    [{ ...good, definition: {} }, "no policy provided"],
    [{ ...good, definition: [] }, "definition must be a dictionary: []"],
    [
      { ...good, definition: { nosuch: 1 } },
      '[{<<"nosuch">>,1}] are not recognised policy settings',
    ],
    [{ ...good, "apply-to": "cats" }, "apply-to 'cats' unrecognised"],
    [{ ...good, priority: "high" }, 'priority should be a number, actually was <<"high">>'],
  ])("that is wrong is refused: %#", (input, text) => {
    expect(() => parse(input as Record<string, PlainJson>)).toThrow(text);
  });

  test("of an operator may set only what operators may", () => {
    const definition = { "dead-letter-exchange": "x" };
    expect(() => parse({ ...good, definition }, "operator_policy")).toThrow("not recognised");
    expect(parse({ ...good, definition }).definition).toEqual(definition);
  });

  test("may have keys of RabbitMQ that mean nothing here", () => {
    expect(parse({ ...good, definition: { "ha-mode": "all" } }).name).toBe("p");
  });
});
