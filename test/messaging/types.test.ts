// What every queue type and every exchange type must do, whatever else it does: one suite over both tables, so that a
// type that is added is tested by being there. What a type does not do is skipped with its reason.

import { describe, expect, test } from "vitest";
import { exchangeTypes } from "../../src/broker/exchange/types.ts";
import { queueTypes } from "../../src/broker/queue/types.ts";
import { PublishResult } from "../../src/broker/routing/route.ts";
import { Node, Outcome, table } from "./node.ts";

describe.each(Object.values(queueTypes).map((type) => [type.name, type.traits] as const))(
  "a %s queue",
  (name, traits) => {
    const start = async (more = {}) => {
      const node = await Node.start();
      const queue = node.queue("q", { "x-queue-type": name, ...more });
      return { node, queue };
    };
    const takes = traits.settlesRemove
      ? test
      : (what: string, _run: unknown) =>
          test.skip(`${what} (its messages stay, nothing is taken out)`, () => {});
    const purges = traits.allowsPurge
      ? test
      : (what: string, _run: unknown) => test.skip(`${what} (cannot be purged)`, () => {});

    test("is there after a crash, with what was in it", async () => {
      const { node } = await start();
      for (let i = 0; i < 50; i++) node.publish("", "q", `${i}`);
      await node.crash();
      expect(node.at("q").definition.type.name).toBe(name);
      expect(node.at("q").depth.ready).toBe(50);
    });

    test("a redeclare must ask for the same type", async () => {
      const { node } = await start();
      node.queue("q", { "x-queue-type": name });
      const other = name === "classic" ? "quorum" : "classic";
      expect(() => node.queue("q", { "x-queue-type": other })).toThrow(
        /inequivalent arg 'x-queue-type' for queue 'q' in vhost '\/'/,
      );
    });

    test("an argument it does not know from another type is refused, an unknown one is not", async () => {
      const node = await Node.start();
      const foreign = traits.settlesRemove ? "x-max-age" : "x-message-ttl";
      const value = traits.settlesRemove ? "1D" : 1000;
      expect(() => node.queue("r", { "x-queue-type": name, [foreign]: value })).toThrow(
        `invalid arg '${foreign}' for queue 'r' in vhost '/' of queue type rabbit_${name}_queue`,
      );
      node.queue("r", { "x-queue-type": name, "x-nobody-knows": 1 });
    });

    test("transient ones exist where the type allows them", async () => {
      const node = await Node.start();
      const declare = () => node.queue("r", { "x-queue-type": name }, false);
      if (traits.mayBeTransient) expect(declare().definition.durable).toBe(false);
      else expect(declare).toThrow("invalid property 'non-durable' for queue 'r' in vhost '/'");
    });

    takes("gives messages in order, once, and again in place when they come back", async () => {
      const { node } = await start();
      for (let i = 0; i < 20; i++) node.publish("", "q", `${i}`);
      expect((await node.get("q", Outcome.requeue))?.body).toBe("0");
      const all = await node.drain("q");
      expect(all.map(({ body }) => body)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
      expect(all.map(({ redelivered }) => redelivered)).toEqual(all.map((_, i) => i === 0));
      expect(await node.get("q")).toBeUndefined();
    });

    takes("what was settled does not come back after a crash, what was not does", async () => {
      const { node } = await start();
      for (let i = 0; i < 5; i++) node.publish("", "q", `${i}`);
      await node.get("q");
      await node.get("q", Outcome.requeue);
      await node.crash();
      const all = await node.drain("q");
      expect(all.map(({ body }) => body)).toEqual(["1", "2", "3", "4"]);
      expect(all[0]?.redelivered).toBe(true);
    });

    takes("dead-letters what is rejected, expired or too much", async () => {
      const node = await Node.start();
      node.queue("dead");
      node.queue("q", {
        ...{ "x-queue-type": name, "x-max-length": 2, "x-message-ttl": 5000 },
        ...{ "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" },
      });
      for (const body of ["too much", "rejected", "expired"]) node.publish("", "q", body);
      await node.pass(100);
      await node.get("q", Outcome.discard);
      await node.pass(6000);
      expect(await node.bodies("dead")).toEqual(["too much", "rejected", "expired"]);
    });

    takes("refuses what is too much when told to", async () => {
      const { node } = await start({ "x-max-length": 1, "x-overflow": "reject-publish" });
      expect(node.publish("", "q", "1") & PublishResult.refused).toBe(0);
      expect(node.publish("", "q", "2") & PublishResult.refused).toBe(PublishResult.refused);
    });

    takes("keeps messages while it is paused", async () => {
      const { node, queue } = await start();
      queue.pause();
      node.publish("", "q", "x");
      expect(await node.get("q")).toBeUndefined();
      queue.resume();
      expect((await node.get("q"))?.body).toBe("x");
    });

    takes("waits for a retry, over a crash too", async () => {
      const { node } = await start({ "x-retry-initial-delay": 5000, "x-retry-jitter": 0 });
      node.publish("", "q", "x");
      await node.get("q", Outcome.requeue);
      await node.crash();
      expect(await node.get("q")).toBeUndefined();
      await node.pass(5000);
      expect((await node.get("q"))?.body).toBe("x");
    });

    takes("drops duplicates by policy", async () => {
      const { node } = await start();
      node.policy("^q$", { "message-deduplication": true });
      for (const body of ["1", "2"]) node.publish("", "q", body, { "x-deduplication-header": "k" });
      expect(await node.bodies("q")).toEqual(["1"]);
    });

    for (const other of Object.keys(queueTypes).filter((each) => each !== name)) {
      takes(`becomes a ${other} queue with what is in it`, async () => {
        const { node } = await start();
        for (let i = 0; i < 50; i++) node.publish("", "q", `${i}`);
        node.life.access.convertQueue("q", other, new Map());
        await node.pass(500);
        await node.crash();
        expect(node.at("q").definition.type.name).toBe(other);
        expect(node.at("q").depth.ready).toBe(50);
        node.queue("q", { "x-queue-type": other });
      });
    }

    purges("forgets what is ready when it is purged, for good", async () => {
      const { node } = await start();
      for (let i = 0; i < 5; i++) node.publish("", "q", `${i}`);
      expect(node.life.access.purgeQueue("q")).toBe(5);
      await node.crash();
      expect(node.at("q").depth.ready).toBe(0);
    });
  },
);

interface Matching {
  readonly key?: string;
  readonly declare?: Parameters<typeof table>[0];
  /** Beside those of a headers exchange. */
  readonly binding?: Record<string, string>;
}

/** Key and arguments with which a binding of that type matches a message. */
const matching: Readonly<Record<string, Matching>> = {
  "x-consistent-hash": { key: "1" },
  "x-local-random": { key: "" },
  "x-delayed-message": { declare: { "x-delayed-type": "direct" } },
  "x-federation-upstream": { declare: { "x-max-hops": { type: "l", value: 1n } } },
  "x-jms-topic": { binding: { rjms_erlang_selector: `{'=',{ident,<<"h">>},<<"v">>}.` } },
};

describe.each([...exchangeTypes.keys()])("an exchange of type %s", (type) => {
  const { key = "k", declare = {}, binding: more = {} } = matching[type] ?? {};
  const bindingArguments = { "x-match": "any", h: "v", ...more };
  const start = async () => {
    const node = await Node.start();
    node.exchange("x", type, declare);
    node.queue("q");
    node.bind("x", "q", key, table(bindingArguments));
    return node;
  };
  const publish = (node: Node, body: string) => node.publish("x", "k", body, { h: "v" });

  test("routes to its only queue, and nowhere once that is unbound", async () => {
    const node = await start();
    expect(publish(node, "x") & PublishResult.routed).toBe(1);
    const bound = { source: "x", destination: "q", routingKey: key };
    node.life.access.unbindQueue({ ...bound, arguments: table(bindingArguments) });
    expect(publish(node, "y") & PublishResult.routed).toBe(0);
    expect(await node.bodies("q")).toEqual(["x"]);
  });

  test("a queue bound twice gets one copy", async () => {
    const node = await start();
    node.bind("x", "q", key, table({ ...bindingArguments, other: 1 }));
    publish(node, "x");
    expect(await node.bodies("q")).toEqual(["x"]);
  });

  test("is there after a crash with its bindings", async () => {
    const node = await start();
    await node.crash();
    publish(node, "x");
    expect(await node.bodies("q")).toEqual(["x"]);
    node.exchange("x", type, declare);
  });

  test("its bindings lead to a queue that has changed its type", async () => {
    const node = await start();
    publish(node, "before");
    node.life.access.convertQueue("q", "quorum", new Map());
    publish(node, "meanwhile");
    await node.pass(500);
    publish(node, "after");
    expect(await node.bodies("q")).toEqual(["before", "meanwhile", "after"]);
    await node.crash();
    publish(node, "later");
    expect(await node.bodies("q")).toEqual(["later"]);
    expect(node.vhost.bindings.count).toBe(1);
    node.vhost.deleteQueue(node.at("q"), "deleted");
    expect(publish(node, "nowhere") & PublishResult.routed).toBe(0);
  });

  test("what it has no queue for goes to its alternate exchange", async () => {
    const node = await Node.start();
    node.exchange("other", "fanout");
    node.queue("q");
    node.bind("other", "q");
    node.exchange("x", type, { ...declare, "alternate-exchange": "other" });
    expect(publish(node, "x") & PublishResult.routed).toBe(1);
    expect(await node.bodies("q")).toEqual(["x"]);
  });

  test("passes messages on to a bound exchange", async () => {
    const node = await Node.start();
    node.exchange("x", type, declare);
    node.exchange("next", "fanout");
    node.queue("q");
    node.bind("next", "q");
    const binding = { source: "x", destination: "next", routingKey: key };
    node.life.access.bindExchange({ ...binding, arguments: table(bindingArguments) });
    publish(node, "x");
    expect(await node.bodies("q")).toEqual(["x"]);
  });

  test("takes dead letters", async () => {
    const node = await start();
    node.queue("dying", { "x-dead-letter-exchange": "x", "x-dead-letter-routing-key": "k" });
    node.publish("", "dying", "x", { h: "v" });
    await node.get("dying", Outcome.discard);
    await node.pass(100);
    expect(await node.bodies("q")).toEqual(["x"]);
  });

  test("delays messages by policy, and routes them by its own rules when they are due", async () => {
    const node = await start();
    node.policy("^x$", { "delayed-message": true });
    expect(node.publish("x", "k", "x", { h: "v", "x-delay": 2000 }) & PublishResult.routed).toBe(1);
    expect(await node.bodies("q")).toEqual([]);
    await node.crash();
    await node.pass(2000);
    expect(await node.bodies("q")).toEqual(["x"]);
  });
});
