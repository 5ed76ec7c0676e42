import { afterAll, beforeAll, expect, test } from "vitest";
import { anybody, connectionNamed } from "../broker/test-doubles.ts";
import { createMetricsApp } from "./app.ts";
import { newTestApi } from "./test-management.ts";

const QUEUES = 10_000;
/** What the loop may be held up by one answer. */
const STALL_MS_MAX = 50;

let api: Awaited<ReturnType<typeof newTestApi>>;
let address: string;
let metricsAddress: string;

beforeAll(async () => {
  api = await newTestApi();
  const access = api.broker.open(anybody, "/", connectionNamed("declarer"));
  for (let i = 0; i < QUEUES; i++) {
    const definition = { durable: true, exclusive: false, autoDelete: false, arguments: new Map() };
    access.declareQueue({ name: `queue-${i}`, ...definition });
  }
  address = await api.app.listen({ port: 0, host: "127.0.0.1" });
  const options = { path: "/metrics", perObject: true, authenticated: false };
  const metrics = await createMetricsApp(api.management, options);
  metricsAddress = await metrics.listen({ port: 0, host: "127.0.0.1" });
});

afterAll(() => api.app.close());

/** The longest gap between two ticks while `work` went on. */
async function longestStall(work: () => Promise<unknown>): Promise<number> {
  let last = performance.now();
  let worst = 0;
  const tick = () => {
    const now = performance.now();
    worst = Math.max(worst, now - last);
    last = now;
  };
  const timer = setInterval(tick, 1);
  await work();
  tick();
  clearInterval(timer);
  return worst;
}

async function fetchText(url: string): Promise<string> {
  // Read in pieces, so that the reader does not stall the loop it shares with the server.
  const answer = await fetch(url, { headers: { authorization: `Basic ${btoa("guest:guest")}` } });
  const parts: string[] = [];
  const decoder = new TextDecoder();
  for await (const part of answer.body!) parts.push(decoder.decode(part, { stream: true }));
  return parts.join("");
}

test.each([
  ["all queues", () => `${address}/api/queues`, `"name":"queue-${QUEUES - 1}"`],
  [
    "all queues, sorted",
    () => `${address}/api/queues?sort=message_stats.publish_details.rate`,
    "queue-5",
  ],
  [
    "one page, sorted",
    () => `${address}/api/queues?page=3&page_size=100&sort=name&pagination=true`,
    "queue-",
  ],
  ["all bindings", () => `${address}/api/bindings`, "queue-77"],
  ["a line per queue", () => `${metricsAddress}/metrics`, `queue="queue-${QUEUES - 1}"`],
])("%s of ten thousand queues hold the loop up no longer than 50 ms", async (_, url, needle) => {
  // The first run pays for compiling; a list is asked for every five seconds.
  await fetchText(url());
  let text = "";
  // On a busy machine the loop is late without anybody's fault: that much is not the list's.
  const idle = await longestStall(() => new Promise((resolve) => setTimeout(resolve, 300)));
  const stalls: number[] = [];
  for (let run = 0; run < 3; run++) {
    stalls.push(
      await longestStall(async () => {
        text = await fetchText(url());
      }),
    );
  }
  expect(text).toContain(needle);
  expect(stalls.sort((a, b) => a - b)[1]).toBeLessThan(STALL_MS_MAX + idle);
});

test("sampling ten thousand queues does not stall either", async () => {
  const stall = await longestStall(async () => {
    api.sampler.start();
    await new Promise((resolve) => setTimeout(resolve, 50));
    api.sampler.stop();
  });
  expect(stall).toBeLessThan(STALL_MS_MAX);
});

test("searching large JSON bodies does not stall either", async () => {
  const { request } = await newTestApi();
  await request("PUT", "/queues/%2F/queue-1", {});
  const body = JSON.stringify(Array.from({ length: 6_000 }, (_, id) => ({ [`n${id % 999}`]: {} })));
  for (let i = 0; i < 60; i++) {
    const message = { properties: {}, routing_key: "queue-1", payload_encoding: "string" };
    const path = "/exchanges/%2F/amq.default/publish";
    expect((await request("POST", path, { ...message, payload: body })).text).toContain("true");
  }
  const search = () => request("GET", "/queues/%2F/queue-1/messages?path=7.id:8");
  await search();
  expect(await longestStall(search)).toBeLessThan(STALL_MS_MAX);
});
