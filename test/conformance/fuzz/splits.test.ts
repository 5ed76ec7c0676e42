// The same bytes, whole or one by one: the quick way of reading and the careful one must come to the same.

import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Client, createWorld, type Received } from "../../../src/protocols/amqp091/testing.ts";
import { anySession, type Piece } from "./input.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 25);

/** What came back after each piece, as sorted lines: what is read later is answered in another turn. */
async function answers(input: readonly Piece[], split: "whole" | "bytes"): Promise<string[][]> {
  const world = await createWorld({ net: { split } });
  const client = world.connect().open(2, ["consumer_cancel_notify", "connection.blocked"]);
  const lines: string[][] = [];
  const confirmed = new Map<number, number>();
  for (const { bytes } of input) {
    client.raw.write(bytes);
    world.run(5);
    const received = client.receive(0);
    lines.push(received.flatMap((one) => describe(one, confirmed)).sort());
    if (received.some(({ method }) => method.name === "connection.close")) return lines;
    reopen(client, received, confirmed);
  }
  return lines;
}

function reopen(
  client: Client,
  received: readonly Received[],
  confirmed: Map<number, number>,
): void {
  for (const { channel, method } of received) {
    if (method.name !== "channel.close") continue;
    confirmed.delete(channel);
    client.send(channel, { name: "channel.close-ok" }).send(channel, { name: "channel.open" });
  }
}

/** Confirms may come one by one or together. */
function describe(received: Received, confirmed: Map<number, number>): string[] {
  const { channel, method } = received;
  if (method.name === "basic.ack" || method.name === "basic.nack") {
    const from = method.multiple ? (confirmed.get(channel) ?? 0) + 1 : method.deliveryTag;
    confirmed.set(channel, method.deliveryTag);
    const lines: string[] = [];
    for (let tag = from; tag <= method.deliveryTag; tag++) {
      lines.push(`${channel} ${method.name} ${tag}`);
    }
    return lines;
  }
  const shown = JSON.stringify(received, (_, value: unknown) => {
    if (value instanceof Map) return [...value];
    return typeof value === "bigint" ? `${value}` : value;
  });
  return [shown.replaceAll(/amq\.(gen|ctag)-[\w-]{22}/g, "amq.$1")];
}

it("answers the same however the input is split", async () => {
  await fc.assert(
    fc.asyncProperty(anySession, async (input) => {
      expect(await answers(input, "bytes")).toEqual(await answers(input, "whole"));
    }),
    { numRuns: RUNS },
  );
}, 600_000);
