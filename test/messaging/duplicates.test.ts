// Duplicates are dropped by exchanges and queues that are told to, and a crash does not make them forget.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PublishResult } from "../../src/broker/routing/route.ts";
import { Node } from "./node.ts";

const HEADER = "x-deduplication-header";
type Options = Readonly<Record<string, string | number | boolean>>;

interface Kind {
  readonly what: string;
  start(options?: Options): Promise<Node>;
  readonly exchange: string;
}

const kinds: readonly Kind[] = [
  {
    what: "an exchange",
    exchange: "x",
    start: async (options = {}) => {
      const node = await Node.start();
      node.exchange("x", "fanout", { "x-message-deduplication": true, ...options });
      node.queue("q");
      node.bind("x", "q");
      return node;
    },
  },
  ...["classic", "quorum"].map((type) => ({
    what: `a ${type} queue`,
    exchange: "",
    start: async (options: Options = {}) => {
      const node = await Node.start();
      node.queue("q", { "x-queue-type": type, "x-message-deduplication": true, ...options });
      return node;
    },
  })),
];

describe.each(kinds)("$what", ({ start, exchange }) => {
  const publish = (node: Node, body: string, headers: Parameters<Node["publish"]>[3] = {}) =>
    node.publish(exchange, "q", body, headers);

  test("drops a second message with the same key, and its publisher hears that all is well", async () => {
    const node = await start();
    publish(node, "first", { [HEADER]: "k" });
    const result = publish(node, "second", { [HEADER]: "k" });
    expect(result).toBe(PublishResult.routed | PublishResult.logged);
    publish(node, "other", { [HEADER]: "l" });
    publish(node, "a number", { [HEADER]: 7 });
    publish(node, "the same number", { [HEADER]: 7 });
    publish(node, "without");
    publish(node, "without");
    expect(await node.bodies("q")).toEqual(["first", "other", "a number", "without", "without"]);
    publish(node, "third", { [HEADER]: "k" });
    expect(await node.bodies("q")).toEqual([]);
  });

  test("a confirm waits for the key, though all messages of its turn are on disk before", async () => {
    const node = await start({ "x-cache-size": 1 });
    const { gates, journal } = node.life.broker;
    for (const headers of [{ [HEADER]: "k" }, { [HEADER]: "l", "x-cache-ttl": 0 }]) {
      publish(node, "one", headers);
      let isConfirmed = false;
      gates.whenDurable(node.life.broker.confirmPosition, () => {
        isConfirmed = true;
      });
      publish(node, "of another channel");
      gates.release(journal.position);
      expect(isConfirmed).toBe(false);
      await node.pass(100);
      expect(isConfirmed).toBe(true);
    }
  });

  test.each([
    ["a crash", (node: Node) => node.crash()],
    ["a restart", (node: Node) => node.restart()],
  ])("remembers over %s", async (_what, happens) => {
    const node = await start({ "x-cache-ttl": 60_000 });
    publish(node, "first", { [HEADER]: "k" });
    await happens(node);
    publish(node, "second", { [HEADER]: "k" });
    await happens(node);
    expect(await node.bodies("q")).toEqual(["first"]);
    await node.pass(61_000);
    publish(node, "later", { [HEADER]: "k" });
    expect(await node.bodies("q")).toEqual(["later"]);
  });

  test("keeps as many keys as it is told to, the newest", async () => {
    const node = await start({ "x-cache-size": 2 });
    for (const key of ["a", "b", "c", "a", "c", "b"]) publish(node, key, { [HEADER]: key });
    expect(await node.bodies("q")).toEqual(["a", "b", "c", "a", "b"]);
  });

  test("a key counts as long as the message or the cache says", async () => {
    const node = await start({ "x-cache-ttl": 1000 });
    publish(node, "1", { [HEADER]: "k" });
    publish(node, "own", { [HEADER]: "own", "x-cache-ttl": 5000 });
    await node.pass(1100);
    publish(node, "2", { [HEADER]: "k" });
    publish(node, "own again", { [HEADER]: "own" });
    expect(await node.bodies("q")).toEqual(["1", "own", "2"]);
  });

  test("another header holds the key when it is named", async () => {
    const node = await start({ [HEADER]: "order" });
    publish(node, "1", { order: "k", [HEADER]: "same" });
    publish(node, "2", { order: "k" });
    publish(node, "3", { order: "l", [HEADER]: "same" });
    expect(await node.bodies("q")).toEqual(["1", "3"]);
  });
});

test("by policy on an exchange, over a crash too", async () => {
  const node = await Node.start();
  node.exchange("x", "fanout");
  node.queue("q");
  node.bind("x", "q");
  node.policy("^x$", { "message-deduplication": true });
  node.publish("x", "", "1", { [HEADER]: "k" });
  await node.crash();
  node.publish("x", "", "2", { [HEADER]: "k" });
  expect(await node.bodies("q")).toEqual(["1"]);
});

test.each(["classic", "quorum"])("by policy on a %s queue, over a crash too", async (type) => {
  const node = await Node.start();
  node.queue("q", { "x-queue-type": type });
  node.publish("", "q", "before", { [HEADER]: "k" });
  node.policy("^q$", { "message-deduplication": true, "cache-size": 2 });
  node.publish("", "q", "1", { [HEADER]: "k" });
  node.publish("", "q", "2", { [HEADER]: "k" });
  await node.crash();
  node.publish("", "q", "3", { [HEADER]: "k" });
  await node.restart();
  node.publish("", "q", "4", { [HEADER]: "k" });
  expect(node.at("q").counters.duplicates).toBe(1);
  for (const key of ["l", "m"]) node.publish("", "q", key, { [HEADER]: key });
  node.publish("", "q", "the oldest key is forgotten", { [HEADER]: "k" });
  node.life.broker.policies.delete("policy", "/", "policy-^q$", "guest");
  node.publish("", "q", "without the policy", { [HEADER]: "m" });
  expect(await node.bodies("q")).toEqual([
    ...["before", "1", "l", "m", "the oldest key is forgotten", "without the policy"],
  ]);
});

test("a message that was refused is no duplicate when it comes again", async () => {
  const node = await Node.start();
  const full = { "x-max-length": 1, "x-overflow": "reject-publish" };
  node.exchange("x", "fanout", { "x-message-deduplication": true });
  node.queue("q", { ...full, "x-message-deduplication": true });
  node.bind("x", "q");
  node.publish("x", "", "in the way", { [HEADER]: "w" });
  expect(node.publish("x", "", "1", { [HEADER]: "k" }) & PublishResult.refused).toBe(2);
  expect(await node.bodies("q")).toEqual(["in the way"]);
  node.publish("x", "", "again", { [HEADER]: "k" });
  expect(await node.bodies("q")).toEqual(["again"]);
});

test("crashes at any moment: no message is lost, and none comes twice that was known to be safe", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.array(fc.oneof(fc.nat({ max: 8 }), fc.constantFrom("crash", "lost power", "restart")), {
        maxLength: 30,
      }),
      async (seed, commands) => {
        const node = await Node.start(seed);
        node.exchange("x", "fanout", { "x-message-deduplication": true });
        node.queue("q");
        node.bind("x", "q");
        await node.pass(200);
        const safe = new Set<number>();
        const tried = new Set<number>();
        for (const each of commands) {
          if (each === "crash") await node.crash();
          else if (each === "restart") await node.restart();
          else if (each === "lost power") await node.losePower();
          else {
            node.publish("x", "", `${each}`, { [HEADER]: `k${each}` });
            tried.add(each as number);
            continue;
          }
          if (each !== "lost power") for (const key of tried) safe.add(key);
          // Publishers who have heard nothing publish again.
          for (const key of tried) node.publish("x", "", `${key}`, { [HEADER]: `k${key}` });
          tried.clear();
          await node.pass(200);
        }
        const got = await node.bodies("q");
        expect([...got].sort()).toEqual([...new Set(got)].sort());
        for (const key of safe) expect(got).toContain(`${key}`);
      },
    ),
    { numRuns: 15 },
  );
});
