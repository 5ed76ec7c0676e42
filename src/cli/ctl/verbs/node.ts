// The node: is it there, how is it, stop it.

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Json, Row } from "../client.ts";
import { badArgument, CtlError, Exit, UsageError } from "../exit-codes.ts";
import { type Invocation, nothing, type Output, textOutput, type Verb } from "../verb.ts";
import { clusterReport, statusReport } from "./reports.ts";

const GROUP = "Nodes";
const RETRY_MS = 250;
const DEFAULT_AWAIT_SECONDS = 300;
const SHUTDOWN_SECONDS = 60;

export const nodeVerbs: readonly Verb[] = [
  {
    name: "status",
    scopes: ["ctl", "diagnostics"],
    usage: "[--unit <unit>]",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "How the node is: versions, memory, disk, listeners, alarms",
    options: [{ flags: "--unit <unit>", description: "accepted" }],
    banner: ({ node }) => `Status of node ${node} ...`,
    run: async ({ client }) => statusOutput(client),
  },
  {
    name: "cluster_status",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Cluster",
    summary: "Members of the cluster, their versions, alarms and listeners",
    banner: ({ node }) => `Cluster status of node ${node} ...`,
    run: async ({ client }) => {
      const overview = (await client.get("/overview")) as Row;
      const flags = await client.list("/feature-flags");
      const nodes = await client.list("/nodes");
      return clusterReport(overview, nodes[0]!, flags);
    },
  },
  {
    name: "ping",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Monitoring, observability and health checks",
    summary: "Whether the broker answers",
    banner: ({ node, timeoutSeconds }) =>
      `Will ping ${node}. This only checks if the OS process is running and registered with epmd. Timeout: ${(timeoutSeconds ?? 60) * 1_000} ms.`,
    run: () => textOutput("Ping succeeded"),
  },
  {
    name: "node_health_check",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Monitoring, observability and health checks",
    summary: "Whether the broker answers and has no alarm",
    banner: ({ node, timeoutSeconds }) =>
      `This command is DEPRECATED and is a no-op. It will be removed in a future version.\nTimeout: ${timeoutSeconds ?? 70} seconds ...\nChecking health of node ${node} ...`,
    run: () => textOutput("Health check passed"),
  },
  {
    name: "await_startup",
    waits: true,
    scopes: ["ctl"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "Waits until the broker serves clients",
    run: async (invocation) => {
      await awaitAnswer(invocation, invocation.timeoutSeconds ?? DEFAULT_AWAIT_SECONDS);
      return nothing;
    },
  },
  {
    name: "await_online_nodes",
    waits: true,
    scopes: ["ctl"],
    usage: "<count>",
    minimumArgs: 1,
    maximumArgs: 1,
    group: "Cluster",
    summary: "Waits until so many nodes are there",
    check: ({ args }) => {
      if (!/^[1-9]\d*$/.test(args[0]!)) throw badArgument("Argument must be a positive integer");
    },
    banner: ({ args, node, timeoutSeconds }) =>
      `Will wait for at least ${args[0]} nodes to join the cluster of ${node}. Timeout: ${timeoutSeconds ?? 300} seconds.`,
    run: async (invocation) => {
      await awaitAnswer(invocation, invocation.timeoutSeconds ?? DEFAULT_AWAIT_SECONDS);
      if (Number(invocation.args[0]) <= 1) return nothing;
      throw new CtlError(Exit.temporaryFailure, "this cluster has one node");
    },
  },
  {
    name: "wait",
    scopes: ["ctl", "diagnostics"],
    usage: "[<pidfile>] [--pid <pid>]",
    minimumArgs: 0,
    maximumArgs: 1,
    group: GROUP,
    summary: "Waits until the process of a PID file, or of a PID, serves clients",
    options: [{ flags: "-P, --pid <pid>", description: "process to wait for" }],
    waits: true,
    check: ({ args, options }) => {
      if (args[0] !== undefined || options.pid !== undefined) return;
      throw new UsageError(
        Exit.usage,
        'Error (argument validation): "No pid or pidfile specified"',
      );
    },
    run: async (invocation) => {
      const { args, options, isQuiet, say, client } = invocation;
      const pid = options.pid ?? (await pidOf(args[0]!, invocation));
      if (!isQuiet) say(`Waiting for OS process '${String(pid)}' to serve clients`);
      await awaitAnswer(invocation, invocation.timeoutSeconds ?? DEFAULT_AWAIT_SECONDS);
      const { node } = (await client.get("/overview?columns=node")) as { node: string };
      return textOutput(`Applications 'rabbit_and_plugins' are running on node '${node}'`);
    },
  },
  {
    name: "stop",
    scopes: ["ctl"],
    usage: "[--idempotent] [<pidfile>]",
    minimumArgs: 0,
    maximumArgs: 1,
    group: GROUP,
    summary: "Stops the broker",
    options: [{ flags: "--idempotent", description: "a broker that does not run is fine" }],
    banner: ({ node }) => `Stopping and halting node ${node} ...`,
    run: async (invocation) => {
      const pid = await stop(invocation.client);
      if (invocation.args[0] !== undefined) await waitForEnd(pid);
      return nothing;
    },
  },
  {
    name: "shutdown",
    scopes: ["ctl"],
    usage: "[--wait] [--no-wait]",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "Stops the broker and waits until its process has ended",
    options: [
      { flags: "--wait", description: "wait for the end, which is usual" },
      { flags: "--no-wait", description: "do not" },
    ],
    run: async ({ client, node, options, say, isQuiet }) => {
      const { os_pid } = (await client.get(
        `/nodes/${encodeURIComponent(node)}?columns=os_pid`,
      )) as { os_pid: string };
      if (!isQuiet) say(`Shutting down RabbitMQ node ${node} running at PID ${os_pid}`);
      const pid = await stop(client);
      if (options.wait === false) return nothing;
      if (!isQuiet) say(`Waiting for PID ${pid} to terminate`);
      await waitForEnd(pid);
      return textOutput(`RabbitMQ node ${node} running at PID ${pid} successfully shut down`);
    },
  },
  ...(["stop_app", "start_app"] as const).map(
    (name): Verb => ({
      name,
      scopes: ["ctl"],
      usage: "",
      minimumArgs: 0,
      maximumArgs: 0,
      group: GROUP,
      summary:
        name === "stop_app"
          ? "Lets no client in and closes connections, while the process goes on"
          : "Lets clients in again",
      banner: ({ node }) =>
        name === "stop_app"
          ? `Stopping rabbit application on node ${node} ...`
          : `Starting node ${node} ...`,
      run: async ({ client }) => {
        await client.put("/node/listeners", {
          accepting: name === "start_app",
          close_connections: name === "stop_app",
        });
        return nothing;
      },
    }),
  ),
  {
    name: "environment",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Configuration and Environment",
    summary: "Every setting with its value, and where it was written",
    banner: ({ node }) => `Application environment of node ${node} ...`,
    run: async ({ client }) => {
      const settings = await client.list("/config/effective");
      const lines = settings.map(
        ({ key, value, source }) => `${key} = ${value}${source === null ? "" : `    # ${source}`}`,
      );
      return { kind: "value", text: lines.join("\n"), json: settings };
    },
  },
  {
    name: "report",
    scopes: ["ctl", "diagnostics"],
    usage: "",
    minimumArgs: 0,
    maximumArgs: 0,
    group: "Monitoring, observability and health checks",
    summary: "Everything at once, for a bug report",
    banner: ({ node }) => `Reporting server status of node ${node} ...\n`,
    run: report,
  },
];

async function statusOutput(client: Client): Promise<Output> {
  const overview = (await client.get("/overview")) as Row;
  const nodes = await client.list("/nodes");
  const memory = (await client.get(
    `/nodes/${encodeURIComponent(String(overview.node))}/memory`,
  )) as Row;
  const vhosts = await client.list("/vhosts?disable_stats=true&columns=name");
  return statusReport(overview, nodes[0]!, memory, vhosts.length);
}

/** Listings a report is made of. */
const REPORTED: readonly (readonly [string, string])[] = [
  ["Connections", "/connections"],
  ["Channels", "/channels"],
  ["Virtual hosts", "/vhosts"],
  ["Queues", "/queues"],
  ["Exchanges", "/exchanges"],
  ["Bindings", "/bindings"],
  ["Consumers", "/consumers"],
  ["Policies", "/policies"],
  ["Parameters", "/parameters"],
  ["Permissions", "/permissions"],
];

async function report({ client, node }: Invocation): Promise<Output> {
  const parts: string[] = [`Status of node ${node} ...`];
  const status = await statusOutput(client);
  if (status.kind === "value") parts.push(status.text);
  for (const [title, path] of REPORTED) {
    const items = await client.list(path);
    parts.push(`${title}:\n${items.map((item) => JSON.stringify(item)).join("\n")}`);
  }
  return textOutput(parts.join("\n\n"));
}

/** Asks the broker to end; answers its process. */
async function stop(client: Client): Promise<number> {
  const answer = (await client.post("/node/stop")) as { pid: Json };
  return Number(answer.pid);
}

async function waitForEnd(pid: number): Promise<void> {
  const until = Date.now() + SHUTDOWN_SECONDS * 1_000;
  while (isRunning(pid)) {
    if (Date.now() > until)
      throw new CtlError(Exit.temporaryFailure, `PID ${pid} is still running`);
    await sleep(RETRY_MS);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What the file says, once there is one. */
async function pidOf(path: string, invocation: Invocation): Promise<string> {
  const { isQuiet, say, node, timeoutSeconds } = invocation;
  if (!isQuiet) say(`Waiting for pid file '${path}' to appear`);
  const until = Date.now() + (timeoutSeconds ?? DEFAULT_AWAIT_SECONDS) * 1_000;
  for (;;) {
    const pid = (await readFile(path, "utf8").catch(() => "")).trim();
    if (pid !== "") {
      if (!isQuiet) say(`pid is ${pid}`);
      return pid;
    }
    if (Date.now() > until) {
      const ms = (timeoutSeconds ?? DEFAULT_AWAIT_SECONDS) * 1_000;
      throw new CtlError(
        Exit.temporaryFailure,
        `Error: operation wait on node ${node} timed out. Timeout value used: ${ms}`,
        { bare: true },
      );
    }
    await sleep(RETRY_MS);
  }
}

async function awaitAnswer({ client }: Invocation, seconds: number): Promise<void> {
  const until = Date.now() + seconds * 1_000;
  for (;;) {
    try {
      await client.get("/health/checks/ready-to-serve-clients");
      return;
    } catch (error) {
      if (!(error instanceof CtlError) || Date.now() > until) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** It has ended, and only its parent has not looked yet. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
