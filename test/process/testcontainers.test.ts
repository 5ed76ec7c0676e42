// What Testcontainers' RabbitMQ modules (Java, Go, .NET, Node, Python) do with a broker in a container: environment, a
// configuration file named without its extension, the log line they wait for, the health checks and the commands they run.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "amqplib";
import { afterAll, beforeAll, expect, test } from "vitest";

const compat = fileURLToPath(new URL("../../dist/compat", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "leveret-containers-"));
const environment = {
  ...process.env,
  LEVERET_DATA_DIR: join(directory, "data"),
  RABBITMQ_DEFAULT_USER: "tester",
  RABBITMQ_DEFAULT_PASS: "secret",
  RABBITMQ_NODE_PORT: "0",
  RABBITMQ_CONFIG_FILE: join(directory, "rabbitmq-custom"),
};
let server: ChildProcess;
let printed = "";

function portOf(protocol: string): number {
  return Number(new RegExp(`^ +${protocol} +\\S+:(\\d+)$`, "m").exec(printed)?.[1]);
}

beforeAll(async () => {
  const lines = ["management.tcp.port = 0", "prometheus.tcp.port = 0", "heartbeat = 17"];
  writeFileSync(join(directory, "rabbitmq-custom.conf"), lines.join("\n"));
  server = spawn(join(compat, "rabbitmq-server"), { env: environment });
  await new Promise<void>((resolve, reject) => {
    server.once("exit", () => reject(new Error(`it ended: ${printed}`)));
    server.stdout?.on("data", (bytes) => {
      printed += bytes;
      if (/.*Server startup complete.*/.test(printed)) resolve();
    });
  });
});

afterAll(async () => {
  server?.kill("SIGTERM");
  if (server?.exitCode === null) await once(server, "exit");
  rmSync(directory, { recursive: true, force: true });
});

function run(program: string, ...args: string[]) {
  const target =
    program === "rabbitmqadmin"
      ? ["-P", String(portOf("http")), "-u", "tester", "-p", "secret"]
      : [];
  return spawnSync(join(compat, program), [...target, ...args], {
    encoding: "utf8",
    env: environment,
  });
}

test("the file named without its extension is read, and the user of the environment logs in", async () => {
  const connection = await connect(`amqp://tester:secret@127.0.0.1:${portOf("amqp")}/`);
  const { connection: inner } = connection as unknown as { connection: { heartbeat: number } };
  expect(inner.heartbeat).toBe(17);
  await connection.close();
});

test.each([
  "rabbitmq-diagnostics -q ping",
  "rabbitmq-diagnostics check_running",
  "rabbitmq-diagnostics -q check_port_connectivity",
  "rabbitmq-diagnostics check_local_alarms",
  "rabbitmqctl status",
  "rabbitmqctl await_startup",
])("health check %s", (line) => {
  const [program, ...args] = line.split(" ") as [string, ...string[]];
  const { status, stderr } = run(program, ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

/** What withVhost, withUser, withPermission, withExchange, withQueue, withBinding, withPolicy and so on run. */
const DECLARATIONS: readonly (readonly string[])[] = [
  ["rabbitmqadmin", "declare", "vhost", "name=shop", "tracing=true"],
  ["rabbitmqadmin", "declare", "user", "name=ann", "password=pw", "tags=administrator,monitoring"],
  [
    ...["rabbitmqadmin", "declare", "permission", "vhost=shop", "user=tester"],
    ...["configure=.*", "write=.*", "read=.*"],
  ],
  ["rabbitmqctl", "set_vhost_limits", "-p", "shop", '{"max-connections": 9}'],
  [
    ...["rabbitmqadmin", "--vhost=shop", "declare", "exchange", "name=orders", "type=topic"],
    ...["auto_delete=false", "internal=false", "durable=true", 'arguments={"x-a":1}'],
  ],
  [
    ...["rabbitmqadmin", "--vhost=shop", "declare", "queue", "name=bills", "auto_delete=false"],
    ...["durable=true", 'arguments={"x-message-ttl":60000}'],
  ],
  [
    ...["rabbitmqadmin", "--vhost=shop", "declare", "binding", "source=orders"],
    ...["destination=bills", "routing_key=order.#", "destination_type=queue", "arguments={}"],
  ],
  [
    ...["rabbitmqadmin", "--vhost=shop", "declare", "policy", "name=max", "pattern=^bills$"],
    ...["apply-to=queues", "priority=1", 'definition={"max-length":7}'],
  ],
  [
    ...["rabbitmqadmin", "--vhost=shop", "declare", "operator_policy", "name=top", "pattern=.*"],
    ...["apply-to=queues", "priority=1", 'definition={"max-length":5}'],
  ],
  ["rabbitmq-plugins", "enable", "rabbitmq_prometheus", "rabbitmq_management"],
];

test("declarations by rabbitmqadmin, limits and plug-ins do what they say", () => {
  for (const [program, ...args] of DECLARATIONS) {
    const { status, stdout, stderr } = run(program!, ...args);
    expect({ args, status, stderr, stdout }).toMatchObject({ args, status: 0, stderr: "" });
  }
  const columns = ["name", "policy", "operator_policy", "arguments"];
  const queues = run(
    "rabbitmqctl",
    "-q",
    "list_queues",
    "-p",
    "shop",
    "--formatter=json",
    ...columns,
  );
  expect(JSON.parse(queues.stdout)).toEqual([
    {
      ...{ name: "bills", policy: "max", operator_policy: "top" },
      arguments: { "x-message-ttl": 60_000 },
    },
  ]);
  const sent = ["exchange=orders", "routing_key=order.new", "payload=hi"];
  expect(run("rabbitmqadmin", "--vhost=shop", "publish", ...sent).stdout).toBe(
    "Message published\n",
  );
});
