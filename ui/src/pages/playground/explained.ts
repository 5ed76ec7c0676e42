// What of the topology an explanation touches.

import type { ExplainedExchange, Explanation } from "../../api/beyond.ts";
import { edgeId } from "../topology/graph.ts";
import type { Lit } from "../topology/topology-map.tsx";

/** The exchanges, queues and edges a message would go through. */
export function litBy(explanation: Explanation): Lit {
  const nodes = new Set<string>();
  const edges = new Set<string>();
  const visit = (exchange: ExplainedExchange): void => {
    const source = `exchange:${exchange.exchange}`;
    nodes.add(source);
    for (const binding of exchange.bindings) {
      if (!binding.matched) continue;
      const target = `${binding.destination_type}:${binding.destination}`;
      nodes.add(target);
      edges.add(edgeId("binding", source, target));
      if (binding.next) visit(binding.next);
    }
    if (exchange.alternate && !exchange.alternate.missing) {
      edges.add(edgeId("alternate", source, `exchange:${exchange.alternate.exchange}`));
      visit(exchange.alternate);
    }
  };
  visit(explanation);
  return { nodes, edges };
}
