import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteRangeError, byteBlock } from "./byte-block.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { decodeUtf8Lossless, encodeUtf8Lossless, isWellFormed } from "./lossless-utf8.ts";

describe("reader and writer", () => {
  it("agree on every kind of number", () => {
    const writer = new ByteWriter();
    writer.u8(255);
    writer.u8(-1);
    writer.u16(65_535);
    writer.u16(-2);
    writer.u32(4_294_967_295);
    writer.u32(-3);
    writer.u64(2 ** 53);
    writer.big64(-4n);
    writer.big64(2n ** 64n - 1n);
    writer.f32(0.5);
    writer.f64(Math.PI);
    const reader = ByteReader.of(writer.toBytes());
    expect([reader.u8(), reader.i8(), reader.u16(), reader.i16()]).toEqual([255, -1, 65_535, -2]);
    expect([reader.u32(), reader.i32(), reader.u64()]).toEqual([4_294_967_295, -3, 2 ** 53]);
    expect([reader.bigI64(), reader.bigU64()]).toEqual([-4n, 2n ** 64n - 1n]);
    expect([reader.f32(), reader.f64(), reader.remaining]).toEqual([0.5, Math.PI, 0]);
  });

  it("never go past the end, whatever is asked", () => {
    fc.assert(
      fc.property(fc.nat({ max: 20 }), fc.double(), (length, count) => {
        const reader = ByteReader.of(new Uint8Array(length));
        if (count >= 0 && count <= length) return;
        expect(() => reader.bytes(count)).toThrow(ByteRangeError);
        expect(reader.at).toBe(0);
      }),
    );
    const block = byteBlock(new Uint8Array(8));
    const writer = new ByteWriter(block, 2, 5);
    writer.u16(1);
    expect(() => writer.u16(2)).toThrow(ByteRangeError);
    writer.u8(3);
    expect([...block.u8]).toEqual([0, 0, 0, 1, 3, 0, 0, 0]);
    expect(() => new ByteReader().reset(block, 4, 9)).toThrow(ByteRangeError);
  });

  it("keep what was written before the memory grew, patches included", () => {
    const writer = new ByteWriter();
    const lengthAt = writer.reserve(4);
    writer.bytes(new Uint8Array(1_000).fill(7));
    writer.patchU32(lengthAt, 1_000);
    const reader = ByteReader.of(writer.toBytes());
    expect(reader.bytes(reader.u32())).toEqual(new Uint8Array(1_000).fill(7));
  });

  it("work inside a block that is not at the start of its memory", () => {
    const block = byteBlock(new Uint8Array(64).subarray(10, 30));
    const writer = new ByteWriter(block, 3, 20);
    expect(writer.text("häse")).toBe(5);
    const reader = new ByteReader();
    reader.reset(block, 3, 8);
    expect(reader.text(5)).toBe("häse");
  });
});

describe("lossless UTF-8", () => {
  it("gives every byte back", () => {
    const odd = fc.array(fc.constantFrom(0x61, 0x80, 0xbf, 0xc3, 0xe0, 0xa0, 0xed, 0xf0, 0xff));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          odd.map((octets) => Uint8Array.from(octets)),
        ),
        (bytes) => {
          const text = decodeUtf8Lossless(byteBlock(bytes), 0, bytes.length);
          expect([...encodeUtf8Lossless(text)]).toEqual([...bytes]);
          const isUtf8 = Buffer.from(bytes).equals(
            Buffer.from(Buffer.from(bytes).toString("utf8")),
          );
          expect(isWellFormed(text)).toBe(isUtf8);
          if (isUtf8) expect(text).toBe(Buffer.from(bytes).toString("utf8"));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
