// /api/overview: the whole node at a glance.

import { exchangeTypes } from "../../broker/exchange/types.ts";
import type { Vhost } from "../../broker/vhost.ts";
import type { ApiJson, ApiObject } from "../api-json.ts";
import type { Management } from "../management.ts";
import { nodeMetrics, totalsMetrics } from "../sampling/metrics.ts";
import type { ViewContext } from "./context.ts";
import { addNumbers, messageStats } from "./stats.ts";
import { LENGTHS } from "./vhost.ts";

const CHURN = [
  "channel_closed",
  "channel_created",
  "connection_closed",
  "connection_created",
  "queue_created",
  "queue_declared",
  "queue_deleted",
];

export function overviewView(management: Management, context: ViewContext): ApiObject {
  const { broker, node, sampler } = management;
  return {
    ...productView(management, context),
    ...(context.withStatistics ? statisticsPart(context) : {}),
    object_totals: {
      channels: broker.connections.channelCount,
      connections: broker.connections.count,
      consumers: consumerCount(broker.vhosts.values()),
      exchanges: broker.exchangeCount,
      queues: broker.queueCount,
    },
    statistics_db_event_queue: 0,
    node: broker.nodeName,
    listeners: node.listeners().map((listener) => ({
      node: broker.nodeName,
      protocol: listener.protocol,
      ip_address: listener.address,
      port: listener.port,
      tls: listener.tls,
      socket_opts: { backlog: 128, nodelay: true },
    })),
    contexts: contextsView(management, true),
    uptime: broker.clock.nowMs() - node.startedAtMs,
    sampled_at: sampler.totals.lastMs,
  };
}

/** What every user of the API may know of the node. */
export function productView(management: Management, context: ViewContext): ApiObject {
  const { broker, node, options } = management;
  return {
    management_version: node.rabbitmqVersion,
    rates_mode: options.ratesMode,
    sample_retention_policies: {
      global: [600, 3_600, 28_800, 86_400],
      basic: [600, 3_600],
      detailed: [600],
    },
    exchange_types: exchangeTypesView(),
    product_version: node.leveretVersion,
    product_name: "Leveret",
    rabbitmq_version: node.rabbitmqVersion,
    leveret_version: node.leveretVersion,
    cluster_name: broker.clusterName,
    cluster_tags: options.clusterTags,
    node_tags: options.nodeTags,
    default_queue_type: management.defaultQueueType(),
    erlang_version: node.platform,
    erlang_full_version: node.platform,
    crypto_lib_version: node.platform,
    release_series_support_status: "supported",
    disable_stats: !context.withStatistics,
    is_op_policy_updating_enabled: !options.operatorPolicyReadOnly,
    enable_queue_totals: context.withQueueTotals,
  };
}

function statisticsPart(context: ViewContext): ApiObject {
  const { sampler, ranges } = context;
  const totals = sampler.lastTotals;
  const churn: Record<string, ApiJson> = {};
  addNumbers(churn, sampler.lastNode, nodeMetrics, CHURN, sampler.node, ranges.rates);
  const lengths: Record<string, ApiJson> = {};
  addNumbers(lengths, totals, totalsMetrics, LENGTHS, sampler.totals, ranges.lengths);
  return {
    message_stats: messageStats(context, totals, totalsMetrics, sampler.totals) ?? {},
    churn_rates: churn,
    queue_totals: lengths,
  };
}

export function exchangeTypesView(): ApiJson {
  return [...exchangeTypes.values()].map(({ name, description, internalPurpose }) => ({
    name,
    description,
    ...(internalPurpose === undefined ? {} : { internal_purpose: internalPurpose }),
    enabled: true,
  }));
}

/** Web addresses: the API itself and the metrics. */
export function contextsView({ broker, node }: Management, withNode: boolean): ApiJson {
  return node
    .listeners()
    .filter(({ protocol }) => protocol.startsWith("http"))
    .map(({ protocol, address, port, tls }) => ({
      ssl_opts: [],
      ...(withNode ? { node: broker.nodeName } : {}),
      description: protocol.includes("prometheus") ? "Leveret Prometheus" : "Leveret Management",
      path: "/",
      port: String(port),
      ip: address,
      ...(tls ? { ssl: "true" } : {}),
      ...(protocol.includes("prometheus") ? { protocol: `'${protocol}'` } : {}),
    }));
}

export function consumerCount(vhosts: Iterable<Vhost>): number {
  let count = 0;
  for (const { queues } of vhosts) {
    for (const queue of queues.values()) count += queue.consumerCount;
  }
  return count;
}
