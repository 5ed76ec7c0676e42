// Places the nodes of a graph, off the page's thread.

import { Graph as DagreGraph, layout } from "@dagrejs/dagre";
import type { LayoutAnswer, LayoutQuestion } from "./layout.ts";
import { NODE_HEIGHT_PX, NODE_WIDTH_PX } from "./layout-size.ts";

function place({ request, nodes, edges }: LayoutQuestion): LayoutAnswer {
  const graph = new DagreGraph();
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 110 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of nodes) graph.setNode(id, { width: NODE_WIDTH_PX, height: NODE_HEIGHT_PX });
  for (const [source, target] of edges) graph.setEdge(source, target);
  layout(graph);
  const positions: [string, number, number][] = nodes.map((id) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return [id, x - NODE_WIDTH_PX / 2, y - NODE_HEIGHT_PX / 2];
  });
  return { request, positions };
}

self.onmessage = (event: MessageEvent<LayoutQuestion>) => self.postMessage(place(event.data));
