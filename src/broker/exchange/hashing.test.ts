// Exchanges that hash or choose by chance: one destination per message, shares as asked for, stable when they change.
import { describe, expect, test } from "vitest";
import type { FieldTable, FieldValue } from "../message/field-table.ts";
import { longString } from "../message/field-table.ts";
import { consistentHashType } from "./consistent-hash.ts";
import type { Binding, Destination, ExchangeType, RoutedMessage } from "./exchange.ts";
import { modulusHashType } from "./modulus-hash.ts";
import { localRandomType, randomType } from "./random.ts";

let nextRandom = 0;
const history = { keep: () => ({ sizeBytes: 1 }), replay() {}, release() {} };
const tools = { history, random: { fill() {}, integer: (bound: number) => nextRandom++ % bound } };

function routerOf(type: ExchangeType, fields: Record<string, FieldValue> = {}) {
  const exchangeArguments: FieldTable = new Map(Object.entries(fields));
  return type.createRouter({ arguments: exchangeArguments } as never, tools);
}

const destinations = new Map<string, Destination>();
function destination(name: string): Destination {
  let found = destinations.get(name);
  if (found === undefined) {
    found = { definition: { name } } as unknown as Destination;
    destinations.set(name, found);
  }
  return found;
}

const bindingTo = (name: string, routingKey: string) =>
  ({ destination: destination(name), routingKey }) as unknown as Binding;

function target(router: ReturnType<typeof routerOf>, message: Partial<RoutedMessage>): string {
  const found: string[] = [];
  router.route(message as RoutedMessage, { add: (to) => void found.push(to.definition.name) });
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0] ?? "none";
}

function shares(router: ReturnType<typeof routerOf>, count = 20_000): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const name = target(router, { routingKey: `order.${i}` });
    counts[name] = (counts[name] ?? 0) + 1 / count;
  }
  return counts;
}

describe("x-consistent-hash", () => {
  test("shares are as the weights", () => {
    const router = routerOf(consistentHashType);
    router.bind(bindingTo("a", "1"));
    router.bind(bindingTo("b", "2"));
    router.bind(bindingTo("c", "5"));
    const found = shares(router);
    expect(found.a).toBeCloseTo(1 / 8, 1.5);
    expect(found.b).toBeCloseTo(2 / 8, 1.5);
    expect(found.c).toBeCloseTo(5 / 8, 1.5);
  });

  test("100,000 keys over 4 queues: each has its share within 10 %, a fifth takes its share alone", () => {
    const router = routerOf(consistentHashType);
    const names = ["a", "b", "c", "d"];
    for (const name of names) router.bind(bindingTo(name, "1"));
    const keys = Array.from({ length: 100_000 }, (_, i) => ({ routingKey: `customer-${i}` }));
    const before = keys.map((message) => target(router, message));
    for (const name of names) {
      const count = before.filter((found) => found === name).length;
      expect(Math.abs(count - 25_000)).toBeLessThan(2_500);
    }
    router.bind(bindingTo("e", "1"));
    const after = keys.map((message) => target(router, message));
    const moved = after.filter((found, i) => found !== before[i]);
    expect(new Set(moved)).toEqual(new Set(["e"]));
    expect(Math.abs(moved.length - 20_000)).toBeLessThan(2_000);
  });

  test("a destination more takes only what becomes its own", () => {
    const router = routerOf(consistentHashType);
    for (const name of ["a", "b", "c"]) router.bind(bindingTo(name, "10"));
    const keys = Array.from({ length: 5000 }, (_, i) => ({ routingKey: `k${i}` }));
    const before = keys.map((message) => target(router, message));
    router.bind(bindingTo("d", "10"));
    const moved = keys.filter((message, i) => {
      const now = target(router, message);
      if (now !== before[i]) expect(now).toBe("d");
      return now !== before[i];
    });
    expect(moved.length / keys.length).toBeCloseTo(0.25, 1.5);
    router.unbind(bindingOf(router, "d"));
  });

  function bindingOf(_router: unknown, name: string): Binding {
    return bindingTo(name, "10");
  }

  test("of several bindings of one destination the first counts, then the next", () => {
    const router = routerOf(consistentHashType);
    const first = bindingTo("a", "1");
    const second = bindingTo("a", "3");
    router.bind(first);
    router.bind(second);
    router.bind(bindingTo("b", "1"));
    expect(shares(router).a).toBeCloseTo(1 / 2, 1.5);
    router.unbind(first);
    expect(shares(router).a).toBeCloseTo(3 / 4, 1.5);
    router.unbind(second);
    expect(shares(router).a).toBeUndefined();
  });

  test("hashes a header or a property when told to", () => {
    const byHeader = routerOf(consistentHashType, { "hash-header": longString("id") });
    const byProperty = routerOf(consistentHashType, { "hash-property": longString("message_id") });
    for (const router of [byHeader, byProperty]) {
      for (const name of ["a", "b", "c"]) router.bind(bindingTo(name, "10"));
    }
    const withHeader = (id: string, routingKey: string) => ({
      headers: new Map([["id", longString(id)]]),
      routingKey,
    });
    const found = new Set<string>();
    for (let i = 0; i < 50; i++) {
      found.add(target(byHeader, withHeader(`h${i}`, "same")));
      expect(target(byHeader, withHeader("same", `${i}`))).toBe(
        target(byHeader, withHeader("same", "other")),
      );
      const named = { messageId: "same", routingKey: `${i}` };
      expect(target(byProperty, named)).toBe(target(byProperty, { ...named, routingKey: "x" }));
    }
    expect(found.size).toBe(3);
    expect(target(byHeader, { headers: new Map(), routingKey: "k" })).not.toBe("none");
  });

  test.each([
    ["a", 'The binding key must be an integer: <<"a">>'],
    ["", "The binding key must be an integer"],
    ["0", "The binding key must be greater than 0"],
    ["-1", "The binding key must be greater than 0"],
    ["1025", "must not be greater than 1024"],
    ["9".repeat(255), "must not be greater than 1024"],
  ])("weight %s is refused", (weight, text) => {
    expect(() => routerOf(consistentHashType).bind(bindingTo("a", weight))).toThrow(text);
  });

  test("wrong arguments are refused", () => {
    const both = { "hash-header": longString("a"), "hash-property": longString("message_id") };
    expect(() => routerOf(consistentHashType, both)).toThrow("mutually exclusive");
    const unknown = { "hash-property": longString("constructor") };
    expect(() => routerOf(consistentHashType, unknown)).toThrow(
      "Unsupported property: constructor",
    );
  });
});

test("x-modulus-hash spreads over destinations by name, whatever the order of binding", () => {
  const one = routerOf(modulusHashType);
  const two = routerOf(modulusHashType);
  for (const name of ["a", "b", "c"]) one.bind(bindingTo(name, ""));
  for (const name of ["c", "a", "b"]) two.bind(bindingTo(name, "other"));
  for (let i = 0; i < 100; i++) {
    expect(target(one, { routingKey: `${i}` })).toBe(target(two, { routingKey: `${i}` }));
  }
  expect(shares(one).b).toBeCloseTo(1 / 3, 1.5);
  one.unbind(bindingTo("b", ""));
  expect(Object.keys(shares(one)).sort()).toEqual(["a", "c"]);
});

test("x-random and x-local-random choose one of all", () => {
  for (const type of [randomType, localRandomType]) {
    const router = routerOf(type);
    for (const name of ["a", "b", "c"]) router.bind(bindingTo(name, ""));
    expect(Object.keys(shares(router, 30)).sort()).toEqual(["a", "b", "c"]);
    router.unbind(bindingTo("a", ""));
    expect(Object.keys(shares(router, 30)).sort()).toEqual(["b", "c"]);
  }
  expect(() => routerOf(localRandomType).bind(bindingTo("a", "k"))).toThrow("not permitted");
});

test("without bindings nothing is found", () => {
  for (const type of [consistentHashType, modulusHashType, randomType]) {
    expect(target(routerOf(type), { routingKey: "k" })).toBe("none");
  }
});
