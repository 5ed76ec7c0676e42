// One queue as /api/queues shows it.

import { tableToPlainJson } from "../../broker/message/field-table-json.ts";
import { bytesIn, messagesIn } from "../../broker/queue/depth-figures.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import type { ApiJson, ApiObject } from "../api-json.ts";
import { type QueueFigures, queueMetrics } from "../sampling/metrics.ts";
import { detailsOf } from "../sampling/series.ts";
import { idleSince } from "./channel.ts";
import { consumerView } from "./consumer.ts";
import type { ViewContext } from "./context.ts";
import { policyDefinition } from "./effective-policy.ts";
import { GARBAGE_COLLECTION } from "./erlang-facts.ts";
import { deliveriesOf, incomingTo } from "./pairs.ts";
import { messageStats } from "./stats.ts";

/** One literal and no spreads: a list makes thousands of these. */
export function queueView(queue: Queue, context: ViewContext): ApiObject {
  const { definition, settings, depth, counters } = queue;
  const { owner } = definition;
  const { sampler, ranges } = context;
  const series = sampler.of<QueueFigures>(queue, (ranges.lengths ?? ranges.rates) !== undefined);
  const messages = messagesIn(depth);
  const bytes = bytesIn(depth);
  const unacknowledgedInMemory = Math.max(0, depth.inMemory - depth.ready);
  const capacity = capacityOf(queue);
  const object: Record<string, ApiJson> = {
    arguments: tableToPlainJson(definition.arguments),
    auto_delete: definition.autoDelete,
    durable: definition.durable,
    effective_policy_definition: policyDefinition(context.broker.policies, queue),
    exclusive: owner !== undefined,
    exclusive_consumer_tag: exclusiveConsumer(queue),
    idle_since: idleSince(queue.idleSinceMs, context),
    internal: false,
    name: definition.name,
    node: context.broker.nodeName,
    operator_policy: settings.operatorPolicy ?? null,
    owner_pid_details: owner === undefined ? undefined : ownerView(owner.name, context),
    policy: settings.policy ?? null,
    state: queue.state,
    type: definition.type.name,
    vhost: definition.vhost,
    consumer_capacity: capacity,
    consumer_utilisation: capacity,
    consumers: queue.consumerCount,
    garbage_collection: GARBAGE_COLLECTION,
    head_message_timestamp: null,
    memory: depth.inMemoryBytes,
    message_bytes: bytes,
    message_bytes_paged_out: Math.max(0, bytes - depth.inMemoryBytes),
    message_bytes_persistent: depth.persistentBytes,
    message_bytes_ram: depth.inMemoryBytes,
    message_bytes_ready: depth.readyBytes,
    message_bytes_unacknowledged: depth.unacknowledgedBytes,
    messages,
    messages_paged_out: Math.max(0, messages - depth.inMemory),
    messages_persistent: depth.persistent,
    messages_ram: depth.inMemory,
    messages_ready: depth.ready,
    messages_ready_ram: depth.inMemory - unacknowledgedInMemory,
    messages_unacknowledged: depth.unacknowledged,
    messages_unacknowledged_ram: unacknowledgedInMemory,
    reductions: 0,
    reductions_details: NO_RATE,
    single_active_consumer_tag: singleActiveConsumer(queue),
    messages_details: detailsOf(series, MESSAGES, ranges.lengths),
    messages_ready_details: detailsOf(series, READY, ranges.lengths),
    messages_unacknowledged_details: detailsOf(series, UNACKNOWLEDGED, ranges.lengths),
    message_stats: messageStats(context, { depth, counters }, queueMetrics, series),
  };
  addTypePart(object, queue, context);
  if (!context.withStatistics) removeStatistics(object, context.withQueueTotals);
  return object;
}

function ownerView(name: string, { broker }: ViewContext): ApiObject {
  const peer = broker.connections.get(name)?.identity.peer;
  return { name, peer_host: peer?.address ?? "", peer_port: peer?.port ?? 0 };
}

/** What `disable_stats` leaves out. */
function removeStatistics(object: Record<string, ApiJson>, keepsTotals: boolean): void {
  for (const name of Object.keys(object)) {
    if (STATISTICS.test(name) && !(keepsTotals && TOTALS.has(name))) delete object[name];
  }
}
const TOTALS: ReadonlySet<string> = new Set([
  "messages",
  "messages_ready",
  "messages_unacknowledged",
]);
const STATISTICS = /^(messages?(_|$)|consumers$|consumer_|memory$|reductions|garbage_collection)/;

/** Places in the table of metrics. */
const [MESSAGES, READY, UNACKNOWLEDGED] = [
  "messages",
  "messages_ready",
  "messages_unacknowledged",
].map((wanted) => queueMetrics.findIndex(({ name }) => name === wanted)) as [
  number,
  number,
  number,
];

/** With consumers and rates per channel and exchange. */
export function queueDetailView(queue: Queue, context: ViewContext): ApiObject {
  const consumers = [...queue.consumers()].map((consumer) => consumerView(consumer, context));
  return {
    consumer_details: consumers,
    ...queueView(queue, context),
    deliveries: deliveriesOf(queue, context),
    incoming: incomingTo(queue, context),
  };
}

const NO_RATE = { rate: 0 };

/** What only some types have. */
function addTypePart(into: Record<string, ApiJson>, queue: Queue, { broker }: ViewContext): void {
  const { traits } = queue.definition.type;
  const successor = queue.state === "converting" ? queue.transfer?.partner : undefined;
  if (successor !== undefined) {
    into.conversion = { to: successor.definition.type.name, moved: successor.depth.ready };
  }
  if (traits.mayBeTransient) {
    into.recoverable_slaves = null;
    into.storage_version = 2;
    return;
  }
  const members = [broker.nodeName];
  into.leader = broker.nodeName;
  into.members = members;
  into.online = members;
  if (!traits.settlesRemove) {
    into.readers = { [broker.nodeName]: queue.consumerCount };
    addStreamPart(into, queue);
    return;
  }
  into.delivery_limit = queue.settings.values.deliveryLimit ?? "unlimited";
  into.message_bytes_dlx = queue.depth.deadLettersBytes;
  into.messages_dlx = queue.depth.deadLetters;
  into.open_files = { [broker.nodeName]: 0 };
}

function addStreamPart(into: Record<string, ApiJson>, { stream }: Queue): void {
  if (stream === undefined) return;
  into.segments = stream.segmentCount;
  into.first_offset = stream.firstOffset;
  into.committed_offset = stream.committedOffset ?? null;
  into.last_offset = stream.nextOffset === 0 ? null : stream.nextOffset - 1;
  into.stored_bytes = stream.sizeBytes;
}

/** The share of time the queue could hand out messages at once: 1 with a consumer that has credit. */
function capacityOf(queue: Queue): number {
  if (queue.consumerCount === 0) return 0;
  for (const consumer of queue.consumers()) {
    if (consumer.active && consumer.hasCredit) return 1;
  }
  return 0;
}

function exclusiveConsumer(queue: Queue): string | null {
  for (const consumer of queue.consumers()) if (consumer.exclusive) return consumer.tag;
  return null;
}

function singleActiveConsumer(queue: Queue): string | null {
  if (!queue.settings.values.singleActiveConsumer) return null;
  for (const consumer of queue.consumers()) if (consumer.active) return consumer.tag;
  return null;
}
