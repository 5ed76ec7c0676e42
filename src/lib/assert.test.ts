import { expect, test } from "vitest";
import { AssertionError, assert, unreachable } from "./assert.ts";

test("assert throws what should have been true", () => {
  assert(true, "nothing happens");
  expect(() => assert(false, "one is two")).toThrow(
    new AssertionError("broken invariant: one is two"),
  );
});

test("unreachable names the value", () => {
  expect(() => unreachable({ kind: "odd" } as never)).toThrow('unexpected value {"kind":"odd"}');
});
