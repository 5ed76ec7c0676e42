// What comes back: delivery counts and limits, delayed retries of quorum queues, retry policies on any queue.

import { describe, expect, test } from "vitest";
import { textOf } from "../../src/broker/message/field-table.ts";
import type { TakenMessage } from "../../src/broker/queue/queue-inspection.ts";
import { Node, Outcome } from "./node.ts";

const returns = [
  ["reject", Outcome.returned],
  ["nack", Outcome.requeue],
] as const;

describe("a quorum queue", () => {
  const quorum = { "x-queue-type": "quorum" };

  test("dead-letters after 20 rejects, and tells how many there were", async () => {
    const node = await Node.start();
    node.queue("dead");
    node.queue("q", {
      ...quorum,
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": "dead",
    });
    node.publish("", "q", "poison");
    for (let i = 0; i <= 20; i++) {
      expect(await node.get("q", Outcome.returned)).toMatchObject({ deliveryCount: i });
    }
    expect(await node.get("q")).toBeUndefined();
    const got = await node.get("dead");
    expect(textOf(got?.headers.get("x-first-death-reason"))).toBe("delivery_limit");
  });

  test("the count survives a crash, and nacks do not count", async () => {
    const node = await Node.start();
    node.queue("q", quorum);
    node.publish("", "q", "x");
    for (let i = 0; i < 3; i++) await node.get("q", Outcome.returned);
    for (let i = 0; i < 30; i++) await node.get("q", Outcome.requeue);
    await node.crash();
    expect(await node.get("q", Outcome.requeue)).toMatchObject({
      deliveryCount: 3,
      redelivered: true,
    });
  });

  test.each([
    ["all", "reject", true],
    ["all", "nack", true],
    ["failed", "reject", true],
    ["failed", "nack", false],
    ["returned", "reject", false],
    ["returned", "nack", true],
    ["disabled", "reject", false],
  ] as const)("x-delayed-retry-type %s after a %s", async (type, how, waits) => {
    const node = await Node.start();
    const delays = { "x-delayed-retry-min": 1000, "x-delayed-retry-max": 2500 };
    node.queue("q", { ...quorum, ...delays, "x-delayed-retry-type": type });
    node.publish("", "q", "x");
    const outcome = new Map<string, Outcome>(returns).get(how) as Outcome;
    await node.get("q", outcome);
    expect((await node.get("q")) === undefined).toBe(waits);
    if (!waits) return;
    await node.pass(1100);
    expect(await node.get("q", outcome)).toMatchObject({ body: "x", redelivered: true });
  });

  test("waits grow by the same each time, up to the maximum", async () => {
    const node = await Node.start();
    node.queue("q", {
      ...{ ...quorum, "x-delayed-retry-type": "all" },
      ...{ "x-delayed-retry-min": 1000, "x-delayed-retry-max": 2500 },
    });
    node.publish("", "q", "x");
    for (const waitMs of [1000, 2000, 2500, 2500]) {
      await node.get("q", Outcome.returned);
      await node.pass(waitMs - 100);
      expect(await node.get("q", Outcome.returned)).toBeUndefined();
      await node.pass(200);
      expect(node.at("q").depth).toMatchObject({ ready: 1, unacknowledged: 0 });
    }
  });

  test("at-least-once keeps a dead letter until somebody has taken it", async () => {
    const node = await Node.start();
    node.queue("full", { "x-max-length": 1, "x-overflow": "reject-publish" });
    node.publish("", "full", "in the way");
    node.queue("q", {
      ...{ ...quorum, "x-overflow": "reject-publish", "x-dead-letter-strategy": "at-least-once" },
      ...{ "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "full" },
    });
    node.publish("", "q", "x");
    await node.get("q", Outcome.discard);
    await node.pass(1000);
    expect(await node.bodies("full")).toEqual(["in the way"]);
    await node.pass(1000);
    expect(await node.bodies("full")).toEqual(["x"]);
  });

  test("at-least-once on a queue that drops its head is at most once", async () => {
    const node = await Node.start();
    node.queue("q", {
      ...{ ...quorum, "x-dead-letter-strategy": "at-least-once" },
      ...{ "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "nobody" },
    });
    node.publish("", "q", "x");
    await node.get("q", Outcome.discard);
    await node.pass(1000);
    expect(node.at("q").depth).toMatchObject({ ready: 0 });
    node.queue("nobody");
    await node.pass(1000);
    expect(await node.bodies("nobody")).toEqual([]);
  });

  test("32 strict priorities, 4 where a message has none", async () => {
    const node = await Node.start();
    node.queue("q", quorum);
    for (const priority of [3, undefined, 5, 31, 200, 0]) {
      const properties = { deliveryMode: 2, ...(priority === undefined ? {} : { priority }) };
      node.publish("", "q", `${priority}`, {}, properties);
    }
    expect(await node.bodies("q")).toEqual(["31", "200", "5", "undefined", "3", "0"]);
  });
});

describe.each(["classic", "quorum"])("a retry policy on a %s queue", (type) => {
  const policy = { "x-retry-initial-delay": 1000, "x-retry-jitter": 0 };

  test.each(returns)("waits longer after each %s, then dead-letters", async (_how, outcome) => {
    const node = await Node.start();
    node.queue("dead");
    node.queue("q", {
      ...{ ...policy, "x-queue-type": type, "x-retry-max-attempts": 4 },
      ...{ "x-retry-max-delay": 3000, "x-retry-multiplier": 2 },
      ...{ "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" },
    });
    node.publish("", "q", "x");
    for (const [attempt, waitMs] of [1000, 2000, 3000].entries()) {
      expect(await node.get("q", outcome)).toMatchObject({ deliveryCount: attempt });
      await node.pass(waitMs - 100);
      expect(await node.get("q", outcome)).toBeUndefined();
      await node.pass(200);
    }
    expect(await node.get("q", outcome)).toMatchObject({ deliveryCount: 3 });
    await node.pass(10_000);
    expect(await node.bodies("q")).toEqual([]);
    expect(await node.bodies("dead")).toEqual(["x"]);
  });

  test("messages that fail together come back apart", async () => {
    const node = await Node.start();
    node.queue("q", { ...policy, "x-queue-type": type, "x-retry-jitter": 50 });
    for (let i = 0; i < 100; i++) node.publish("", "q", `${i}`);
    await node.drain("q", Outcome.requeue);
    await node.pass(650);
    const early = node.at("q").depth.ready;
    expect(early).toBeGreaterThan(10);
    expect(early).toBeLessThan(70);
    await node.pass(500);
    expect(node.at("q").depth).toMatchObject({ ready: 100, unacknowledged: 0 });
  });

  test.each([["crash"], ["restart"], ["crash", "restart", "crash", "restart"]] as const)(
    "what waits goes on waiting after %s",
    async (...how) => {
      const node = await Node.start();
      node.queue("q", { ...policy, "x-queue-type": type, "x-retry-initial-delay": 60_000 });
      for (let i = 0; i < 3; i++) node.publish("", "q", `${i}`);
      expect(await node.get("q", Outcome.requeue)).toMatchObject({ body: "0" });
      await node.pass(30_000);
      expect(await node.get("q", Outcome.requeue)).toMatchObject({ body: "1" });
      for (const each of how) {
        await node[each]();
        await node.pass(10);
        expect(node.at("q").depth).toMatchObject({ ready: 1, unacknowledged: 2 });
      }
      expect(await node.bodies("q")).toEqual(["2"]);
      await node.pass(30_500);
      expect(await node.drain("q")).toMatchObject([{ body: "0", deliveryCount: 1 }]);
      await node.pass(30_000);
      expect(await node.drain("q")).toMatchObject([{ body: "1", deliveryCount: 1 }]);
    },
  );

  test("a wait that ended while the broker was down is over, a new one counts alone", async () => {
    const node = await Node.start();
    node.queue("q", { ...policy, "x-queue-type": type });
    node.publish("", "q", "x");
    await node.get("q", Outcome.requeue);
    await node.pass(1_100);
    await node.get("q", Outcome.requeue);
    await node.crash();
    expect(await node.get("q")).toBeUndefined();
    await node.pass(2_100);
    await node.crash();
    expect(await node.get("q", Outcome.accept)).toMatchObject({ body: "x", deliveryCount: 2 });
    await node.crash();
    expect(node.at("q").depth).toMatchObject({ ready: 0, unacknowledged: 0 });
  });

  test("a wait goes along into a queue of another type", async () => {
    const node = await Node.start();
    node.queue("q", { "x-queue-type": type });
    node.policy("^q$", { "retry-initial-delay": 60_000, "retry-jitter": 0 });
    node.publish("", "q", "x");
    await node.get("q", Outcome.requeue);
    const to = type === "classic" ? "quorum" : "classic";
    node.life.access.convertQueue("q", to, new Map());
    await node.crash();
    await node.pass(50_000);
    expect(await node.get("q")).toBeUndefined();
    await node.pass(11_000);
    expect(node.at("q").definition.type.name).toBe(to);
    expect(await node.get("q")).toMatchObject({ body: "x", deliveryCount: 1 });
  });

  test("by policy, for messages that come back from then on", async () => {
    const node = await Node.start();
    node.queue("q", { "x-queue-type": type });
    node.publish("", "q", "x");
    await node.get("q", Outcome.requeue);
    expect(await node.get("q", Outcome.requeue)).toMatchObject({ body: "x" });
    node.policy("^q$", { "retry-initial-delay": 60_000 });
    await node.get("q", Outcome.requeue);
    expect(await node.get("q")).toBeUndefined();
    expect(node.at("q").depth).toMatchObject({ ready: 0, unacknowledged: 1 });
    await node.pass(61_000);
    expect(await node.get("q")).toMatchObject({ body: "x", deliveryCount: 1 });
  });
});

describe.each([
  ["a quorum queue", { "x-queue-type": "quorum" }, { "x-delivery-limit": 2 }],
  [
    "a queue with a retry policy",
    { "x-retry-initial-delay": 1, "x-retry-jitter": 0 },
    { "x-retry-max-attempts": 3 },
  ],
])("the count of %s", (_name, options, limit) => {
  /** Longer than any wait. */
  const afterWait = async (node: Node) => {
    await node.pass(2_000);
    return node;
  };
  const counted = (deliveryCount: number) => ({ deliveryCount, redelivered: deliveryCount > 0 });

  test.each(["crash", "restart"] as const)("knows a delivery that a %s ended", async (how) => {
    const node = await Node.start();
    node.queue("q", options);
    node.publish("", "q", "x");
    node.publish("", "q", "never delivered");
    for (let count = 0; count < 6; count++) {
      expect(await node.hold("q")).toMatchObject({ body: "x", ...counted(count) });
      await node[how]();
    }
    expect(await node.get("q")).toMatchObject({ body: "x", ...counted(6) });
    expect(await node.get("q")).toMatchObject({ body: "never delivered", ...counted(0) });
    await node[how]();
    expect(node.at("q").depth).toMatchObject({ ready: 0, unacknowledged: 0 });
  });

  test("is not lost by a checkpoint and a crash while the message is out again", async () => {
    const node = await Node.start();
    node.queue("q", options);
    for (const body of ["x", "y", "z"]) node.publish("", "q", body);
    for (let i = 0; i < 9; i++) {
      await node.get("q", Outcome.returned);
      await afterWait(node);
    }
    const { deliveryCount = 0, body } = (await node.hold("q")) ?? {};
    expect(deliveryCount).toBeGreaterThan(2);
    await node.checkpoint();
    await node.crash();
    await node.restart();
    await node.crash();
    const all = await node.drain("q");
    expect(all.find((each) => each.body === body)?.deliveryCount).toBe(deliveryCount + 1);
    expect(all.reduce((sum, each) => sum + each.deliveryCount, 0)).toBe(10);
  });

  test("at its limit after a crash: dead, and not delivered again", async () => {
    const node = await Node.start();
    node.queue("dead");
    node.queue("q", {
      ...{ ...options, ...limit, "x-dead-letter-exchange": "" },
      "x-dead-letter-routing-key": "dead",
    });
    node.publish("", "q", "x");
    for (let count = 0; count < 3; count++) {
      expect(await node.hold("q")).toMatchObject(counted(count));
      await node.crash();
    }
    expect(await node.get("q")).toBeUndefined();
    await node.pass(100);
    const got = await node.get("dead");
    expect(textOf(got?.headers.get("x-first-death-reason"))).toBe("delivery_limit");
  });
});

test("a nack that does not count is none after a crash, a checkpoint or a conversion either", async () => {
  const node = await Node.start();
  node.queue("q", { "x-queue-type": "quorum" });
  for (const body of ["a", "b", "c", "d"]) node.publish("", "q", body);
  await node.get("q", Outcome.requeue);
  await node.crash();
  expect(await node.get("q", Outcome.requeue)).toMatchObject({ body: "a", deliveryCount: 0 });
  await node.restart();
  expect(await node.get("q", Outcome.requeue)).toMatchObject({ body: "a", deliveryCount: 0 });
  for (const type of ["classic", "quorum"]) {
    node.life.access.convertQueue("q", type, new Map());
    await node.pass(500);
  }
  expect(await node.hold("q")).toMatchObject({ body: "a", redelivered: true });
  await node.crash();
  const counts = (await node.drain("q")).map(({ deliveryCount }) => deliveryCount);
  expect(counts).toEqual([1, 0, 0, 0]);
});

describe.each(["crash", "restart"] as const)("a wait that was ended, over a %s", (how) => {
  async function three(): Promise<Node> {
    const node = await Node.start();
    node.queue("q", { "x-retry-initial-delay": 3_600_000 });
    for (const body of ["now", "never", "later"]) {
      node.publish("", "q", body);
      await node.get("q", Outcome.requeue);
    }
    return node;
  }

  async function endTwo(node: Node): Promise<void> {
    const { inspection } = node.at("q");
    const first = inspection.waiting?.first(3) ?? [];
    expect(first).toHaveLength(3);
    const [now, never] = first.toSorted((a, b) => a.sequence - b.sequence).slice(0, 2);
    const seen = new Map<number, TakenMessage>();
    inspection.browse({
      onMessage: ({ sequence, location, record }) => {
        const { bodySizeBytes: bytes, persistent } = record;
        seen.set(sequence, { sequence, location, bytes, persistent });
        return true;
      },
      onEnd: () => {},
    });
    await node.pass(100);
    expect(inspection.waiting?.deliverNow(now?.sequence as number)).toBe(true);
    const cancelled = seen.get(never?.sequence as number) as TakenMessage;
    while (inspection.waiting?.cancel(cancelled) === undefined) await node.pass(1);
    expect(inspection.waiting?.cancel(cancelled)).toBe(false);
  }

  async function check(node: Node): Promise<void> {
    expect(await node.bodies("q")).toEqual(["now"]);
    await node.pass(3_601_000);
    expect(await node.bodies("q")).toEqual(["later"]);
    expect(node.at("q").depth).toMatchObject({ ready: 0, unacknowledged: 0, readyBytes: 0 });
  }

  test("that comes behind it", async () => {
    const node = await three();
    await endTwo(node);
    await node[how]();
    await check(node);
  });

  test("that came before it", async () => {
    const node = await three();
    await node[how]();
    await endTwo(node);
    await check(node);
    await node[how]();
    expect(await node.bodies("q")).toEqual([]);
  });
});
