// Draws a graph: exchanges, queues and consumers as boxes, rates on the edges, backlog as heat.

import "@xyflow/react/dist/base.css";
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  type Rect,
  useReactFlow,
  useStore,
  type Viewport,
} from "@xyflow/react";
import { memo, useEffect, useMemo, useState } from "react";
import type { TopologyNode } from "../../api/beyond.ts";
import { count, rate } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { topology as texts } from "../../texts/explore.ts";
import { words } from "../../texts/words.ts";
import { type Graph, type GraphEdge, heatOf } from "./graph.ts";
import { type Positions, useLayout } from "./layout.ts";
import { NODE_HEIGHT_PX, NODE_WIDTH_PX } from "./layout-size.ts";
import classes from "./topology.module.css";

/** What a message would touch; everything else is dimmed. */
export interface Lit {
  readonly nodes: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
}

export interface TopologyMapProps {
  readonly vhost: string;
  readonly graph: Graph;
  readonly lit?: Lit;
  /** Changing it fits the whole drawing into view again. */
  readonly fitKey?: string;
}

type BoxData = { item: TopologyNode; vhost: string; dimmed: boolean };
type Box = Node<BoxData, "box">;

const NODE_TYPES = { box: memo(ObjectBox) };

export function TopologyMap({ vhost, graph, lit, fitKey = "" }: TopologyMapProps) {
  const positions = useLayout(graph);
  const [far, setFar] = useState(false);
  const nodes = useMemo(
    () => toBoxes(graph, positions, vhost, lit),
    [graph, positions, vhost, lit],
  );
  const edges = useMemo(
    () => (positions === undefined ? [] : graph.edges.map((edge) => toArrow(edge, lit, far))),
    [graph, positions, lit, far],
  );
  return (
    <section
      className={classes.map}
      data-small={lit !== undefined || undefined}
      data-far={far || undefined}
      aria-busy={positions === undefined}
      aria-label={texts.label}
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        nodesConnectable={false}
        nodesDraggable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        onlyRenderVisibleElements
        minZoom={0.05}
        maxZoom={1.6}
        proOptions={{ hideAttribution: true }}
      >
        <Background />
        <Controls showInteractive={false} />
        <WatchDistance nodes={graph.nodes.length} onChange={setFar} />
        <FitOnChange changed={`${fitKey} ${positions?.size ?? 0}`} isWhole={lit !== undefined} />
      </ReactFlow>
    </section>
  );
}

/** Smaller than this, only names are drawn, and those larger; on a large map sooner, as labels cost time to draw. */
const FAR_ZOOM = 0.5;
const FAR_ZOOM_LARGE = 0.85;
const LARGE_NODES = 100;

interface WatchDistanceProps {
  readonly nodes: number;
  readonly onChange: (far: boolean) => void;
}

function WatchDistance({ nodes, onChange }: WatchDistanceProps) {
  const limit = nodes > LARGE_NODES ? FAR_ZOOM_LARGE : FAR_ZOOM;
  const far = useStore((state) => state.transform[2] < limit);
  useEffect(() => onChange(far), [far, onChange]);
  return null;
}

/** A narrower map shows its beginning instead of everything, unless a message's way is to be seen. */
const PHONE_PX = 500;
const PHONE_ZOOM = 0.8;
const PHONE_PADDING_PX = 16;

function FitOnChange({ changed, isWhole }: { changed: string; isWhole: boolean }) {
  const flow = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const fits = isWhole || width > PHONE_PX;
  // biome-ignore lint/correctness/useExhaustiveDependencies: fits again only when the key changes
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (fits) void flow.fitView({ padding: 0.1, maxZoom: 1 });
      else void flow.setViewport(beginningOf(flow.getNodesBounds(flow.getNodes()), height));
    });
    return () => cancelAnimationFrame(frame);
  }, [changed, fits]);
  return null;
}

/** Where messages come in, large enough to be read: a thumb moves on from there. */
function beginningOf(bounds: Rect, heightPx: number): Viewport {
  const top = Math.max(PHONE_PADDING_PX, (heightPx - bounds.height * PHONE_ZOOM) / 2);
  return {
    x: PHONE_PADDING_PX - bounds.x * PHONE_ZOOM,
    y: top - bounds.y * PHONE_ZOOM,
    zoom: PHONE_ZOOM,
  };
}

function toBoxes(
  graph: Graph,
  positions: Positions | undefined,
  vhost: string,
  lit: Lit | undefined,
): Box[] {
  if (positions === undefined) return [];
  return graph.nodes.flatMap((item) => {
    const position = positions.get(item.id);
    if (position === undefined) return [];
    const dimmed = lit !== undefined && !lit.nodes.has(item.id);
    return {
      id: item.id,
      type: "box" as const,
      position: { ...position },
      width: NODE_WIDTH_PX,
      height: NODE_HEIGHT_PX,
      data: { item, vhost, dimmed },
    };
  });
}

const LABEL_CHARACTERS = 28;

function toArrow(edge: GraphEdge, lit: Lit | undefined, far: boolean): Edge {
  const isLit = lit?.edges.has(edge.id) ?? false;
  const keys = edge.keys.length > 1 ? texts.keys(edge.keys.length) : (edge.keys[0] ?? "");
  const short = keys.length > LABEL_CHARACTERS ? `${keys.slice(0, LABEL_CHARACTERS)}…` : keys;
  const label = [short, edge.rate > 0 ? rate(edge.rate) : ""].filter(Boolean).join(" · ");
  return {
    id: edge.id,
    source: edge.source,
    target: edge.target,
    label: far || (lit !== undefined && !isLit) ? undefined : label,
    className: `${classes[edge.kind] ?? ""} ${isLit ? classes.lit : ""}`,
    style: { strokeWidth: widthOf(edge, isLit), opacity: lit === undefined || isLit ? 1 : 0.2 },
    markerEnd: { type: MarkerType.ArrowClosed, color: "var(--lv-arrow)" },
  };
}

function widthOf(edge: GraphEdge, isLit: boolean): number {
  return isLit ? 3.5 : 1.2 + Math.min(5, 1.2 * Math.log10(1 + edge.rate));
}

function ObjectBox({ data }: NodeProps<Box>) {
  const { item, vhost, dimmed } = data;
  const heat = item.kind === "queue" ? heatOf(item.messages_ready) : undefined;
  return (
    <div
      className={classes.box}
      data-kind={item.kind}
      data-heat={heat}
      data-dimmed={dimmed || undefined}
    >
      <Handle type="target" position={Position.Left} className={classes.handle ?? ""} />
      <a className={classes.name} href={hrefOf(item, vhost)} title={item.name}>
        {item.name || words.defaultExchange}
      </a>
      <div className={classes.facts}>{factsOf(item)}</div>
      <Handle type="source" position={Position.Right} className={classes.handle ?? ""} />
    </div>
  );
}

function hrefOf(item: TopologyNode, vhost: string): string {
  if (item.kind === "queue") return linkTo.queue(vhost, item.name);
  if (item.kind === "exchange") return linkTo.exchange(vhost, item.name);
  return linkTo.connection(item.id.slice("connection:".length));
}

function factsOf(item: TopologyNode): string {
  if (item.kind === "queue") {
    return `${texts.ready(count(item.messages_ready))} · ${rate(item.rate_out)}`;
  }
  if (item.kind === "exchange") {
    return `${item.type} · ${texts.inOut(rate(item.rate_in), rate(item.rate_out))}`;
  }
  return texts.kinds[item.kind];
}
