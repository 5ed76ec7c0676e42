import { describe, expect, it } from "vitest";
import { parseJson, writeJson } from "./json.ts";

describe("writeJson", () => {
  it("writes numbers beyond 2^53 as digits", () => {
    expect(writeJson({ a: 2n ** 64n - 1n, b: [-(2n ** 63n)], c: 1, d: "1" })).toBe(
      '{"a":18446744073709551615,"b":[-9223372036854775808],"c":1,"d":"1"}',
    );
  });
});

describe("parseJson", () => {
  it("reads ordinary JSON", () => {
    expect(parseJson('{"a":[1,2.5,"x",null,true]}')).toEqual({ a: [1, 2.5, "x", null, true] });
  });
});
