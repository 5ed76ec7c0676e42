import { describe, expect, it } from "vitest";
import { ByteWriter } from "../../../lib/byte-writer.ts";
import { erlangBinary } from "./erlang-text.ts";
import { frameEndError, frameTooLargeError, unknownFrameError, writeBodyFrames } from "./frames.ts";
import { fitShortString } from "./strings.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

describe("body frames", () => {
  it("are at most frame-max long, overhead included", () => {
    const writer = new ByteWriter();
    const body = Uint8Array.from({ length: 25 }, (_, index) => index);
    writeBodyFrames(writer, 258, body, 18);
    const frame = (from: number, to: number) => [
      ...[3, 1, 2, 0, 0, 0, to - from],
      ...body.subarray(from, to),
      0xce,
    ];
    expect([...writer.toBytes()]).toEqual([...frame(0, 10), ...frame(10, 20), ...frame(20, 25)]);
  });

  it("are one without a limit and none without a body", () => {
    const writer = new ByteWriter();
    writeBodyFrames(writer, 1, new Uint8Array(0), 4_096);
    expect(writer.at).toBe(0);
    writeBodyFrames(writer, 1, new Uint8Array(300_000), 0);
    expect(writer.at).toBe(300_008);
  });
});

describe("error texts", () => {
  it("quote frames as RabbitMQ quotes them", () => {
    expect(unknownFrameError(0, bytes("abc")).message).toBe(
      'type 0, all octets = <<"abc">>: unknown_frame',
    );
    expect(frameEndError(1, Uint8Array.of(0, 50, 0, 10), 0).message).toBe(
      "type 1, all octets = <<0,50,0,10>>: {invalid_frame_end_marker,0}",
    );
    expect(frameTooLargeError(3, 5_000, 4_088).message).toBe(
      "type 3, all octets = <<>>: {frame_too_large,5000,4088}",
    );
    expect(erlangBinary(bytes('a"b'))).toBe('<<"a\\"b">>');
  });

  it("fit a short string, cut between characters", () => {
    expect(fitShortString("x".repeat(255))).toBe("x".repeat(255));
    expect(fitShortString("x".repeat(256))).toBe(`${"x".repeat(252)}...`);
    const fitted = fitShortString("ü".repeat(200));
    expect(fitted).toBe(`${"ü".repeat(126)}...`);
  });
});
