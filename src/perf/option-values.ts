// Reads option values as people type them. Every function throws an Error that names the option's value.

import { type FieldTable, type FieldValue, longString } from "../broker/message/field-table.ts";
import type { MessageProperties } from "../broker/message/message-properties.ts";
import type { RateStep } from "./rate-schedule.ts";
import type { Step } from "./step-schedule.ts";

const INT32_MAX = 0x7fff_ffff;
const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A whole number from `min` on. */
export function parseCount(text: string, min = 0): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) {
    throw new Error(`a whole number from ${min} on is needed, not "${text}"`);
  }
  return value;
}

/** Bytes, with k, m or g (1024 each) behind the number if wanted. */
export function parseSize(text: string): number {
  const [, digits, unit] = /^(\d+)([kmg]?)i?b?$/i.exec(text) ?? [];
  if (digits === undefined) throw new Error(`a size such as 16, 1k or 4m is needed, not "${text}"`);
  return Number(digits) * SIZE_UNITS[unit!.toLowerCase()]!;
}

/** Seconds, or with s, m or h behind the number. */
export function parseSeconds(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`a time such as 30, 2m or 1h is needed, not "${text}"`);
  return Number(digits) * ({ "": 1, s: 1, m: 60, h: 3600 }[unit!] ?? 1);
}

/** `RATE:SECONDS`, as `100:30`. */
export function parseRateStep(text: string): RateStep {
  const [, rate, time] = /^(\d+(?:\.\d+)?):(.+)$/.exec(text) ?? [];
  if (rate === undefined) throw new Error(`RATE:SECONDS is needed, not "${text}"`);
  const seconds = parseSeconds(time!);
  if (seconds === 0) throw new Error(`a rate must last longer than 0 s: "${text}"`);
  return { ratePerSecond: Number(rate), seconds };
}

/** `VALUE:SECONDS`, as `4k:30`. */
export function parseStep(text: string, parseValue: (text: string) => number): Step {
  const colon = text.lastIndexOf(":");
  if (colon < 1) throw new Error(`VALUE:SECONDS is needed, not "${text}"`);
  const seconds = parseSeconds(text.slice(colon + 1));
  if (seconds === 0) throw new Error(`a value must last longer than 0 s: "${text}"`);
  return { value: parseValue(text.slice(0, colon)), seconds };
}

/** `name=value,name=value`, or a JSON object: arguments of queues and consumers. */
export function parseTable(text: string): FieldTable {
  return new Map(pairs(text).map(([name, value]) => [name, fieldValue(value)]));
}

/** Message properties by their AMQP names, in the same notation; unknown names become headers. */
export function parseProperties(text: string): MessageProperties {
  const properties: Record<string, unknown> = {};
  const headers = new Map<string, FieldValue>();
  for (const [name, value] of pairs(text)) {
    const property = propertyNames.get(name.replace(/[-_]/g, "").toLowerCase());
    if (property === undefined) headers.set(name, fieldValue(value));
    else properties[property.name] = property.parse(String(value));
  }
  if (headers.size > 0) properties.headers = headers;
  return properties as MessageProperties;
}

const asText = (text: string): unknown => text;
const asNumber = (text: string): unknown => parseCount(text);
const propertyNames: ReadonlyMap<string, { name: string; parse: (text: string) => unknown }> =
  new Map(
    [
      { name: "contentType", parse: asText },
      { name: "contentEncoding", parse: asText },
      { name: "deliveryMode", parse: asNumber },
      { name: "priority", parse: asNumber },
      { name: "correlationId", parse: asText },
      { name: "replyTo", parse: asText },
      { name: "expiration", parse: asText },
      { name: "messageId", parse: asText },
      { name: "timestamp", parse: (text: string): unknown => BigInt(text) },
      { name: "type", parse: asText },
      { name: "userId", parse: asText },
      { name: "appId", parse: asText },
    ].map((property) => [property.name.toLowerCase(), property]),
  );

function pairs(text: string): [string, unknown][] {
  if (text.trimStart().startsWith("{")) return Object.entries(parseJson(text));
  return text
    .split(",")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=");
      if (equals < 1) throw new Error(`name=value is needed, not "${pair}"`);
      return [pair.slice(0, equals), typed(pair.slice(equals + 1))];
    });
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Error(`this is not JSON: ${text}`);
  }
}

function typed(text: string): unknown {
  if (/^-?\d+$/.test(text)) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  return text;
}

function fieldValue(value: unknown): FieldValue {
  if (typeof value === "boolean") return { type: "t", value };
  if (typeof value !== "number") return longString(String(value));
  if (!Number.isInteger(value)) return { type: "d", value };
  return Math.abs(value) <= INT32_MAX ? { type: "I", value } : { type: "l", value: BigInt(value) };
}
