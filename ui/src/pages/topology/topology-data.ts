// The topology of a virtual host: asked for whole, or put together from lists on brokers that cannot draw it.

import type { Topology, TopologyEdge, TopologyNode } from "../../api/beyond.ts";
import { apiPath } from "../../api/client.ts";
import { useApi, useBroker } from "../../api/query.ts";
import type { Binding, Consumer, Details, Exchange, Queue, Stats } from "../../api/types.ts";

export interface TopologyResult {
  readonly topology: Topology | undefined;
  readonly error: Error | null;
}

export function useTopology(vhost: string): TopologyResult {
  const { isLeveret, overview } = useBroker();
  const known = overview !== undefined;
  const whole = useApi<Topology>("/topology", { query: { vhost }, enabled: known && isLeveret });
  const parts = useParts(vhost, known && !isLeveret);
  return isLeveret ? { topology: whole.data, error: whole.error } : parts;
}

function useParts(vhost: string, enabled: boolean): TopologyResult {
  const exchanges = useApi<readonly Exchange[]>(apiPath("exchanges", vhost), { enabled });
  const queues = useApi<readonly Queue[]>(apiPath("queues", vhost), { enabled });
  const bindings = useApi<readonly Binding[]>(apiPath("bindings", vhost), { enabled });
  const consumers = useApi<readonly Consumer[]>(apiPath("consumers", vhost), { enabled });
  const error = exchanges.error ?? queues.error ?? bindings.error ?? consumers.error;
  if (!exchanges.data || !queues.data || !bindings.data || !consumers.data) {
    return { topology: undefined, error };
  }
  const topology = composeTopology(exchanges.data, queues.data, bindings.data, consumers.data);
  return { topology, error: null };
}

/** Nodes and edges as GET /topology gives them. */
export function composeTopology(
  exchanges: readonly Exchange[],
  queues: readonly Queue[],
  bindings: readonly Binding[],
  consumers: readonly Consumer[],
): Topology {
  const nodes: TopologyNode[] = [...exchanges.map(exchangeNode), ...queues.map(queueNode)];
  const rates = new Map(nodes.map((node) => [node.id, node.rate_in ?? 0]));
  const edges: TopologyEdge[] = [
    ...bindings.filter((binding) => binding.source !== "").map((item) => bindingEdge(item, rates)),
    ...exchanges.flatMap(alternateEdges),
    ...queues.flatMap(deadLetterEdges),
  ];
  const connections = new Set<string>();
  for (const { channel_details: channel, queue, consumer_tag: tag } of consumers) {
    const connection = channel.connection_name ?? channel.name;
    if (!connection) continue;
    if (!connections.has(connection)) {
      connections.add(connection);
      nodes.push({ id: `connection:${connection}`, kind: "connection", name: connection });
    }
    edges.push({
      source: `queue:${queue.name}`,
      target: `connection:${connection}`,
      kind: "consumer",
      tag,
    });
  }
  return { nodes, edges };
}

function rateOf(stats: Stats | undefined, field: string): number {
  return (stats?.[`${field}_details`] as Details | undefined)?.rate ?? 0;
}

function exchangeNode(exchange: Exchange): TopologyNode {
  return {
    id: `exchange:${exchange.name}`,
    kind: "exchange",
    name: exchange.name,
    type: exchange.type,
    rate_in: rateOf(exchange.message_stats, "publish_in"),
    rate_out: rateOf(exchange.message_stats, "publish_out"),
  };
}

function queueNode(queue: Queue): TopologyNode {
  return {
    id: `queue:${queue.name}`,
    kind: "queue",
    name: queue.name,
    type: queue.type,
    state: queue.state,
    messages: queue.messages,
    messages_ready: queue.messages_ready,
    consumers: queue.consumers,
    rate_in: rateOf(queue.message_stats, "publish"),
    rate_out: rateOf(queue.message_stats, "deliver_get"),
  };
}

function bindingEdge(binding: Binding, rates: ReadonlyMap<string, number>): TopologyEdge {
  const target = `${binding.destination_type}:${binding.destination}`;
  return {
    source: `exchange:${binding.source}`,
    target,
    kind: "binding",
    routing_key: binding.routing_key,
    rate: rates.get(target) ?? 0,
  };
}

function alternateEdges(exchange: Exchange): TopologyEdge[] {
  const alternate = exchange.arguments["alternate-exchange"];
  if (typeof alternate !== "string") return [];
  return [
    { source: `exchange:${exchange.name}`, target: `exchange:${alternate}`, kind: "alternate" },
  ];
}

function deadLetterEdges(queue: Queue): TopologyEdge[] {
  const exchange = deadLetterExchange(queue);
  if (exchange === undefined) return [];
  return [{ source: `queue:${queue.name}`, target: `exchange:${exchange}`, kind: "dead-letter" }];
}

/** Where a queue's dead letters go, by argument or policy. */
export function deadLetterExchange(queue: Queue): string | undefined {
  const exchange =
    queue.arguments["x-dead-letter-exchange"] ??
    queue.effective_policy_definition?.["dead-letter-exchange"];
  return typeof exchange === "string" ? exchange : undefined;
}
