// Which numbers are sampled for which kind of object, under RabbitMQ's names.

import type { ChannelCounters, ConnectionView } from "../../broker/connection-registry.ts";
import type { Exchange } from "../../broker/exchange/exchange.ts";
import type { ExchangeTally, QueueTally } from "../../broker/observing/channel-tallies.ts";
import type { PublishPair } from "../../broker/observing/publish-pairs.ts";
import { messagesIn } from "../../broker/queue/depth-figures.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import type { DiskStatistics } from "../../env/disk-statistics.ts";
import type { Metric } from "./series.ts";

/** A queue's numbers, each read from it once. */
export type QueueFigures = Pick<Queue, "depth" | "counters">;

export const queueMetrics: readonly Metric<QueueFigures>[] = [
  { name: "messages", read: ({ depth }) => messagesIn(depth) },
  { name: "messages_ready", read: ({ depth }) => depth.ready },
  { name: "messages_unacknowledged", read: ({ depth }) => depth.unacknowledged },
  { name: "publish", read: ({ counters }) => counters.published },
  { name: "deliver", read: ({ counters }) => counters.delivered },
  { name: "deliver_no_ack", read: ({ counters }) => counters.deliveredNoAck },
  {
    name: "deliver_get",
    read: ({ counters: c }) => c.delivered + c.deliveredNoAck + c.got + c.gotNoAck,
  },
  { name: "get", read: ({ counters }) => counters.got },
  { name: "get_no_ack", read: ({ counters }) => counters.gotNoAck },
  { name: "get_empty", read: ({ counters }) => counters.getEmpty },
  { name: "redeliver", read: ({ counters }) => counters.redelivered },
  { name: "ack", read: ({ counters }) => counters.acknowledged },
];

export const exchangeMetrics: readonly Metric<Exchange>[] = [
  { name: "publish_in", read: ({ counters }) => counters.publishedIn },
  { name: "publish_out", read: ({ counters }) => counters.publishedOut },
];

type Publishes = Pick<ExchangeTally, "published" | "confirmed" | "returned" | "droppedUnroutable">;
type Deliveries = Omit<QueueTally, "queue" | "isOver" | "addTo">;

/** What was published, to one exchange or to all. */
export const publishMetrics: readonly Metric<Publishes>[] = [
  { name: "publish", read: (c) => c.published },
  { name: "confirm", read: (c) => c.confirmed },
  { name: "return_unroutable", read: (c) => c.returned },
  { name: "drop_unroutable", read: (c) => c.droppedUnroutable },
];

/** What was handed out, by one queue or by all. */
export const deliveryMetrics: readonly Metric<Deliveries>[] = [
  { name: "deliver", read: (c) => c.delivered },
  { name: "deliver_no_ack", read: (c) => c.deliveredNoAck },
  { name: "deliver_get", read: (c) => c.delivered + c.deliveredNoAck + c.got + c.gotNoAck },
  { name: "get", read: (c) => c.got },
  { name: "get_no_ack", read: (c) => c.gotNoAck },
  { name: "get_empty", read: (c) => c.getEmpty },
  { name: "redeliver", read: (c) => c.redelivered },
  { name: "ack", read: (c) => c.acknowledged },
];

/** Counters of one channel, or of many added up. */
export const messageMetrics: readonly Metric<ChannelCounters>[] = [
  ...publishMetrics,
  ...deliveryMetrics,
];

/** What one exchange gave to one queue. */
export const pairMetrics: readonly Metric<PublishPair>[] = [
  { name: "publish", read: (pair) => pair.published },
];

export const connectionMetrics: readonly Metric<ConnectionView>[] = [
  { name: "recv_oct", read: (view) => view.describe().receivedBytes },
  { name: "send_oct", read: (view) => view.describe().sentBytes },
];

/** A vhost, or the whole node, added up. */
export interface Totals {
  readonly messagesReady: number;
  readonly messagesUnacknowledged: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly messages: ChannelCounters;
}

export const totalsMetrics: readonly Metric<Totals>[] = [
  { name: "messages", read: (t) => t.messagesReady + t.messagesUnacknowledged },
  { name: "messages_ready", read: (t) => t.messagesReady },
  { name: "messages_unacknowledged", read: (t) => t.messagesUnacknowledged },
  { name: "recv_oct", read: (t) => t.receivedBytes },
  { name: "send_oct", read: (t) => t.sentBytes },
  ...messageMetrics.map(({ name, read }) => ({ name, read: (t: Totals) => read(t.messages) })),
];

/** Facts of the process and its disk. */
export interface NodeSample {
  readonly memoryBytes: number;
  readonly fileCount: number;
  readonly socketCount: number;
  /** What would be processes of Erlang: each connection, channel and queue, and the node. */
  readonly processCount: number;
  readonly diskFreeBytes: number;
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  readonly channelsOpened: number;
  readonly channelsClosed: number;
  readonly queuesDeclared: number;
  readonly queuesCreated: number;
  readonly queuesDeleted: number;
  /** How often the process gave up the processor, or lost it. */
  readonly contextSwitches: number;
  readonly disk: Pick<DiskStatistics, "read" | "write" | "sync">;
}

export const nodeMetrics: readonly Metric<NodeSample>[] = [
  { name: "mem_used", read: (n) => n.memoryBytes },
  { name: "fd_used", read: (n) => n.fileCount },
  { name: "sockets_used", read: (n) => n.socketCount },
  { name: "proc_used", read: (n) => n.processCount },
  { name: "disk_free", read: (n) => n.diskFreeBytes },
  { name: "context_switches", read: (n) => n.contextSwitches },
  { name: "io_read_count", read: (n) => n.disk.read.count },
  { name: "io_read_bytes", read: (n) => n.disk.read.bytes },
  { name: "io_read_time", read: (n) => n.disk.read.timeMs },
  { name: "io_write_count", read: (n) => n.disk.write.count },
  { name: "io_write_bytes", read: (n) => n.disk.write.bytes },
  { name: "io_write_time", read: (n) => n.disk.write.timeMs },
  { name: "io_sync_count", read: (n) => n.disk.sync.count },
  { name: "io_sync_time", read: (n) => n.disk.sync.timeMs },
  { name: "connection_created", read: (n) => n.connectionsOpened },
  { name: "connection_closed", read: (n) => n.connectionsClosed },
  { name: "channel_created", read: (n) => n.channelsOpened },
  { name: "channel_closed", read: (n) => n.channelsClosed },
  { name: "queue_declared", read: (n) => n.queuesDeclared },
  { name: "queue_created", read: (n) => n.queuesCreated },
  { name: "queue_deleted", read: (n) => n.queuesDeleted },
];
