// Messages that wait: on an exchange of their own type, on any exchange by policy, through crashes and restarts.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PublishResult } from "../../src/broker/routing/route.ts";
import { Node } from "./node.ts";

/** More runs when somebody wants to be sure. */
const RUNS_FACTOR = Number(process.env.LEVERET_PROPERTY_RUNS_FACTOR ?? 1);
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

async function delayedNode(): Promise<Node> {
  const node = await Node.start();
  node.exchange("later", "x-delayed-message", { "x-delayed-type": "topic" });
  node.queue("q");
  node.bind("later", "q", "a.#");
  return node;
}

const delayOf = (got: { headers: ReadonlyMap<string, unknown> }) => got.headers.get("x-delay");

describe("an x-delayed-message exchange", () => {
  test("routes what has no delay at once, and the rest when it is due, earliest first", async () => {
    const node = await delayedNode();
    node.publish("later", "a.1", "3s", { "x-delay": 3000 });
    node.publish("later", "a.2", "now");
    node.publish("later", "a.3", "1s", { "x-delay": 1000 });
    node.publish("later", "a.3", "negative", { "x-delay": -1000 });
    node.publish("later", "a.3", "zero", { "x-delay": 0 });
    expect(await node.bodies("q")).toEqual(["now", "negative", "zero"]);
    await node.pass(900);
    expect(await node.bodies("q")).toEqual([]);
    await node.pass(200);
    expect(await node.bodies("q")).toEqual(["1s"]);
    await node.pass(2100);
    expect(await node.bodies("q")).toEqual(["3s"]);
  });

  test("delivers what was published, with the delay negated", async () => {
    const node = await delayedNode();
    const properties = { deliveryMode: 2, messageId: "m", priority: 3, expiration: "60000" };
    node.publish("later", "a.key", "body", { "x-delay": 500, other: "kept" }, properties);
    await node.pass(700);
    const got = await node.get("q");
    expect(got).toMatchObject({ exchange: "later", routingKey: "a.key", body: "body", properties });
    expect(delayOf(got as never)).toEqual({ type: "I", value: -500 });
    expect([...(got?.headers.keys() ?? [])]).toEqual(["x-delay", "other"]);
  });

  test("a delayed message counts as routed; one that goes nowhere in the end is dropped", async () => {
    const node = await delayedNode();
    expect(node.publish("later", "nobody", "x") & PublishResult.routed).toBe(0);
    const result = node.publish("later", "nobody", "x", { "x-delay": 100 });
    expect(result & (PublishResult.routed | PublishResult.logged)).toBe(5);
    await node.pass(1000);
    expect(node.vhost.delays?.storeOf(node.vhost.exchangeNamed("later"))?.size.count).toBe(0);
  });

  test.each(["", "x-delayed-message", "nonsense"])("refuses x-delayed-type '%s'", async (type) => {
    const node = await Node.start();
    expect(() => node.exchange("x", "x-delayed-message", { "x-delayed-type": type })).toThrow(
      "Invalid argument, 'x-delayed-type' must be an existing exchange type",
    );
  });

  test("a redeclare must repeat the type", async () => {
    const node = await delayedNode();
    expect(() =>
      node.exchange("later", "x-delayed-message", { "x-delayed-type": "direct" }),
    ).toThrow("inequivalent arg 'x-delayed-type' for exchange 'later' in vhost '/'");
    node.exchange("later", "x-delayed-message", { "x-delayed-type": "topic" });
  });

  test("what waits is gone with its exchange", async () => {
    const node = await delayedNode();
    node.publish("later", "a", "x", { "x-delay": HOUR });
    node.life.access.deleteExchange("later", { ifUnused: false });
    node.exchange("later", "x-delayed-message", { "x-delayed-type": "topic" });
    node.bind("later", "q", "a.#");
    await node.crash();
    await node.pass(HOUR + MINUTE);
    expect(await node.bodies("q")).toEqual([]);
    expect([...node.vhost.numberedQueues()]).toHaveLength(1);
  });
});

describe("any exchange", () => {
  test("delays by policy, and stops when the policy goes; what waits is still delivered", async () => {
    const node = await Node.start();
    node.exchange("any", "direct");
    node.queue("q");
    node.bind("any", "q", "k");
    node.publish("any", "k", "no policy", { "x-delay": 1000 });
    node.policy("^any$", { "delayed-message": true });
    node.publish("any", "k", "waits", { "x-delay": 1000 });
    expect(await node.bodies("q")).toEqual(["no policy"]);
    node.life.broker.policies.delete("policy", "/", "policy-^any$", "guest");
    node.publish("any", "k", "policy gone", { "x-delay": 1000 });
    expect(await node.bodies("q")).toEqual(["policy gone"]);
    await node.pass(1200);
    expect(await node.bodies("q")).toEqual(["waits"]);
  });

  test.each([
    ["a timestamp", (at: number) => ({ type: "T", value: BigInt(at / 1000) }) as const],
    ["milliseconds", (at: number) => at],
    ["seconds", (at: number) => at / 1000],
    ["ISO 8601", (at: number) => new Date(at).toISOString()],
  ])("takes x-deliver-at as %s", async (_what, write) => {
    const node = await Node.start();
    node.exchange("any", "fanout", { "x-delayed-exchange": true });
    node.queue("q");
    node.bind("any", "q");
    const at = (Math.floor(node.world.clock.nowMs() / 1000) + 90) * 1000;
    node.publish("any", "k", "x", { "x-deliver-at": write(at) });
    await node.pass(80_000);
    expect(await node.bodies("q")).toEqual([]);
    await node.pass(at - node.world.clock.nowMs() + 100);
    const got = await node.get("q");
    expect(got?.body).toBe("x");
    expect([...(got?.headers.keys() ?? [])]).toEqual(["x-scheduled-for"]);
  });
});

describe("what waits survives", () => {
  test.each([
    ["a crash", (node: Node) => node.crash()],
    ["a restart", (node: Node) => node.restart()],
  ])("%s, and comes when it is due, not before", async (_what, happens) => {
    const node = await delayedNode();
    const delays = [200, 5000, 3 * MINUTE, 2 * HOUR, 3 * DAY, 9 * DAY];
    for (const delay of delays) node.publish("later", "a", `${delay}`, { "x-delay": delay });
    node.publish("later", "a", "transient", { "x-delay": 5000 }, {});
    const start = node.world.clock.nowMs();
    await happens(node);
    for (const delay of delays) {
      const due = start + delay;
      const early = due - 150 - node.world.clock.nowMs();
      if (early > 0) {
        await node.pass(early);
        expect(await node.bodies("q")).toEqual([]);
      }
      await node.pass(Math.max(0, due - node.world.clock.nowMs()) + 150);
      expect(await node.bodies("q")).toEqual([`${delay}`]);
      await happens(node);
      expect(await node.bodies("q")).toEqual([]);
    }
    // Nothing is left of buckets whose time is over.
    await node.pass(2 * DAY);
    expect([...node.vhost.numberedQueues()]).toHaveLength(1);
  });

  test("crashes at any moment: each message comes once, in the order of instants, never early", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(
          fc.oneof(
            fc.record({
              do: fc.constant("publish" as const),
              delayMs: fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 5 * HOUR })),
              times: fc.constantFrom(1, 3, 40),
              sizeBytes: fc.constantFrom(1, 900, 20_000),
            }),
            fc.record({
              do: fc.constant("pass" as const),
              ms: fc.constantFrom(50, 3_000, 2 * HOUR),
            }),
            fc.record({
              do: fc.constantFrom("crash" as const, "restart" as const, "losePower" as const),
            }),
          ),
          { maxLength: 14 },
        ),
        async (seed, commands) => {
          const node = await Node.start(seed);
          node.exchange("later", "x-delayed-message", { "x-delayed-type": "fanout" });
          node.queue("q");
          node.bind("later", "q");
          await node.pass(200);
          const due = new Map<string, number>();
          /** Since everything was known to be on disk: published, and taken out. */
          const fresh = new Set<string>();
          const taken = new Map<string, number>();
          const check = async () => {
            for (;;) {
              // More may become due while these are taken.
              const got = await node.get("q");
              if (got === undefined) break;
              const id = got.body.split("|")[0] as string;
              const at = due.get(id);
              expect(at, `${id} came twice`).toBeDefined();
              expect(at).toBeLessThanOrEqual(node.world.clock.nowMs());
              taken.set(id, at as number);
              due.delete(id);
            }
          };
          /** What was not on disk may be gone, what was taken out may be back. */
          const forgive = async () => {
            await node.losePower();
            for (const [id, at] of taken) due.set(id, at);
            for (const id of taken.keys()) maybe.add(id);
            for (const id of fresh) maybe.add(id);
            taken.clear();
            fresh.clear();
          };
          const maybe = new Set<string>();
          let nextId = 0;
          for (const each of commands) {
            if (each.do === "publish") {
              for (let i = 0; i < each.times; i++) {
                const id = `${nextId++}`;
                due.set(id, node.world.clock.nowMs() + each.delayMs);
                fresh.add(id);
                const body = `${id}|`.padEnd(each.sizeBytes, ".");
                node.publish("later", "", body, { "x-delay": each.delayMs });
              }
            } else if (each.do === "pass") await node.pass(each.ms);
            else if (each.do === "losePower") await forgive();
            else {
              await node[each.do]();
              fresh.clear();
              taken.clear();
            }
            await check();
          }
          await node.pass(6 * HOUR);
          // Pages are read by promises, which such a leap in time leaves no room for.
          for (let i = 0; i < 40; i++) await node.pass(300);
          await check();
          expect([...due.keys()].filter((id) => !maybe.has(id))).toEqual([]);
        },
      ),
      { numRuns: 12 * RUNS_FACTOR },
    );
  });
});
