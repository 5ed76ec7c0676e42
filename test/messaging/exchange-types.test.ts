// Every exchange type by three real clients, each doing the same: declare, bind, publish, look into the queues.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exchangeTypes } from "../../src/broker/exchange/types.ts";
import { TestBroker } from "../../src/testing/index.ts";
import type { Client, Got, Table } from "./client.ts";
import { clients } from "./clients.ts";

/** By queue: the numbers of the messages it got, in order. */
type Numbers = Readonly<Record<string, readonly number[]>>;

interface Row {
  readonly arguments?: Table;
  /** Queue, key, arguments. */
  readonly bindings: readonly (readonly [string, string, Table?])[];
  /** Made when everything is published. */
  readonly lateBindings?: Row["bindings"];
  /** Key, headers. */
  readonly messages: readonly (readonly [string, Table?])[];
  /** So long after all is published, by the broker's clock. */
  readonly wait?: string;
  check(got: Numbers): void;
}

const keyed = (...keys: readonly string[]): Row["messages"] => keys.map((key) => [key]);
const QUEUES = ["a", "b", "c", "d"];
/** Each key twice. */
const KEYS = keyed(...Array.from({ length: 400 }, (_, i) => `key ${i % 200}`));

/** All got their share, and both messages of a key went to the same queue. */
function isSpread(got: Numbers): void {
  for (const queue of QUEUES) {
    const numbers = got[queue] ?? [];
    expect(numbers.length).toBeGreaterThan(40);
    for (const number of numbers) expect(numbers).toContain((number + 200) % 400);
  }
  expect(QUEUES.flatMap((queue) => got[queue] ?? [])).toHaveLength(400);
}

function isChance(got: Numbers): void {
  const [a = [], b = []] = [got.a, got.b];
  expect([...a, ...b].sort((one, other) => one - other)).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  );
  expect(Math.min(a.length, b.length)).toBeGreaterThan(15);
}

const chance: Row = {
  bindings: [
    ["a", ""],
    ["b", ""],
  ],
  messages: Array.from({ length: 100 }, () => ["k"] as const),
  check: isChance,
};

const rows: Readonly<Record<string, Row>> = {
  direct: {
    bindings: [
      ["a", "k"],
      ["b", "l"],
      ["b", "k"],
    ],
    messages: keyed("k", "l", "m"),
    check: (got) => expect(got).toEqual({ a: [0], b: [0, 1] }),
  },
  fanout: {
    bindings: [
      ["a", "k"],
      ["b", "l"],
    ],
    messages: keyed("k", "m"),
    check: (got) => expect(got).toEqual({ a: [0, 1], b: [0, 1] }),
  },
  topic: {
    bindings: [
      ["a", "order.*"],
      ["b", "#.new"],
    ],
    messages: keyed("order.new", "order.new.eu", "new", "order"),
    check: (got) => expect(got).toEqual({ a: [0], b: [0, 2] }),
  },
  headers: {
    bindings: [
      ["a", "", { "x-match": "all", colour: "red", size: 2 }],
      ["b", "", { "x-match": "any", colour: "red", size: 3 }],
    ],
    messages: [
      ["", { colour: "red", size: 2 }],
      ["", { size: 3 }],
      ["", { colour: "blue" }],
    ],
    check: (got) => expect(got).toEqual({ a: [0], b: [0, 1] }),
  },
  "x-consistent-hash": {
    bindings: QUEUES.map((queue) => [queue, "1"] as const),
    messages: KEYS,
    check: isSpread,
  },
  "x-modulus-hash": {
    bindings: QUEUES.map((queue) => [queue, ""] as const),
    messages: KEYS,
    check: isSpread,
  },
  "x-random": chance,
  "x-local-random": chance,
  "x-recent-history": {
    arguments: { "x-recent-history-length": 2 },
    bindings: [["a", ""]],
    messages: keyed("1", "2", "3"),
    lateBindings: [["b", ""]],
    check: ({ a, b = [] }) => {
      expect(a).toEqual([0, 1, 2]);
      expect([...b].sort()).toEqual([1, 2]);
    },
  },
  "x-jms-topic": {
    bindings: [
      ["a", "", { rjms_erlang_selector: '{\'=\',{ident,<<"colour">>},<<"red">>}.' }],
      ["b", "", { rjms_erlang_selector: '{between,{ident,<<"size">>},{range,2,9}}.' }],
      ["c", ""],
    ],
    messages: [
      ["any", { colour: "red", size: 1 }],
      ["key", { colour: "blue", size: 5 }],
      ["", { colour: "red", size: 9 }],
      ["", {}],
    ],
    check: (got) => expect(got).toEqual({ a: [0, 2], b: [1, 2], c: [] }),
  },
  "x-federation-upstream": {
    // Beyond what 32 bits hold, so that every client writes a 64-bit number.
    arguments: {
      "x-max-hops": 2 ** 40,
      "x-downstream-name": "there",
      "x-downstream-vhost": "/",
    },
    bindings: [
      ["a", "k"],
      ["b", "other"],
    ],
    messages: [
      ["k"],
      ["k", { "x-received-from": [{ "cluster-name": "here", vhost: "/" }] }],
      ["k", { "x-received-from": [{ "cluster-name": "there", vhost: "/" }] }],
      ["k", { "x-received-from": [{ "cluster-name": "there", vhost: "other" }] }],
    ],
    check: (got) => expect(got).toEqual({ a: [0, 1, 3], b: [0, 1, 3] }),
  },
  "x-delayed-message": {
    arguments: { "x-delayed-type": "direct" },
    bindings: [["a", "k"]],
    messages: [["k", { "x-delay": 7_200_000 }], ["k", { "x-delay": 3_600_000 }], ["k"]],
    wait: "2h",
    check: (got) => expect(got).toEqual({ a: [2, 1, 0] }),
  },
};

let broker: TestBroker;
beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker.stop());

/** Does what a row says under names of the client's own, so that clients do not meet. */
async function run(client: Client, prefix: string, type: string, row: Row): Promise<Numbers> {
  const bind = async (bindings: Row["bindings"]) => {
    for (const [queue, key, more] of bindings) {
      await client.declareQueue(prefix + queue);
      await client.bind(prefix, prefix + queue, key, more);
    }
  };
  await client.declareExchange(prefix, type, row.arguments);
  await bind(row.bindings);
  await Promise.all(
    row.messages.map(([key, headers = {}], number) =>
      client.publish(prefix, key, `${number}`, { headers }),
    ),
  );
  const { lateBindings = [] } = row;
  await bind(lateBindings);
  if (row.wait !== undefined) await broker.clock.advance(row.wait);
  const got: Record<string, number[]> = {};
  for (const [queue] of [...row.bindings, ...lateBindings]) {
    got[queue] ??= await drain(client, prefix + queue);
  }
  return got;
}

/** Acknowledges when all are here: an amqplib that does so between its gets waits 40 ms for each, for Nagle's sake. */
async function drain(client: Client, queue: string): Promise<number[]> {
  const all: Got[] = [];
  for (let got = await client.get(queue); got !== undefined; got = await client.get(queue)) {
    all.push(got);
  }
  for (const got of all) await client.ack(got);
  return all.map(({ body }) => Number(body));
}

test("every type has its row", () => {
  expect(Object.keys(rows).sort()).toEqual([...exchangeTypes.keys()].sort());
});

describe.each(clients)("%s", (name, isThere, connect) => {
  let client: Client;
  beforeAll(async () => {
    if (isThere) client = await connect(broker.url);
  });
  afterAll(() => client?.end());

  test.skipIf(!isThere).each(Object.entries(rows))("%s", async (type, row) => {
    row.check(await run(client, `${name} ${type} `, type, row));
  });
});
