// Where each box of the map goes: what hangs together is laid out left to right, long columns are folded, and the
// separate parts are packed so that the whole has the shape of a screen.

import { Graph as DagreGraph, layout } from "@dagrejs/dagre";
import { NODE_HEIGHT_PX, NODE_WIDTH_PX } from "./layout-size.ts";

export type Placed = readonly [id: string, x: number, y: number];
type Edges = readonly (readonly [source: string, target: string])[];

const GAP_PX = 14;
const RANK_GAP_PX = 110;
/** Between folded columns of one rank. */
const FOLD_GAP_PX = 34;
const PART_GAP_PX = 56;
const ROW_PX = NODE_HEIGHT_PX + GAP_PX;
/** A rank with more boxes than this, and more than its share, is folded into several columns. */
const ROWS_MIN = 14;
/** Width by height of the whole, as of the window it is drawn in. */
const ASPECT = 1.7;

interface Part {
  readonly boxes: readonly Placed[];
  readonly width: number;
  readonly height: number;
}

/** The upper left corner of every node. */
export function arrange(nodes: readonly string[], edges: Edges): Placed[] {
  return pack(partsOf(nodes, edges).map(([names, inner]) => arrangePart(names, inner)));
}

/** Nodes that are connected in any way, with the edges between them. */
export function partsOf(nodes: readonly string[], edges: Edges): [string[], Edges][] {
  const parent = new Map(nodes.map((id) => [id, id]));
  const rootOf = (id: string): string => {
    let at = id;
    for (let up = parent.get(at); up !== undefined && up !== at; up = parent.get(at)) {
      parent.set(at, parent.get(up) ?? up);
      at = up;
    }
    return at;
  };
  for (const [source, target] of edges) parent.set(rootOf(source), rootOf(target));
  const parts = new Map<string, [string[], [string, string][]]>();
  for (const id of nodes) {
    const part = parts.get(rootOf(id)) ?? [[], []];
    part[0].push(id);
    parts.set(rootOf(id), part);
  }
  for (const [source, target] of edges) parts.get(rootOf(source))?.[1].push([source, target]);
  return [...parts.values()];
}

function arrangePart(nodes: readonly string[], edges: Edges): Part {
  const graph = new DagreGraph();
  graph.setGraph({ rankdir: "LR", nodesep: GAP_PX, ranksep: RANK_GAP_PX });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of nodes) graph.setNode(id, { width: NODE_WIDTH_PX, height: NODE_HEIGHT_PX });
  for (const [source, target] of edges) graph.setEdge(source, target);
  layout(graph);
  const placed: Placed[] = nodes.map((id) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return [id, x - NODE_WIDTH_PX / 2, y - NODE_HEIGHT_PX / 2];
  });
  return measured(fold(placed));
}

/** Ranks that are too tall become several columns beside each other; the others are centred beside them. */
function fold(placed: readonly Placed[]): readonly Placed[] {
  const ranks = new Map<number, Placed[]>();
  for (const box of placed) {
    const rank = ranks.get(Math.round(box[1])) ?? [];
    rank.push(box);
    ranks.set(Math.round(box[1]), rank);
  }
  const rowsMax = Math.max(ROWS_MIN, Math.ceil(Math.sqrt(placed.length) * ASPECT));
  if ([...ranks.values()].every((rank) => rank.length <= rowsMax)) return placed;
  let left = 0;
  const folded: Placed[] = [];
  for (const [, rank] of [...ranks].sort(([first], [second]) => first - second)) {
    const columns = Math.ceil(rank.length / rowsMax);
    const rows = Math.ceil(rank.length / columns);
    const top = ((rowsMax - rows) * ROW_PX) / 2;
    const ordered = rank.toSorted((first, second) => first[2] - second[2]);
    for (const [index, [id]] of ordered.entries()) {
      const column = Math.floor(index / rows);
      const x = left + column * (NODE_WIDTH_PX + FOLD_GAP_PX);
      folded.push([id, x, top + (index % rows) * ROW_PX]);
    }
    left += columns * (NODE_WIDTH_PX + FOLD_GAP_PX) + RANK_GAP_PX;
  }
  return folded;
}

function measured(placed: readonly Placed[]): Part {
  const left = Math.min(...placed.map(([, x]) => x));
  const top = Math.min(...placed.map(([, , y]) => y));
  const boxes = placed.map(([id, x, y]): Placed => [id, x - left, y - top]);
  return {
    boxes,
    width: Math.max(...boxes.map(([, x]) => x)) + NODE_WIDTH_PX,
    height: Math.max(...boxes.map(([, , y]) => y)) + NODE_HEIGHT_PX,
  };
}

/** Parts on shelves, the tallest first. */
function pack(parts: readonly Part[]): Placed[] {
  const area = parts.reduce(
    (sum, part) => sum + (part.width + PART_GAP_PX) * (part.height + PART_GAP_PX),
    0,
  );
  const shelfWidth = Math.max(Math.sqrt(area * ASPECT), ...parts.map((part) => part.width));
  const placed: Placed[] = [];
  let [x, y, shelfHeight] = [0, 0, 0];
  for (const part of parts.toSorted((first, second) => second.height - first.height)) {
    if (x > 0 && x + part.width > shelfWidth) [x, y, shelfHeight] = [0, y + shelfHeight, 0];
    for (const [id, left, top] of part.boxes) placed.push([id, x + left, y + top]);
    x += part.width + PART_GAP_PX;
    shelfHeight = Math.max(shelfHeight, part.height + PART_GAP_PX);
  }
  return placed;
}
