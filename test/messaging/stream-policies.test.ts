// How long and how old a stream gets can be said by policies, for streams that are there already too.

import { expect, test } from "vitest";
import { Node } from "./node.ts";

const BODY = "x".repeat(1_000);

async function begin(options = {}): Promise<Node> {
  const node = await Node.start();
  node.queue("s", { "x-queue-type": "stream", ...options });
  return node;
}

async function publish(node: Node, count: number): Promise<void> {
  for (let i = 0; i < count; i++) node.publish("", "s", BODY);
  await node.pass(50);
}

const count = (node: Node) => node.at("s").depth.ready;

/** Bodies of so many bytes lie between these. */
function expectBytes(node: Node, atLeast: number, atMost: number): void {
  const bytes = count(node) * BODY.length;
  expect(bytes).toBeGreaterThan(atLeast);
  expect(bytes).toBeLessThanOrEqual(atMost);
}

test("a policy bounds its length: whole segments go", async () => {
  const node = await begin();
  node.policy("^s$", { "max-length-bytes": 50_000, "stream-max-segment-size-bytes": 10_000 });
  await publish(node, 200);
  expectBytes(node, 30_000, 60_000);
  await node.crash();
  expectBytes(node, 30_000, 60_000);
  await publish(node, 100);
  expectBytes(node, 30_000, 60_000);
});

test("a policy that comes later drops what is too much then; without it nothing goes", async () => {
  const node = await begin({ "x-stream-max-segment-size-bytes": 10_000 });
  await publish(node, 200);
  expect(count(node)).toBe(200);
  node.policy("^s$", { "max-length-bytes": 50_000 });
  await node.pass(50);
  expectBytes(node, 30_000, 60_000);
  node.life.broker.policies.delete("policy", "/", "policy-^s$", "guest");
  const before = count(node);
  await publish(node, 200);
  expect(count(node)).toBe(before + 200);
});

test("of a policy's and an argument's bounds the smaller one holds", async () => {
  const node = await begin({
    "x-stream-max-segment-size-bytes": 10_000,
    "x-max-length-bytes": 100_000,
  });
  node.policy("^s$", { "max-length-bytes": 40_000 });
  await publish(node, 300);
  expectBytes(node, 20_000, 50_000);
});

test("a policy bounds its age: what is too old goes while nothing comes", async () => {
  const node = await begin();
  node.policy("^s$", { "max-age": "1h", "stream-max-segment-size-bytes": 10_000 });
  await publish(node, 100);
  await node.pass(2_400_000);
  await publish(node, 20);
  expect(count(node)).toBe(120);
  await node.pass(1_500_000);
  // The first hundred are older than an hour, but for what shares a segment with what is not.
  expect(count(node)).toBeLessThanOrEqual(30);
  expect(count(node)).toBeGreaterThanOrEqual(20);
  await node.crash();
  expect(count(node)).toBeLessThanOrEqual(30);
  await publish(node, 1);
  await node.pass(4_000_000);
  // The newest segment stays, however old it is.
  expect(count(node)).toBeGreaterThanOrEqual(1);
});
