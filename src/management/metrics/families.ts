// RabbitMQ's metric families, kind by kind. Names are RabbitMQ's, so that its dashboards and alerts work.

import type {
  ChannelCounters,
  ChannelFacts,
  ConnectionView,
} from "../../broker/connection-registry.ts";
import type { Exchange } from "../../broker/exchange/exchange.ts";
import type { PublishPair } from "../../broker/observing/publish-pairs.ts";
import { bytesIn, messagesIn } from "../../broker/queue/depth-figures.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import type { Management } from "../management.ts";
import type { QueueFigures } from "../sampling/metrics.ts";
import { counter, type Family, gauge } from "./family.ts";

/** Facts that take a call to gather, once per scrape. */
export interface NodeScrape {
  readonly management: Management;
  readonly sample: ReturnType<Management["node"]["sample"]>;
}

export const churnFamilies: readonly Family<NodeScrape>[] = [
  counter("connections_opened", "Connections opened", ({ sample }) => sample.connectionsOpened),
  counter("connections_closed", "Connections closed", ({ sample }) => sample.connectionsClosed),
  counter("channels_opened", "Channels opened", ({ sample }) => sample.channelsOpened),
  counter("channels_closed", "Channels closed", ({ sample }) => sample.channelsClosed),
  counter("queues_declared", "Queue declarations", ({ sample }) => sample.queuesDeclared),
  counter("queues_created", "Queues created", ({ sample }) => sample.queuesCreated),
  counter("queues_deleted", "Queues deleted", ({ sample }) => sample.queuesDeleted),
];

export const nodeCoarseFamilies: readonly Family<NodeScrape>[] = [
  gauge("process_open_fds", "Open file descriptors", ({ sample }) => sample.fileCount),
  gauge("process_open_tcp_sockets", "Open TCP sockets", ({ sample }) => sample.socketCount),
  gauge("process_resident_memory_bytes", "Memory used", ({ sample }) => sample.memoryBytes),
  gauge("disk_space_available_bytes", "Disk space available", ({ sample }) => sample.diskFreeBytes),
];

export const nodeFamilies: readonly Family<NodeScrape>[] = [
  gauge("process_max_fds", "Limit of open file descriptors", ({ management }) =>
    management.node.fileCountMax(),
  ),
  gauge("process_max_tcp_sockets", "Limit of open TCP sockets", ({ management }) =>
    management.node.fileCountMax(),
  ),
  gauge(
    "resident_memory_limit_bytes",
    "Memory above which publishers are blocked",
    ({ management }) => management.node.memoryLimitBytes(),
  ),
  gauge(
    "disk_space_available_limit_bytes",
    "Free disk space below which publishers are blocked",
    ({ management }) => management.node.diskFreeLimitBytes(),
  ),
  gauge(
    "erlang_uptime_seconds",
    "Time since the start",
    ({ management }) => (management.broker.clock.nowMs() - management.node.startedAtMs) / 1_000,
  ),
  gauge(
    "event_loop_delay_seconds",
    "How late the event loop runs",
    ({ management }) => management.node.loopDelayMs().last / 1_000,
  ),
];

export const persisterFamilies: readonly Family<NodeScrape>[] = [
  ...(["read", "write", "sync"] as const).flatMap((kind): Family<NodeScrape>[] => [
    counter(`io_${kind}_ops`, `Disk ${kind}s`, ({ sample }) => sample.disk[kind].count),
    counter(
      `io_${kind}_time_seconds`,
      `Time spent in disk ${kind}s`,
      ({ sample }) => sample.disk[kind].timeMs / 1_000,
    ),
  ]),
  counter("io_read_bytes", "Bytes read from disk", ({ sample }) => sample.disk.read.bytes),
  counter("io_write_bytes", "Bytes written to disk", ({ sample }) => sample.disk.write.bytes),
];

export const alarmFamilies: readonly Family<NodeScrape>[] = [
  gauge("alarms_file_descriptor_limit", "1 while file descriptors run out", () => 0),
  gauge("alarms_free_disk_space_watermark", "1 while disk space is low", ({ management }) =>
    Number(management.broker.alarms.active.has("disk")),
  ),
  gauge("alarms_memory_used_watermark", "1 while memory is low", ({ management }) =>
    Number(management.broker.alarms.active.has("memory")),
  ),
];

export const objectCountFamilies: readonly Family<NodeScrape>[] = [
  gauge("connections", "Open connections", ({ management }) => management.broker.connections.count),
  gauge(
    "channels",
    "Open channels",
    ({ management }) => management.broker.connections.channelCount,
  ),
  gauge("queues", "Queues", ({ management }) => management.broker.queueCount),
];

/** A queue's numbers, each read from it once per scrape. */
export interface QueueScrape extends QueueFigures {
  readonly definition: Queue["definition"];
  readonly consumerCount: number;
}

export const queueCoarseFamilies: readonly Family<QueueScrape>[] = [
  gauge("queue_messages_ready", "Messages ready to be delivered", ({ depth }) => depth.ready),
  gauge(
    "queue_messages_unacked",
    "Messages delivered and not acknowledged",
    ({ depth }) => depth.unacknowledged,
  ),
  gauge(
    "queue_messages",
    "Messages ready, unacknowledged, and dead letters that wait",
    ({ depth }) => messagesIn(depth),
  ),
  counter("queue_process_reductions", "Always 0: there are no Erlang processes", () => 0),
];

export const queueConsumerFamilies: readonly Family<QueueScrape>[] = [
  gauge("queue_consumers", "Consumers of a queue", (queue) => queue.consumerCount),
];

export const queueFamilies: readonly Family<QueueScrape>[] = [
  gauge("queue_consumer_capacity", "Share of time consumers could take messages", (queue) =>
    Number(queue.consumerCount > 0),
  ),
  gauge("queue_consumer_utilisation", "The same under its old name", (queue) =>
    Number(queue.consumerCount > 0),
  ),
  gauge("queue_process_memory_bytes", "Memory held by a queue", ({ depth }) => depth.inMemoryBytes),
  gauge("queue_messages_ram", "Messages in memory", ({ depth }) => depth.inMemory),
  gauge(
    "queue_messages_ram_bytes",
    "Bytes of messages in memory",
    ({ depth }) => depth.inMemoryBytes,
  ),
  gauge("queue_messages_ready_ram", "Ready messages in memory", ({ depth }) =>
    Math.min(depth.ready, depth.inMemory),
  ),
  gauge("queue_messages_unacked_ram", "Unacknowledged messages in memory", ({ depth }) =>
    Math.max(0, depth.inMemory - depth.ready),
  ),
  gauge("queue_messages_persistent", "Persistent messages", ({ depth }) => depth.persistent),
  gauge(
    "queue_messages_persistent_bytes",
    "Bytes of persistent messages",
    ({ depth }) => depth.persistentBytes,
  ),
  gauge("queue_messages_bytes", "Bytes of messages", ({ depth }) => bytesIn(depth)),
  gauge("queue_messages_ready_bytes", "Bytes of ready messages", ({ depth }) => depth.readyBytes),
  gauge(
    "queue_messages_unacked_bytes",
    "Bytes of unacknowledged messages",
    ({ depth }) => depth.unacknowledgedBytes,
  ),
  gauge("queue_messages_paged_out", "Messages on disk only", ({ depth }) =>
    Math.max(0, messagesIn(depth) - depth.inMemory),
  ),
  gauge("queue_messages_paged_out_bytes", "Bytes of messages on disk only", ({ depth }) =>
    Math.max(0, bytesIn(depth) - depth.inMemoryBytes),
  ),
  counter("queue_disk_reads", "Always 0: reads are counted for the node", () => 0),
  counter("queue_disk_writes", "Always 0: writes are counted for the node", () => 0),
];

/** What a queue has handed out, in RabbitMQ 4's words. */
export const queueDeliveryFamilies: readonly Family<QueueScrape>[] = [
  counter(
    "queue_get_ack",
    "Messages got that await an acknowledgement",
    ({ counters }) => counters.got,
  ),
  counter("queue_get", "Messages got without", ({ counters }) => counters.gotNoAck),
  counter(
    "queue_messages_delivered_ack",
    "Messages delivered that await an acknowledgement",
    ({ counters }) => counters.delivered,
  ),
  counter(
    "queue_messages_delivered",
    "Messages delivered without",
    ({ counters }) => counters.deliveredNoAck,
  ),
  counter(
    "queue_messages_redelivered",
    "Messages delivered again",
    ({ counters }) => counters.redelivered,
  ),
  counter("queue_messages_acked", "Messages acknowledged", ({ counters }) => counters.acknowledged),
  counter("queue_get_empty", "Gets that found nothing", ({ counters }) => counters.getEmpty),
];

/** Which channel published is not kept: exchange and queue are. */
export const queuePublishFamilies: readonly Family<PublishPair>[] = [
  counter(
    "queue_messages_published",
    "Messages an exchange gave to a queue",
    ({ published }) => published,
  ),
];

/** The same in RabbitMQ 4's words. */
export const queueExchangeFamilies: readonly Family<PublishPair>[] = [
  counter(
    "queue_exchange_messages_published",
    "Messages an exchange gave to a queue",
    ({ published }) => published,
  ),
];

export const channelFamilies: readonly Family<ChannelFacts>[] = [
  gauge("channel_consumers", "Consumers of a channel", (facts) => facts.consumerCount),
  gauge("channel_messages_unacked", "Deliveries not acknowledged", (facts) => facts.unackedCount),
  gauge(
    "channel_messages_unconfirmed",
    "Publishes not confirmed",
    (facts) => facts.unconfirmedCount,
  ),
  gauge(
    "channel_messages_uncommitted",
    "Publishes of open transactions",
    (facts) => facts.uncommittedCount,
  ),
  gauge(
    "channel_acks_uncommitted",
    "Acknowledgements of open transactions",
    (facts) => facts.uncommittedAckCount,
  ),
  gauge("consumer_prefetch", "Prefetch of new consumers", (facts) => facts.prefetchMax),
  gauge("channel_prefetch", "Prefetch of the channel", (facts) => facts.globalPrefetchMax),
  counter("channel_process_reductions", "Always 0: there are no Erlang processes", () => 0),
];

type End = { readonly name: string; readonly vhost: string } | undefined;

/** What one channel published to one exchange. */
export type PublishScrape = Pick<
  ChannelCounters,
  "published" | "confirmed" | "returned" | "droppedUnroutable"
> & { readonly channel: string; readonly exchange: End };

export const channelExchangeFamilies: readonly Family<PublishScrape>[] = [
  counter("channel_messages_published", "Messages published", (c) => c.published),
  counter("channel_messages_confirmed", "Messages confirmed", (c) => c.confirmed),
  counter(
    "channel_messages_unroutable_returned",
    "Messages returned to the publisher",
    (c) => c.returned,
  ),
  counter(
    "channel_messages_unroutable_dropped",
    "Messages no queue was there for",
    (c) => c.droppedUnroutable,
  ),
];

/** What one channel was handed by one queue. */
export type DeliveryScrape = Pick<
  ChannelCounters,
  "delivered" | "deliveredNoAck" | "redelivered" | "acknowledged" | "got" | "gotNoAck" | "getEmpty"
> & { readonly channel: string; readonly queue: End };

export const channelQueueFamilies: readonly Family<DeliveryScrape>[] = [
  counter("channel_get_ack", "Messages got that await an acknowledgement", (c) => c.got),
  counter("channel_get", "Messages got without", (c) => c.gotNoAck),
  counter(
    "channel_messages_delivered_ack",
    "Messages delivered that await an acknowledgement",
    (c) => c.delivered,
  ),
  counter("channel_messages_delivered", "Messages delivered without", (c) => c.deliveredNoAck),
  counter("channel_messages_redelivered", "Messages delivered again", (c) => c.redelivered),
  counter("channel_messages_acked", "Messages acknowledged", (c) => c.acknowledged),
  counter("channel_get_empty", "Gets that found nothing", (c) => c.getEmpty),
];

/** Facts are described once per connection and scrape. */
export type ConnectionScrape = ReturnType<ConnectionView["describe"]> & {
  readonly channelCount: number;
};

export const connectionCoarseFamilies: readonly Family<ConnectionScrape>[] = [
  counter("connection_incoming_bytes", "Bytes received", (facts) => facts.receivedBytes),
  counter("connection_outgoing_bytes", "Bytes sent", (facts) => facts.sentBytes),
  counter("connection_process_reductions", "Always 0: there are no Erlang processes", () => 0),
];

export const connectionFamilies: readonly Family<ConnectionScrape>[] = [
  counter("connection_incoming_packets", "Frames received", (facts) => facts.receivedFrames),
  counter("connection_outgoing_packets", "Frames sent", (facts) => facts.sentFrames),
  gauge(
    "connection_pending_packets",
    "Bytes that wait for the socket",
    (facts) => facts.pendingBytes,
  ),
  gauge("connection_channels", "Channels of a connection", (facts) => facts.channelCount),
];

export const exchangeFamilies: readonly Family<Exchange>[] = [
  counter(
    "exchange_messages_published_in",
    "Messages published into an exchange",
    ({ counters }) => counters.publishedIn,
  ),
  counter(
    "exchange_messages_published_out",
    "Messages an exchange handed to queues",
    ({ counters }) => counters.publishedOut,
  ),
];
