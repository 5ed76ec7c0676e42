import { describe, expect, it } from "vitest";
import { differences } from "./change-arguments.tsx";

describe("differences", () => {
  it("asks for what is new or another, and takes away what is gone", () => {
    const before = { "x-queue-type": "quorum", kept: [1, { a: 2 }], other: 1, gone: true };
    const after = { kept: [1, { a: 2 }], other: 2, fresh: "x" };
    expect(differences(before, after)).toEqual({ other: 2, fresh: "x", gone: null });
  });

  it("takes a key like __proto__ or constructor for what it is", () => {
    const after = JSON.parse('{"__proto__": 1, "constructor": 2}');
    const wanted = differences({}, after);
    expect(Object.entries(wanted)).toEqual([
      ["__proto__", 1],
      ["constructor", 2],
    ]);
  });
});
