import { describe, expect, it } from "vitest";
import { hexDump, payloadBytes, prettyJson, textOf } from "./payload.ts";

describe("payloads", () => {
  it("decodes base64 to bytes", () => {
    expect([...payloadBytes("AP8B", "base64")]).toEqual([0, 255, 1]);
  });

  it("tells bytes that are not UTF-8 from text", () => {
    expect(textOf(new Uint8Array([0xff, 0xfe]))).toBeUndefined();
    expect(textOf(new TextEncoder().encode("grüße"))).toBe("grüße");
  });

  it("indents JSON objects and lists only", () => {
    expect(prettyJson('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
    expect(prettyJson("17")).toBeUndefined();
    expect(prettyJson("{broken")).toBeUndefined();
  });

  it("dumps sixteen bytes a line", () => {
    expect(hexDump(new TextEncoder().encode("0123456789abcdefg\n"))).toBe(
      "00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n" +
        `00000010  67 0a${" ".repeat(42)}  g.`,
    );
  });
});
