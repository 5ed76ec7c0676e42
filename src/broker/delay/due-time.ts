// When a message wants to be routed, as its headers say: x-delay counts from now, x-deliver-at names the instant.

import { type FieldTable, type FieldValue, integerOf, textOf } from "../message/field-table.ts";

/** Milliseconds from now; negative on a message that has waited. */
export const DELAY_HEADER = "x-delay";
/** A timestamp, milliseconds or seconds since 1970 as a number, or a date and time as ISO 8601 writes them. */
export const DELIVER_AT_HEADER = "x-deliver-at";
/** What DELIVER_AT_HEADER is called on a message that has waited. */
export const SCHEDULED_FOR_HEADER = "x-scheduled-for";

/** Nothing waits longer than ten years: what asks for more waits that long. */
export const DELAY_MS_MAX = 315_360_000_000;
/** Numbers below this are seconds since 1970: as milliseconds they would lie in 1973. */
const MILLISECONDS_FROM = 100_000_000_000;

/** The instant the message is due (wall time, ms), or undefined when it is not to wait. */
export function dueTimeOf(headers: FieldTable, nowMs: number): number | undefined {
  const delayMs = numberOf(headers.get(DELAY_HEADER));
  const dueAtMs =
    delayMs === undefined ? instantOf(headers.get(DELIVER_AT_HEADER)) : nowMs + delayMs;
  if (dueAtMs === undefined || !(dueAtMs > nowMs)) return undefined;
  return Math.min(dueAtMs, nowMs + DELAY_MS_MAX);
}

/** The headers of a message that has waited: they say how long, and make it wait no more. */
export function withoutDelay(headers: FieldTable): FieldTable {
  const result = new Map<string, FieldValue>();
  for (const [name, value] of headers) {
    const delayMs = name === DELAY_HEADER ? numberOf(value) : undefined;
    if (delayMs !== undefined) result.set(name, negated(delayMs));
    else result.set(name === DELIVER_AT_HEADER ? SCHEDULED_FOR_HEADER : name, value);
  }
  return result;
}

/** Zero would be the same with and without its sign; nothing with a delay of zero ever waits. */
function negated(delayMs: number): FieldValue {
  const value = -Math.abs(Math.trunc(delayMs));
  return value >= -0x8000_0000 ? { type: "I", value } : { type: "l", value: BigInt(value) };
}

function numberOf(value: FieldValue | undefined): number | undefined {
  const integer = integerOf(value);
  if (integer !== undefined) return Number(integer);
  if (value?.type === "f" || value?.type === "d") return value.value;
  const text = textOf(value);
  return text !== undefined && /^-?[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

function instantOf(value: FieldValue | undefined): number | undefined {
  if (value?.type === "T") return Number(value.value) * 1000;
  const number = numberOf(value);
  if (number !== undefined) return number < MILLISECONDS_FROM ? number * 1000 : number;
  const parsed = Date.parse(textOf(value) ?? "");
  return Number.isNaN(parsed) ? undefined : parsed;
}
