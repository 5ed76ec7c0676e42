// Checks of a monitoring system, as Debian packages them for RabbitMQ: they ask the HTTP API, with credentials they keep
// for the realm RabbitMQ names.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LeveretProcess } from "../process/leveret-process.ts";

const isInstalled = spawnSync("check_rabbitmq_queue", ["--help"]).error === undefined;
if (!isInstalled) console.warn("skipped: checks of nagios-plugins-rabbitmq, not installed");

const Status = { ok: 0, warning: 1, critical: 2 } as const;
const MESSAGES = 12;

describe.skipIf(!isInstalled)("checks of nagios-plugins-rabbitmq", () => {
  const directory = mkdtempSync(join(tmpdir(), "leveret-checks-"));
  let broker: LeveretProcess;
  let connection: ChannelModel;
  let node: string;

  beforeAll(async () => {
    const ports = ["--amqp-port", "0", "--http-port", "0"];
    broker = LeveretProcess.start(...ports, "--data-dir", join(directory, "data"));
    connection = await connect({ port: await broker.port("amqp") });
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue("q");
    for (let i = 0; i < MESSAGES; i++) channel.sendToQueue("q", Buffer.from("x"));
    await channel.waitForConfirms();
    const overview = await fetch(`http://127.0.0.1:${await broker.port("http")}/api/overview`, {
      headers: { authorization: `Basic ${btoa("guest:guest")}` },
    });
    node = ((await overview.json()) as { node: string }).node.replace(/^rabbit@/, "");
  });
  afterAll(async () => {
    await connection?.close();
    await broker?.kill();
    rmSync(directory, { recursive: true });
  });

  async function check(name: string, ...words: readonly string[]) {
    const where = ["-H", "127.0.0.1", "--port", String(await broker.port("http"))];
    const credentials = ["-u", "guest", "-p", "guest"];
    const all = [...where, ...credentials, ...words];
    const { status, stdout } = spawnSync(`check_rabbitmq_${name}`, all, { encoding: "utf8" });
    return { status, stdout };
  }

  test.each<[string, readonly string[], string]>([
    ["aliveness", [], "OK - vhost: /"],
    ["connections", [], "connections OK (1)"],
    ["objects", [], "Gathered Object Counts"],
    ["overview", [], `messages_ready OK (${MESSAGES})`],
    ["partition", ["-n", "NODE"], "No Partitions"],
    ["queue", ["--queue", "q"], `messages OK (${MESSAGES})`],
    ["server", ["-n", "NODE"], "OK - "],
    ["watermark", ["-n", "NODE"], "OK - mem_alarm disk_free_alarm"],
  ])("%s is well", async (name, words, text) => {
    // Figures are as old as the last sample.
    await expect
      .poll(() => check(name, ...words.map((word) => word.replace("NODE", node))), {
        timeout: 15_000,
      })
      .toEqual({ status: Status.ok, stdout: expect.stringContaining(text) });
  });

  test.each<[string[], number]>([
    [["-w", "10", "-c", "20"], Status.warning],
    [["-w", "5", "-c", "10"], Status.critical],
  ])("a long queue is told: %j", async (bounds, status) => {
    expect((await check("queue", "--queue", "q", ...bounds)).status).toBe(status);
  });

  test("a queue that is not there is critical", async () => {
    expect(await check("queue", "--queue", "none")).toMatchObject({ status: Status.critical });
  });
});
