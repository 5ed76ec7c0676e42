// Every exchange type by three real clients, each doing the same: declare, bind, publish, look into the queues.

import { execFile, spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import amqplib from "amqplib";
import { Connection } from "rabbitmq-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exchangeTypes } from "../../src/broker/exchange/types.ts";
import { TestBroker } from "../../src/testing/index.ts";

const PYTHON = "/usr/bin/python3";
const hasPika = spawnSync(PYTHON, ["-c", "import pika"], { stdio: "ignore" }).status === 0;

interface Binding {
  readonly queue: string;
  readonly key: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What a client does. Names are its own, so that clients do not meet. */
interface Plan {
  readonly exchange: string;
  readonly type: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly bindings: readonly Binding[];
  /** Made when everything is published. */
  readonly lateBindings: readonly Binding[];
  readonly messages: readonly { readonly key: string; readonly headers: Record<string, unknown> }[];
  readonly waitMs: number;
}

/** By queue: the numbers of the messages it got, in order. */
type Got = Readonly<Record<string, readonly number[]>>;

interface Row {
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Queue, key, arguments. */
  readonly bindings: readonly (readonly [string, string, Record<string, unknown>?])[];
  readonly lateBindings?: Row["bindings"];
  readonly messages: readonly (readonly [string, Record<string, unknown>?])[];
  readonly waitMs?: number;
  check(got: Got): void;
}

const keyed = (...keys: readonly string[]): Row["messages"] => keys.map((key) => [key]);
const QUEUES = ["a", "b", "c", "d"];
/** Each key twice. */
const KEYS = keyed(...Array.from({ length: 400 }, (_, i) => `key ${i % 200}`));

/** All got their share, and both messages of a key went to the same queue. */
function isSpread(got: Got): void {
  for (const queue of QUEUES) {
    const numbers = got[queue] ?? [];
    expect(numbers.length).toBeGreaterThan(40);
    for (const number of numbers) expect(numbers).toContain((number + 200) % 400);
  }
  expect(QUEUES.flatMap((queue) => got[queue] ?? [])).toHaveLength(400);
}

function isChance(got: Got): void {
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
    messages: [["k", { "x-delay": 200 }], ["k", { "x-delay": 100 }], ["k"]],
    waitMs: 500,
    check: (got) => expect(got).toEqual({ a: [2, 1, 0] }),
  },
};

let broker: TestBroker;
beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker.stop());

async function byAmqplib(plan: Plan): Promise<Got> {
  const { exchange } = plan;
  const connection = await amqplib.connect(broker.url);
  const channel = await connection.createConfirmChannel();
  await channel.assertExchange(exchange, plan.type, { arguments: plan.arguments });
  const bind = async (bindings: readonly Binding[]) => {
    for (const binding of bindings) {
      await channel.assertQueue(binding.queue);
      await channel.bindQueue(binding.queue, exchange, binding.key, binding.arguments);
    }
  };
  await bind(plan.bindings);
  for (const [number, { key, headers }] of plan.messages.entries()) {
    channel.publish(exchange, key, Buffer.from(`${number}`), { headers, persistent: true });
  }
  await channel.waitForConfirms();
  await bind(plan.lateBindings);
  await sleep(plan.waitMs);
  const got: Record<string, number[]> = {};
  for (const { queue } of [...plan.bindings, ...plan.lateBindings]) {
    got[queue] ??= [];
    for (;;) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) break;
      got[queue].push(Number(message.content));
    }
  }
  await connection.close();
  return got;
}

async function byRabbitmqClient(plan: Plan): Promise<Got> {
  const { exchange, type } = plan;
  const rabbit = new Connection(broker.url);
  const publisher = rabbit.createPublisher({ confirm: true });
  await rabbit.exchangeDeclare({ exchange, type, durable: true, arguments: plan.arguments });
  const bind = async (bindings: readonly Binding[]) => {
    for (const { queue, key, arguments: bindingArguments } of bindings) {
      await rabbit.queueDeclare({ queue, durable: true });
      await rabbit.queueBind({ exchange, queue, routingKey: key, arguments: bindingArguments });
    }
  };
  await bind(plan.bindings);
  for (const [number, { key, headers }] of plan.messages.entries()) {
    await publisher.send({ exchange, routingKey: key, durable: true, headers }, `${number}`);
  }
  await bind(plan.lateBindings);
  await sleep(plan.waitMs);
  const got: Record<string, number[]> = {};
  for (const { queue } of [...plan.bindings, ...plan.lateBindings]) {
    got[queue] ??= [];
    for (;;) {
      const message = await rabbit.basicGet({ queue, noAck: true });
      if (message === undefined) break;
      got[queue].push(Number(message.body));
    }
  }
  await publisher.close();
  await rabbit.close();
  return got;
}

function byPika(plan: Plan): Promise<Got> {
  const script = fileURLToPath(new URL("exchange_types_pika.py", import.meta.url));
  return new Promise((resolve, reject) => {
    const child = execFile(PYTHON, [script, broker.url], { timeout: 30_000 }, (error, output) => {
      if (error === null) resolve(JSON.parse(output) as Got);
      else reject(error);
    });
    child.stdin?.end(JSON.stringify(plan));
  });
}

/** The row as this client does it. */
function planOf(client: string, type: string, row: Row): Plan {
  const named = ([queue, key, more = {}]: Row["bindings"][number]): Binding => {
    return { queue: `${client} ${type} ${queue}`, key, arguments: more };
  };
  return {
    ...{ exchange: `${client} ${type}`, type, arguments: row.arguments ?? {} },
    bindings: row.bindings.map(named),
    lateBindings: (row.lateBindings ?? []).map(named),
    messages: row.messages.map(([key, headers = {}]) => ({ key, headers })),
    waitMs: row.waitMs ?? 0,
  };
}

const clients = [
  ["amqplib", byAmqplib, true],
  ["rabbitmq-client", byRabbitmqClient, true],
  ["pika", byPika, hasPika],
] as const;

test("every type has its row", () => {
  expect(Object.keys(rows).sort()).toEqual([...exchangeTypes.keys()].sort());
});

describe.each(clients)("%s", (client, run, isThere) => {
  test.skipIf(!isThere).each(Object.entries(rows))("%s", async (type, row) => {
    const got = await run(planOf(client, type, row));
    const prefix = `${client} ${type} `;
    row.check(
      Object.fromEntries(
        Object.entries(got).map(([queue, all]) => [queue.slice(prefix.length), all]),
      ),
    );
  });
});
