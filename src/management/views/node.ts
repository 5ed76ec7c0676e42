// /api/nodes: the process and what it uses.

import type { ApiJson, ApiObject } from "../api-json.ts";
import type { Management } from "../management.ts";
import { type NodeSample, nodeMetrics } from "../sampling/metrics.ts";
import { type Metric, meanDetailsOf, quotient } from "../sampling/series.ts";
import type { ViewContext } from "./context.ts";
import { contextsView, exchangeTypesView } from "./overview.ts";
import { addNumbers } from "./stats.ts";

/** Of Erlang and of a message store that is not ours. */
const UNMEASURED = [
  "gc_num",
  "gc_bytes_reclaimed",
  "io_seek_count",
  "io_seek_avg_time",
  "io_reopen_count",
  "mnesia_ram_tx_count",
  "mnesia_disk_tx_count",
  "msg_store_read_count",
  "msg_store_write_count",
  "queue_index_write_count",
  "queue_index_read_count",
];

/** How long a call takes in ms: one number divided by another, over all time and between samples. */
const MEANS = ["io_read", "io_write", "io_sync"].map((name) => ({
  name: `${name}_avg_time`,
  sum: nodeMetrics.findIndex((metric) => metric.name === `${name}_time`),
  count: nodeMetrics.findIndex((metric) => metric.name === `${name}_count`),
}));

/** Statistics of what is gone are dropped at once here; RabbitMQ does it in the background and shows how much waits. */
const NO_GARBAGE: ApiObject = {
  connection_closed: 0,
  channel_closed: 0,
  consumer_deleted: 0,
  exchange_deleted: 0,
  queue_deleted: 0,
  vhost_deleted: 0,
  node_node_deleted: 0,
  channel_consumer_deleted: 0,
};

export function nodeView(management: Management, context: ViewContext): ApiObject {
  const { broker, node, options, sampler } = management;
  const sample = node.sample();
  const delay = node.loopDelayMs();
  const object: Record<string, ApiJson> = {
    partitions: [],
    os_pid: String(node.processId),
    fd_total: node.fileCountMax(),
    sockets_total: node.fileCountMax(),
    mem_limit: node.memoryLimitBytes(),
    mem_alarm: broker.alarms.active.has("memory"),
    disk_free_limit: node.diskFreeLimitBytes(),
    disk_free_alarm: broker.alarms.active.has("disk"),
    proc_total: 1_048_576,
    rates_mode: options.ratesMode,
    uptime: broker.clock.nowMs() - node.startedAtMs,
    run_queue: 0,
    loop_delay_ms: delay.last,
    loop_delay_worst_ms: delay.worst,
    message_size_counts: [...broker.messageSizes.counts],
    processors: node.processorCount,
    exchange_types: exchangeTypesView(),
    auth_mechanisms: management.mechanisms().map(([name, description]) => ({
      name,
      description,
      enabled: true,
    })),
    applications: [
      { name: "leveret", description: "Leveret", version: node.leveretVersion },
      { name: "rabbit", description: "Compatibility level", version: node.rabbitmqVersion },
    ],
    contexts: contextsView(management, false),
    log_files: node.logFiles,
    db_dir: node.dataDirectory ?? "",
    config_files: node.configFiles,
    net_ticktime: 60,
    enabled_plugins: management.plugins(),
    mem_calculation_strategy: "rss",
    ra_open_file_metrics: { ra_log_wal: 1, ra_log_segment_writer: 0 },
    name: broker.nodeName,
    type: "disc",
    running: true,
    being_drained: false,
  };
  const names = nodeMetrics.map(({ name }) => name);
  addNumbers(object, sample, nodeMetrics, names, sampler.node, context.ranges.node);
  for (const { name, sum, count } of MEANS) {
    const read = (index: number) => (nodeMetrics[index] as Metric<NodeSample>).read(sample);
    object[name] = quotient(read(sum), read(count));
    object[`${name}_details`] = meanDetailsOf(sampler.node, sum, count, context.ranges.node);
  }
  for (const name of UNMEASURED) {
    object[name] = 0;
    object[`${name}_details`] = { rate: 0 };
  }
  object.cluster_links = [];
  object.metrics_gc_queue_length = NO_GARBAGE;
  return object;
}

/** RabbitMQ's names where something here means the same, our own for the rest. */
export function memoryView({ node }: Management): ApiObject {
  const parts = node.memoryBreakdown();
  const total = node.sample().memoryBytes;
  return {
    memory: {
      ...parts,
      strategy: "rss",
      total: { erlang: total, rss: total, allocated: total },
    },
  };
}
