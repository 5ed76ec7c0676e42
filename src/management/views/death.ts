// Where and why a dead letter died, from its x-death header.

import { type FieldValue, integerOf, textOf } from "../../broker/message/field-table.ts";
import type { MessageProperties } from "../../broker/message/message-properties.ts";

export interface Death {
  readonly reason: string;
  readonly queue: string;
  readonly exchange: string;
  readonly count: number;
}

/** The latest death, or undefined for a message that never died. Whatever a client wrote there is taken for what it says. */
export function deathOf(properties: MessageProperties): Death | undefined {
  const deaths: FieldValue | undefined = properties.headers?.get("x-death");
  const latest = deaths?.type === "A" ? deaths.value[0] : undefined;
  if (latest?.type !== "F") return undefined;
  const { value } = latest;
  return {
    reason: textOf(value.get("reason")) ?? "",
    queue: textOf(value.get("queue")) ?? "",
    exchange: textOf(value.get("exchange")) ?? "",
    count: Number(integerOf(value.get("count")) ?? 1),
  };
}
