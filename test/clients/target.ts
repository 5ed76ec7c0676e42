// The broker the client programs talk to: ours as a process of its own, or a real RabbitMQ to learn what is right.
// LEVERET_TEST_TARGET=rabbitmq runs the same tests against RabbitMQ.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Leveret } from "../../src/index.ts";
import { startRabbitMq } from "../conformance/real-rabbitmq.ts";
import { freePort } from "../free-port.ts";

const built = fileURLToPath(new URL("../../dist/leveret.js", import.meta.url));
const source = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** What is built is what is shipped; without a build the sources will do. */
const program = existsSync(built) ? [built] : ["--import", "tsx", source];
const START_LIMIT_MS = 15_000;

export interface Target {
  readonly port: number;
  /** As guest on vhost "/". */
  readonly url: string;
  /** Of a broker that is a process of its own and ours. */
  readonly processId?: number | undefined;
  /** Stops the broker as an operator would and starts it again on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Everything gone: a new, empty broker state behind the same port. */
  reset(): Promise<void>;
}

/** A process as users start it. */
export function startTarget(): Promise<Target> {
  return process.env.LEVERET_TEST_TARGET === "rabbitmq" ? startRabbitMqTarget() : startLeveret();
}

/** A broker inside the test: new and empty in milliseconds. */
export async function startEmbeddedTarget(): Promise<Target> {
  if (process.env.LEVERET_TEST_TARGET === "rabbitmq") return startRabbitMqTarget();
  let broker = await Leveret.start();
  const { port, url } = broker;
  const startAgain = async () => {
    await broker.stop();
    broker = await Leveret.start({ port });
  };
  return { port, url, restart: startAgain, reset: startAgain, stop: () => broker.stop() };
}

async function startLeveret(): Promise<Target> {
  const port = await freePort();
  let folder = mkdtempSync(join(tmpdir(), "leveret-clients-"));
  let broker = await startProcess(port, folder);
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  return {
    port,
    url: `amqp://guest:guest@localhost:${port}/`,
    get processId() {
      return broker.pid;
    },
    restart: async () => {
      await stopProcess(broker);
      broker = await startProcess(port, folder);
    },
    reset: async () => {
      await stopProcess(broker);
      removeFolder();
      folder = mkdtempSync(join(tmpdir(), "leveret-clients-"));
      broker = await startProcess(port, folder);
    },
    stop: async () => {
      await stopProcess(broker);
      removeFolder();
    },
  };
}

function startProcess(port: number, folder: string): Promise<ChildProcess> {
  const words = ["start", "--amqp-port", String(port), "--http-port", "0", "--data-dir", folder];
  const broker = spawn(process.execPath, [...program, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string) => {
      clearTimeout(timer);
      broker.kill("SIGKILL");
      reject(new Error(`leveret start ${why}:\n${output}`));
    };
    const timer = setTimeout(() => fail("said nothing in time"), START_LIMIT_MS);
    const onText = (text: Buffer) => {
      output += String(text);
      if (!output.includes("Server startup complete")) return;
      clearTimeout(timer);
      broker.off("exit", onExit);
      resolve(broker);
    };
    const onExit = (code: number | null) => fail(`ended with ${code}`);
    broker.stdout.on("data", onText);
    broker.stderr.on("data", onText);
    broker.once("exit", onExit);
  });
}

async function stopProcess(broker: ChildProcess): Promise<void> {
  if (broker.exitCode !== null || broker.signalCode !== null) {
    throw new Error(`the broker had ended by itself: ${broker.exitCode ?? broker.signalCode}`);
  }
  const ended = new Promise<number | null>((resolve) => broker.once("exit", resolve));
  broker.kill("SIGTERM");
  const code = await ended;
  if (code !== 0) throw new Error(`the broker ended with ${code}`);
}

async function startRabbitMqTarget(): Promise<Target> {
  const rabbit = await startRabbitMq();
  return {
    port: rabbit.port,
    url: `amqp://guest:guest@localhost:${rabbit.port}/`,
    restart: () => rabbit.restart(),
    reset: async () => {
      await rabbit.ctl("delete_vhost", "/");
      await rabbit.ctl("add_vhost", "/");
      await rabbit.ctl("set_permissions", "-p", "/", "guest", ".*", ".*", ".*");
    },
    stop: () => rabbit.stop(),
  };
}
