// Client programs and libraries as Debian packages them: nothing in them knows that this is not RabbitMQ.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Program } from "./program.ts";
import { startTarget, type Target } from "./target.ts";

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = "/usr/bin/python3";
const JAVA_CLIENT = "/usr/share/java/amqp-client.jar";
const GO_PATH = "/usr/share/gocode";
const GO_CLIENT = `${GO_PATH}/src/github.com/rabbitmq/amqp091-go`;

/** What must answer for a suite to run, and the Debian package that brings it. */
const needs = {
  pika: [PYTHON, ["-c", "import pika"], "python3-pika"],
  kombu: [PYTHON, ["-c", "import kombu"], "python3-kombu"],
  celery: [PYTHON, ["-c", "import celery"], "celery"],
  aioPika: [PYTHON, ["-c", "import aio_pika"], "python3-aio-pika"],
  bunny: ["ruby", ["-e", 'require "bunny"'], "ruby-bunny"],
  php: ["php", ["-r", "exit(class_exists('AMQPConnection') ? 0 : 1);"], "php-amqp"],
  java: ["test", ["-e", JAVA_CLIENT], "librabbitmq-client-java"],
  javaItself: ["javac", ["-version"], "default-jdk-headless"],
  go: ["test", ["-d", GO_CLIENT], "golang-github-rabbitmq-amqp091-go-dev"],
  goItself: ["go", ["version"], "golang-go"],
  amqpTools: ["amqp-publish", ["--help"], "amqp-tools"],
} as const;

function isMissing([command, words, debianPackage]: (typeof needs)[keyof typeof needs]): boolean {
  const { status } = spawnSync(command, words, { stdio: "ignore", timeout: 20_000 });
  if (status !== 0) console.warn(`skipped: clients of ${debianPackage}, which is not installed`);
  return status !== 0;
}

describe("clients from Debian", () => {
  let target: Target;
  let running: Program[] = [];

  beforeAll(async () => {
    target = await startTarget();
  });
  afterAll(() => target?.stop());
  afterEach(async () => {
    await Promise.all(running.map((program) => program.stop()));
    running = [];
  });

  function start(command: string, words: readonly string[], environment = {}): Program {
    const program = new Program(command, words, environment);
    running.push(program);
    return program;
  }

  /** Some take the path "/" for a vhost called "". */
  const urlWithoutPath = () => target.url.replace(/\/$/, "");

  /** Programs print what they have done; at "RESTART ME" the broker restarts. */
  async function throughRestart(program: Program, ...milestones: string[]): Promise<void> {
    for (const milestone of [...milestones, "RESTART ME"]) await program.says(milestone);
    await target.restart();
    await program.ends();
  }

  it.skipIf(isMissing(needs.pika))("pika with streams", async () => {
    const program = start(PYTHON, ["-u", file("./python/client_pika_streams.py"), target.url]);
    for (const milestone of ["PUBLISHED", "READ"]) await program.says(milestone);
    await program.ends();
  });

  it.skipIf(isMissing(needs.pika))("pika", async () => {
    const program = start(PYTHON, ["-u", file("./python/client_pika.py"), target.url]);
    await throughRestart(program, "CONFIRMS", "TRANSACTIONS", "REPLY");
  });

  it.skipIf(isMissing(needs.kombu))("kombu", async () => {
    const program = start(PYTHON, ["-u", file("./python/client_kombu.py"), target.url]);
    await throughRestart(program, "BASICS", "SIMPLE", "HEARTBEAT");
  });

  it.skipIf(isMissing(needs.celery))("celery", async () => {
    const environment = {
      BROKER_URL: target.url,
      PYTHONPATH: file("./python"),
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const words = ["-m", "celery", "-A", "celery_tasks", "worker", "-P", "solo", "-l", "INFO"];
    const worker = start(PYTHON, words, environment);
    await worker.says(/ready\./);
    const program = start(PYTHON, ["-u", file("./python/client_celery.py")], environment);
    await throughRestart(program, "FIRST", "TASKS", "CONTROL");
    await worker.says(/celery_tasks\.add\[.*\] succeeded in .*: 42$/m);
  });

  it.skipIf(isMissing(needs.aioPika))("aio-pika", async () => {
    const program = start(PYTHON, ["-u", file("./python/client_aio_pika.py"), target.url]);
    await throughRestart(program, "BASICS", "RPC");
  });

  it.skipIf(isMissing(needs.bunny))("bunny", async () => {
    const program = start("ruby", [file("./ruby/client_bunny.rb"), urlWithoutPath()]);
    await throughRestart(program, "BASICS", "RPC");
  });

  it.skipIf(isMissing(needs.javaItself) || isMissing(needs.java))("Java", async () => {
    const classes = [JAVA_CLIENT, "/usr/share/java/slf4j-api.jar"].join(":");
    const words = ["-cp", classes, file("./java/ClientJava.java"), urlWithoutPath()];
    await throughRestart(start("java", words), "BASICS", "RPC", "REFUSALS");
  });

  it.skipIf(isMissing(needs.goItself) || isMissing(needs.go))("Go", async () => {
    const folder = mkdtempSync(join(tmpdir(), "leveret-go-"));
    const program = join(folder, "client");
    const environment = { ...process.env, GO111MODULE: "off", GOPATH: GO_PATH, GOCACHE: folder };
    const build = ["build", "-o", program, file("./go/client.go")];
    const { stderr } = spawnSync("go", build, { env: environment, encoding: "utf8" });
    expect(stderr).toBe("");
    await throughRestart(start(program, [target.url]), "BASICS", "RPC", "REFUSALS");
    rmSync(folder, { recursive: true });
  });

  it.skipIf(isMissing(needs.php))("php-amqp", async () => {
    const words = [file("./php/client_amqp.php"), "localhost", String(target.port)];
    await throughRestart(start("php", words), "BASICS", "RPC");
  });

  it.skipIf(isMissing(needs.amqpTools))("amqp-tools", () => {
    const url = urlWithoutPath();
    const tool = (command: string, ...words: string[]) => {
      const { status, stdout, stderr } = spawnSync(command, ["-u", url, ...words], {
        timeout: 10_000,
        encoding: "utf8",
      });
      return { status, stdout, stderr };
    };
    expect(tool("amqp-declare-queue", "-q", "tools", "-d")).toMatchObject({
      status: 0,
      stdout: "tools\n",
    });
    const publish = ["-r", "tools", "-p", "-C", "text/plain", "-b"];
    expect(tool("amqp-publish", ...publish, "first")).toMatchObject({ status: 0 });
    expect(tool("amqp-publish", ...publish, "second")).toMatchObject({ status: 0 });
    expect(tool("amqp-get", "-q", "tools")).toMatchObject({ status: 0, stdout: "first" });
    expect(tool("amqp-consume", "-q", "tools", "-c", "1", "cat")).toMatchObject({
      status: 0,
      stdout: "second",
    });
    expect(tool("amqp-get", "-q", "tools").status).not.toBe(0);
    expect(tool("amqp-publish", ...publish, "third")).toMatchObject({ status: 0 });
    expect(tool("amqp-delete-queue", "-q", "tools")).toMatchObject({ status: 0, stdout: "1\n" });
    const missing = tool("amqp-get", "-q", "tools");
    expect(missing.stderr).toContain("NOT_FOUND - no queue 'tools' in vhost '/'");
  });
});
