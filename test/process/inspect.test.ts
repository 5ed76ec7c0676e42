// `leveret inspect` and data directories that are not opened: with the real program, on real directories.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import amqplib from "amqplib";
import { beforeAll, describe, expect, test } from "vitest";
import { crc32Of } from "../../src/lib/crc32.ts";
import { FILE_HEADER_BYTES, writeFileHeader } from "../../src/store/file-header.ts";
import { FORMAT_VERSION, Magic } from "../../src/store/format.ts";
import { FREE_PORTS, LeveretProcess } from "./leveret-process.ts";
import { brokersOfEachTest, ownFolder } from "./set-up.ts";

const program = fileURLToPath(new URL("../../dist/leveret.js", import.meta.url));
const MESSAGES = 20;

const folder = ownFolder("inspect");
const start = brokersOfEachTest();
/** A directory that was stopped orderly; tests work on copies. */
const stopped = join(folder, "stopped");
/** A copy made while the broker ran, as a crash would leave it. */
const crashed = join(folder, "crashed");

beforeAll(async () => {
  const leveret = LeveretProcess.start(...FREE_PORTS, "--data-dir", stopped);
  try {
    await fill(await leveret.port("amqp"));
    while ((await messagesIn(stopped)) !== MESSAGES);
    await leveret.freeze();
    cpSync(stopped, crashed, { recursive: true, filter: (path) => !path.endsWith(".sock") });
    leveret.signal("SIGCONT");
    leveret.signal("SIGTERM");
    expect(await leveret.exitCode()).toBe(0);
  } finally {
    await leveret.kill();
  }
});

async function fill(port: number): Promise<void> {
  const connection = await amqplib.connect(`amqp://guest:guest@127.0.0.1:${port}`);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue("orders");
  await channel.assertQueue("empty", { arguments: { "x-queue-type": "quorum" } });
  for (let i = 0; i < MESSAGES + 5; i++) {
    channel.sendToQueue("orders", Buffer.from(`message ${i}`), { persistent: true });
  }
  await channel.waitForConfirms();
  for (let i = 0; i < 5; i++) await channel.get("orders", { noAck: true });
  await connection.close();
}

function copyOf(directory: string, name: string): string {
  const copy = join(folder, name);
  cpSync(directory, copy, { recursive: true });
  return copy;
}

interface Told {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function inspect(...args: string[]): Promise<Told> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, "inspect", ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** What the disk says by now of "orders", which is declared first. */
async function messagesIn(directory: string): Promise<number | undefined> {
  const { stdout } = await inspect(directory, "--format", "json");
  return JSON.parse(stdout).queues[0]?.messages;
}

/** Names, sizes, times and bytes of everything in a directory. */
function imageOf(directory: string): string {
  const lines = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  return lines
    .map((name) => {
      const path = join(directory, name);
      const { mtimeMs, size, mode } = statSync(path);
      const bytes = statSync(path).isFile() ? readFileSync(path) : "";
      const digest = createHash("sha256").update(bytes).digest("hex");
      return `${name} ${mtimeMs} ${size} ${mode} ${digest}`;
    })
    .join("\n");
}

function flipBit(path: string, offset: number, bit: number): void {
  const file = openSync(path, "r+");
  const byte = new Uint8Array(1);
  readSync(file, byte, 0, 1, offset);
  byte[0] = (byte[0] as number) ^ (1 << bit);
  writeSync(file, byte, 0, 1, offset);
  closeSync(file);
}

describe("leveret inspect", () => {
  test.each(["stopped", "crashed"] as const)(
    "says what a %s directory holds, as a table and as JSON, and changes nothing",
    async (which) => {
      const directory = which === "stopped" ? stopped : crashed;
      const before = imageOf(directory);
      const table = await inspect(directory);
      expect(table.code).toBe(0);
      expect(table.stdout).toContain(
        which === "stopped" ? "Stopped orderly" : "Not stopped orderly",
      );
      expect(table.stdout).toMatch(/orders +classic +20/);
      expect(table.stdout).toMatch(/empty +quorum +0/);
      expect(table.stdout).toMatch(/Damage\nnone\n$/);
      const { code, stdout } = await inspect(directory, "--format", "json");
      expect(code).toBe(0);
      const report = JSON.parse(stdout);
      expect(report.damage).toEqual([]);
      expect(report.stoppedOrderly).toBe(which === "stopped");
      expect(report.checkpoints).toHaveLength(2);
      expect(report.checkpoints[0].condition).toBe("good");
      expect(report.logFiles.length).toBeGreaterThan(0);
      expect(report.segments.length).toBe(which === "stopped" ? 1 : 0);
      expect(report.definitions.queues).toHaveLength(2);
      const messages = Object.fromEntries(
        report.queues.map((x: { name: string; messages: number }) => [x.name, x.messages]),
      );
      expect(messages).toEqual({ orders: MESSAGES, empty: 0 });
      expect(imageOf(directory)).toBe(before);
    },
  );

  test("looks at a directory in use, which the broker does not notice", async () => {
    const directory = copyOf(crashed, "in-use");
    const leveret = start("--data-dir", directory);
    await leveret.port("amqp");
    const { code, stdout } = await inspect(directory);
    expect(code).toBe(0);
    expect(stdout).toContain(`In use by process ${leveret.processId}`);
    expect(stdout).toMatch(/orders +classic +20/);
    leveret.signal("SIGTERM");
    expect(await leveret.exitCode()).toBe(0);
  });

  test("names damage of a checkpoint, of a segment and of the log, and says so in its exit code", async () => {
    const directory = copyOf(stopped, "damaged");
    const segment = readdirSync(join(directory, "segments"))[0] as string;
    flipBit(join(directory, "segments", segment), 100, 3);
    flipBit(join(directory, "checkpoint-copy"), 70, 0);
    const { code, stdout } = await inspect(directory);
    expect(code).toBe(65);
    expect(stdout).toMatch(
      /^segments\/segment-\d+ is damaged between bytes 40 and \d+: the messages/m,
    );
    expect(stdout).toMatch(/^checkpoint-copy is damaged .*nothing is lost/m);

    const other = copyOf(crashed, "damaged-log");
    flipBit(join(other, "log", "log-00000001"), 4_096 + 60, 1);
    const json = await inspect(other, "--format", "json");
    expect(json.code).toBe(65);
    const [first] = JSON.parse(json.stdout).damage;
    expect(first).toMatchObject({ file: "log/log-00000001", fromOffset: 4_096 });
  });

  test("says in one sentence why it can't look", async () => {
    const nothing = await inspect(join(folder, "nothing"));
    expect(nothing).toMatchObject({ code: 66, stdout: "" });
    expect(nothing.stderr).toMatch(/^leveret: .*nothing is not there\n$/);
    const foreign = join(folder, "foreign-inspected");
    mkdirSync(foreign);
    writeFileSync(join(foreign, "notes.txt"), "mine");
    const refused = await inspect(foreign);
    expect(refused).toMatchObject({ code: 66, stdout: "" });
    expect(refused.stderr).toMatch(/^leveret: .* is not a Leveret data directory .*\n$/);
    expect((await inspect(stopped, "--format", "xml")).code).toBe(64);
  });
});

describe("directories that are not opened", () => {
  async function expectRefusal(directory: string, sentence: RegExp): Promise<void> {
    const before = imageOf(directory);
    const leveret = start("--data-dir", directory);
    expect(await leveret.exitCode()).toBe(73);
    expect(leveret.stderr).toMatch(sentence);
    expect(leveret.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(imageOf(directory)).toBe(before);
  }

  test("a directory of another program", async () => {
    const directory = join(folder, "foreign");
    mkdirSync(directory);
    writeFileSync(join(directory, "PG_VERSION"), "15\n");
    await expectRefusal(directory, /is not a Leveret data directory \(it holds "PG_VERSION"\)/);
  });

  test("a directory somebody else works on", async () => {
    const directory = copyOf(stopped, "locked");
    const first = start("--data-dir", directory);
    await first.port("amqp");
    // What changes now is not its doing.
    await first.freeze();
    await expectRefusal(directory, /is in use by process \d+/);
  });

  test("a directory of a later version, wherever it says so", async () => {
    const identity = copyOf(stopped, "later-identity");
    const file = join(identity, "leveret.json");
    const known = JSON.parse(readFileSync(file, "utf8"));
    const later = { ...known, version: FORMAT_VERSION + 1 };
    const checked = Buffer.from(
      JSON.stringify([later.format, later.version, later.id, later.ready]),
    );
    const check = crc32Of(checked, 0, checked.length).toString(16).padStart(8, "0");
    writeFileSync(file, JSON.stringify({ ...later, check }));
    await expectRefusal(
      identity,
      /later version of Leveret \(format \d+, this one reads up to \d+\)/,
    );
    for (const [path, magic] of [
      ["checkpoint", Magic.checkpoint],
      ["log/log-00000001", Magic.logFile],
      ["segments/segment-00000001", Magic.segment],
    ] as const) {
      const directory = copyOf(stopped, `later-${path.replace("/", "-")}`);
      raiseVersion(join(directory, path), magic);
      await expectRefusal(directory, /was written by a later version of Leveret/);
    }
  });
});

/** Gives a file the header of a later format, with the right checksum. */
function raiseVersion(path: string, magic: number): void {
  const bytes = readFileSync(path);
  const head = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(head.buffer);
  writeFileHeader(head, view, 0, magic, {
    id: { low: bytes.readUInt32LE(16), high: bytes.readUInt32LE(20) },
    number: bytes.readDoubleLE(24),
    createdAtMs: bytes.readDoubleLE(32),
    version: FORMAT_VERSION + 1,
  });
  bytes.set(head);
  writeFileSync(path, bytes);
}
