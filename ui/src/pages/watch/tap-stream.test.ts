import { describe, expect, it } from "vitest";
import { LineReader, takeLine } from "./tap-stream.ts";

describe("LineReader", () => {
  it("gives each whole line, however the stream is cut, and no empty one", () => {
    const stream = '{"a":1}\n\n{"b":"ü"}\r\n{"half"';
    for (let size = 1; size <= stream.length; size++) {
      const got: unknown[] = [];
      const reader = new LineReader((line) => got.push(JSON.parse(line)));
      for (let at = 0; at < stream.length; at += size) reader.take(stream.slice(at, at + size));
      expect(got).toEqual([{ a: 1 }, { b: "ü" }]);
    }
  });
});

describe("takeLine", () => {
  it("tells events and what was missed apart, and passes over what is no event", () => {
    const told: unknown[] = [];
    const listener = {
      event: (event: unknown) => told.push(event),
      missed: (count: number) => told.push(count),
    };
    for (const line of ['{"kind":"died"}', '{"kind":"missed","count":12}', "null", "7"]) {
      takeLine(line, listener);
    }
    expect(told).toEqual([{ kind: "died" }, 12]);
  });
});
