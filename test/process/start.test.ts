// `leveret start` as the issue of its first release words it: banner, ports, refusals, signals, exit codes.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import amqplib from "amqplib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LeveretProcess } from "./leveret-process.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const PROTOCOL_HEADER = Buffer.from("AMQP\0\0\u0009\u0001", "latin1");
/** [connection.close method][reply-code 320] */
const CLOSE_320 = Buffer.from([0, 10, 0, 50, 1, 64]);

let folder: string;
let occupied: Server;
let running: LeveretProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "leveret-process-"));
  occupied = createServer().listen(0);
  await new Promise((resolve) => occupied.once("listening", resolve));
});
afterEach(async () => {
  await Promise.all(running.map((leveret) => leveret.kill()));
  running = [];
});
afterAll(() => {
  occupied.close();
  rmSync(folder, { recursive: true, force: true });
});

function occupiedPort(): string {
  const address = occupied.address();
  return String(typeof address === "object" ? address?.port : 0);
}

function start(...args: string[]): LeveretProcess {
  const leveret = LeveretProcess.start(...args);
  running.push(leveret);
  return leveret;
}

const FREE_PORTS = ["--amqp-port", "0", "--http-port", "0"];

/** Connects and says hello; resolves with the socket once the broker has answered. */
function hello(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(PROTOCOL_HEADER));
    socket.once("data", () => resolve(socket));
    socket.once("error", reject);
  });
}

describe("leveret start", () => {
  test("prints its URLs, then that it is complete, and clients can work", async () => {
    const leveret = start(...FREE_PORTS, "--data-dir", join(folder, "first"));
    const port = await leveret.port("amqp");
    expect(leveret.stdout.indexOf(`amqp://localhost:${port}`)).toBeGreaterThan(0);
    expect(leveret.stdout.indexOf("http://localhost:")).toBeGreaterThan(0);
    expect(leveret.stdout.trimEnd().split("\n").at(-1)).toContain("Server startup complete");
    const connection = await amqplib.connect(`amqp://guest:guest@127.0.0.1:${port}`);
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue("");
    channel.sendToQueue(queue, Buffer.from("hello"));
    await channel.waitForConfirms();
    const message = await channel.get(queue, { noAck: true });
    expect(message && message.content.toString()).toBe("hello");
    await connection.close();
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s closes connections with 320 and ends with 0 within 5 s, even when a client does not answer",
    async (signal) => {
      const leveret = start(...FREE_PORTS, "--in-memory");
      const port = await leveret.port("amqp");
      const connection = await amqplib.connect(`amqp://guest:guest@127.0.0.1:${port}`);
      const closed = new Promise<Error>((resolve) => connection.once("close", resolve));
      // This one logs in and then never reads its close.
      const deaf = await amqplib.connect(`amqp://guest:guest@127.0.0.1:${port}`);
      deaf.on("error", () => {});
      (deaf as unknown as { connection: { stream: Socket } }).connection.stream.pause();
      const signalledMs = performance.now();
      leveret.signal(signal);
      expect(await leveret.exitCode()).toBe(0);
      expect(performance.now() - signalledMs).toBeLessThan(5000);
      expect((await closed).message).toContain("320");
    },
  );

  test("a connection that is still logging in is told 320 or dropped, and does not hold the end up", async () => {
    const leveret = start(...FREE_PORTS, "--in-memory");
    const socket = await hello(await leveret.port("amqp"));
    const pieces: Buffer[] = [];
    socket.on("data", (bytes) => pieces.push(bytes));
    leveret.signal("SIGTERM");
    await new Promise((resolve) => socket.once("close", resolve));
    expect(await leveret.exitCode()).toBe(0);
    const received = Buffer.concat(pieces);
    expect(received.length === 0 || received.includes(CLOSE_320)).toBe(true);
  });

  test("npm start is stopped by stopping npm", async () => {
    const flags = [...FREE_PORTS, "--in-memory", "--set", "prometheus.tcp.port=0"];
    const npm = spawn("npm", ["start", "--", "--config", "none", ...flags], { cwd: REPOSITORY });
    let printed = "";
    npm.stdout.on("data", (bytes) => {
      printed += bytes;
    });
    const exited = new Promise((resolve) => npm.once("exit", resolve));
    while (!printed.includes("Server startup complete")) {
      if (npm.exitCode !== null) throw new Error(`npm start ended: ${printed}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const port = Number(/amqp:\/\/localhost:(\d+)/.exec(printed)?.[1]);
    npm.kill("SIGTERM");
    expect(await exited).toBe(0);
    await expect(hello(port)).rejects.toThrow("ECONNREFUSED");
  });

  test("a folder in use is refused, and free again after a crash", async () => {
    const directory = join(folder, "shared");
    const first = start(...FREE_PORTS, "--data-dir", directory);
    await first.port("amqp");
    const second = start(...FREE_PORTS, "--data-dir", directory);
    expect(await second.exitCode()).toBeGreaterThan(0);
    expect(second.stderr.trimEnd().split("\n").length).toBe(1);
    expect(second.stderr).toContain(directory);
    await first.kill();
    const third = start(...FREE_PORTS, "--data-dir", directory);
    await third.port("amqp");
  });

  test("a busy port that nobody asked for is one warning line", async () => {
    // Taken by us, or by whoever else is on this machine.
    const taken = createServer()
      .on("error", () => {})
      .listen(15692);
    await new Promise((resolve) => taken.once("listening", resolve).once("error", resolve));
    const leveret = new LeveretProcess(["start", "--config", "none", "--in-memory", ...FREE_PORTS]);
    running.push(leveret);
    await leveret.port("amqp");
    const warnings = leveret.stdout.split("\n").filter((line) => line.includes("warning"));
    // Somebody else's hold on it may end while we look.
    if (taken.listening) expect(warnings.length).toBe(1);
    for (const warning of warnings) expect(warning).toContain("15692");
    taken.close();
  });
});

interface Refusal {
  readonly title: string;
  readonly args: () => readonly string[];
  /** Must be named in the sentence. */
  readonly names: () => string;
}

const refusals: readonly Refusal[] = [
  {
    title: "an AMQP port in use",
    args: () => ["--amqp-port", occupiedPort(), "--http-port", "0", "--in-memory"],
    names: occupiedPort,
  },
  {
    title: "an HTTP port in use",
    args: () => ["--amqp-port", "0", "--http-port", occupiedPort(), "--in-memory"],
    names: occupiedPort,
  },
  { title: "an unknown flag", args: () => ["--colour", "red"], names: () => "--colour" },
  { title: "a word too many", args: () => ["now"], names: () => "start" },
  { title: "an unknown key", args: () => ["--set", "heartbeet=1"], names: () => "heartbeet" },
  { title: "a wrong value", args: () => ["--set", "heartbeat=soon"], names: () => "heartbeat" },
  { title: "--set without a value", args: () => ["--set", "heartbeat"], names: () => "heartbeat" },
  { title: "a port that is none", args: () => ["--amqp-port", "70000"], names: () => "port" },
  {
    title: "a configuration file that is not there",
    args: () => ["--config", join(folder, "none.conf")],
    names: () => join(folder, "none.conf"),
  },
  {
    title: "a configuration file that is a folder",
    args: () => ["--config", folder],
    names: () => folder,
  },
  {
    title: "a data directory that is a file",
    args: () => {
      writeFileSync(join(folder, "file"), "");
      return [...FREE_PORTS, "--data-dir", join(folder, "file")];
    },
    names: () => join(folder, "file"),
  },
  {
    title: "a data directory below a file",
    args: () => {
      writeFileSync(join(folder, "file"), "");
      return [...FREE_PORTS, "--data-dir", join(folder, "file", "data")];
    },
    names: () => join(folder, "file", "data"),
  },
  {
    title: "a directory of another program",
    args: () => {
      const foreign = join(folder, "foreign");
      mkdirSync(foreign, { recursive: true });
      writeFileSync(join(foreign, "letter.txt"), "dear reader");
      return [...FREE_PORTS, "--data-dir", foreign];
    },
    names: () => join(folder, "foreign"),
  },
];

describe("what can't be had is one clear sentence and an exit code that is not 0:", () => {
  test.each(refusals)("$title", async ({ args, names }) => {
    // In a folder of its own: whatever is not refused must not leave data beside the sources.
    const leveret = new LeveretProcess(["start", "--config", "none", ...args()], { cwd: folder });
    running.push(leveret);
    expect(await leveret.exitCode()).toBeGreaterThan(0);
    expect(leveret.stderr).toContain(names());
    expect(leveret.stderr.trimEnd().split("\n").length).toBe(1);
    expect(leveret.stdout).not.toContain("Server startup complete");
    expect(leveret.stderr).not.toMatch(/^\s+at /m);
  });
});
