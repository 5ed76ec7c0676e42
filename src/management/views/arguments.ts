// Field tables as the API shows and takes them. Integers stay exact, whatever their size.

import {
  EMPTY_TABLE,
  FIELD_TABLE_DEPTH_MAX,
  type FieldTable,
  type FieldValue,
} from "../../broker/field-table.ts";
import { badRequest } from "../answers.ts";
import { type ApiJson, type ApiObject, isObject } from "../api-json.ts";

const utf8 = new TextDecoder();
const utf8Encoder = new TextEncoder();
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Types are lost, as in RabbitMQ's API. */
export function tableView(table: FieldTable): ApiObject {
  const object: Record<string, ApiJson> = Object.create(null);
  for (const [name, value] of table) object[name] = valueView(value);
  return object;
}

export function valueView(value: FieldValue): ApiJson {
  switch (value.type) {
    case "D":
      return value.value / 10 ** value.scale;
    case "f":
    case "d":
      return Number.isFinite(value.value) ? value.value : String(value.value);
    case "S":
    case "x":
      return utf8.decode(value.value);
    case "A":
      return value.value.map(valueView);
    case "F":
      return tableView(value.value);
    case "V":
      return null;
    default:
      return value.value;
  }
}

/**
 * Types as RabbitMQ takes them from JSON: text long string, whole numbers signed 64 bit, others double. Nested no
 * deeper than tables that come over AMQP.
 */
export function tableOf(json: ApiJson, depth = 1): FieldTable {
  if (json === undefined || json === null || (Array.isArray(json) && json.length === 0)) {
    return EMPTY_TABLE;
  }
  if (!isObject(json)) throw badRequest("arguments must be an object");
  const table = new Map<string, FieldValue>();
  for (const [name, value] of Object.entries(json)) {
    if (value !== undefined) table.set(name, valueOfJson(value, depth));
  }
  return table;
}

export function valueOfJson(json: ApiJson, depth = 1): FieldValue {
  if (json === null || json === undefined) return { type: "V" };
  if (typeof json === "boolean") return { type: "t", value: json };
  if (typeof json === "string") return { type: "S", value: utf8Encoder.encode(json) };
  if (typeof json === "bigint") return wholeNumber(json);
  if (typeof json === "number") {
    return Number.isInteger(json) && Number.isSafeInteger(json)
      ? { type: "l", value: BigInt(json) }
      : { type: "d", value: json };
  }
  if (depth > FIELD_TABLE_DEPTH_MAX) throw badRequest("arguments are nested too deep");
  if (Array.isArray(json)) {
    return { type: "A", value: json.map((item) => valueOfJson(item, depth + 1)) };
  }
  return { type: "F", value: tableOf(json, depth + 1) };
}

function wholeNumber(value: bigint): FieldValue {
  if (value >= INT64_MIN && value <= INT64_MAX) return { type: "l", value };
  return { type: "d", value: Number(value) };
}
