import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandReference } from "./reference.ts";

test("docs/reference/command-line.md is what the table says (run scripts/write-command-reference.ts)", () => {
  const page = readFileSync(
    new URL("../../../docs/reference/command-line.md", import.meta.url),
    "utf8",
  );
  expect(page).toBe(commandReference());
});
