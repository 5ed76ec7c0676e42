// Field tables as JSON, two ways: exact (types kept: for the log) and plain (as RabbitMQ's API and definition files show them).

import type { FieldTable, FieldValue } from "./field-table.ts";
import { EMPTY_TABLE } from "./field-table.ts";
import type { Json, JsonObject } from "./journaling.ts";

const utf8 = new TextDecoder();
const utf8Strict = new TextDecoder("utf-8", { fatal: true });
const utf8Encoder = new TextEncoder();

/** [name, type, value] for each field, in order. Integers over 32 bits are text, bytes base64, decimals [scale, value]. */
export function tableToExactJson(table: FieldTable): readonly Json[] {
  return [...table].map(([name, value]) => [name, value.type, exactValue(value)]);
}

/** The inverse of `tableToExactJson`; the input comes from our own log. */
export function exactJsonToTable(json: Json | undefined): FieldTable {
  if (!Array.isArray(json) || json.length === 0) return EMPTY_TABLE;
  const table = new Map<string, FieldValue>();
  for (const field of json as readonly [string, FieldValue["type"], Json][]) {
    table.set(field[0], fromExact(field[1], field[2]));
  }
  return table;
}

function exactValue(value: FieldValue): Json {
  switch (value.type) {
    case "t":
      return value.value;
    case "f":
    case "d":
      return Number.isFinite(value.value) ? value.value : String(value.value);
    case "l":
    case "L":
    case "T":
      return String(value.value);
    case "D":
      return [value.scale, value.value];
    case "S":
    case "x":
      return Buffer.from(value.value).toString("base64");
    case "A":
      return value.value.map((element) => [element.type, exactValue(element)]);
    case "F":
      return tableToExactJson(value.value);
    case "V":
      return null;
    default:
      return value.value;
  }
}

function fromExact(type: FieldValue["type"], json: Json): FieldValue {
  switch (type) {
    case "t":
      return { type, value: json === true };
    case "l":
    case "L":
    case "T":
      return { type, value: BigInt(json as string) };
    case "D": {
      const [scale, value] = json as readonly [number, number];
      return { type, scale, value };
    }
    case "S":
    case "x":
      return { type, value: new Uint8Array(Buffer.from(json as string, "base64")) };
    case "A":
      return {
        type,
        value: (json as readonly [FieldValue["type"], Json][]).map(([elementType, element]) =>
          fromExact(elementType, element),
        ),
      };
    case "F":
      return { type, value: exactJsonToTable(json) };
    case "V":
      return { type };
    default:
      return { type, value: Number(json) };
  }
}

/** A text that is equal for equal tables, whatever the order of their fields; `type` and value both count. */
export function canonicalText(table: FieldTable): string {
  if (table.size === 0) return "";
  const sorted = new Map([...table].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  return JSON.stringify(tableToExactJson(sorted));
}

/** As RabbitMQ's HTTP API and definition files show a table: types are lost. Integers beyond 2^53 become text. */
export function tableToPlainJson(table: FieldTable): JsonObject {
  const object: Record<string, Json> = Object.create(null);
  for (const [name, value] of table) object[name] = plainValue(value);
  return object;
}

/** One field value as RabbitMQ's API shows it. */
export function plainValue(value: FieldValue): Json {
  switch (value.type) {
    case "l":
    case "L":
    case "T":
      return plainInteger(value.value);
    case "D":
      return value.value / 10 ** value.scale;
    case "f":
    case "d":
      return Number.isFinite(value.value) ? value.value : String(value.value);
    case "S":
    case "x":
      return utf8.decode(value.value);
    case "A":
      return value.value.map(plainValue);
    case "F":
      return tableToPlainJson(value.value);
    case "V":
      return null;
    default:
      return value.value;
  }
}

function plainInteger(value: bigint): Json {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/**
 * Arguments from JSON, typed as RabbitMQ types them: text long string, integers signed 64 bit, others double.
 * Nested objects and arrays likewise. Undefined when it is not an object.
 */
export function plainJsonToTable(json: Json | undefined): FieldTable | undefined {
  if (json === undefined || json === null) return EMPTY_TABLE;
  if (typeof json !== "object") return undefined;
  // Some tools write an empty table as [].
  if (Array.isArray(json)) return json.length === 0 ? EMPTY_TABLE : undefined;
  const table = new Map<string, FieldValue>();
  for (const [name, value] of Object.entries(json as JsonObject)) {
    table.set(name, plainJsonToValue(value));
  }
  return table;
}

/** One value of JSON as a field value. */
export function plainJsonToValue(json: Json): FieldValue {
  if (json === null) return { type: "V" };
  if (typeof json === "boolean") return { type: "t", value: json };
  if (typeof json === "string") return { type: "S", value: utf8Encoder.encode(json) };
  if (typeof json === "number") {
    return Number.isSafeInteger(json)
      ? { type: "l", value: BigInt(json) }
      : { type: "d", value: json };
  }
  if (Array.isArray(json)) return { type: "A", value: (json as Json[]).map(plainJsonToValue) };
  return { type: "F", value: plainJsonToTable(json) ?? EMPTY_TABLE };
}

/** The text of bytes that are UTF-8, or undefined. */
export function strictText(bytes: Uint8Array): string | undefined {
  try {
    return utf8Strict.decode(bytes);
  } catch {
    return undefined;
  }
}
