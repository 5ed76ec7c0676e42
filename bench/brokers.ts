// Starts the brokers that benches compare, each as a process of its own with directories and ports of its own.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openConnection } from "../src/perf/client/handshake.ts";
import { parseTarget } from "../src/perf/target.ts";
import { endWithUs } from "./left-behind.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Where Debian's package keeps RabbitMQ's own script, which runs as any user. */
const RABBITMQ_SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 10_000;

export interface RunningBroker {
  readonly name: string;
  readonly uri: string;
  /** The process whose CPU and memory count. */
  readonly pid: number;
  /** Of the HTTP API, where there is one. */
  readonly httpPort: number | undefined;
  stop(): Promise<void>;
}

export interface LeveretOptions {
  /** The Node to run it with; the one running this if undefined. */
  readonly node?: string | undefined;
  /** More arguments of `leveret start`. */
  readonly args?: readonly string[];
  /** False: the arguments switch the HTTP API off. */
  readonly hasManagement?: boolean;
  /** Node's own options, as --cpu-prof. */
  readonly nodeArgs?: readonly string[];
}

/** Starts dist/leveret.js on a data directory of its own. */
export async function startLeveret(options: LeveretOptions = {}): Promise<RunningBroker> {
  const program = join(root, "dist", "leveret.js");
  if (!existsSync(program)) throw new Error("dist/leveret.js is missing: npm run build");
  const directory = mkdtempSync(join(tmpdir(), "leveret-bench-"));
  const port = await freePort();
  const httpPort = await freePort();
  const metricsPort = await freePort();
  const args = [
    ...["start", "--data-dir", join(directory, "data"), "--config", "none"],
    ...["--amqp-port", String(port), "--http-port", String(httpPort)],
    ...["--set", `prometheus.tcp.port=${metricsPort}`, "--set", "log.console.level=warning"],
    ...(options.args ?? []),
  ];
  const child = spawn(
    options.node ?? process.execPath,
    [...(options.nodeArgs ?? []), program, ...args],
    // A session of its own, as RabbitMQ has: Linux shares processors out by session when there are too few.
    { cwd: directory, stdio: ["ignore", "ignore", "inherit"], detached: true },
  );
  const broker = await running("leveret", child, child.pid!, { port, httpPort }, directory);
  if (options.hasManagement !== false) await listens(httpPort);
  return broker;
}

/** Whether the Debian package rabbitmq-server is installed. */
export function hasRabbitmq(): boolean {
  return existsSync(RABBITMQ_SCRIPT);
}

/** Starts RabbitMQ from the Debian package as a node of its own; nothing of an installed service is touched. */
export async function startRabbitmq(): Promise<RunningBroker> {
  const directory = mkdtempSync(join(tmpdir(), "rabbitmq-bench-"));
  const [port, distributionPort, epmdPort] = [await freePort(), await freePort(), await freePort()];
  const file = (name: string): string => join(directory, name);
  mkdirSync(file("log"));
  writeFileSync(file("plugins"), "[].\n");
  writeFileSync(
    file("rabbitmq.conf"),
    "disk_free_limit.absolute = 50MB\nlog.file.level = warning\n",
  );
  const child = spawn(RABBITMQ_SCRIPT, [], {
    cwd: directory,
    detached: true,
    stdio: "ignore",
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      RABBITMQ_NODENAME: `bench${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_MNESIA_BASE: file("mnesia"),
      RABBITMQ_LOG_BASE: file("log"),
      RABBITMQ_SCHEMA_DIR: file("schema"),
      RABBITMQ_GENERATED_CONFIG_DIR: file("generated"),
      RABBITMQ_PID_FILE: file("pid"),
      RABBITMQ_ENABLED_PLUGINS_FILE: file("plugins"),
      RABBITMQ_CONF_ENV_FILE: file("no-env"),
      RABBITMQ_CONFIG_FILE: file("rabbitmq"),
      ERL_EPMD_PORT: String(epmdPort),
    },
  });
  const forget = endWithUs(() => {
    spawnSync("epmd", ["-port", String(epmdPort), "-kill"], { stdio: "ignore" });
    endGroup(child, "SIGKILL");
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  await fileAppears(file("pid"), child);
  const pid = Number(readFileSync(file("pid"), "utf8"));
  const broker = await running("rabbitmq", child, pid, { port, httpPort: undefined }, directory);
  return {
    ...broker,
    async stop() {
      await broker.stop();
      forget();
      endGroup(child, "SIGTERM");
      await stopPortMapper(epmdPort);
    },
  };
}

/** Starts bench/relay.mjs; `uri` is only a place, it speaks no AMQP. */
export async function startRelay(node?: string): Promise<RunningBroker & { port: number }> {
  const child = spawn(node ?? process.execPath, [join(root, "bench", "relay.mjs")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout!.once("data", (data) => resolve(String(data)));
    child.once("exit", () => reject(new Error("the relay did not start")));
  });
  const port = Number(/port (\d+)/.exec(line)?.[1]);
  const forget = endWithUs(() => child.kill("SIGKILL"));
  const stop = (): Promise<void> => end(child, child.pid!).finally(forget);
  return { name: "relay", uri: "", port, pid: child.pid!, httpPort: undefined, stop };
}

async function running(
  name: string,
  child: ChildProcess,
  pid: number,
  { port, httpPort }: { readonly port: number; readonly httpPort: number | undefined },
  directory: string,
): Promise<RunningBroker> {
  const uri = `amqp://guest:guest@127.0.0.1:${port}`;
  const forget = endWithUs(() => {
    process.kill(pid, "SIGKILL");
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  await answers(uri, child);
  return {
    name,
    uri,
    pid,
    httpPort,
    async stop() {
      await end(child, pid);
      forget();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Waits until somebody listens: the HTTP API comes up behind AMQP. */
async function listens(port: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += 50) {
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (answered) return;
    await sleep(50);
  }
  throw new Error(`nobody listens on port ${port}`);
}

/** Waits until a client can log in. */
async function answers(uri: string, child: ChildProcess): Promise<void> {
  const target = parseTarget(uri);
  for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += 100) {
    if (child.exitCode !== null) throw new Error(`the broker at ${uri} ended while starting`);
    try {
      const connection = await openConnection(target, "bench: is it up?");
      await connection.close();
      return;
    } catch {
      await sleep(100);
    }
  }
  throw new Error(`the broker at ${uri} does not answer`);
}

async function fileAppears(path: string, child: ChildProcess): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += 100) {
    if (existsSync(path)) return;
    if (child.exitCode !== null) throw new Error("RabbitMQ ended while starting");
    await sleep(100);
  }
  throw new Error("RabbitMQ does not start");
}

async function end(child: ChildProcess, pid: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  process.kill(pid, "SIGTERM");
  const ended = await Promise.race([gone.then(() => true), sleep(STOP_MS_MAX, false)]);
  if (!ended) process.kill(pid, "SIGKILL");
}

/** RabbitMQ's script, its VM and its port mapper are one process group of ours. */
function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // The group is gone already.
  }
}

/** Erlang's port mapper outlives its node as a daemon; this one serves only ours. */
async function stopPortMapper(port: number): Promise<void> {
  const child = spawn("epmd", ["-port", String(port), "-kill"], { stdio: "ignore" });
  await new Promise((resolve) => {
    child.once("exit", resolve);
    child.once("error", resolve);
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
