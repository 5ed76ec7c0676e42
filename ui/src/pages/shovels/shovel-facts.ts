// Shovels as the API tells them: running ones, and the parameters that define them.

import type { Arguments } from "../../api/types.ts";

export interface RunningShovel {
  readonly name: string;
  readonly vhost?: string;
  readonly type: string;
  readonly state: string;
  readonly timestamp?: string;
  readonly reason?: string;
  readonly node?: string;
  readonly [field: string]: unknown;
}

export interface ShovelEnd {
  readonly protocol: string;
  readonly uri: string;
  readonly endpoint: string;
}

/** One end of a shovel, with its own place in words: a queue, an exchange with its key, or an address. */
export function shovelEnd(facts: Arguments, side: "src" | "dest"): ShovelEnd {
  const field = (name: string): string =>
    first(facts[`${side}-${name}`] ?? facts[`${side}_${name}`]);
  const exchange = field("exchange");
  const key = field("exchange-key") || field("exchange_key");
  const endpoint =
    field("queue") || (exchange && `${exchange} ${key}`.trim()) || key || field("address");
  return { protocol: field("protocol") || "amqp091", uri: field("uri"), endpoint };
}

function first(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(", ");
  return value === undefined || value === null ? "" : String(value);
}
