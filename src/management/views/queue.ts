// One queue as /api/queues shows it.

import type { Queue } from "../../broker/queue/queue.ts";
import type { ApiJson, ApiObject } from "../api-json.ts";
import { queueMetrics } from "../sampling/metrics.ts";
import { tableView } from "./arguments.ts";
import { idleSince } from "./channel.ts";
import { consumerView } from "./consumer.ts";
import type { ViewContext } from "./context.ts";
import { policyDefinition } from "./effective-policy.ts";
import { GARBAGE_COLLECTION, REDUCTIONS } from "./erlang-facts.ts";
import { addNumbers, messageStats } from "./stats.ts";

const LENGTHS = ["messages", "messages_ready", "messages_unacknowledged"];

export function queueView(queue: Queue, context: ViewContext): ApiObject {
  const object: Record<string, ApiJson> = { ...definitionPart(queue, context) };
  if (!context.withStatistics) return object;
  const { sampler, ranges } = context;
  const series = sampler.of<Queue>(queue, (ranges.lengths ?? ranges.rates) !== undefined);
  addNumbers(object, queue, queueMetrics, LENGTHS, series, ranges.lengths);
  Object.assign(object, contentPart(queue), typePart(queue, context));
  const stats = messageStats(queue, queueMetrics, series, ranges.rates);
  if (stats !== undefined) object.message_stats = stats;
  return object;
}

/** With consumers and rates per channel and exchange. */
export function queueDetailView(queue: Queue, context: ViewContext): ApiObject {
  const consumers = [...queue.consumers()].map((consumer) => consumerView(consumer, context));
  return {
    consumer_details: consumers,
    ...queueView(queue, context),
    deliveries: [],
    incoming: [],
  };
}

function definitionPart(queue: Queue, context: ViewContext): ApiObject {
  const { definition, settings } = queue;
  const { owner } = definition;
  const peer = owner === undefined ? undefined : context.broker.connections.get(owner.name);
  return {
    arguments: tableView(definition.arguments),
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
    owner_pid_details:
      owner === undefined
        ? undefined
        : {
            name: owner.name,
            peer_host: peer?.identity.peer.address ?? "",
            peer_port: peer?.identity.peer.port ?? 0,
          },
    policy: settings.policy ?? null,
    state: queue.state,
    type: definition.type.name,
    vhost: definition.vhost,
  };
}

/** Messages and bytes by where they are. */
function contentPart(queue: Queue): ApiObject {
  const { depth } = queue;
  const messages = depth.ready + depth.unacknowledged;
  const bytes = depth.readyBytes + depth.unacknowledgedBytes;
  const unacknowledgedInMemory = Math.max(0, depth.inMemory - depth.ready);
  return {
    consumer_capacity: capacityOf(queue),
    consumer_utilisation: capacityOf(queue),
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
    messages_paged_out: Math.max(0, messages - depth.inMemory),
    messages_persistent: depth.persistent,
    messages_ram: depth.inMemory,
    messages_ready_ram: depth.inMemory - unacknowledgedInMemory,
    messages_unacknowledged_ram: unacknowledgedInMemory,
    ...REDUCTIONS,
    single_active_consumer_tag: singleActiveConsumer(queue),
  };
}

/** What only some types have. */
function typePart(queue: Queue, { broker }: ViewContext): ApiObject {
  const { traits } = queue.definition.type;
  if (traits.mayBeTransient) return { recoverable_slaves: null, storage_version: 2 };
  const members = [broker.nodeName];
  const common = { leader: broker.nodeName, members, online: members };
  if (!traits.settlesRemove)
    return { ...common, readers: { [broker.nodeName]: queue.consumerCount } };
  return {
    ...common,
    delivery_limit: queue.settings.values.deliveryLimit ?? "unlimited",
    message_bytes_dlx: 0,
    messages_dlx: 0,
    open_files: { [broker.nodeName]: 0 },
  };
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
