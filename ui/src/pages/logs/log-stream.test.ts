import { describe, expect, it } from "vitest";
import { EventReader, lineOf } from "./log-stream.ts";

describe("EventReader", () => {
  it("gives each event's data, however the stream is cut", () => {
    const stream = 'id: 1\ndata: {"a":1}\n\n: comment\n\ndata: two\ndata: lines\r\n\r\ndata: half';
    for (let size = 1; size <= stream.length; size++) {
      const got: string[] = [];
      const reader = new EventReader((data) => got.push(data));
      for (let at = 0; at < stream.length; at += size) reader.take(stream.slice(at, at + size));
      expect(got).toEqual(['{"a":1}', "two\nlines"]);
    }
  });
});

describe("lineOf", () => {
  it("reads JSON and plain text", () => {
    expect(lineOf('{"time":0,"level":"warning","message":"m","queue":"q"}')).toMatchObject({
      time: "1970-01-01T00:00:00.000Z",
      level: "warning",
      text: "m queue=q",
    });
    expect(lineOf("plain")).toMatchObject({ level: "info", text: "plain" });
  });
});
