// Memory, disk and size limits on the real process: who waits, who is told, and that it ends without a restart.

import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LeveretProcess } from "./leveret-process.ts";

let folder: string;
let leveret: LeveretProcess | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "leveret-limits-"));
});
afterEach(async () => {
  await leveret?.kill();
  leveret = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(directory: string, ...settings: string[]): Promise<LeveretProcess> {
  const set = settings.flatMap((setting) => ["--set", setting]);
  const ports = ["--amqp-port", "0", "--http-port", "0"];
  leveret = LeveretProcess.start(...ports, "--data-dir", directory, ...set);
  await leveret.printed("Server startup complete");
  return leveret;
}

interface Client {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
  /** Reasons of connection.blocked, and "unblocked". */
  readonly told: string[];
}

async function client(broker: LeveretProcess): Promise<Client> {
  const connection = await connect({ port: await broker.port("amqp") });
  const told: string[] = [];
  connection.on("blocked", (reason: string) => told.push(reason));
  connection.on("unblocked", () => told.push("unblocked"));
  connection.on("error", () => {});
  return { connection, told, channel: await connection.createConfirmChannel() };
}

async function put(broker: LeveretProcess, path: string, body: object): Promise<void> {
  const authorization = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
  const response = await fetch(`http://127.0.0.1:${await broker.port("http")}/api${path}`, {
    method: "PUT",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(204);
}

function publish({ channel }: Client, queue: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.sendToQueue(queue, body, { persistent: true }, (error) =>
      error === null || error === undefined ? resolve() : reject(error as Error),
    );
  });
}

async function until(condition: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  for (const endMs = performance.now() + limitMs; !(await condition()); ) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Consumers go on and publishers wait, until the limit is raised while all of them are connected. */
async function holdsAndLetsGo(
  broker: LeveretProcess,
  lower: () => Promise<void>,
  raise: () => Promise<void>,
  reason: string,
): Promise<void> {
  const publisher = await client(broker);
  const reader = await client(broker);
  await reader.channel.assertQueue("held");
  for (let i = 0; i < 20; i++) await publish(publisher, "held", Buffer.from(`${i}`));
  await lower();
  let confirmed = false;
  const late = publish(publisher, "held", Buffer.from("late")).then(() => {
    confirmed = true;
  });
  await until(() => publisher.told.length > 0);
  expect(publisher.told).toEqual([reason]);

  // Others may do all but publish.
  const seen: string[] = [];
  await reader.channel.consume("held", (message) => {
    if (message === null) return;
    seen.push(message.content.toString());
    reader.channel.ack(message);
  });
  await until(() => seen.length === 20);
  await reader.channel.assertQueue("declared-meanwhile");
  expect([confirmed, reader.told]).toEqual([false, []]);

  await raise();
  await late;
  await until(() => seen.at(-1) === "late");
  expect(publisher.told).toEqual([reason, "unblocked"]);
  await publisher.connection.close();
  await reader.connection.close();
}

describe("watermarks", () => {
  test("memory: publishers wait while more is used than allowed", async () => {
    const broker = await start(join(folder, "memory"), "memory_monitor_interval = 100");
    const set = (watermark: object) => () => put(broker, "/node/memory-watermark", watermark);
    await holdsAndLetsGo(broker, set({ absolute: 1 }), set({ relative: 0.9 }), "low on memory");
    const lower = set({ relative: 0.000_001 });
    await holdsAndLetsGo(broker, lower, set({ absolute: 1e12 }), "low on memory");
  });

  test("disk: publishers wait while less is free than wanted", async () => {
    const broker = await start(join(folder, "disk"));
    const set = (limit: object) => () => put(broker, "/node/disk-free-limit", limit);
    await holdsAndLetsGo(broker, set({ absolute: 1e15 }), set({ absolute: 1 }), "low on disk");
    const lower = set({ relative: 1_000_000 });
    await holdsAndLetsGo(broker, lower, set({ absolute: 1 }), "low on disk");
  });

  test("RabbitMQ's keys, without management", async () => {
    const broker = await start(
      join(folder, "keys"),
      ...["vm_memory_high_watermark.absolute=1MB", "disk_free_limit.relative=1000000.0"],
      "leveret.management.enabled=false",
    );
    const publisher = await client(broker);
    await publisher.channel.assertQueue("held");
    void publish(publisher, "held", Buffer.from("x")).catch(() => {});
    await until(() => publisher.told.length > 0);
    expect(publisher.told).toEqual(["low on memory & disk"]);
  });
});

test("max_message_size: one byte more closes the channel, at the header, and nobody else notices", async () => {
  const broker = await start(join(folder, "size"), "max_message_size=100000");
  const publisher = await client(broker);
  const other = await publisher.connection.createConfirmChannel();
  await other.assertQueue("sized");
  await publish({ ...publisher, channel: other }, "sized", Buffer.alloc(100_000));
  const closed = new Promise<Error>((resolve) => publisher.channel.once("error", resolve));
  publisher.channel.sendToQueue("sized", Buffer.alloc(100_001));
  expect((await closed).message).toContain(
    "PRECONDITION_FAILED - message size 100001 is larger than configured max size 100000",
  );
  expect(await other.checkQueue("sized")).toMatchObject({ messageCount: 1 });
  await publisher.connection.close();
});

// ---- a disk that is really full ---------------------------------------------------------------------------------

const DISK_MIB = 160;
const BODY_BYTES = 20_000;
const BATCH = 25;
/** After so many messages nothing is left on the disk. */
const FILL_AT = 500;
const FILLER_CHUNK_BYTES = 65_536;

/** A file system of its own, where this machine lets us make one. */
function mountSmallDisk(at: string): boolean {
  mkdirSync(at);
  const size = `size=${DISK_MIB}m`;
  return spawnSync("mount", ["-t", "tmpfs", "-o", size, "none", at]).status === 0;
}

describe("a full disk", () => {
  let disk: string;
  let isMounted = false;

  beforeAll(() => {
    disk = join(folder, "small-disk");
    isMounted = process.platform === "linux" && mountSmallDisk(disk);
    if (!isMounted) console.log("skipped: a full disk (needs root, to mount a small one)");
  });
  afterAll(() => {
    if (isMounted) spawnSync("umount", [disk]);
  });

  test("blocks publishers, loses nothing, can be drained, and takes messages again", async (context) => {
    if (!isMounted) return context.skip();
    // The watermark would stop publishers before: it must not be what saves the day.
    const broker = await start(join(disk, "data"), "disk_free_limit.absolute=1");
    const publisher = await client(broker);
    await publisher.channel.assertQueue("full");
    let confirmed = 0;
    let isStopping = false;
    const body = Buffer.alloc(BODY_BYTES);
    // Somebody else takes what space there is, so that the disk really is full.
    const feed = async (): Promise<void> => {
      for (let i = 0; !isStopping; i += BATCH) {
        const batch = Array.from({ length: BATCH }, async (_, n) => {
          body.writeUInt32BE(i + n);
          await publish(publisher, "full", Buffer.from(body));
          confirmed++;
        });
        await Promise.all(batch);
        if (i === FILL_AT) fillUp(disk);
      }
    };
    const feeding = feed();
    await Promise.race([feeding, until(() => publisher.told.length > 0, 30_000)]);
    expect(publisher.told).toEqual(["low on disk"]);
    isStopping = true;
    const before = confirmed;

    const reader = await client(broker);
    await reader.channel.prefetch(100);
    const seen: number[] = [];
    await reader.channel.consume("full", (message) => {
      if (message === null) return;
      seen.push(message.content.readUInt32BE(0));
      reader.channel.ack(message);
    });
    await until(() => seen.length >= before, 20_000);
    rmSync(join(disk, "filler"));
    await feeding;
    await until(() => publisher.told.at(-1) === "unblocked");
    await until(() => seen.length === confirmed);
    expect(seen).toEqual(Array.from({ length: confirmed }, (_, i) => i));
    // And what it says is true after a crash, too.
    await publish(publisher, "full", Buffer.from([0, 0, 0, 0]));
    await broker.kill();
    const again = await start(join(disk, "data"));
    const late = await client(again);
    await late.channel.checkQueue("full");
  }, 60_000);
});

/** Writes until nothing is left: what was free a moment ago may be the broker's by now, or free again. */
function fillUp(directory: string): void {
  const file = openSync(join(directory, "filler"), "w");
  const chunk = Buffer.alloc(FILLER_CHUNK_BYTES);
  try {
    for (;;) writeSync(file, chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    closeSync(file);
  }
}
