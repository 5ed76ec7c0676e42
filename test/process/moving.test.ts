// A move that its client gives up ends there; what it has not reached stays where it is.

import amqplib from "amqplib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LeveretProcess } from "./leveret-process.ts";

const AUTHORIZATION = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
const COUNT = 100_000;

let leveret: LeveretProcess;
let api: string;

beforeAll(async () => {
  leveret = LeveretProcess.start("--in-memory", "--amqp-port", "0", "--http-port", "0");
  api = `http://127.0.0.1:${await leveret.port("http")}/api/queues/%2F`;
});
afterAll(() => leveret?.kill());

async function ready(queue: string): Promise<number> {
  const headers = { authorization: AUTHORIZATION };
  const answer = await fetch(`${api}/${queue}`, { headers });
  return ((await answer.json()) as { messages_ready: number }).messages_ready;
}

function move(from: string, destination: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${api}/${from}/move`, {
    method: "POST",
    headers: { authorization: AUTHORIZATION },
    body: JSON.stringify({ destination }),
    ...(signal === undefined ? {} : { signal }),
  });
}

test("a move ends when its client has gone, and another takes up the rest", async () => {
  const port = await leveret.port("amqp");
  const connection = await amqplib.connect(`amqp://guest:guest@127.0.0.1:${port}`);
  const channel = await connection.createConfirmChannel();
  for (const queue of ["from", "to"]) await channel.assertQueue(queue);
  const empty = Buffer.alloc(0);
  for (let number = 0; number < COUNT; number++) channel.sendToQueue("from", empty);
  await channel.waitForConfirms();

  const client = new AbortController();
  const given = move("from", "to", client.signal);
  await expect.poll(() => ready("to")).toBeGreaterThan(0);
  client.abort();
  await expect(given).rejects.toThrow();
  let moved: number;
  do {
    moved = await ready("to");
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while ((await ready("to")) !== moved);
  expect(moved).toBeLessThan(COUNT);
  expect(await ready("from")).toBe(COUNT - moved);

  const rest = await move("from", "to");
  expect(await rest.json()).toEqual({ moved: COUNT - moved });
  expect([await ready("from"), await ready("to")]).toEqual([0, COUNT]);
  await connection.close();
});
