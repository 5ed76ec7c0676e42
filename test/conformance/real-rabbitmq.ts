// Starts a private RabbitMQ (the Debian package, when it is installed) to compare with: own ports, own folder, own node name.

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../free-port.ts";

const run = promisify(execFile);
const BIN = "/usr/lib/rabbitmq/bin";
const START_LIMIT_MS = 60_000;

export function isRabbitMqInstalled(): boolean {
  return existsSync(join(BIN, "rabbitmq-server"));
}

export interface RealRabbitMq {
  readonly port: number;
  /** As guest on vhost "/". */
  readonly url: string;
  /** Where its programs lie, and the environment in which they find this node. */
  readonly programs: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs a rabbitmqctl command and answers what it printed. */
  ctl(...command: string[]): Promise<string>;
  /** Stops the application inside the node and starts it again: every connection is closed, durable objects stay. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface RealRabbitMqOptions {
  /** By name, for example rabbitmq_amqp1_0. */
  readonly plugins?: readonly string[];
  /** More lines of rabbitmq.conf. */
  readonly configuration?: readonly string[];
  /** "file": the log goes where the configuration says, and to a file. */
  readonly logs?: "file";
  /** Where the name is part of what is compared. */
  readonly nodeName?: string;
}

/** Answers when the node takes connections. */
export async function startRabbitMq(options: RealRabbitMqOptions = {}): Promise<RealRabbitMq> {
  const folder = mkdtempSync(join(tmpdir(), "leveret-rabbitmq-"));
  const [port, distributionPort, epmdPort] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(join(folder, "enabled_plugins"), `[${(options.plugins ?? []).join(",")}].\n`);
  const configuration = ["disk_free_limit.absolute = 1MB", ...(options.configuration ?? [])];
  writeFileSync(join(folder, "rabbitmq.conf"), `${configuration.join("\n")}\n`);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    RABBITMQ_NODENAME: options.nodeName ?? `compare${port}@localhost`,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distributionPort),
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    // Standard output leaves every other output of the log out.
    ...(options.logs === "file" ? {} : { RABBITMQ_LOGS: "-" }),
    RABBITMQ_PID_FILE: join(folder, "pid"),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
    // One scheduler thread: the machine is shared with the tests themselves.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+S 1:1",
  };
  const server = spawn(join(BIN, "rabbitmq-server"), { env, stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  server.stdout.on("data", (text) => output.push(String(text)));
  server.stderr.on("data", (text) => output.push(String(text)));
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const ctl = async (...command: string[]) =>
    (await run(join(BIN, "rabbitmqctl"), command, { env })).stdout;
  const stop = async () => {
    if (server.exitCode === null) await ctl("stop").catch(() => server.kill());
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until(
      () => /Server startup complete|completed with/.test(output.join("")),
      START_LIMIT_MS,
    );
  } catch {
    await stop();
    throw new Error(`RabbitMQ did not start:\n${output.join("").slice(-3_000)}`);
  }
  return {
    port,
    url: `amqp://guest:guest@127.0.0.1:${port}/`,
    programs: BIN,
    env,
    ctl,
    restart: async () => {
      await ctl("stop_app");
      await ctl("start_app");
    },
    stop,
  };
}

async function until(condition: () => boolean, limitMs: number): Promise<void> {
  const end = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
