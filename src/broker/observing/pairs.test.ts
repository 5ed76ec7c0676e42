import { expect, test } from "vitest";
import type { Exchange } from "../exchange/exchange.ts";
import type { Queue } from "../queue/queue.ts";
import { ChannelTallies } from "./channel-tallies.ts";
import { PublishPairs } from "./publish-pairs.ts";

const exchangeNamed = (name: string) => ({ name, isDeleted: false }) as Exchange;
const queueNamed = (name: string) =>
  ({ definition: { name }, state: "running" }) as unknown as Queue;

test("a channel counts a thousand exchanges apart, and all of them in its sum", () => {
  const tallies = new ChannelTallies();
  for (let i = 0; i < 1_500; i++) tallies.exchanges.of(exchangeNamed(`e${i}`)).published++;
  expect([...tallies.exchanges.apart()].length).toBe(1_000);
  expect(tallies.sum().published).toBe(1_500);
});

test("queues that are gone take no place, and stay in the sum", () => {
  const tallies = new ChannelTallies();
  for (let i = 0; i < 5_000; i++) {
    const queue = queueNamed(`q${i}`);
    tallies.queues.of(queue).acknowledged++;
    if (i !== 7) (queue as { state: string }).state = "deleted";
  }
  const apart = [...tallies.queues.apart()];
  expect(apart.length).toBeLessThan(50);
  expect(apart.some(({ queue }) => queue?.definition.name === "q7")).toBe(true);
  expect(tallies.sum().acknowledged).toBe(5_000);
});

test("a queue's pairs go with the queue, and leave with their exchanges when others come", () => {
  const pairs = new PublishPairs();
  const queue = queueNamed("q");
  const stays = exchangeNamed("stays");
  pairs.of(stays, queue).published = 3;
  for (let i = 0; i < 10_000; i++) {
    const exchange = exchangeNamed(`e${i}`);
    pairs.of(exchange, queue).published++;
    exchange.isDeleted = true;
  }
  expect([...pairs.ofQueue(queue)].map(({ exchange }) => exchange?.name)).toEqual(["stays"]);
  expect(pairs.of(stays, queue).published).toBe(3);
  pairs.forget(queue);
  expect([...pairs.ofQueue(queue)]).toEqual([]);
  expect([...pairs.ofExchange(stays)]).toEqual([]);
});

test("a queue counts a thousand exchanges apart, further ones together", () => {
  const pairs = new PublishPairs();
  const queue = queueNamed("q");
  const apart = Array.from({ length: 1_000 }, (_, i) => pairs.of(exchangeNamed(`e${i}`), queue));
  const further = [pairs.of(exchangeNamed("x"), queue), pairs.of(exchangeNamed("y"), queue)];
  expect(new Set(apart).size).toBe(1_000);
  expect(further[0]).toBe(further[1]);
  expect(further[0]?.exchange).toBeUndefined();
});
