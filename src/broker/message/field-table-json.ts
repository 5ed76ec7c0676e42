// Field tables as JSON, two ways: exact (types kept: for the log) and plain (as RabbitMQ's API and definition files show them).

import { BrokerError } from "../errors.ts";
import type { Json, JsonObject } from "../journal/journaling.ts";
import {
  EMPTY_TABLE,
  FIELD_TABLE_DEPTH_MAX,
  type FieldTable,
  type FieldValue,
} from "./field-table.ts";

const utf8 = new TextDecoder();
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

/** JSON as it comes from and goes to people: whole numbers may be of any size. */
export type PlainJson =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly PlainJson[]
  | PlainJsonObject;
export interface PlainJsonObject {
  readonly [name: string]: PlainJson;
}

/** As RabbitMQ's HTTP API and definition files show a table: types are lost. Integers beyond 2^53 stay exact (bigint). */
export function tableToPlainJson(table: FieldTable): PlainValues {
  const object: Record<string, PlainValue> = Object.create(null);
  for (const [name, value] of table) object[name] = plainValue(value);
  return object;
}

/** What `tableToPlainJson` makes: nothing is undefined in it. */
export type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly PlainValue[]
  | PlainValues;
export interface PlainValues {
  readonly [name: string]: PlainValue;
}

/** One field value as RabbitMQ's API shows it. */
export function plainValue(value: FieldValue): PlainValue {
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

function plainInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * Arguments from JSON, typed as RabbitMQ types them: text long string, integers signed 64 bit, others double.
 * Nested objects and arrays likewise. Undefined when it is not an object; throws precondition-failed where it is
 * nested too deeply.
 */
export function plainJsonToTable(json: PlainJson): FieldTable | undefined {
  return toTable(json, 0);
}

function toTable(json: PlainJson, depth: number): FieldTable | undefined {
  if (depth > FIELD_TABLE_DEPTH_MAX) {
    throw new BrokerError(
      "precondition-failed",
      `arguments nested deeper than ${FIELD_TABLE_DEPTH_MAX} levels`,
    );
  }
  if (json === undefined || json === null) return EMPTY_TABLE;
  if (typeof json !== "object") return undefined;
  // Some tools write an empty table as [].
  if (Array.isArray(json)) return json.length === 0 ? EMPTY_TABLE : undefined;
  const table = new Map<string, FieldValue>();
  for (const [name, value] of Object.entries(json)) {
    if (value !== undefined) table.set(name, toValue(value, depth + 1));
  }
  return table;
}

/** One value of JSON as a field value. */
export function plainJsonToValue(json: PlainJson): FieldValue {
  return toValue(json, 0);
}

function toValue(json: PlainJson, depth: number): FieldValue {
  if (json === null || json === undefined) return { type: "V" };
  switch (typeof json) {
    case "boolean":
      return { type: "t", value: json };
    case "string":
      return { type: "S", value: utf8Encoder.encode(json) };
    case "number":
      return Number.isSafeInteger(json)
        ? { type: "l", value: BigInt(json) }
        : { type: "d", value: json };
    case "bigint":
      return wideInteger(json);
  }
  if (!Array.isArray(json)) return { type: "F", value: toTable(json, depth) ?? EMPTY_TABLE };
  if (depth > FIELD_TABLE_DEPTH_MAX) toTable(json, depth);
  return { type: "A", value: (json as PlainJson[]).map((item) => toValue(item, depth + 1)) };
}

function wideInteger(value: bigint): FieldValue {
  if (BigInt.asIntN(64, value) === value) return { type: "l", value };
  if (BigInt.asUintN(64, value) === value) return { type: "L", value };
  return { type: "d", value: Number(value) };
}

/** Stands for a whole number beyond 2^53 in JSON of the log. */
const WIDE_INTEGER = "\0integer";

/** Values of policies and parameters as the log keeps them. */
export function toLogJson(json: PlainJson): Json {
  if (json === undefined) return null;
  if (typeof json === "bigint") return { [WIDE_INTEGER]: String(json) };
  if (json === null || typeof json !== "object") return json;
  if (Array.isArray(json)) return (json as PlainJson[]).map(toLogJson);
  return Object.fromEntries(Object.entries(json).map(([name, item]) => [name, toLogJson(item)]));
}

/** The inverse of `toLogJson`. */
export function fromLogJson(json: Json): PlainValue {
  if (json === null || typeof json !== "object") return json;
  if (Array.isArray(json)) return (json as Json[]).map(fromLogJson);
  const digits = (json as JsonObject)[WIDE_INTEGER];
  if (typeof digits === "string") return BigInt(digits);
  return Object.fromEntries(Object.entries(json).map(([name, item]) => [name, fromLogJson(item)]));
}
