// rabbitmq-diagnostics: checks for probes and scripts, and looks inside.

import { constants } from "node:crypto";
import { lookup } from "node:dns/promises";
import { hostname, networkInterfaces } from "node:os";
import { getCiphers } from "node:tls";
import { part, type Row } from "../client.ts";
import { CtlError, Exit, invalidOption, unsupportedUnit } from "../exit-codes.ts";
import { type Invocation, nothing, type Output, rows, textOutput, type Verb } from "../verb.ts";
import { checks } from "./checks.ts";
import { type Diagnostic, diagnosticVerb } from "./diagnostic.ts";
import { listenerFacts, listenerLine } from "./reports.ts";

/** As RabbitMQ calls them. */
const SIZE_RANGES: readonly string[] = [
  "below 100B",
  "between 100B and 1KB",
  "between 1KB and 10KB",
  "between 10KB and 100KB",
  "between 100KB and 1MB",
  "between 1MB and 10MB",
  "between 10MB and 50MB",
  "between 50MB and 100MB",
  "above 100MB",
];

const looks: readonly Diagnostic[] = [
  {
    name: "listeners",
    summary: "Where the broker listens",
    banner: ({ node }) => `Asking node ${node} to report its protocol listeners ...`,
    run: async ({ client, node }) => {
      const { listeners } = (await client.get("/overview?columns=listeners")) as {
        listeners: never[];
      };
      const lines = listeners.map((listener) => listenerLine(listener, false));
      const json = { result: "ok", node, listeners: listeners.map(listenerFacts) };
      return { kind: "value", text: lines.join("\n"), json };
    },
  },
  {
    name: "server_version",
    summary: "The level of RabbitMQ that is matched",
    banner: ({ node }) => `Asking node ${node} for its RabbitMQ version...`,
    run: async ({ client }) => {
      const { rabbitmq_version } = (await client.get("/overview?columns=rabbitmq_version")) as {
        rabbitmq_version: string;
      };
      return textOutput(rabbitmq_version);
    },
  },
  {
    name: "erlang_version",
    summary: "Version of the runtime, which is Node.js",
    options: [
      { flags: "--details", description: "accepted" },
      { flags: "--offline", description: "of this command" },
    ],
    banner: ({ node }) => `Asking node ${node} for its runtime version...`,
    run: async ({ client }) => {
      const { erlang_version } = (await client.get("/overview?columns=erlang_version")) as {
        erlang_version: string;
      };
      return textOutput(erlang_version);
    },
  },
  {
    name: "memory_breakdown",
    summary: "Where memory went",
    options: [{ flags: "--unit <unit>", description: "bytes, mb or gb" }],
    check: ({ options }) => {
      const unit = String(options.unit ?? "gb").toLowerCase();
      if (UNITS[unit] === undefined) throw unsupportedUnit(unit, ["bytes", "mb", "gb"]);
    },
    banner: ({ node }) => `Reporting memory breakdown on node ${node}...`,
    run: memoryBreakdown,
  },
  {
    name: "log_location",
    summary: "Where the log is written",
    options: [{ flags: "--all", description: "all of them" }],
    banner: ({ node }) => `Log file location(s) on node ${node} ...`,
    run: async ({ client }) => {
      const files = (await client.list("/nodes"))[0]?.log_files as string[];
      return textOutput(files.join("\n"));
    },
  },
  {
    name: "log_tail",
    summary: "The last lines of the log",
    options: [{ flags: "-N, --number <lines>", description: "how many; 50 unless given" }],
    check: ({ options }) => {
      const lines = String(options.number ?? 50);
      if (!/^\d+$/.test(lines)) throw invalidOption("-N", lines);
    },
    run: async ({ client, options }) => {
      const lines = (await client.get(`/logs?limit=${Number(options.number ?? 50)}`)) as {
        text: string;
      }[];
      return textOutput(lines.map(({ text }) => text).join("\n"));
    },
  },
  {
    name: "log_tail_stream",
    summary: "Follows the log",
    options: [{ flags: "-d, --duration <seconds>", description: "how long" }],
    run: async ({ client, options, say }) => {
      const until = Date.now() + Number(options.duration ?? 86_400) * 1_000;
      let after = -1;
      while (Date.now() < until) {
        const lines = (await client.get(`/logs?after=${after}`)) as {
          text: string;
          number: number;
        }[];
        for (const { text, number } of lines) {
          say(text);
          after = number;
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      return nothing;
    },
  },
  {
    name: "list_node_auth_attempt_stats",
    scopes: ["ctl", "diagnostics"],
    summary: "Logins that succeeded and failed, by protocol",
    banner: ({ node }) => `Listing authentication attempts for node "${node}" ...`,
    run: async ({ client, node, formatter }) => {
      const attempts = await client.list(`/auth/attempts/${part(node)}`);
      if (attempts.length === 0 && formatter === "table") {
        return textOutput(`Node ${node} reported no authentication attempt stats`);
      }
      return rows(
        ["protocol", "auth_attempts", "auth_attempts_failed", "auth_attempts_succeeded"],
        attempts,
      );
    },
  },
  {
    name: "reset_node_auth_attempt_metrics",
    summary: "Counts logins anew",
    banner: ({ node }) => `Reset auth attempt metrics on node ${node} ...`,
    run: async ({ client, node }) => {
      await client.delete(`/auth/attempts/${part(node)}`);
      return nothing;
    },
  },
  {
    name: "message_size_stats",
    scopes: ["ctl", "diagnostics"],
    summary: "How many messages of which size were published",
    banner: ({ node }) => `Gathering message size statistics from cluster via ${node} ...`,
    run: async ({ client, node }) => {
      const { message_size_counts: bySize } = (await client.get(`/nodes/${part(node)}`)) as {
        message_size_counts: readonly number[];
      };
      const sum = bySize.reduce((before, count) => before + count, 0);
      const items = bySize.map((count, index) => ({
        "Message Size": SIZE_RANGES[index] ?? "",
        Count: count,
        Percentage: (sum === 0 ? 0 : (count / sum) * 100).toFixed(2),
      }));
      const columns = ["Message Size", "Count", "Percentage"];
      return { kind: "rows", columns, rows: items, isFramed: true };
    },
  },
  {
    name: "metadata_store_status",
    summary: "Where definitions are kept",
    run: ({ node }) =>
      rows(["Node Name", "Raft State"], [{ "Node Name": node, "Raft State": "leader" }]),
  },
  {
    name: "maybe_stuck",
    summary: "How late the event loop runs",
    run: async ({ client }) => {
      const node = (await client.list("/nodes"))[0]!;
      return textOutput(
        `The event loop runs ${node.loop_delay_ms} ms late now, ${node.loop_delay_worst_ms} ms at worst.`,
      );
    },
  },
  {
    name: "runtime_thread_stats",
    summary: "How late the event loop runs",
    options: [{ flags: "--sample-interval <seconds>", description: "accepted" }],
    run: async ({ client }) => {
      const node = (await client.list("/nodes"))[0]!;
      return rows(
        ["metric", "ms"],
        [
          { metric: "event loop delay", ms: node.loop_delay_ms! },
          { metric: "worst event loop delay", ms: node.loop_delay_worst_ms! },
        ],
      );
    },
  },
  {
    name: "discover_peers",
    summary: "Other nodes",
    banner: () => "Discovering peers nodes ...",
    run: () => textOutput("No peers discovered"),
  },
  {
    name: "resolve_hostname",
    summary: "Addresses of a host's name, as this machine sees them",
    usage: "<hostname> [--address-family <family>]",
    args: [1, 1],
    banner: ({ args, options, node }) =>
      `Asking node ${node} to resolve hostname ${args[0]} to ${String(options.addressFamily ?? "IPv4")} addresses...`,
    options: [
      { flags: "--address-family <family>", description: "IPv4 or IPv6" },
      { flags: "--offline", description: "accepted" },
    ],
    run: async ({ args, options }) => {
      const family = String(options.addressFamily ?? "IPv4").toLowerCase() === "ipv6" ? 6 : 4;
      try {
        const found = await lookup(args[0]!, { family, all: true });
        return textOutput(found.map(({ address }) => address).join("\n"));
      } catch {
        throw new CtlError(Exit.unavailable, `cannot resolve ${args[0]}`);
      }
    },
  },
  {
    name: "resolver_info",
    summary: "How names are resolved",
    options: [{ flags: "--offline", description: "accepted" }],
    isOffline: true,
    run: () => textOutput(`Names are resolved by the operating system of ${hostname()}`),
  },
  {
    name: "list_network_interfaces",
    summary: "Addresses of this machine",
    options: [{ flags: "--offline", description: "accepted" }],
    isOffline: true,
    run: () => {
      const lines = Object.entries(networkInterfaces()).map(
        ([name, addresses]) =>
          `Interface ${name}\n\n${(addresses ?? []).map(({ address, netmask }) => `addr: ${address}\nnetmask: ${netmask}`).join("\n")}\n`,
      );
      return textOutput(lines.join("\n"));
    },
  },
  {
    name: "os_env",
    summary: "Environment variables the configuration was read from",
    banner: ({ node }) =>
      `Listing RabbitMQ-specific environment variables defined on node ${node}...`,
    run: async ({ client }) => {
      const settings = await client.list("/config/effective");
      const named = settings.filter(({ source }) =>
        String(source).includes("environment variable"),
      );
      return textOutput(
        named
          .map(({ value, source }) => `${String(source).split(" ").at(-1)}=${value}`)
          .sort()
          .join("\n"),
      );
    },
  },
  {
    name: "command_line_arguments",
    summary: "Settings given on the command line",
    run: async ({ client }) => {
      const settings = await client.list("/config/effective");
      const given = settings.filter(({ source }) => String(source).startsWith("--"));
      return textOutput(given.map(({ source, value }) => `${source}=${value}`).join("\n"));
    },
  },
  {
    name: "cipher_suites",
    summary: "TLS ciphers of the runtime",
    options: [
      { flags: "--all", description: "all" },
      { flags: "--format <format>", description: "accepted" },
    ],
    isOffline: true,
    banner: () => "Listing available cipher suites in OpenSSL format",
    run: () =>
      textOutput(
        getCiphers()
          .map((name) => name.toUpperCase())
          .join("\n"),
      ),
  },
  {
    name: "tls_versions",
    summary: "TLS versions that are served",
    isOffline: true,
    banner: () => "Listing all TLS versions supported by the runtime...",
    run: () =>
      textOutput(constants.SSL_OP_NO_TLSv1_3 === undefined ? "tlsv1.2" : "tlsv1.3\ntlsv1.2"),
  },
  {
    name: "certificates",
    summary: "Certificates of TLS listeners",
    banner: ({ node }) => `Certificates of node ${node} ...`,
    run: async ({ client }) => {
      const { listeners } = (await client.get("/overview?columns=listeners")) as {
        listeners: readonly Row[];
      };
      const secure = listeners.filter(({ tls }) => tls === true);
      if (secure.length === 0) return textOutput("No listener uses TLS");
      return textOutput(
        secure.map(({ protocol, port }) => `${protocol} on port ${port}`).join("\n"),
      );
    },
  },
  {
    name: "consume_event_stream",
    summary: "Follows what happens in the broker, as JSON",
    options: [{ flags: "-d, --duration <seconds>", description: "how long" }],
    run: async ({ client, options, say }) => {
      const until = Date.now() + Number(options.duration ?? 86_400) * 1_000;
      let after = -1;
      while (Date.now() < until) {
        const events = (await client.get(`/events?after=${after}`)) as { number: number }[];
        for (const event of events) {
          say(JSON.stringify(event));
          after = event.number;
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      return nothing;
    },
  },
];

export const diagnosticVerbs: readonly Verb[] = [...checks, ...looks].map(diagnosticVerb);

const UNITS: Readonly<Record<string, number>> = { bytes: 1, kb: 1e3, mb: 1e6, gb: 1e9 };

async function memoryBreakdown({ client, node, options }: Invocation): Promise<Output> {
  const { memory } = (await client.get(`/nodes/${part(node)}/memory`)) as {
    memory: Record<string, unknown>;
  };
  const unit = String(options.unit ?? "gb").toLowerCase();
  const divisor = UNITS[unit] ?? UNITS.gb!;
  const parts = Object.entries(memory).filter(([, value]) => typeof value === "number") as [
    string,
    number,
  ][];
  const total = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
  parts.sort((a, b) => b[1] - a[1]);
  const lines = parts.map(([name, bytes]) => {
    const percent = total === 0 ? 0 : (bytes * 100) / total;
    return `${name}: ${(bytes / divisor).toFixed(4)} ${unit} (${percent.toFixed(2)}%)`;
  });
  const json = Object.fromEntries(
    parts.map(([name, bytes]) => [
      name,
      { bytes, percentage: total === 0 ? 0 : (bytes * 100) / total },
    ]),
  );
  return { kind: "value", text: lines.join("\n"), json };
}
