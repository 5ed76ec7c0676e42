// The same random input for a broker that runs as users run it: it lives on, serves others and stays small.

import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { chosenSeed } from "../../chosen-seed.ts";
import { startTarget, type Target } from "../../clients/target.ts";
import { WireConnection } from "../wire.ts";
import { anyInput, anySession } from "./input.ts";

const CONNECTIONS = 150;
const AT_ONCE = 10;
/** Far less than what the inputs announce, far more than a healthy broker needs. */
const GROWTH_BYTES_MAX = 400 * 1_048_576;

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target?.stop());

it("lives through whatever clients send", async () => {
  console.log(`repeat with SEED=${chosenSeed}`);
  const inputs = fc.sample(fc.oneof(anyInput, anySession), {
    numRuns: CONNECTIONS,
    seed: chosenSeed,
  });
  const before = residentBytes(target.processId);
  const work = async () => {
    for (let input = inputs.pop(); input !== undefined; input = inputs.pop()) {
      await send(input.map(({ bytes }) => bytes));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const connection = await open();
  connection.sendMethod(1, {
    name: "exchange.delete",
    exchange: "none",
    ifUnused: false,
    noWait: false,
  });
  await connection.next("exchange.delete-ok");
  connection.disconnect();
  expect(residentBytes(target.processId) - before).toBeLessThan(GROWTH_BYTES_MAX);
});

async function open(): Promise<WireConnection> {
  const connection = await WireConnection.connect("127.0.0.1", target.port);
  await connection.open({ user: "guest", password: "guest", vhost: "/", channels: 2 });
  return connection;
}

/** Sends the pieces over one connection after the other: a new one whenever the broker has closed the last. */
async function send(pieces: readonly Uint8Array[]): Promise<void> {
  let connection = await open();
  for (const piece of pieces) {
    connection.send(piece);
    await new Promise((resolve) => setTimeout(resolve, 1));
    const isOver = connection.frames.some(({ kind }) => kind === "connection.close");
    if (!isOver && !connection.isEnded) continue;
    connection.disconnect();
    connection = await open();
  }
  connection.disconnect();
}

function residentBytes(processId: number | undefined): number {
  if (processId === undefined || process.platform !== "linux") return 0;
  const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${processId}/status`, "utf8"))?.[1];
  return Number(kibibytes ?? 0) * 1_024;
}
