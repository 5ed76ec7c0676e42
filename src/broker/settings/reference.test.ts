import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { settingsReference } from "./reference.ts";

test("docs/reference/queues-and-exchanges.md is what the tables say (npm run generate)", () => {
  const page = new URL("../../../docs/reference/queues-and-exchanges.md", import.meta.url);
  expect(readFileSync(page, "utf8")).toBe(settingsReference());
});
