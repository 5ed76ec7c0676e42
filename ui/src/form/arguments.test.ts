import { describe, expect, it } from "vitest";
import { fromArguments, toArguments } from "./arguments.ts";

describe("toArguments", () => {
  it("reads each type", () => {
    expect(
      toArguments([
        { key: "a", value: " text ", type: "string" },
        { key: "b", value: " 60000", type: "number" },
        { key: "c", value: "True", type: "boolean" },
        { key: "d", value: "x, y,", type: "list" },
        { key: "e", value: '["x", 1]', type: "list" },
        { key: "f", value: '{"g": 1}', type: "json" },
        { key: "", value: "left out", type: "string" },
      ]),
    ).toEqual({ a: " text ", b: 60000, c: true, d: ["x", "y"], e: ["x", 1], f: { g: 1 } });
  });

  it("keeps whole numbers beyond 2^53 exact", () => {
    expect(toArguments([{ key: "n", value: "9007199254740993", type: "number" }])).toEqual({
      n: 9007199254740993n,
    });
  });

  it("takes __proto__ for a plain key", () => {
    const values = toArguments([{ key: "__proto__", value: "x", type: "string" }]);
    expect(Object.keys(values)).toEqual(["__proto__"]);
  });

  it.each([
    ["number", "many"],
    ["number", ""],
    ["boolean", "1"],
    ["json", "{"],
  ] as const)("refuses a %s like %j", (type, value) => {
    expect(() => toArguments([{ key: "k", value, type }])).toThrow("k:");
  });
});

describe("fromArguments", () => {
  it("comes back as what it was", () => {
    const values = { s: "1", n: 1, b: false, l: ["a", { x: 1 }], o: { y: null }, big: 2n ** 63n };
    expect(toArguments(fromArguments(values))).toEqual(values);
  });
});
