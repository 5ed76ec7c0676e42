import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Memory } from "../../lib/memory.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { AddressedRoutes } from "./addressed-routes.ts";
import { Route } from "./route.ts";

const memory = new Memory({ arenaBytes: 16 * 1_048_576 });
const { at } = memory.read;
const exchange = { definition: { name: "e" } } as unknown as Exchange;

function place(bytes: Uint8Array): number {
  memory.arena.u8.set(bytes, at);
  return bytes.length;
}

function address(text: string): number {
  return place(new TextEncoder().encode(text));
}

describe("routes by the bytes that ask for them", () => {
  const epochs = { topologyEpoch: 1, accessEpoch: 1 };
  const route = (key: string, of = epochs): Route => new Route(exchange, key, [], [], false, of);

  it("are found by the same bytes and the same viewer only", () => {
    const routes = new AddressedRoutes(memory.arena);
    const kept = route("key");
    routes.keep(1, at, address("\x01e\x03key"), kept);
    expect(routes.find(1, at, address("\x01e\x03key"))).toBe(kept);
    expect(routes.find(2, at, address("\x01e\x03key"))).toBeUndefined();
    expect(routes.find(1, at, address("\x01e\x03kez"))).toBeUndefined();
    expect(routes.find(1, at, address("\x01f\x03key"))).toBeUndefined();
    expect(routes.find(1, at, address("\x01e\x04keys"))).toBeUndefined();
  });

  it("are not found once something has changed, or when all are forgotten", () => {
    const changing = { topologyEpoch: 1, accessEpoch: 1 };
    const routes = new AddressedRoutes(memory.arena);
    const length = address("\x01e\x03key");
    routes.keep(1, at, length, route("key", changing));
    changing.accessEpoch++;
    expect(routes.find(1, at, length)).toBeUndefined();
    const again = route("key", changing);
    routes.keep(1, at, length, again);
    expect(routes.find(1, at, length)).toBe(again);
    routes.clear();
    expect(routes.find(1, at, length)).toBeUndefined();
    routes.keep(1, at, length, again);
    expect(routes.find(1, at, length)).toBe(again);
  });

  it("are kept for addresses of 64 bytes, not for longer ones", () => {
    const routes = new AddressedRoutes(memory.arena);
    const kept = route("long");
    routes.keep(1, at, address("x".repeat(64)), kept);
    expect(routes.find(1, at, address("x".repeat(64)))).toBe(kept);
    routes.keep(1, at, address("x".repeat(65)), kept);
    expect(routes.find(1, at, address("x".repeat(65)))).toBeUndefined();
  });

  it("are never another address's, however many there are", () => {
    const routes = new AddressedRoutes(memory.arena);
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 70 });
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 40 }), (addresses) => {
        for (const each of addresses) {
          routes.keep(1, at, place(each), route(Buffer.from(each).toString("hex")));
        }
        for (const each of addresses) {
          const found = routes.find(1, at, place(each));
          if (found !== undefined) expect(found.routingKey).toBe(Buffer.from(each).toString("hex"));
        }
      }),
    );
  });

  it("all fit when they are far fewer than there are places", () => {
    const routes = new AddressedRoutes(memory.arena);
    const key = (index: number): string => `\x05topic\x0forder.${String(index).padStart(9, "0")}`;
    for (let index = 0; index < 800; index++) {
      routes.keep(1, at, address(key(index)), route(key(index)));
    }
    let found = 0;
    for (let index = 0; index < 800; index++) {
      if (routes.find(1, at, address(key(index)))?.routingKey === key(index)) found++;
    }
    expect(found).toBeGreaterThan(790);
  });
});
