import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "./secret.ts";

test("a secret shows itself only when asked by name", () => {
  const secret = new Secret("canary");
  const shown = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }, { depth: 9 })];
  for (const text of shown) expect(text).not.toContain("canary");
  expect(secret.reveal()).toBe("canary");
});
