import { describe, expect, it } from "vitest";
import { type Death, isAutomaticCycle, withDeath } from "./death-history.ts";
import {
  EMPTY_TABLE,
  type FieldTable,
  type FieldValue,
  longString,
  textOf,
} from "./field-table.ts";

const death = (queue: string, reason: string, more: Partial<Death> = {}): Death => ({
  queue,
  reason,
  exchange: "x",
  routingKeys: ["k"],
  timeSeconds: 1_700_000_000,
  expiration: undefined,
  ...more,
});

function entries(headers: FieldTable): Record<string, unknown>[] {
  const value = headers.get("x-death") as FieldValue;
  if (value.type !== "A") throw new Error("x-death is an array");
  return value.value.map((entry) => {
    if (entry.type !== "F") throw new Error("of tables");
    return Object.fromEntries([...entry.value].map(([name, field]) => [name, plain(field)]));
  });
}

function plain(field: FieldValue): unknown {
  if (field.type === "A") return field.value.map(plain);
  return textOf(field) ?? ("value" in field ? field.value : undefined);
}

describe("the story of a dead message", () => {
  it("names queue, reason, exchange, keys, time and the expiration it had", () => {
    const headers = withDeath(
      new Map([["mine", longString("kept")]]),
      death("q", "expired", { expiration: "100", routingKeys: ["k", "cc"] }),
      false,
    );
    expect(entries(headers)).toEqual([
      {
        "original-expiration": "100",
        count: 1n,
        reason: "expired",
        queue: "q",
        time: 1_700_000_000n,
        exchange: "x",
        "routing-keys": ["k", "cc"],
      },
    ]);
    expect(
      Object.fromEntries([...headers].map(([name, value]) => [name, plain(value)])),
    ).toMatchObject({
      mine: "kept",
      "x-first-death-reason": "expired",
      "x-first-death-queue": "q",
      "x-first-death-exchange": "x",
      "x-last-death-reason": "expired",
      "x-last-death-queue": "q",
      "x-last-death-exchange": "x",
    });
  });

  it("has one entry per queue and reason, newest first, with its count and its first time", () => {
    let headers = withDeath(EMPTY_TABLE, death("a", "rejected"), false);
    headers = withDeath(headers, death("b", "expired", { exchange: "y" }), true);
    headers = withDeath(headers, death("a", "rejected", { timeSeconds: 1_800_000_000 }), true);
    expect(entries(headers)).toMatchObject([
      { queue: "a", reason: "rejected", count: 2n, time: 1_700_000_000n },
      { queue: "b", reason: "expired", count: 1n },
    ]);
    expect(textOf(headers.get("x-first-death-queue"))).toBe("a");
    expect(textOf(headers.get("x-last-death-queue"))).toBe("a");
  });

  it("starts anew where a client has written a story of its own", () => {
    const forged = withDeath(EMPTY_TABLE, death("forged", "rejected"), false);
    const headers = withDeath(forged, death("q", "maxlen"), false);
    expect(entries(headers)).toHaveLength(1);
    expect(textOf(headers.get("x-first-death-queue"))).toBe("q");
  });

  it("keeps the newest 64 places", () => {
    let headers: FieldTable = EMPTY_TABLE;
    for (let i = 0; i < 100; i++) headers = withDeath(headers, death(`q${i}`, "expired"), true);
    expect(entries(headers)).toHaveLength(64);
    expect(entries(headers)[0]).toMatchObject({ queue: "q99" });
  });
});

describe("cycles", () => {
  it("are automatic when nobody rejected on the way", () => {
    let headers = withDeath(EMPTY_TABLE, death("a", "expired"), false);
    expect(isAutomaticCycle(headers, "a")).toBe(true);
    expect(isAutomaticCycle(headers, "b")).toBe(false);
    headers = withDeath(headers, death("b", "maxlen"), true);
    expect(isAutomaticCycle(headers, "a")).toBe(true);
  });

  it("go on while somebody rejects", () => {
    let headers = withDeath(EMPTY_TABLE, death("a", "rejected"), false);
    headers = withDeath(headers, death("b", "expired"), true);
    expect(isAutomaticCycle(headers, "a")).toBe(false);
    expect(isAutomaticCycle(headers, "b")).toBe(true);
  });
});
