// Places the nodes of a graph, off the page's thread.

import { arrange } from "./arrange.ts";
import type { LayoutAnswer, LayoutQuestion } from "./layout.ts";

self.onmessage = (event: MessageEvent<LayoutQuestion>) => {
  const { request, nodes, edges } = event.data;
  const answer: LayoutAnswer = { request, positions: arrange(nodes, edges) };
  self.postMessage(answer);
};
