// One channel as /api/channels shows it.

import type { ChannelFacts, ChannelView } from "../../broker/connection-registry.ts";
import type { ApiObject } from "../api-json.ts";
import { messageMetrics } from "../sampling/metrics.ts";
import { channelName, consumerView } from "./consumer.ts";
import type { ViewContext } from "./context.ts";
import { GARBAGE_COLLECTION, REDUCTIONS } from "./erlang-facts.ts";
import { deliveriesTo, publishesOf } from "./pairs.ts";
import { messageStats } from "./stats.ts";

export function channelView(channel: ChannelView, context: ViewContext): ApiObject {
  const facts = channel.describe();
  const { broker, sampler, ranges } = context;
  const series = sampler.of<ChannelFacts["counters"]>(channel, ranges.rates !== undefined);
  const peer = broker.connections.get(facts.connectionName)?.identity.peer;
  return {
    acks_uncommitted: facts.uncommittedAckCount,
    confirm: facts.confirms,
    connection_details: {
      name: facts.connectionName,
      peer_host: peer?.address ?? "",
      peer_port: peer?.port ?? 0,
    },
    consumer_count: facts.consumerCount,
    garbage_collection: GARBAGE_COLLECTION,
    global_prefetch_count: facts.globalPrefetchMax,
    idle_since: idleSince(facts.idleSinceMs, context),
    message_stats: context.withStatistics
      ? messageStats(context, facts.counters, messageMetrics, series)
      : undefined,
    messages_unacknowledged: facts.unackedCount,
    messages_uncommitted: facts.uncommittedCount,
    messages_unconfirmed: facts.unconfirmedCount,
    name: channelName(facts),
    node: broker.nodeName,
    number: facts.number,
    pending_raft_commands: 0,
    prefetch_count: facts.prefetchMax,
    ...REDUCTIONS,
    state: facts.state,
    transactional: facts.transactional,
    user: facts.user,
    user_who_performed_action: facts.user,
    vhost: facts.vhost,
  };
}

/** With consumers and the rates per queue and exchange. */
export function channelDetailView(channel: ChannelView, context: ViewContext): ApiObject {
  const facts = channel.describe();
  const vhost = context.broker.vhosts.get(facts.vhost);
  const consumers: ApiObject[] = [];
  for (const queue of vhost?.queues.values() ?? []) {
    for (const consumer of queue.consumers()) {
      if (consumer.target.channel === channel) consumers.push(consumerView(consumer, context));
    }
  }
  return {
    ...channelView(channel, context),
    consumer_details: consumers,
    deliveries: deliveriesTo(channel, context),
    publishes: publishesOf(channel, context),
  };
}

/** RFC 3339 with milliseconds and +00:00, as RabbitMQ writes it; left out while in use. */
export function idleSince(
  monotonicMs: number | undefined,
  { broker }: ViewContext,
): string | undefined {
  if (monotonicMs === undefined) return undefined;
  const { clock } = broker;
  const wallMs = clock.nowMs() - (clock.monotonicMs() - monotonicMs);
  return new Date(wallMs).toISOString().replace("Z", "+00:00");
}
