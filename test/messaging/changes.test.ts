// Arguments of a queue change while it runs, hold at once, and are there after a crash.

import { expect, test } from "vitest";
import { Node, table } from "./node.ts";

test.each(["classic", "quorum"])(
  "a %s queue takes other arguments and keeps them",
  async (type) => {
    const node = await Node.start();
    node.queue("dead");
    node.queue("q", { "x-queue-type": type, "x-max-length": 10 });
    for (let i = 0; i < 10; i++) node.publish("", "q", `${i}`);
    const changes = node.life.access.changeQueue(
      "q",
      table({
        ...{ "x-max-length": 3, "x-dead-letter-exchange": "" },
        ...{ "x-dead-letter-routing-key": "dead", "x-message-ttl": 60_000 },
      }),
    );
    expect(changes.map(({ argument }) => argument)).toEqual([
      ...["x-max-length", "x-dead-letter-exchange", "x-dead-letter-routing-key", "x-message-ttl"],
    ]);
    await node.pass(100);
    expect(node.at("q").depth.ready).toBe(3);
    expect(await node.bodies("dead")).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
    await node.crash();
    node.queue("q", {
      ...{ "x-queue-type": type, "x-max-length": 3, "x-dead-letter-exchange": "" },
      ...{ "x-dead-letter-routing-key": "dead", "x-message-ttl": 60_000 },
    });
    node.publish("", "q", "new");
    await node.pass(61_000);
    // What was there before has no TTL: the instant is fixed when a message comes.
    expect(await node.bodies("q")).toEqual(["8", "9"]);
  },
);

test("what a queue is built by cannot change", async () => {
  const node = await Node.start();
  node.queue("q", { "x-max-priority": 5 });
  for (const [argument, value] of [
    ["x-queue-type", "quorum"],
    ["x-max-priority", 6],
    ["x-single-active-consumer", true],
  ] as const) {
    expect(() => node.life.access.changeQueue("q", table({ [argument]: value }))).toThrow(
      `invalid arg '${argument}' for queue 'q' in vhost '/': it cannot change while the queue lives`,
    );
  }
  expect(node.life.access.changeQueue("q", table({ "x-max-priority": 5 }))).toEqual([]);
});
