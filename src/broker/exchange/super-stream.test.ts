import { expect, test } from "vitest";
import { EMPTY_TABLE, type FieldValue } from "../message/field-table.ts";
import { anybody, connectionNamed, newTestBroker, recording } from "../test-doubles.ts";
import { VhostAccess } from "../vhost-access.ts";
import { murmur3, PARTITION_ORDER_ARGUMENT } from "./super-stream.ts";

test.each([
  ["", 0, 0],
  ["", 1, 0x514e28b7],
  ["abc", 0, 0xb3dd93fa],
  ["test", 0, 0xba6bd213],
  ["aaa", 0x9747b28c, 0x283e0130],
  ["aaaa", 0x9747b28c, 0x5a97808a],
  ["Hello, world!", 0x9747b28c, 0x24884cba],
])("MurmurHash3 of %j with seed %d", (text, seed, hash) => {
  expect(murmur3(new TextEncoder().encode(text), seed)).toBe(hash);
});

test("a key that is bound goes there, others by hash in the order of the partitions", () => {
  const broker = newTestBroker();
  const vhost = broker.addVhost("/");
  const access = new VhostAccess(broker, vhost, anybody, connectionNamed("c"));
  const flags = { durable: true, autoDelete: false };
  const yes: FieldValue = { type: "t", value: true };
  access.declareExchange({
    ...{ name: "x", type: "direct", internal: false, ...flags },
    arguments: new Map([["x-super-stream", yes]]),
  });
  // Bound in another order than they stand in.
  for (const order of [2, 0, 1]) {
    const name = `part-${order}`;
    access.declareQueue({ name, exclusive: false, ...flags, arguments: EMPTY_TABLE });
    const value: FieldValue = { type: "l", value: BigInt(order) };
    access.bindQueue({
      ...{ source: "x", destination: name, routingKey: `key-${order}` },
      arguments: new Map([[PARTITION_ORDER_ARGUMENT, value]]),
    });
  }
  const targetOf = (key: string) =>
    access.route("x", key).targets.map(({ definition }) => definition.name);
  expect(targetOf("key-1")).toEqual(["part-1"]);
  const seen = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const partition = murmur3(new TextEncoder().encode(`order ${i}`), 104_729) % 3;
    expect(targetOf(`order ${i}`)).toEqual([`part-${partition}`]);
    seen.add(`part-${partition}`);
  }
  expect(seen.size).toBe(3);
  access.unbindQueue({
    ...{ source: "x", destination: "part-2", routingKey: "key-2" },
    arguments: new Map([[PARTITION_ORDER_ARGUMENT, { type: "l", value: 2n }]]),
  });
  for (let i = 0; i < 20; i++) expect(targetOf(`order ${i}`)).not.toEqual(["part-2"]);
  expect(recording(vhost.queueNamed("part-0")).received).toBe(0);
});
