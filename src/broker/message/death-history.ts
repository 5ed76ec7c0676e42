// The story of a dead message in its headers: x-death (newest first, one entry per queue and reason) and
// x-first-death-*, x-last-death-*; as RabbitMQ 4 writes them.

import { type FieldTable, type FieldValue, longString, textOf } from "./field-table.ts";

export interface Death {
  readonly queue: string;
  /** rejected, expired, maxlen, delivery_limit. */
  readonly reason: string;
  /** Where the message had been published, and under which keys (CC included, BCC not). */
  readonly exchange: string;
  readonly routingKeys: readonly string[];
  /** Seconds since 1970. */
  readonly timeSeconds: number;
  /** The expiration property it had. */
  readonly expiration: string | undefined;
}

const X_DEATH = "x-death";
/** Entries kept; a message that has died in more places forgets the oldest. */
const DEATHS_MAX = 64;

/**
 * The headers of a message after one more death. `isOurs`: the story in `headers` was written by a broker, not by a
 * client, and goes on; otherwise it starts anew.
 */
export function withDeath(headers: FieldTable, death: Death, isOurs: boolean): FieldTable {
  const earlier = isOurs ? deathsIn(headers) : [];
  const known = earlier.find(
    (entry) => textOf(entry.get("queue")) === death.queue && reasonOf(entry) === death.reason,
  );
  const entry = known === undefined ? newEntry(death) : countedAgain(known);
  const entries = [entry, ...earlier.filter((other) => other !== known)].slice(0, DEATHS_MAX);
  const result = new Map(headers);
  result.set(X_DEATH, { type: "A", value: entries.map((value) => ({ type: "F", value })) });
  const isFirst = earlier.length === 0 || !headers.has("x-first-death-queue");
  for (const which of isFirst ? ["first", "last"] : ["last"]) {
    result.set(`x-${which}-death-reason`, longString(death.reason));
    result.set(`x-${which}-death-queue`, longString(death.queue));
    result.set(`x-${which}-death-exchange`, longString(death.exchange));
  }
  return result;
}

/**
 * Whether a message with these deaths would be back in `queue` without anybody having rejected it on the way:
 * such a cycle never ends, so it is cut.
 */
export function isAutomaticCycle(headers: FieldTable, queue: string): boolean {
  for (const entry of deathsIn(headers)) {
    if (reasonOf(entry) === "rejected") return false;
    if (textOf(entry.get("queue")) === queue) return true;
  }
  return false;
}

function deathsIn(headers: FieldTable): FieldTable[] {
  const value = headers.get(X_DEATH);
  if (value?.type !== "A") return [];
  return value.value.flatMap((entry) => (entry.type === "F" ? [entry.value] : []));
}

function reasonOf(entry: FieldTable): string | undefined {
  return textOf(entry.get("reason"));
}

function newEntry(death: Death): FieldTable {
  const entry = new Map<string, FieldValue>();
  if (death.expiration !== undefined) {
    entry.set("original-expiration", longString(death.expiration));
  }
  entry.set("count", { type: "l", value: 1n });
  entry.set("reason", longString(death.reason));
  entry.set("queue", longString(death.queue));
  entry.set("time", { type: "T", value: BigInt(death.timeSeconds) });
  entry.set("exchange", longString(death.exchange));
  entry.set("routing-keys", { type: "A", value: death.routingKeys.map(longString) });
  return entry;
}

function countedAgain(entry: FieldTable): FieldTable {
  const count = entry.get("count");
  const value = count?.type === "l" ? count.value + 1n : 1n;
  return new Map(entry).set("count", { type: "l", value });
}
