// Checks for probes and scripts: exit code 0, or 69 with a reason.

import { createConnection } from "node:net";
import { ApiFailure, part, type Row } from "../client.ts";
import { badArgument, CtlError, Exit, unsupportedUnit } from "../exit-codes.ts";
import { type Invocation, type Output, textOutput } from "../verb.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { alarmsOf } from "./reports.ts";

const CONNECT_MS = 5_000;
const PERIODS = ["days", "weeks", "months", "years"];

export const checks: readonly Diagnostic[] = [
  {
    name: "check_running",
    summary: "Exit code 0 while the broker runs",
    banner: ({ node }) => `Checking if RabbitMQ is running on node ${node} ...`,
    run: ({ node }) => textOutput(`RabbitMQ on node ${node} is fully booted and running`),
  },
  {
    name: "is_running",
    summary: "Whether the broker runs",
    banner: ({ node }) => `Asking node ${node} for its status ...`,
    run: ({ node }) => {
      const text = `RabbitMQ on node ${node} is fully booted and running`;
      return { kind: "value", text, json: { message: text, result: true } };
    },
  },
  {
    name: "is_booting",
    summary: "Whether the broker is still starting",
    banner: ({ node }) => `Asking node ${node} for its boot status ...`,
    run: ({ node }) => ({
      kind: "value",
      text: `RabbitMQ on node ${node} is fully booted (check with is_running), stopped or has not started booting yet`,
      json: { result: false },
    }),
  },
  {
    name: "check_alarms",
    summary: "Exit code 69 while there is an alarm in the cluster",
    banner: ({ node }) => `Asking node ${node} to report any local resource alarms ...`,
    run: (invocation) =>
      checkAlarms(invocation, `Node ${invocation.node} reported no alarms, local or clusterwide`),
  },
  {
    name: "check_local_alarms",
    summary: "Exit code 69 while there is an alarm on this node",
    banner: ({ node }) => `Asking node ${node} to report any local resource alarms ...`,
    run: (invocation) =>
      checkAlarms(invocation, `Node ${invocation.node} reported no local alarms`),
  },
  {
    name: "alarms",
    summary: "Alarms that are set",
    banner: ({ node }) => `Asking node ${node} to report any known resource alarms ...`,
    run: async ({ client, node }) => {
      const alarms = alarmsOf((await client.list("/nodes"))[0]!);
      const text =
        alarms.length === 0
          ? `Node ${node} reported no alarms, local or clusterwide`
          : alarms.join("\n");
      return { kind: "value", text, json: { result: "ok", local: alarms, global: alarms } };
    },
  },
  {
    name: "check_port_connectivity",
    summary: "Exit code 69 unless every listening port takes a connection",
    options: [{ flags: "--address <address>", description: "where to connect" }],
    banner: ({ node }) =>
      `Testing TCP connections to all active listeners on node ${node} using hostname resolution ...`,
    run: checkPorts,
  },
  {
    name: "check_port_listener",
    summary: "Exit code 69 unless something listens on this port",
    usage: "<port>",
    args: [1, 1],
    check: ({ args }) => {
      if (!/^[1-9]\d*$/.test(args[0]!)) throw badArgument("Argument must be a positive integer");
    },
    banner: ({ args, node }) =>
      `Asking node ${node} if there's an active listener on port ${args[0]} ...`,
    run: (invocation) =>
      check(invocation, `/health/checks/port-listener/${part(invocation.args[0]!)}`, {
        ok: `A listener for port ${invocation.args[0]} is running on node ${invocation.node}.`,
        failed: `No listener for port ${invocation.args[0]} is active on node ${invocation.node}. Found listeners that use the following ports: `,
        list: "ports",
        bare: true,
      }),
  },
  {
    name: "check_protocol_listener",
    summary: "Exit code 69 unless this protocol is served",
    usage: "<protocol>",
    args: [1, 1],
    banner: ({ args, node }) =>
      `Asking node ${node} if there's an active listener for protocol ${args[0]} ...`,
    run: (invocation) =>
      check(invocation, `/health/checks/protocol-listener/${part(invocation.args[0]!)}`, {
        ok: `A listener for protocol ${invocation.args[0]} is running on node ${invocation.node}.`,
        failed: `No listener for protocol ${invocation.args[0]} is active on node ${invocation.node}. Found listeners for the following protocols: `,
        list: "protocols",
      }),
  },
  {
    name: "check_virtual_hosts",
    summary: "Exit code 69 unless all virtual hosts run",
    banner: ({ node }) => `Checking if all vhosts are running on node ${node} ...`,
    run: ({ node }) => textOutput(`Node ${node} reported all vhosts as running`),
  },
  {
    name: "check_certificate_expiration",
    summary: "Exit code 69 when a certificate ends soon",
    usage: "--within <period> [--unit <unit>]",
    options: [
      { flags: "--within <period>", description: "how soon" },
      { flags: "--unit <unit>", description: "days, weeks, months or years" },
    ],
    check: ({ options }) => {
      const unit = String(options.unit ?? "weeks");
      if (!PERIODS.includes(unit)) throw unsupportedUnit(unit, PERIODS);
    },
    banner: ({ node }) => `Checking certificate expiration on node ${node} ...`,
    run: async ({ client, options }) => {
      const within = String(options.within ?? 4);
      const unit = String(options.unit ?? "weeks");
      try {
        await client.get(`/health/checks/certificate-expiration/${part(within)}/${part(unit)}`);
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        throw new CtlError(Exit.unavailable, error.reason);
      }
      return textOutput(`No certificates are expiring within ${within} ${unit}.`);
    },
  },
  ...[
    "check_if_metadata_store_is_initialized",
    "check_if_metadata_store_is_initialized_with_data",
  ].map((name) => ({
    name,
    summary: "Whether definitions are loaded",
    run: () => textOutput("Metadata store has successfully initialized"),
  })),
  {
    name: "check_for_quorum_queues_without_an_elected_leader",
    summary: "Quorum queues without a leader; one node always leads",
    usage: "[--across-all-vhosts] <pattern>",
    args: [0, 1],
    options: [{ flags: "--across-all-vhosts", description: "in all virtual hosts" }],
    run: () => textOutput("Node reported all quorum queues as having responsive leader replicas"),
  },
  {
    name: "check_if_any_deprecated_features_are_used",
    summary: "Whether deprecated features are in use",
    banner: () => "Checking if any deprecated features are used ...",
    run: () => textOutput("Cluster reported no deprecated features in use"),
  },
  {
    name: "check_if_cluster_has_classic_queue_mirroring_policy",
    summary: "Whether a policy asks for mirrored queues, which there are none of",
    run: () => textOutput("Cluster reported no policies that enable classic queue mirroring"),
  },
];

async function checkAlarms({ client, node }: Invocation, fine: string): Promise<Output> {
  const alarms = alarmsOf((await client.list("/nodes"))[0]!);
  if (alarms.length === 0) return textOutput(fine);
  throw new CtlError(
    Exit.unavailable,
    `Node ${node} reported the following alarms:\n${alarms.join("\n")}`,
  );
}

async function check(
  { client }: Invocation,
  path: string,
  texts: {
    readonly ok: string;
    readonly failed: string;
    readonly list: "ports" | "protocols";
    readonly bare?: boolean;
  },
): Promise<Output> {
  try {
    await client.get(path);
    return textOutput(texts.ok);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    const { listeners } = (await client.get("/overview?columns=listeners")) as {
      listeners: readonly Row[];
    };
    const active = listeners.map(({ port, protocol }) =>
      texts.list === "ports" ? port : protocol,
    );
    const text = texts.failed + active.join(", ");
    throw new CtlError(Exit.unavailable, text, { bare: texts.bare ?? false });
  }
}

async function checkPorts({ client, node, options }: Invocation): Promise<Output> {
  const { listeners } = (await client.get("/overview?columns=listeners")) as {
    listeners: readonly Row[];
  };
  const failed: string[] = [];
  for (const { port, protocol, ip_address } of listeners) {
    const everywhere = ip_address === "::" || ip_address === "0.0.0.0" || ip_address === "";
    const host = String(options.address ?? (everywhere ? "localhost" : ip_address));
    if (!(await connects(host, Number(port)))) failed.push(`${protocol} on port ${port}`);
  }
  if (failed.length === 0)
    return textOutput(
      `Successfully connected to ports ${listeners.map(({ port }) => port).join(", ")} on node ${node}.`,
    );
  throw new CtlError(
    Exit.unavailable,
    `Connection to ports of the following listeners on node ${node} failed:\n${failed.join("\n")}`,
  );
}

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: CONNECT_MS });
    const end = (reached: boolean) => {
      socket.destroy();
      resolve(reached);
    };
    socket.on("connect", () => end(true));
    socket.on("timeout", () => end(false));
    socket.on("error", () => end(false));
  });
}
