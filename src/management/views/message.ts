// Messages as the API takes and gives them: properties by RabbitMQ's names, payload as text or base64.

import { tableToPlainJson } from "../../broker/message/field-table-json.ts";
import type { StoredMessage } from "../../broker/message/message-port.ts";
import type { MessageProperties } from "../../broker/message/message-properties.ts";
import { badRequest } from "../answers.ts";
import { type ApiJson, type ApiObject, isObject, property } from "../api-json.ts";
import { tableOf } from "./arguments.ts";

/** Property names here and there. */
const TEXTS = [
  ["contentType", "content_type"],
  ["contentEncoding", "content_encoding"],
  ["correlationId", "correlation_id"],
  ["replyTo", "reply_to"],
  ["expiration", "expiration"],
  ["messageId", "message_id"],
  ["type", "type"],
  ["userId", "user_id"],
  ["appId", "app_id"],
  ["clusterId", "cluster_id"],
] as const;
const NUMBERS = [
  ["deliveryMode", "delivery_mode"],
  ["priority", "priority"],
] as const;
const SHORT_STRING_BYTES_MAX = 255;

export function propertiesView(properties: MessageProperties): ApiObject {
  const object: Record<string, ApiJson> = {};
  for (const [name, shown] of [...TEXTS, ...NUMBERS]) {
    if (properties[name] !== undefined) object[shown] = properties[name];
  }
  if (properties.timestamp !== undefined) object.timestamp = properties.timestamp;
  if (properties.headers !== undefined) object.headers = tableToPlainJson(properties.headers);
  return object;
}

export function propertiesOf(json: ApiJson): MessageProperties {
  if (Array.isArray(json) && json.length === 0) return {};
  if (!isObject(json)) throw badRequest("properties must be an object");
  const properties: Record<string, unknown> = {};
  for (const [name, shown] of TEXTS) {
    const value = property(json, shown);
    if (value !== undefined && value !== null) properties[name] = shortText(shown, value);
  }
  for (const [name, shown] of NUMBERS) {
    const value = property(json, shown);
    if (value !== undefined && value !== null) properties[name] = octet(shown, value);
  }
  const timestamp = property(json, "timestamp");
  if (timestamp !== undefined && timestamp !== null) properties.timestamp = wholeNumber(timestamp);
  const headers = property(json, "headers");
  if (headers !== undefined && headers !== null) properties.headers = tableOf(headers);
  return properties;
}

function shortText(name: string, value: ApiJson): string {
  if (typeof value !== "string") throw badRequest(["not_string", name]);
  if (Buffer.byteLength(value) > SHORT_STRING_BYTES_MAX) throw badRequest(`${name} is too long`);
  return value;
}

function octet(name: string, value: ApiJson): number {
  const isOctet =
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
  if (!isOctet) throw badRequest(["not_int", name]);
  return value;
}

function wholeNumber(value: ApiJson): bigint {
  const isWhole =
    typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
  if (!isWhole || BigInt(value) < 0n) throw badRequest(["not_int", "timestamp"]);
  return BigInt(value);
}

const utf8Strict = new TextDecoder("utf-8", { fatal: true });

export type PayloadEncoding = "auto" | "base64";

/** The body as text where it is UTF-8 and `auto` was asked for, base64 otherwise; cut to `truncateBytes`. */
export function payloadView(
  body: Uint8Array,
  encoding: PayloadEncoding,
  truncateBytes: number | undefined,
): ApiObject {
  const shown = truncateBytes === undefined ? body : body.subarray(0, truncateBytes);
  if (encoding === "auto") {
    try {
      return { payload: utf8Strict.decode(shown), payload_encoding: "string" };
    } catch {
      // Not text: as base64.
    }
  }
  return { payload: Buffer.from(shown).toString("base64"), payload_encoding: "base64" };
}

/** The payload of a publish. */
export function payloadOf(payload: ApiJson, encoding: ApiJson): Uint8Array {
  if (typeof payload !== "string") throw badRequest("payload_not_string");
  if (encoding === "string") return Buffer.from(payload, "utf8");
  if (encoding !== "base64") throw badRequest(["unsupported_encoding", encoding]);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(payload) || payload.length % 4 === 1) {
    throw badRequest(["not_base64", payload]);
  }
  return Buffer.from(payload, "base64");
}

/** A message got from a queue. */
export function gotMessageView(
  message: StoredMessage,
  facts: { readonly redelivered: boolean; readonly messageCount: number },
  encoding: PayloadEncoding,
  truncateBytes: number | undefined,
): ApiObject {
  const properties = propertiesView(message.properties);
  return {
    payload_bytes: message.body.length,
    redelivered: facts.redelivered,
    exchange: message.exchange,
    routing_key: message.routingKey,
    message_count: facts.messageCount,
    // RabbitMQ writes an empty list of pairs.
    properties: Object.keys(properties).length === 0 ? [] : properties,
    ...payloadView(message.body, encoding, truncateBytes),
  };
}
