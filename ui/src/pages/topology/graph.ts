// The topology as a graph to draw: parallel edges joined, parts left out, limited to what is around one object.

import type { Topology, TopologyEdge, TopologyNode } from "../../api/beyond.ts";

export interface GraphEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly kind: TopologyEdge["kind"];
  /** Routing keys, or consumer tags. */
  readonly keys: readonly string[];
  readonly rate: number;
}

export interface Graph {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly GraphEdge[];
}

export interface GraphChoice {
  readonly consumers: boolean;
  readonly deadLetters: boolean;
  /** Also exchanges that nothing is connected to. */
  readonly unused: boolean;
  /** Id of a node: only what leads there and what it leads to. */
  readonly focus: string | undefined;
}

/** An edge's id; bindings between the same two objects are one edge. */
export function edgeId(kind: string, source: string, target: string): string {
  return `${kind} ${source} ${target}`;
}

export function buildGraph(topology: Topology, choice: GraphChoice): Graph {
  const known = new Set(topology.nodes.map((node) => node.id));
  const edges = joinEdges(
    topology.edges.filter(
      (edge) => known.has(edge.source) && known.has(edge.target) && isChosen(edge, choice),
    ),
  );
  const kept = choice.focus === undefined ? undefined : around(choice.focus, edges);
  const connected = new Set(edges.flatMap((edge) => [edge.source, edge.target]));
  const nodes = topology.nodes.filter((node) => {
    if (kept !== undefined) return kept.has(node.id);
    if (node.kind === "queue") return true;
    if (node.kind === "connection") return choice.consumers && connected.has(node.id);
    return choice.unused || connected.has(node.id);
  });
  const shown = new Set(nodes.map((node) => node.id));
  return {
    nodes,
    edges: edges.filter((edge) => shown.has(edge.source) && shown.has(edge.target)),
  };
}

function isChosen(edge: TopologyEdge, choice: GraphChoice): boolean {
  if (edge.kind === "consumer") return choice.consumers;
  if (edge.kind === "binding") return true;
  return choice.deadLetters;
}

function joinEdges(edges: readonly TopologyEdge[]): GraphEdge[] {
  const joined = new Map<string, { keys: Set<string>; rate: number; edge: TopologyEdge }>();
  for (const edge of edges) {
    const id = edgeId(edge.kind, edge.source, edge.target);
    const found = joined.get(id) ?? { keys: new Set(), rate: 0, edge };
    const key = edge.tag ?? edge.routing_key;
    if (key) found.keys.add(key);
    // Parallel bindings are told the rate of their common destination each.
    found.rate = Math.max(found.rate, edge.rate ?? 0);
    joined.set(id, found);
  }
  return [...joined].map(
    ([
      id,
      {
        keys,
        rate,
        edge: { source, target, kind },
      },
    ]) => ({
      id,
      source,
      target,
      kind,
      keys: [...keys],
      rate,
    }),
  );
}

/** The object, everything that leads to it, and everything it leads to. */
function around(focus: string, edges: readonly GraphEdge[]): Set<string> {
  const found = new Set([focus]);
  walk(focus, edges, (edge) => [edge.source, edge.target], found);
  const upward = new Set([focus]);
  walk(focus, edges, (edge) => [edge.target, edge.source], upward);
  return new Set([...found, ...upward]);
}

function walk(
  from: string,
  edges: readonly GraphEdge[],
  ends: (edge: GraphEdge) => [string, string],
  found: Set<string>,
): void {
  const next = new Map<string, string[]>();
  for (const edge of edges) {
    const [start, end] = ends(edge);
    next.set(start, [...(next.get(start) ?? []), end]);
  }
  const waiting = [from];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const id of next.get(at) ?? []) {
      if (found.has(id)) continue;
      found.add(id);
      waiting.push(id);
    }
  }
}

/** 0 for an empty queue up to 4 for a hundred thousand waiting messages and more. */
export function heatOf(ready: number | undefined): number {
  if (!ready) return 0;
  return Math.min(4, 1 + Math.floor(Math.log10(ready) / 1.5));
}
