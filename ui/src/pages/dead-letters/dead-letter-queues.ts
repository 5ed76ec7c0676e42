// Finds the queues that dead letter exchanges lead to.

import type { Binding, Queue } from "../../api/types.ts";
import { deadLetterExchange } from "../topology/topology-data.ts";

export interface DeadLetterQueue {
  readonly vhost: string;
  readonly name: string;
  readonly messages: number | undefined;
  /** Dead letter exchanges it is reached through. */
  readonly exchanges: readonly string[];
  /** Queues whose dead letters may arrive. */
  readonly sources: readonly string[];
}

/** Queues with a dead letter exchange that leads, also over other exchanges, to each queue found. */
export function deadLetterQueues(
  queues: readonly Queue[],
  bindings: readonly Binding[],
): DeadLetterQueue[] {
  const found = new Map<string, { queue: Queue; exchanges: Set<string>; sources: Set<string> }>();
  const byName = new Map(queues.map((queue) => [keyOf(queue.vhost, queue.name), queue]));
  const bySource = groupBySource(bindings);
  for (const source of queues) {
    const exchange = deadLetterExchange(source);
    if (exchange === undefined) continue;
    for (const name of reached(source, exchange, bySource)) {
      const queue = byName.get(keyOf(source.vhost, name));
      if (queue === undefined) continue;
      const key = keyOf(queue.vhost, name);
      const entry = found.get(key) ?? { queue, exchanges: new Set(), sources: new Set() };
      entry.exchanges.add(exchange);
      entry.sources.add(source.name);
      found.set(key, entry);
    }
  }
  return [...found.values()].map(({ queue, exchanges, sources }) => ({
    vhost: queue.vhost,
    name: queue.name,
    messages: queue.messages,
    exchanges: [...exchanges],
    sources: [...sources],
  }));
}

function groupBySource(bindings: readonly Binding[]): Map<string, Binding[]> {
  const groups = new Map<string, Binding[]>();
  for (const binding of bindings) {
    const key = keyOf(binding.vhost, binding.source);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [binding]);
    else group.push(binding);
  }
  return groups;
}

function keyOf(vhost: string, name: string): string {
  return JSON.stringify([vhost, name]);
}

/** Names of queues bound to the exchange, directly or over others; the default exchange leads by key. */
function reached(
  source: Queue,
  exchange: string,
  bySource: ReadonlyMap<string, readonly Binding[]>,
): Set<string> {
  const key =
    source.arguments["x-dead-letter-routing-key"] ??
    source.effective_policy_definition?.["dead-letter-routing-key"];
  if (exchange === "") return new Set(typeof key === "string" ? [key] : []);
  const queues = new Set<string>();
  const seen = new Set([exchange]);
  const waiting = [exchange];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const binding of bySource.get(keyOf(source.vhost, at)) ?? []) {
      if (binding.destination_type === "queue") queues.add(binding.destination);
      else if (!seen.has(binding.destination)) {
        seen.add(binding.destination);
        waiting.push(binding.destination);
      }
    }
  }
  return queues;
}
