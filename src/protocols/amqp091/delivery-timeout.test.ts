import { describe, expect, it } from "vitest";
import type { Consumer } from "../../broker/queue/consumer.ts";
import { consume, declareQueue } from "./test-methods.ts";
import { type Client, createWorld, type World } from "./testing.ts";

const TIMEOUT_MS = 300_000;
const OVERDUE = { name: "channel.close", replyCode: 406 };

/** A consumer that holds messages 1 to 3 and acknowledges none. */
async function start(): Promise<{ world: World; client: Client; consumer: Consumer }> {
  const world = await createWorld({ limits: { consumerTimeoutMs: TIMEOUT_MS } });
  const client = world.connect().open();
  client.send(1, declareQueue("q")).send(1, consume("q", { noAck: false }));
  for (const body of ["1", "2", "3"]) client.publish(1, "", "q", body);
  client.receive();
  const [consumer] = world.broker.vhosts.get("/")?.queues.get("q")?.consumers() ?? [];
  return { world, client, consumer: consumer as Consumer };
}

/** What comes while so much time passes. */
const within = (client: Client, ms: number) =>
  client.receive(ms).filter(({ method }) => method.name !== "heartbeat");

const ack = (client: Client, deliveryTag: number) =>
  client.send(1, { name: "basic.ack", deliveryTag, multiple: false });

describe("a delivery that is not acknowledged in time", () => {
  it("ends its channel", async () => {
    const { client } = await start();
    expect(within(client, TIMEOUT_MS - 1_000)).toEqual([]);
    const [close] = within(client, 121_000);
    expect(close?.method).toMatchObject(OVERDUE);
    expect(close?.method).toMatchObject({
      replyText: expect.stringContaining(`Timeout value used: ${TIMEOUT_MS} ms`),
    });
  });

  it("can be given more time, which the others do not have", async () => {
    const { world, client, consumer } = await start();
    const extend = (tag: number, ms: number) =>
      consumer.target.extendDeadline?.(tag, world.env.clock.monotonicMs() + ms);
    expect(extend(1, 2 * TIMEOUT_MS)).toBe(true);
    expect(extend(4, 2 * TIMEOUT_MS)).toBe(false);
    within(client, 60_000);
    ack(client, 2);
    ack(client, 3);
    expect(within(client, TIMEOUT_MS)).toEqual([]);
    expect(within(client, TIMEOUT_MS)[0]?.method).toMatchObject(OVERDUE);
  });

  it("is told with its tag and how long it has been out, the oldest first", async () => {
    const { client, consumer } = await start();
    within(client, 60_000);
    ack(client, 2);
    within(client, 1_000);
    const held = consumer.target.held?.() ?? [];
    expect(held.map(({ deliveryTag }) => deliveryTag)).toEqual([1, 3]);
    for (const { heldMs } of held) expect(Math.abs(heldMs - 61_000)).toBeLessThanOrEqual(2_000);
  });

  it("ends its channel when only an older one has more time", async () => {
    const { world, client, consumer } = await start();
    consumer.target.extendDeadline?.(1, world.env.clock.monotonicMs() + 10 * TIMEOUT_MS);
    ack(client, 2);
    expect(within(client, TIMEOUT_MS + 121_000)[0]?.method).toMatchObject(OVERDUE);
  });
});
