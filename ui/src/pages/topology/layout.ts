// Positions of the nodes of a graph, worked out in a worker whenever the graph's shape changes.

import { useEffect, useRef, useState } from "react";
import type { Placed } from "./arrange.ts";
import type { Graph } from "./graph.ts";

export interface LayoutQuestion {
  readonly request: number;
  readonly nodes: readonly string[];
  readonly edges: readonly (readonly [string, string])[];
}

export interface LayoutAnswer {
  readonly request: number;
  readonly positions: readonly Placed[];
}

export type Positions = ReadonlyMap<string, { readonly x: number; readonly y: number }>;

/** The positions for the latest shape that was worked out. Undefined until the first. */
export function useLayout(graph: Graph): Positions | undefined {
  const worker = useRef<Worker | undefined>(undefined);
  const request = useRef(0);
  const [positions, setPositions] = useState<Positions | undefined>(undefined);
  useEffect(() => {
    const created = new Worker(new URL("./layout-worker.ts", import.meta.url), { type: "module" });
    created.onmessage = (event: MessageEvent<LayoutAnswer>) => {
      if (event.data.request !== request.current) return;
      setPositions(new Map(event.data.positions.map(([id, x, y]) => [id, { x, y }])));
    };
    worker.current = created;
    return () => created.terminate();
  }, []);
  const shape = JSON.stringify([
    graph.nodes.map((node) => node.id),
    graph.edges.map((edge) => edge.id),
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the shape matters, not rates
  useEffect(() => {
    request.current++;
    const question: LayoutQuestion = {
      request: request.current,
      nodes: graph.nodes.map((node) => node.id),
      edges: graph.edges.map((edge) => [edge.source, edge.target] as const),
    };
    worker.current?.postMessage(question);
  }, [shape]);
  return positions;
}
