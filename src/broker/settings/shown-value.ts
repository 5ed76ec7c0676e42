// Values as RabbitMQ's error texts print them (Erlang terms).

import type { FieldValue } from "../field-table.ts";
import { plainValue } from "../field-table-json.ts";
import { fieldTypeName } from "../field-values.ts";
import type { Json } from "../journaling.ts";

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
export function jsonTerm(json: Json): string {
  if (json === null || typeof json === "boolean") return String(json);
  if (typeof json === "string") return `<<"${json.replaceAll(/["\\]/g, "\\$&")}">>`;
  if (typeof json === "number") return Number.isInteger(json) ? String(json) : floatTerm(json);
  if (Array.isArray(json)) return `[${json.map(jsonTerm).join(",")}]`;
  const fields = Object.entries(json).map(([name, value]) => `<<"${name}">> => ${jsonTerm(value)}`);
  return `#{${fields.join(",")}}`;
}
