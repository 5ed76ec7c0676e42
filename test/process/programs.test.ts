// RabbitMQ's programs as they are put on PATH: the server in the background, plugins, logs on and off a terminal.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { LeveretProcess } from "./leveret-process.ts";
import { ownFolder } from "./set-up.ts";

const compat = fileURLToPath(new URL("../../dist/compat", import.meta.url));
const directory = ownFolder("programs");

function run(data: string, program: string, ...args: string[]) {
  return spawnSync(join(compat, program), args, {
    encoding: "utf8",
    env: {
      ...process.env,
      LEVERET_DATA_DIR: join(directory, data),
      LEVERET_CONFIG_FILE: "none",
      RABBITMQ_NODE_PORT: "0",
      RABBITMQ_PID_FILE: join(directory, `${data}.pid`),
    },
  });
}

const QUIET = ["--config", "none", "--set", "prometheus.tcp.port=0", "--http-port", "0"];

test("rabbitmq-server -detached returns, and its PID file names a broker that runs", () => {
  const { status } = run("detached", "rabbitmq-server", "-detached", ...QUIET);
  expect(status).toBe(0);
  const pidFile = join(directory, "detached.pid");
  const waited = run("detached", "rabbitmqctl", "wait", pidFile, "--timeout", "30");
  expect(waited.stdout).toContain("are running on node");
  const pid = readFileSync(pidFile, "utf8").trim();
  expect(run("detached", "rabbitmqctl", "status").stdout).toContain(`OS PID: ${pid}`);
  expect(run("detached", "rabbitmqctl", "stop", pidFile).status).toBe(0);
  expect(run("detached", "rabbitmqctl", "ping").status).toBe(69);
});

test("rabbitmq-plugins switches the event exchange on and off, for the next start", async () => {
  const exchanges = async () => {
    const broker = LeveretProcess.start(
      ...["--data-dir", join(directory, "plugins"), "--amqp-port", "0", "--http-port", "0"],
    );
    await broker.printed("Server startup complete");
    const { stdout } = run("plugins", "rabbitmqctl", "-q", "list_exchanges", "name");
    broker.signal("SIGTERM");
    await broker.exitCode();
    return stdout;
  };
  const isEnabled = () =>
    run("plugins", "rabbitmq-plugins", "is_enabled", "rabbitmq_event_exchange");
  expect(await exchanges()).not.toContain("amq.rabbitmq.event");
  expect(isEnabled().status).toBe(69);
  const enabled = run("plugins", "rabbitmq-plugins", "enable", "rabbitmq_event_exchange");
  expect(enabled.stdout).toContain("changes will take effect at broker restart");
  expect(isEnabled().status).toBe(0);
  expect(readFileSync(join(directory, "plugins/enabled_plugins"), "utf8")).toBe(
    "[rabbitmq_event_exchange].\n",
  );
  expect(await exchanges()).toContain("amq.rabbitmq.event");
  run("plugins", "rabbitmq-plugins", "disable", "rabbitmq_event_exchange");
  expect(isEnabled().status).toBe(69);
});

test("rabbitmq-streams makes, shows and deletes a super stream, and refuses what is not here", async () => {
  const broker = LeveretProcess.start(
    ...["--data-dir", join(directory, "streams"), "--amqp-port", "0", "--http-port", "0"],
  );
  await broker.printed("Server startup complete");
  const streams = (...args: string[]) => {
    const { status, stdout, stderr } = run("streams", "rabbitmq-streams", ...args);
    expect(status === 0, stderr).toBe(stderr === "");
    return { status, text: stdout + stderr };
  };
  const partitions = () => run("streams", "rabbitmqctl", "-q", "list_queues", "name").stdout;
  expect(streams("add_super_stream", "invoices", "--partitions", "3").status).toBe(0);
  expect(partitions()).toContain("invoices-2");
  expect(streams("stream_status", "invoices-0").text).toContain("committed_offset");
  expect(streams("list_stream_tracking", "invoices-0").status).toBe(0);
  const none = streams("reset_offset", "--stream", "invoices-0", "--reference", "r");
  expect(none.text).toContain("No offset of 'r'");
  for (const verb of ["list_stream_consumers", "set_stream_retention_policy", "add_replica"]) {
    expect(streams(verb, "invoices-0", "x").status, verb).toBe(69);
  }
  expect(streams("delete_super_stream", "invoices").status).toBe(0);
  expect(partitions()).not.toContain("invoices");
  broker.signal("SIGTERM");
  await broker.exitCode();
});

test("a plugin that is not here is an error, never a silent success", () => {
  const { status, stderr } = run("none", "rabbitmq-plugins", "enable", "rabbitmq_mqtt");
  expect([status, stderr]).toEqual([69, expect.stringContaining("does not have rabbitmq_mqtt")]);
});

test("logs are JSON in a pipe, line by line", async () => {
  const broker = LeveretProcess.start("--in-memory", "--amqp-port", "0", "--http-port", "0");
  await broker.printed("Server startup complete");
  broker.signal("SIGTERM");
  await broker.exitCode();
  const lines = broker.stdout.split("\n").filter((line) => line.startsWith("{"));
  expect(lines.map((line) => JSON.parse(line))).toContainEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    category: "node",
    msg: expect.stringContaining("Server startup complete"),
  });
  expect(broker.stdout).not.toContain("\u001B[");
});

test.skipIf(!existsSync("/usr/bin/script"))("logs are for people on a terminal", () => {
  const leveret = fileURLToPath(new URL("../../dist/leveret.js", import.meta.url));
  const start = [process.execPath, leveret, "start", "--in-memory", "--amqp-port", "0", ...QUIET];
  const { stdout } = spawnSync("timeout", ["4", "script", "-qfec", start.join(" "), "/dev/null"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(stdout).toContain("\u001B[32mINFO\u001B[39m");
  expect(stdout).toContain("node: Server startup complete");
  expect(stdout).not.toContain('{"level"');
});

test("commands are coloured on a terminal only", () => {
  expect(run("none", "rabbitmqctl", "help").stdout).not.toContain("\u001B[");
});
