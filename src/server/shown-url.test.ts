import { expect, test } from "vitest";
import { withoutSecrets } from "./shown-url.ts";

test.each([
  ["https://ann:secret@host:8/x", "https://host:8/x"],
  ["cannot fetch https://token@host/a?key=secret: no", "cannot fetch https://host/a?*** no"],
  ["https://host/a@b", "https://host/a@b"],
  ["/etc/definitions?.json", "/etc/definitions?.json"],
])("%s is shown as %s", (text, shown) => {
  expect(withoutSecrets(text)).toBe(shown);
});

test("takes time in proportion to the text", () => {
  const text = `https://${"a:".repeat(500_000)}`;
  expect(withoutSecrets(text)).toBe(text);
});
