import { describe, expect, test } from "vitest";
import { longString } from "../broker/message/field-table.ts";
import {
  parseCount,
  parseProperties,
  parseRateStep,
  parseSeconds,
  parseSize,
  parseTable,
} from "./option-values.ts";

describe("parseRateStep", () => {
  test("a rate and how long", () => {
    expect(parseRateStep("100:30")).toEqual({ ratePerSecond: 100, seconds: 30 });
    expect(parseRateStep("0:2m")).toEqual({ ratePerSecond: 0, seconds: 120 });
    for (const wrong of ["", "100", "100:", ":3", "100:0", "x:3"]) {
      expect(() => parseRateStep(wrong)).toThrow();
    }
  });
});

describe("option values", () => {
  test.each([
    ["16", 16],
    ["1k", 1024],
    ["4KiB", 4096],
    ["2M", 2 * 1024 ** 2],
  ])("the size %s is %i bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each([
    ["2", 2],
    ["0.5", 0.5],
    ["3m", 180],
    ["1h", 3600],
  ])("the time %s is %d seconds", (text, seconds) => {
    expect(parseSeconds(text)).toBe(seconds);
  });

  test("wrong values are named", () => {
    expect(() => parseSize("big")).toThrow('"big"');
    expect(() => parseSeconds("soon")).toThrow('"soon"');
    expect(() => parseCount("1.5")).toThrow('"1.5"');
    expect(() => parseCount("0", 1)).toThrow("from 1");
    expect(() => parseTable("x")).toThrow('"x"');
    expect(() => parseTable("{x")).toThrow("JSON");
  });

  test("arguments keep their types, in both notations", () => {
    const expected = new Map([
      ["x-max-length", { type: "I", value: 10 }],
      ["x-single-active-consumer", { type: "t", value: true }],
      ["x-overflow", longString("reject-publish")],
      ["big", { type: "l", value: 5_000_000_000n }],
    ]);
    expect(
      parseTable(
        "x-max-length=10,x-single-active-consumer=true,x-overflow=reject-publish,big=5000000000",
      ),
    ).toEqual(expected);
    expect(
      parseTable(
        '{"x-max-length":10,"x-single-active-consumer":true,"x-overflow":"reject-publish","big":5000000000}',
      ),
    ).toEqual(expected);
    expect(parseTable("")).toEqual(new Map());
  });

  test("properties are found in any spelling; other names are headers", () => {
    expect(
      parseProperties("content-type=text/plain,delivery_mode=2,priority=5,colour=red"),
    ).toEqual({
      contentType: "text/plain",
      deliveryMode: 2,
      priority: 5,
      headers: new Map([["colour", longString("red")]]),
    });
  });
});
