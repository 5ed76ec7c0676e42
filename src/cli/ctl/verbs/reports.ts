// The long texts of status and cluster_status, with the JSON behind them.

import { type } from "node:os";
import type { Json, Row } from "../client.ts";
import type { Output } from "../verb.ts";

interface ListenerRow {
  readonly node: string;
  readonly protocol: string;
  readonly ip_address: string;
  readonly port: number;
}

const PURPOSES: Readonly<Record<string, string>> = {
  amqp: "AMQP 0-9-1 and AMQP 1.0",
  "amqp/ssl": "AMQP 0-9-1 and AMQP 1.0 over TLS",
  http: "HTTP API",
  https: "HTTP API over TLS (HTTPS)",
  "http/prometheus": "Prometheus exporter API over HTTP",
  "https/prometheus": "Prometheus exporter API over TLS (HTTPS)",
  mqtt: "MQTT",
  stomp: "STOMP",
  stream: "stream",
};

const GIGABYTE = 1e9;

function gigabytes(bytes: Json | undefined): string {
  return `${(Number(bytes ?? 0) / GIGABYTE).toFixed(4)} gb`;
}

function listenersOf(overview: Row): readonly ListenerRow[] {
  return overview.listeners as unknown as readonly ListenerRow[];
}

/** As `--formatter json` shows a listener. */
export function listenerFacts({ node, protocol, ip_address, port }: ListenerRow) {
  const address = ip_address.includes(":") ? `[${ip_address}]` : ip_address;
  return { interface: address, node, port, protocol, purpose: PURPOSES[protocol] ?? protocol };
}

export function listenerLine(listener: ListenerRow, withNode: boolean): string {
  const facts = listenerFacts(listener);
  const node = withNode ? `Node: ${facts.node}, interface` : "Interface";
  return `${node}: ${facts.interface}, port: ${facts.port}, protocol: ${facts.protocol}, purpose: ${facts.purpose}`;
}

export function alarmsOf(node: Row): readonly string[] {
  return [
    ...(node.mem_alarm === true ? ["Memory alarm on node ".concat(String(node.name))] : []),
    ...(node.disk_free_alarm === true
      ? ["Free disk space alarm on node ".concat(String(node.name))]
      : []),
  ];
}

/** `rabbitmqctl status`. */
export function statusReport(
  overview: Row,
  node: Row,
  memory: Row,
  virtualHostCount: number,
): Output {
  const parts = memory.memory as Readonly<Record<string, Json>>;
  const { connections, queues } = overview.object_totals as Readonly<Record<string, number>>;
  const totals: Totals = {
    connection_count: connections!,
    queue_count: queues!,
    virtual_host_count: virtualHostCount,
  };
  return {
    kind: "value",
    text: sectionsText(statusSections(overview, node, parts, totals)),
    json: statusJson(overview, node, parts, totals),
  };
}

type Totals = Readonly<Record<"connection_count" | "queue_count" | "virtual_host_count", number>>;

type Section = readonly [string, readonly string[]];

function statusSections(
  overview: Row,
  node: Row,
  parts: Readonly<Record<string, Json>>,
  totals: Totals,
): readonly Section[] {
  const alarms = alarmsOf(node);
  const files = (list: Json | undefined) => {
    const lines = (list as string[]).map((file) => ` * ${file}`);
    return lines.length === 0 ? ["(none)"] : lines;
  };
  return [
    ["Runtime", runtimeLines(overview, node)],
    ["Plugins", ["Enabled plugins:", "", ...files(node.enabled_plugins)]],
    ["Data directory", [`Node data directory: ${node.db_dir || "(none: all is in memory)"}`]],
    ["Config files", files(node.config_files)],
    ["Log file(s)", files(node.log_files)],
    ["Alarms", alarms.length === 0 ? ["(none)"] : alarms],
    ["Memory", memoryLines(node, parts)],
    [
      "File Descriptors",
      [
        `Total: ${node.fd_used}, limit: ${node.fd_total}`,
        `Sockets: ${node.sockets_used}, limit: ${node.sockets_total}`,
      ],
    ],
    [
      "Free Disk Space",
      [
        `Low free disk space watermark: ${gigabytes(node.disk_free_limit)}`,
        `Free disk space: ${gigabytes(node.disk_free)}`,
      ],
    ],
    [
      "Totals",
      [
        `Connection count: ${totals.connection_count}`,
        `Queue count: ${totals.queue_count}`,
        `Virtual host count: ${totals.virtual_host_count}`,
      ],
    ],
    ["Listeners", listenersOf(overview).map((listener) => listenerLine(listener, false))],
  ];
}

function runtimeLines(overview: Row, node: Row): readonly string[] {
  return [
    `OS PID: ${node.os_pid}`,
    `OS: ${type()}`,
    `Uptime (seconds): ${Math.floor(Number(node.uptime) / 1_000)}`,
    "Is under maintenance?: false",
    `RabbitMQ version: ${overview.rabbitmq_version}`,
    `Leveret version: ${overview.leveret_version}`,
    `RabbitMQ release series support status: ${overview.release_series_support_status}`,
    `Node name: ${node.name}`,
    `Runtime: ${overview.erlang_version}`,
  ];
}

function memoryLines(node: Row, parts: Readonly<Record<string, Json>>): readonly string[] {
  const total = (parts.total as Readonly<Record<string, number>> | undefined)?.rss ?? 0;
  const breakdown = Object.entries(parts).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  breakdown.sort((a, b) => b[1] - a[1]);
  return [
    `Total memory used: ${gigabytes(total)}`,
    "Calculation strategy: rss",
    `Memory high watermark setting: ${gigabytes(node.mem_limit)}`,
    "",
    ...breakdown.map(([name, bytes]) => `${name}: ${gigabytes(bytes)} (${share(bytes, total)} %)`),
  ];
}

function statusJson(
  overview: Row,
  node: Row,
  parts: Readonly<Record<string, Json>>,
  totals: Totals,
): Json {
  return {
    active_plugins: node.enabled_plugins!,
    alarms: alarmsOf(node),
    config_files: node.config_files!,
    crypto_lib_version: overview.crypto_lib_version!,
    data_directory: node.db_dir!,
    disk_free: node.disk_free!,
    disk_free_limit: node.disk_free_limit!,
    erlang_version: overview.erlang_version!,
    file_descriptors: {
      sockets_limit: node.sockets_total!,
      sockets_used: node.sockets_used!,
      total_limit: node.fd_total!,
      total_used: node.fd_used!,
    },
    is_under_maintenance: false,
    leveret_version: overview.leveret_version!,
    listeners: listenersOf(overview).map(listenerFacts),
    log_files: node.log_files!,
    memory: parts,
    net_ticktime: 60,
    os: type(),
    pid: Number(node.os_pid),
    processes: { limit: node.proc_total!, used: node.proc_used! },
    product_name: overview.product_name!,
    product_version: overview.product_version!,
    rabbitmq_version: overview.rabbitmq_version!,
    raft_data_directory: node.db_dir!,
    release_series_support_status: "supported",
    run_queue: 0,
    totals,
    uptime: Math.floor(Number(node.uptime) / 1_000),
    vm_memory_calculation_strategy: "rss",
    vm_memory_high_watermark_limit: node.mem_limit!,
  };
}

function share(bytes: number, total: number): string {
  return total === 0 ? "0" : ((bytes * 100) / total).toFixed(2);
}

/** `rabbitmqctl cluster_status`. */
export function clusterReport(overview: Row, node: Row, flags: readonly Row[]): Output {
  const name = String(node.name);
  const listeners = listenersOf(overview);
  const alarms = alarmsOf(node);
  const sections: readonly Section[] = [
    [
      "Basics",
      [
        `Cluster name: ${overview.cluster_name}`,
        "Total CPU cores available cluster-wide: ".concat(String(node.processors)),
      ],
    ],
    ["Disk Nodes", [name]],
    ["Running Nodes", [name]],
    ["Versions", [`${name}: RabbitMQ ${overview.rabbitmq_version} on ${overview.erlang_version}`]],
    ["Maintenance status", [`Node: ${name}, status: not under maintenance`]],
    ["Alarms", alarms.length === 0 ? ["(none)"] : alarms],
    ["Network Partitions", ["(none)"]],
    ["Listeners", listeners.map((listener) => listenerLine(listener, true))],
    ["Feature flags", flags.map(({ name: flag, state }) => `Flag: ${flag}, state: ${state}`)],
  ];
  return {
    kind: "value",
    text: sectionsText(sections),
    json: {
      alarms,
      cluster_name: overview.cluster_name!,
      disk_nodes: [name],
      feature_flags: flags,
      listeners: { [name]: listeners.map(listenerFacts) },
      maintenance_status: { [name]: "not under maintenance" },
      partitions: {},
      ram_nodes: [],
      running_nodes: [name],
      versions: {
        [name]: {
          erlang_version: overview.erlang_version!,
          rabbitmq_name: overview.product_name!,
          rabbitmq_version: overview.rabbitmq_version!,
        },
      },
    },
  };
}

function sectionsText(sections: readonly (readonly [string, readonly string[]])[]): string {
  return sections.map(([title, lines]) => `${title}\n\n${lines.join("\n")}`).join("\n\n");
}
