// SIGHUP: what may change while clients are connected is read again by the real process.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { connect } from "amqplib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Client } from "../../src/cli/ctl/client.ts";
import { makeCertificates } from "../../src/env/testing/certificates.ts";
import { LeveretProcess } from "./leveret-process.ts";

const certificates = makeCertificates();
const RELOADED = "configuration and certificates were read again";
let directory: string;
let broker: LeveretProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leveret-reload-"));
});

afterEach(async () => {
  await broker?.kill();
  rmSync(directory, { recursive: true, force: true });
});

const file = (name: string) => join(directory, name);

function write(name: string, text: string): void {
  writeFileSync(file(name), text);
}

const PORTS = [
  "management.tcp.port = 0",
  "prometheus.tcp.port = 0",
  "listeners.tcp.1 = 127.0.0.1:0",
];

function launch(...lines: string[]): LeveretProcess {
  write("leveret.conf", [...PORTS, ...lines].join("\n"));
  const args = ["start", "--data-dir", file("data"), "--config", file("leveret.conf")];
  broker = new LeveretProcess(args);
  return broker;
}

async function start(...lines: string[]): Promise<LeveretProcess> {
  const started = launch(...lines);
  await started.printed("Server startup complete");
  return started;
}

/** Changes the file and waits until the process has said `answer` once more. */
async function reload(lines: readonly string[], answer = RELOADED): Promise<void> {
  write("leveret.conf", [...PORTS, ...lines].join("\n"));
  const before = broker!.stdout.split(answer).length;
  broker!.signal("SIGHUP");
  await expect
    .poll(() => broker!.stdout.split(answer).length, { timeout: 10_000 })
    .toBe(before + 1);
}

function client(): Client {
  return new Client({ kind: "socket", path: file("data/leveret.sock") }, 5_000);
}

/** A setting as `environment` shows it. */
async function shown(wanted: string): Promise<unknown> {
  const settings = await client().list("/config/effective");
  return settings.find(({ key }) => key === wanted)?.value;
}

async function login(name: string, password: string): Promise<boolean> {
  const port = await broker!.port("amqp");
  try {
    const connection = await connect(`amqp://${name}:${password}@127.0.0.1:${port}/`);
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

test("log levels, in general and per category", async () => {
  const { printed } = await start("log.default.level = info", "log.connection.level = none");
  await login("guest", "guest");
  expect(broker!.stdout).not.toContain("accepting AMQP connection");
  await reload(["log.default.level = info"]);
  await login("guest", "guest");
  await printed.call(broker, "accepting AMQP connection");
  write("leveret.conf", [...PORTS, "log.console.level = error"].join("\n"));
  broker!.signal("SIGHUP");
  await expect.poll(() => shown("log.console.level")).toBe("error");
  const length = broker!.stdout.length;
  await login("guest", "guest");
  expect(broker!.stdout.slice(length)).not.toContain("accepting AMQP connection");
});

test("watermarks, and what they block", async () => {
  await start("vm_memory_high_watermark.absolute = 4GB");
  const limits = async () => (await client().list("/nodes"))[0]!;
  expect((await limits()).mem_limit).toBe(4_000_000_000);
  await reload(["vm_memory_high_watermark.absolute = 1MB", "disk_free_limit.absolute = 3MB"]);
  const { mem_limit, mem_alarm, disk_free_limit } = await limits();
  expect({ mem_limit, mem_alarm, disk_free_limit }).toEqual({
    mem_limit: 1_000_000,
    mem_alarm: true,
    disk_free_limit: 3_000_000,
  });
  expect(await shown("vm_memory_high_watermark.absolute")).toBe("1000000");
});

test("what commands changed stays until the configuration changes there", async () => {
  await start("log.default.level = info", "channel_max = 100");
  await client().put("/node/log-level", { level: "none", category: "connection" });
  await client().put("/node/memory-watermark", { absolute: 123_456_789 });
  const limit = async () => (await client().list("/nodes"))[0]!.mem_limit;
  await reload(["log.default.level = info", "channel_max = 200"]);
  expect(await limit()).toBe(123_456_789);
  await login("guest", "guest");
  expect(broker!.stdout).not.toContain("accepting AMQP connection");
  await reload(["log.default.level = debug", "vm_memory_high_watermark.absolute = 2GB"]);
  expect(await limit()).toBe(2_000_000_000);
  await login("guest", "guest");
  await broker!.printed("accepting AMQP connection");
});

test("debug lines tell what clients do, each in its category", async () => {
  await start("log.default.level = info", "log.console.formatter = plaintext");
  const port = await broker!.port("amqp");
  const levels = ["connection", "channel", "queue"];
  for (const category of levels) {
    await client().put("/node/log-level", { level: "debug", category });
  }
  const connection = await connect(`amqp://guest:guest@127.0.0.1:${port}/`);
  const channel = await connection.createChannel();
  await channel.assertQueue("told\nof", { arguments: { "x-secret": "hidden" } });
  await channel.bindQueue("told\nof", "amq.direct", "key");
  await channel.consume("toldof", () => {}, { consumerTag: "reader" });
  await channel.deleteQueue("toldof");
  await connection.close();
  const wanted = [
    "connection.created:",
    "connection.closed:",
    "channel.created:",
    'consumer.created: consumer_tag="reader"',
    'queue.created: name="toldof"',
    'binding.created: source_name="amq.direct"',
    "queue.deleted:",
  ];
  for (const text of wanted) await broker!.printed(text);
  expect(broker!.stdout).not.toContain("hidden");
});

test("users from definitions", async () => {
  const definitions = (password: string, ...more: string[]) =>
    JSON.stringify({
      vhosts: [{ name: "/" }],
      users: ["ann", ...more].map((name) => ({ name, password, tags: "" })),
      permissions: ["ann", ...more].map((user) => ({
        ...{ user, vhost: "/", configure: ".*", write: ".*", read: ".*" },
      })),
    });
  write("definitions.json", definitions("one"));
  const line = `load_definitions = ${file("definitions.json")}`;
  await start(line);
  expect([await login("ann", "one"), await login("bob", "two")]).toEqual([true, false]);
  write("definitions.json", definitions("two", "bob"));
  await reload([line], "definitions imported from");
  const after = [await login("ann", "one"), await login("ann", "two"), await login("bob", "two")];
  expect(after).toEqual([false, true, true]);
  write("definitions.json", definitions("three").replace('"user":"ann"', '"user":"nobody"'));
  await reload([line], "nothing of it was taken over");
  expect(await login("ann", "two")).toBe(true);
});

test.skipIf(certificates === undefined)("certificates of AMQP and of the web pages", async () => {
  const { server, renewedServer } = certificates!;
  const put = (pair: typeof server) => {
    write("server.pem", pair.cert);
    write("server.key", pair.key);
  };
  put(server);
  const tls = (prefix: string) => [
    `${prefix}.certfile = ${file("server.pem")}`,
    `${prefix}.keyfile = ${file("server.key")}`,
  ];
  const lines = [
    ...["listeners.ssl.1 = 127.0.0.1:0", ...tls("ssl_options")],
    ...["management.ssl.port = 0", ...tls("management.ssl")],
  ];
  const { port } = await start(...lines);
  const names = async () => [
    await nameServedAt(await port.call(broker, "amqp/ssl")),
    await nameServedAt(await port.call(broker, "https")),
  ];
  expect(await names()).toEqual(["localhost", "localhost"]);
  put(renewedServer);
  await reload(lines);
  expect(await names()).toEqual(["renewed", "renewed"]);
  write("server.pem", "no certificate");
  await reload(lines, "everything stays as it was");
  expect(await names()).toEqual(["renewed", "renewed"]);
});

function nameServedAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("a file that is wrong leaves everything as it was", async () => {
  await start("log.connection.level = none");
  await reload(["log.conection.level = info"], "everything stays as it was");
  expect(broker!.stdout).toContain("did you mean log.connection.level?");
  await login("guest", "guest");
  expect(broker!.stdout).not.toContain("accepting AMQP connection");
});

test("a SIGHUP while it starts does not end it, and is heeded when it has started", async () => {
  const starting = launch();
  await expect.poll(() => existsSync(file("data/leveret.json")), { interval: 1 }).toBe(true);
  starting.signal("SIGHUP");
  await starting.printed(RELOADED);
  expect(await login("guest", "guest")).toBe(true);
});

test("what needs a restart is named", async () => {
  await start();
  await reload(["heartbeat = 17"], "these settings change with the next start: heartbeat");
});

test("definitions of a directory, and what happens when one file is wrong", async () => {
  mkdirSync(file("definitions"));
  write("definitions/1.json", JSON.stringify({ vhosts: [{ name: "/" }, { name: "shop" }] }));
  write("definitions/2.json", JSON.stringify({ queues: [{ name: "q", vhost: "shop" }] }));
  await start(`load_definitions = ${file("definitions")}`);
  expect((await client().list("/queues/shop"))[0]?.name).toBe("q");
  await broker!.kill();
  write("definitions/3.json", JSON.stringify({ queues: [{ name: "r", vhost: "nowhere" }] }));
  broker = new LeveretProcess([
    "start",
    "--data-dir",
    file("new"),
    "--config",
    file("leveret.conf"),
  ]);
  expect(await broker.exitCode()).toBe(78);
  expect(broker.stderr).toContain(
    "definitions/3.json cannot be loaded: queues[0]: vhost 'nowhere'",
  );
  expect(readFileSync(file("leveret.conf"), "utf8")).toContain("load_definitions");
});
