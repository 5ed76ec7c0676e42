import { expect, it } from "vitest";
import type { Binding, Queue } from "../../api/types.ts";
import { deadLetterQueues } from "./dead-letter-queues.ts";

const queue = (name: string, rest: Partial<Queue> = {}): Queue => ({
  name,
  vhost: "/",
  durable: true,
  auto_delete: false,
  arguments: {},
  messages: 3,
  ...rest,
});
const binding = (source: string, destination: string, kind: "queue" | "exchange"): Binding => ({
  source,
  vhost: "/",
  destination,
  destination_type: kind,
  routing_key: "",
  arguments: {},
  properties_key: "~",
});

it("follows arguments, policies, exchange bindings and the default exchange", () => {
  const queues = [
    queue("a", { arguments: { "x-dead-letter-exchange": "dlx" } }),
    queue("b", { effective_policy_definition: { "dead-letter-exchange": "dlx" } }),
    queue("c", {
      arguments: { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "parked" },
    }),
    queue("dead"),
    queue("parked"),
    queue("plain"),
  ];
  const bindings = [
    binding("dlx", "more", "exchange"),
    binding("more", "dlx", "exchange"),
    binding("more", "dead", "queue"),
    binding("other", "plain", "queue"),
  ];
  expect(deadLetterQueues(queues, bindings)).toEqual([
    { vhost: "/", name: "dead", messages: 3, exchanges: ["dlx"], sources: ["a", "b"] },
    { vhost: "/", name: "parked", messages: 3, exchanges: [""], sources: ["c"] },
  ]);
});
