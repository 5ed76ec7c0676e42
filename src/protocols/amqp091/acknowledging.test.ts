// Many acknowledgements in one piece are handled together where they are for neighbours: as if each came alone.

import { describe, expect, it } from "vitest";
import type { FakeNetOptions } from "../../env/fake-net.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { writeClientMethod } from "./codec/methods.generated.ts";
import { consume, declareQueue } from "./test-methods.ts";
import { createWorld } from "./testing.ts";

const splits: FakeNetOptions["split"][] = ["whole", "bytes", "seeded"];

describe.each(splits)("acknowledgements with input split %s", (split) => {
  /** Both queues have one consumer on channel 1 and ten messages, taken in turn. */
  const start = async () => {
    const world = await createWorld({ net: { split, inFlight: 0 } });
    const client = world.connect().open();
    for (const queue of ["one", "other"]) client.send(1, declareQueue(queue));
    for (const queue of ["one", "other"])
      client.send(1, consume(queue, { noAck: false, consumerTag: queue }));
    for (let i = 0; i < 20; i++) client.publish(1, "", i % 2 === 0 ? "one" : "other", `${i}`);
    expect(client.receive().filter(({ body }) => body !== undefined)).toHaveLength(20);
    const left = (): number[] => {
      world.run();
      return ["one", "other"].map((name) => {
        const depth = world.broker.vhosts.get("/")?.queues.get(name)?.depth;
        return depth === undefined ? -1 : depth.ready + depth.unacknowledged;
      });
    };
    /** All in one write. */
    const acknowledge = (...tags: number[]): void => {
      const writer = new ByteWriter();
      for (const deliveryTag of tags) {
        writeClientMethod(writer, 1, { name: "basic.ack", deliveryTag, multiple: false });
      }
      client.raw.write(writer.toBytes());
    };
    return { client, left, acknowledge };
  };
  const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

  it("takes many acknowledgements of one each, whichever queue they are for", async () => {
    const { client, left, acknowledge } = await start();
    acknowledge(...upTo(15));
    expect(left().reduce((sum, count) => sum + count)).toBe(5);
    acknowledge(18, 17, 16, 19, 20);
    expect(left()).toEqual([0, 0]);
    expect(client.receive()).toEqual([]);
  });

  it("ends the channel at the first of many acknowledgements that is for nothing", async () => {
    const { client, left, acknowledge } = await start();
    acknowledge(7);
    acknowledge(...upTo(10));
    expect(client.answer().method).toMatchObject({
      name: "channel.close",
      replyText: "PRECONDITION_FAILED - unknown delivery tag 7",
    });
    expect(left().reduce((sum, count) => sum + count)).toBe(13);
  });

  it("takes acknowledgements of a transaction one by one", async () => {
    const { client, left, acknowledge } = await start();
    client.send(1, { name: "tx.select" });
    acknowledge(...upTo(10));
    expect(left()).toEqual([10, 10]);
    client.send(1, { name: "tx.commit" });
    expect(left().reduce((sum, count) => sum + count)).toBe(10);
  });
});
