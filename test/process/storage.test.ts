// What the store promises to whoever runs the process: how it ends when the disk fails, and what can be done with its
// directory while it is stopped.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import amqplib from "amqplib";
import { describe, expect, test } from "vitest";
import type { LeveretProcess } from "./leveret-process.ts";
import { AUTHORIZATION, brokersOfEachTest, ownFolder } from "./set-up.ts";

const STORAGE_FAILED = 74;
/** util-linux's; sets limits of a process that runs. */
const hasLimits = spawnSync("prlimit", ["--version"]).status === 0;

const folder = ownFolder("storage");
const start = brokersOfEachTest();

async function confirmChannel(leveret: LeveretProcess) {
  const url = `amqp://guest:guest@127.0.0.1:${await leveret.port("amqp")}`;
  const connection = await amqplib.connect(url);
  connection.on("error", () => {});
  const channel = await connection.createConfirmChannel();
  channel.on("error", () => {});
  return { connection, channel };
}

async function stop(leveret: LeveretProcess): Promise<void> {
  leveret.signal("SIGTERM");
  expect(await leveret.exitCode()).toBe(0);
}

async function api(leveret: LeveretProcess, path: string, body?: string): Promise<unknown> {
  const port = await leveret.port("http");
  const answer = await fetch(`http://127.0.0.1:${port}/api/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: AUTHORIZATION, "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
  });
  expect(answer.ok).toBe(true);
  return answer.status === 204 ? undefined : answer.json();
}

test.runIf(hasLimits)(
  "a log that can't be written: nothing is confirmed any more, the reason is logged, the exit code is its own",
  async () => {
    const directory = join(folder, "failing");
    const leveret = start("--data-dir", directory);
    const { channel } = await confirmChannel(leveret);
    await channel.assertQueue("q");
    channel.sendToQueue("q", Buffer.from("safe"), { persistent: true });
    await channel.waitForConfirms();
    // Each write to a file fails from here on, with EFBIG.
    execFileSync("prlimit", [`--pid=${leveret.processId}`, "--fsize=16"]);
    let confirmed = false;
    channel.sendToQueue("q", Buffer.from("not safe"), { persistent: true }, (error) => {
      confirmed = error === null;
    });
    expect(await leveret.exitCode()).toBe(STORAGE_FAILED);
    expect(confirmed).toBe(false);
    expect(leveret.stdout + leveret.stderr).toMatch(
      /the log could not be written: .*EFBIG.*: nothing can be confirmed any more, stopping/,
    );

    const next = start("--data-dir", directory);
    const again = await confirmChannel(next);
    const first = await again.channel.get("q", { noAck: true });
    expect(first ? first.content.toString() : "nothing").toBe("safe");
    await again.connection.close();
  },
);

test("what a crash left in the log is taken up with less memory than it had", async () => {
  const QUEUES = 7;
  // In a queue's page it leaves no room for a second one: nine such pages are all that 16 MiB have.
  const body = Buffer.alloc(65_350, "x");
  const directory = join(folder, "shrunk");
  const leveret = start("--data-dir", directory);
  const { channel } = await confirmChannel(leveret);
  const names: string[] = [];
  for (const exchange of ["one", "two"]) {
    await channel.assertExchange(exchange, "fanout");
    for (let i = 0; i < QUEUES; i++) {
      const { queue } = await channel.assertQueue(`${exchange}-${i}`);
      await channel.bindQueue(queue, exchange, "");
      names.push(queue);
    }
    channel.publish(exchange, "", body, { persistent: true });
  }
  await channel.waitForConfirms();
  await leveret.kill();

  const next = start("--data-dir", directory, "--set", "leveret.memory.arena=16MiB");
  const again = await confirmChannel(next);
  for (const name of names) {
    const message = await again.channel.get(name, { noAck: true });
    expect(message && message.content.equals(body), name).toBe(true);
  }
  await again.connection.close();
});

describe("a directory that was stopped", () => {
  test("is copied and opened under another name of the node", async () => {
    const directory = join(folder, "original");
    const leveret = start("--data-dir", directory);
    const { connection, channel } = await confirmChannel(leveret);
    await channel.assertQueue("q");
    channel.sendToQueue("q", Buffer.from("carried"), { persistent: true });
    await channel.waitForConfirms();
    await connection.close();
    await stop(leveret);
    const copy = join(folder, "copy");
    cpSync(directory, copy, { recursive: true });

    const other = start("--data-dir", copy, "--set", "leveret.node_name=rabbit@elsewhere");
    expect(await api(other, "overview")).toMatchObject({ node: "rabbit@elsewhere" });
    const there = await confirmChannel(other);
    const message = await there.channel.get("q", { noAck: true });
    expect(message ? message.content.toString() : "nothing").toBe("carried");
    await there.connection.close();
  });

  test("has its definitions as a file that a broker imports", async () => {
    const directory = join(folder, "defined");
    const leveret = start("--data-dir", directory);
    const { connection, channel } = await confirmChannel(leveret);
    await channel.assertExchange("x", "topic");
    await channel.assertQueue("q", { arguments: { "x-max-length": 7 } });
    await channel.bindQueue("q", "x", "a.#");
    await connection.close();
    const expected = (await api(leveret, "definitions")) as Record<string, unknown>;
    await stop(leveret);
    const text = readFileSync(join(directory, "definitions.json"), "utf8");
    const { original_cluster_name: _, explanation: __, ...written } = JSON.parse(text);
    expect(expected).toMatchObject(written);

    const other = start("--in-memory");
    await api(other, "definitions", text);
    const imported = (await api(other, "definitions")) as Record<string, unknown>;
    for (const name of ["queues", "exchanges", "bindings", "users", "permissions", "vhosts"]) {
      expect(imported[name], name).toEqual(expected[name]);
    }
  });
});
