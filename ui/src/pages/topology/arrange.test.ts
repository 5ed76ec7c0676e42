import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrange, type Placed, partsOf } from "./arrange.ts";
import { NODE_HEIGHT_PX, NODE_WIDTH_PX } from "./layout-size.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);

function shapeOf(placed: readonly Placed[]): number {
  const width = Math.max(...placed.map(([, x]) => x)) + NODE_WIDTH_PX;
  return width / (Math.max(...placed.map(([, , y]) => y)) + NODE_HEIGHT_PX);
}

describe("arrange", () => {
  it("keeps sources left of what they lead to", () => {
    const at = new Map(
      arrange(
        ["a", "b", "c"],
        [
          ["a", "b"],
          ["b", "c"],
        ],
      ).map(([id, x]) => [id, x]),
    );
    expect(at.get("a")).toBeLessThan(at.get("b") ?? 0);
    expect(at.get("b")).toBeLessThan(at.get("c") ?? 0);
  });

  it("gives many small parts, and one exchange with many queues, the shape of a screen", () => {
    const nodes = names(500);
    const stars = nodes.flatMap((id, index) =>
      index % 5 === 0 ? [] : [[`n${index - (index % 5)}`, id] as const],
    );
    const fan = nodes.slice(1).map((id) => ["n0", id] as const);
    for (const edges of [stars, fan, []]) {
      const shape = shapeOf(arrange(nodes, edges));
      expect(shape).toBeGreaterThan(0.8);
      expect(shape).toBeLessThan(4);
    }
  });

  it("places every node once, and no two over each other", () => {
    const graphs = fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 40 });
    fc.assert(
      fc.property(graphs, (pairs) => {
        const nodes = names(30);
        const placed = arrange(
          nodes,
          pairs.map(([from, to]) => [`n${from}`, `n${to}`] as const),
        );
        expect(placed.map(([id]) => id).toSorted()).toEqual(nodes.toSorted());
        for (const [index, [, x, y]] of placed.entries()) {
          for (const [, otherX, otherY] of placed.slice(index + 1)) {
            const apart = Math.abs(x - otherX) >= NODE_WIDTH_PX - 1;
            expect(apart || Math.abs(y - otherY) >= NODE_HEIGHT_PX - 1).toBe(true);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("partsOf", () => {
  it("separates what is not connected", () => {
    const parts = partsOf(["a", "b", "c", "d"], [["a", "c"]]);
    expect(parts.map(([ids]) => ids)).toEqual([["a", "c"], ["b"], ["d"]]);
  });
});
