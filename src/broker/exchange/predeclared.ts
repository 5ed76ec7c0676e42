// The exchanges every vhost has from the start.

import { TRACE_EXCHANGE } from "../names.ts";

export interface PredeclaredExchange {
  readonly name: string;
  readonly type: string;
  readonly internal: boolean;
}

/** All are durable. The default exchange is made by the vhost itself. */
export const predeclaredExchanges: readonly PredeclaredExchange[] = [
  { name: "amq.direct", type: "direct", internal: false },
  { name: "amq.fanout", type: "fanout", internal: false },
  { name: "amq.topic", type: "topic", internal: false },
  { name: "amq.headers", type: "headers", internal: false },
  { name: "amq.match", type: "headers", internal: false },
  { name: TRACE_EXCHANGE, type: "topic", internal: true },
];

const names: ReadonlySet<string> = new Set(["", ...predeclaredExchanges.map(({ name }) => name)]);

/** Comes with its vhost, so that nothing else has to remember it. */
export function isPredeclared(name: string): boolean {
  return names.has(name);
}
