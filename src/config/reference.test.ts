import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configReference } from "./reference.ts";

test("docs/reference/configuration.md is what the table says (run scripts/write-config-reference.ts)", () => {
  const page = readFileSync(
    new URL("../../docs/reference/configuration.md", import.meta.url),
    "utf8",
  );
  expect(page).toBe(configReference());
});
