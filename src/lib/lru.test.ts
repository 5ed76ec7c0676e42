import { expect, test } from "vitest";
import { Lru } from "./lru.ts";

test("the entry not used for longest makes room", () => {
  const cache = new Lru<string, number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  expect(cache.get("a")).toBe(1);
  cache.set("c", 3);
  expect(cache.get("b")).toBeUndefined();
  expect(cache.get("a")).toBe(1);
  cache.set("c", 4);
  expect(cache.size).toBe(2);
  expect(cache.get("c")).toBe(4);
});

test("delete and clear", () => {
  const cache = new Lru<string, number>(2);
  cache.set("a", 1);
  expect(cache.delete("a")).toBe(true);
  expect(cache.delete("a")).toBe(false);
  cache.set("b", 1);
  cache.clear();
  expect(cache.size).toBe(0);
});
