import fc from "fast-check";
import { expect, test } from "vitest";
import { threadCpuMs } from "../env/thread-cpu.ts";
import { fromJsonText, toJsonText } from "./api-json.ts";

test("whole numbers of any size come and go digit by digit", () => {
  const text = '{"a":9223372036854775807,"b":[-12345678901234567890],"c":"12345678901234567"}';
  const value = fromJsonText(text);
  expect(value).toEqual({
    a: 9223372036854775807n,
    b: [-12345678901234567890n],
    c: "12345678901234567",
  });
  expect(toJsonText(value)).toBe(text);
});

test("fractions and exponents stay numbers, and digits in texts stay texts", () => {
  expect(fromJsonText("[0.30000000000000004]")).toEqual([0.1 + 0.2]);
  expect(fromJsonText("[1234567890123456.5,12345678901234567e3,1234567890123456]")).toEqual([
    1234567890123456.5, 12345678901234567e3, 1234567890123456,
  ]);
  expect(fromJsonText(String.raw`{"\"12345678901234567":"\\","x":12345678901234567}`)).toEqual({
    '"12345678901234567': "\\",
    x: 12345678901234567n,
  });
});

test("any JSON reads as JSON.parse reads it, but for its large numbers", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify({ value, large: 0 }).replace(/0}$/, "12345678901234567}");
      const plain = JSON.parse(JSON.stringify(value));
      const isLarge = (item: unknown) => Number.isInteger(item) && !Number.isSafeInteger(item);
      fc.pre(
        !JSON.stringify(value, (_, item) => (isLarge(item) ? "large" : item)).includes("large"),
      );
      expect(fromJsonText(text)).toEqual({ value: plain, large: 12345678901234567n });
    }),
  );
});

test.each([
  ["escaped quotes that never end", `"${'\\"'.repeat(200_000)}`],
  ["escaped quotes and a large number", `["${'\\"'.repeat(200_000)}",12345678901234567]`],
  ["digits before a point", `[${"1".repeat(400_000)}.5]`],
  ["a long text", `["${"x".repeat(19_000_000)}",12345678901234567]`],
])("%s take time in proportion to their length", (_, text) => {
  const before = threadCpuMs();
  try {
    fromJsonText(text);
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
  }
  // What grows with the square of the length takes minutes.
  expect(threadCpuMs() - before).toBeLessThan(5_000);
});

test("a text of 19 million characters beside a large number is read whole", () => {
  const text = "x".repeat(19_000_000);
  expect(fromJsonText(`["${text}",12345678901234567]`)).toEqual([text, 12345678901234567n]);
});
