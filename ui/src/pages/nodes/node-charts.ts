// Which figures of a node are drawn in which chart.

import type { SampleKind } from "../../chart/series.ts";
import type { Unit } from "../../chart/time-chart.tsx";
import { node } from "../../texts/node.ts";
import { overview } from "../../texts/overview.ts";

export interface NodeChart {
  readonly id: string;
  readonly title: string;
  readonly kind: SampleKind;
  readonly unit: Unit;
  /** Figures of Erlang's machine, which only RabbitMQ has. */
  readonly erlangOnly?: boolean;
  /** The node's fields, and what to call them. */
  readonly fields: Readonly<Record<string, string>>;
}

const { charts, lines } = node;
const level = { kind: "level", unit: "count" } as const;
const rate = { kind: "rate", unit: "rate" } as const;

export const statisticsCharts: readonly NodeChart[] = [
  { id: "fd", title: charts.fd, ...level, fields: { fd_used: lines.used } },
  { id: "sockets", title: charts.sockets, ...level, fields: { sockets_used: lines.used } },
  {
    id: "processes",
    erlangOnly: true,
    title: charts.processes,
    ...level,
    fields: { proc_used: lines.used },
  },
  {
    id: "memory",
    title: charts.memory,
    kind: "level",
    unit: "bytes",
    fields: { mem_used: lines.used },
  },
  {
    id: "disk",
    title: charts.disk,
    kind: "level",
    unit: "bytes",
    fields: { disk_free: lines.free },
  },
];

export const persistenceCharts: readonly NodeChart[] = [
  {
    id: "transactions",
    erlangOnly: true,
    title: charts.transactions,
    ...rate,
    fields: { mnesia_ram_tx_count: lines.ramOnly, mnesia_disk_tx_count: lines.disk },
  },
  {
    id: "messages",
    erlangOnly: true,
    title: charts.messages,
    ...rate,
    fields: { msg_store_read_count: lines.storeRead, msg_store_write_count: lines.storeWrite },
  },
  {
    id: "bulk",
    erlangOnly: true,
    title: charts.bulk,
    ...rate,
    fields: { queue_index_read_count: lines.indexRead, queue_index_write_count: lines.indexWrite },
  },
];

export const ioCharts: readonly NodeChart[] = [
  {
    id: "io-operations",
    title: charts.ioOps,
    ...rate,
    fields: {
      io_read_count: lines.read,
      io_write_count: lines.write,
      io_seek_count: lines.seek,
      io_sync_count: lines.sync,
      io_reopen_count: lines.reopen,
    },
  },
  {
    id: "io-bytes",
    title: charts.ioBytes,
    kind: "rate",
    unit: "byteRate",
    fields: { io_read_bytes: lines.read, io_write_bytes: lines.write },
  },
  {
    id: "io-time",
    title: charts.ioTime,
    kind: "level",
    unit: "milliseconds",
    fields: {
      io_read_avg_time: lines.read,
      io_write_avg_time: lines.write,
      io_seek_avg_time: lines.seek,
      io_sync_avg_time: lines.sync,
    },
  },
];

export const churnCharts: readonly NodeChart[] = [
  {
    id: "churn-connection",
    title: overview.connectionChurn,
    ...rate,
    fields: overview.churnLabels.connection,
  },
  {
    id: "churn-channel",
    title: overview.channelChurn,
    ...rate,
    fields: overview.churnLabels.channel,
  },
  { id: "churn-queue", title: overview.queueChurn, ...rate, fields: overview.churnLabels.queue },
];

export const runtimeCharts: readonly NodeChart[] = [
  { id: "gc", erlangOnly: true, title: charts.gc, ...rate, fields: { gc_num: lines.gc } },
  {
    id: "gc-bytes",
    erlangOnly: true,
    title: charts.gcBytes,
    kind: "rate",
    unit: "byteRate",
    fields: { gc_bytes_reclaimed: lines.reclaimed },
  },
  {
    id: "switches",
    erlangOnly: true,
    title: charts.switches,
    ...rate,
    fields: { context_switches: lines.switches },
  },
];
