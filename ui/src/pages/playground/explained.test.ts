import { expect, it } from "vitest";
import { litBy } from "./explained.ts";

it("lights what matched, along exchange bindings and alternate exchanges, and nothing else", () => {
  const binding = (destination: string, matched: boolean) => ({
    destination,
    destination_type: "queue" as const,
    routing_key: "k",
    matched,
    why: "",
  });
  const lit = litBy({
    exchange: "a",
    bindings: [
      binding("no", false),
      {
        ...binding("b", true),
        destination_type: "exchange",
        next: {
          exchange: "b",
          bindings: [],
          alternate: { exchange: "c", bindings: [binding("q", true)] },
        },
      },
    ],
    permissions: {},
    queues: ["q"],
  });
  expect([...lit.nodes].toSorted()).toEqual(["exchange:a", "exchange:b", "exchange:c", "queue:q"]);
  expect([...lit.edges].toSorted()).toEqual([
    "alternate exchange:b exchange:c",
    "binding exchange:a exchange:b",
    "binding exchange:c queue:q",
  ]);
});
