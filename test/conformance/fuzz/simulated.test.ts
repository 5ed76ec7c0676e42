// Whatever a client sends: nothing is thrown that is not its fault, no piece of input keeps the loop busy for long,
// nothing is allocated for what was only announced, other clients are served, and nothing is left behind.
// FUZZ_RUNS=20000 looks longer; a failure prints the seed and the path to repeat it.

import * as fc from "fast-check";
import { expect, it } from "vitest";
import { threadCpuMs } from "../../../src/env/thread-cpu.ts";
import type { ClientMethod } from "../../../src/protocols/amqp091/codec/methods.generated.ts";
import {
  type Client,
  createWorld,
  type World,
  type WorldOptions,
} from "../../../src/protocols/amqp091/testing.ts";
import { anyInput, anySession, type Piece } from "./input.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 150);
const CPU_MS_MAX = 100;
/** Pages are given out in these; a message or a queue may have begun one. */
const PAGE_SLACK_BYTES = 2 * 1_048_576;

const split = fc.constantFrom("whole" as const, "seeded" as const, "bytes" as const);

/** Sends the pieces one by one; opens channels and connections again as the broker closes them. */
async function play(input: readonly Piece[], options: WorldOptions): Promise<void> {
  const world = await createWorld(options);
  const open = () => world.connect().open(2, ["consumer_cancel_notify", "connection.blocked"]);
  let client = open();
  const other = world.connect().open(1);
  let sentBytes = 0;
  for (const { bytes } of input) {
    const beforeMs = threadCpuMs();
    client.raw.write(bytes);
    world.run(5);
    const tookMs = threadCpuMs() - beforeMs;
    // Thousands of single bytes are thousands of events, which the simulation does not let anything come between.
    if (options.net?.split !== "bytes") expect(tookMs).toBeLessThan(CPU_MS_MAX);
    sentBytes += bytes.length;
    expect(world.broker.memory.pages.usedBytes).toBeLessThan(4 * sentBytes + PAGE_SLACK_BYTES);
    if (!goOn(client)) {
      client.raw.destroy();
      client = open();
    }
  }
  expectService(world, other);
  client.raw.destroy();
  world.run(100);
  expectNothingLeft(world);
}

/** False when the connection is over. */
function goOn(client: Client): boolean {
  for (const { channel, method } of client.receive(0)) {
    if (method.name === "connection.close") return false;
    if (method.name !== "channel.close") continue;
    client.send(channel, { name: "channel.close-ok" }).send(channel, { name: "channel.open" });
  }
  return !client.raw.closed && !client.raw.ended;
}

it("nothing a client sends harms the broker", async () => {
  await fc.assert(
    fc.asyncProperty(anyInput, split, fc.nat(), (input, howSplit, seed) =>
      play(input, { seed, net: { split: howSplit } }),
    ),
    { numRuns: RUNS },
  );
}, 600_000);

it("no session harms the broker, however odd its values", async () => {
  await fc.assert(
    fc.asyncProperty(anySession, split, fc.nat(), (input, howSplit, seed) =>
      play(input, { seed, net: { split: howSplit } }),
    ),
    { numRuns: Math.ceil(RUNS / 2) },
  );
}, 600_000);

it("nothing a client sends instead of a handshake harms the broker", async () => {
  await fc.assert(
    fc.asyncProperty(anyInput, split, fc.boolean(), async (input, howSplit, beginsWell) => {
      const world = await createWorld({ net: { split: howSplit } });
      const client = world.connect();
      const other = world.connect().open(1);
      if (beginsWell) client.raw.write(Buffer.from("AMQP\0\0\x09\x01", "latin1"));
      for (const { bytes } of input) {
        client.raw.write(bytes);
        world.run(5);
      }
      expectService(world, other);
      // The handshake has its time, and the silence after a refused one.
      world.run(20_000);
      expect(client.raw.closed || client.raw.ended).toBe(true);
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  );
}, 600_000);

function expectService(world: World, other: ReturnType<World["connect"]>): void {
  other.raw.take();
  const method: ClientMethod = {
    name: "exchange.delete",
    exchange: "none",
    ifUnused: false,
    noWait: false,
  };
  other.send(1, method);
  world.run(50);
  expect(Buffer.from(other.raw.take()).toString("hex")).toContain("00280015");
}

/** With the client and all queues gone, no memory is in use. */
function expectNothingLeft(world: World): void {
  const { broker } = world;
  for (const vhost of broker.vhosts.values()) {
    for (const queue of [...vhost.queues.values()]) vhost.deleteQueue(queue, "deleted", "test");
  }
  world.run(1_000);
  expect(broker.memory.pages.usedBytes).toBe(0);
  expect(broker.connections.count).toBe(1);
}
