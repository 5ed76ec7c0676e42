// What the disk does is told as it is: by the HTTP API in RabbitMQ's fields, and to Prometheus.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LeveretProcess } from "./leveret-process.ts";

const MESSAGES = 50;
const BODY_BYTES = 10_000;

const directory = mkdtempSync(join(tmpdir(), "leveret-disk-figures-"));
let leveret: LeveretProcess;

beforeAll(async () => {
  leveret = LeveretProcess.start("--data-dir", directory, "--amqp-port", "0", "--http-port", "0");
  const connection = await connect({ port: await leveret.port("amqp") });
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue("q");
  for (let i = 0; i < MESSAGES; i++) {
    channel.sendToQueue("q", Buffer.alloc(BODY_BYTES), { persistent: true });
    await channel.waitForConfirms();
  }
  await connection.close();
});
afterAll(async () => {
  await leveret?.kill();
  rmSync(directory, { recursive: true, force: true });
});

async function get(path: string): Promise<Response> {
  const headers = { authorization: `Basic ${btoa("guest:guest")}` };
  return fetch(`http://127.0.0.1:${await leveret.port("http")}${path}`, { headers });
}

test("each confirm that was waited for was a write and a sync, which took its time", async () => {
  const [node] = (await (await get("/api/nodes")).json()) as Record<string, number>[];
  expect(node?.io_write_count).toBeGreaterThanOrEqual(MESSAGES);
  expect(node?.io_sync_count).toBeGreaterThanOrEqual(MESSAGES);
  expect(node?.io_write_bytes).toBeGreaterThanOrEqual(MESSAGES * BODY_BYTES);
  expect(node?.io_sync_avg_time).toBeGreaterThan(0);
  expect(node?.context_switches).toBeGreaterThan(MESSAGES);
});

test("charts have means of each step", async () => {
  const read = async () => {
    const answer = await get("/api/nodes?node_stats_age=60&node_stats_incr=5");
    const [node] = (await answer.json()) as Record<string, { samples: { sample: number }[] }>[];
    const samples = node?.io_sync_avg_time_details?.samples ?? [];
    return samples.filter(({ sample }) => sample > 0).length;
  };
  await expect.poll(read, { timeout: 30_000 }).toBeGreaterThan(0);
});

test("Prometheus gets counts and seconds", async () => {
  const text = await (await get("/metrics")).text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  expect(value("rabbitmq_io_sync_ops_total")).toBeGreaterThanOrEqual(MESSAGES);
  expect(value("rabbitmq_io_sync_time_seconds_total")).toBeGreaterThan(0);
  expect(value("rabbitmq_io_write_bytes_total")).toBeGreaterThanOrEqual(MESSAGES * BODY_BYTES);
});
