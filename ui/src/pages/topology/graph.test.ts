import { describe, expect, it } from "vitest";
import { buildGraph, heatOf } from "./graph.ts";

const all = { consumers: true, deadLetters: true, unused: false, focus: undefined };
const node = (kind: "exchange" | "queue" | "connection", name: string) => ({
  id: `${kind}:${name}`,
  kind,
  name,
});
const topology = {
  nodes: [
    node("exchange", "orders"),
    node("exchange", "lonely"),
    node("exchange", "dead"),
    node("queue", "new"),
    node("queue", "other"),
    node("connection", "c1"),
  ],
  edges: [
    { source: "exchange:orders", target: "queue:new", kind: "binding", routing_key: "a", rate: 3 },
    { source: "exchange:orders", target: "queue:new", kind: "binding", routing_key: "b", rate: 3 },
    { source: "queue:new", target: "exchange:dead", kind: "dead-letter" },
    { source: "queue:new", target: "connection:c1", kind: "consumer", tag: "t" },
    { source: "exchange:gone", target: "queue:new", kind: "binding" },
  ] as const,
};
const ids = (graph: { nodes: readonly { id: string }[] }) => graph.nodes.map(({ id }) => id);

describe("buildGraph", () => {
  it("joins parallel bindings and leaves out unused exchanges and edges from nowhere", () => {
    const graph = buildGraph(topology, all);
    expect(ids(graph)).not.toContain("exchange:lonely");
    expect(graph.edges).toHaveLength(3);
    expect(graph.edges[0]).toMatchObject({ keys: ["a", "b"], rate: 3 });
  });

  it("shows what is around one object only", () => {
    const graph = buildGraph(topology, { ...all, focus: "queue:new" });
    expect(ids(graph).toSorted()).toEqual([
      "connection:c1",
      "exchange:dead",
      "exchange:orders",
      "queue:new",
    ]);
  });

  it("leaves out consumers and dead letters when they are not wanted", () => {
    const graph = buildGraph(topology, { ...all, consumers: false, deadLetters: false });
    expect(graph.edges.map((edge) => edge.kind)).toEqual(["binding"]);
    expect(ids(graph)).toEqual(["exchange:orders", "queue:new", "queue:other"]);
  });
});

describe("heatOf", () => {
  it("grows with the backlog", () => {
    expect([0, 1, 50, 5000, 1e6].map(heatOf)).toEqual([0, 1, 2, 3, 4]);
  });
});
