// What a reader of a stream asks for: where to begin, which messages, under what name. Read from the arguments of
// basic.consume, or made by another protocol.

import { type FieldTable, type FieldValue, integerOf, textOf } from "../message/field-table.ts";
import { parseAge } from "../settings/setting.ts";

/** Where a reader begins. Timestamps are wall time in ms. */
export type OffsetSpecification =
  | { readonly from: "first" | "last" | "next" }
  | { readonly from: "offset"; readonly offset: number }
  | { readonly from: "timestamp"; readonly timestampMs: number };

/** Messages with one of these filter values; with `matchUnfiltered` those without a value too. */
export interface StreamFilter {
  readonly values: readonly Uint8Array[];
  readonly matchUnfiltered: boolean;
}

export interface StreamSubscription {
  /** Undefined: behind the offset tracked under the name, or else with the next message. */
  readonly offset: OffsetSpecification | undefined;
  readonly filter: StreamFilter | undefined;
  /** What it has settled is tracked under this name. */
  readonly name: string | undefined;
  /** Of the readers of that name only one gets messages. */
  readonly singleActive: boolean;
}

/** The subscription that `consumerArguments` ask for, which have been checked. `nowMs` is for ages like "1h". */
export function subscriptionFrom(consumerArguments: FieldTable, nowMs: number): StreamSubscription {
  const singleActive = consumerArguments.get("x-single-active-consumer");
  return {
    offset: offsetFrom(consumerArguments.get("x-stream-offset"), nowMs),
    filter: filterFrom(consumerArguments),
    name: textOf(consumerArguments.get("x-stream-consumer-name")),
    singleActive: singleActive?.type === "t" && singleActive.value,
  };
}

function offsetFrom(value: FieldValue | undefined, nowMs: number): OffsetSpecification | undefined {
  if (value === undefined) return undefined;
  if (value.type === "T") return { from: "timestamp", timestampMs: Number(value.value) * 1_000 };
  const number = integerOf(value);
  if (number !== undefined) return { from: "offset", offset: Number(number) };
  const text = textOf(value) ?? "";
  if (text === "first" || text === "last" || text === "next") return { from: text };
  return { from: "timestamp", timestampMs: nowMs - (parseAge(text) ?? 0) };
}

function filterFrom(consumerArguments: FieldTable): StreamFilter | undefined {
  const asked = consumerArguments.get("x-stream-filter");
  const values: Uint8Array[] = [];
  for (const value of asked?.type === "A" ? asked.value : [asked]) {
    if (value?.type === "S") values.push(value.value);
  }
  if (values.length === 0) return undefined;
  const matchUnfiltered = consumerArguments.get("x-stream-match-unfiltered");
  return { values, matchUnfiltered: matchUnfiltered?.type === "t" && matchUnfiltered.value };
}
