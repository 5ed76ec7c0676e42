// Values as RabbitMQ's error texts print them (Erlang terms).

import type { FieldValue } from "../message/field-table.ts";
import { type PlainJson, plainValue } from "../message/field-table-json.ts";
import { fieldTypeName } from "../message/field-values.ts";

/** What is nested deeper is not shown. */
const SHOWN_DEPTH_MAX = 16;

/** A value inside quotes: texts as they are, other things as a term. */
export function shownValue(value: FieldValue): string {
  switch (value.type) {
    case "S":
    case "x":
      return String(plainValue(value));
    case "A":
      return `[${value.value.map(typedTerm).join(",")}]`;
    case "F":
      return `[${[...value.value].map(([name, field]) => `{<<"${name}">>,${typedTerm(field).slice(1)}`).join(",")}]`;
    case "D":
      return `{${value.scale},${value.value}}`;
    case "f":
    case "d":
      return floatTerm(value.value);
    case "V":
      return "undefined";
    default:
      return String(value.value);
  }
}

function typedTerm(value: FieldValue): string {
  const shown = shownValue(value);
  return `{${fieldTypeName(value)},${value.type === "S" ? `<<"${shown}">>` : shown}}`;
}

function floatTerm(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** A JSON value as an Erlang term: <<"text">>, 5, true, null, [..], #{..}. */
export function jsonTerm(json: PlainJson, depth = 0): string {
  if (depth > SHOWN_DEPTH_MAX) return "...";
  if (json === null || json === undefined) return "null";
  if (typeof json === "boolean" || typeof json === "bigint") return String(json);
  if (typeof json === "string") return `<<"${json.replaceAll(/["\\]/g, "\\$&")}">>`;
  if (typeof json === "number") return Number.isInteger(json) ? String(json) : floatTerm(json);
  if (Array.isArray(json)) return `[${json.map((item) => jsonTerm(item, depth + 1)).join(",")}]`;
  const fields = Object.entries(json).map(
    ([name, value]) => `<<"${name}">> => ${jsonTerm(value, depth + 1)}`,
  );
  return `#{${fields.join(",")}}`;
}
