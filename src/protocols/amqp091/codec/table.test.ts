import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FieldTable, FieldValue } from "../../../broker/message/field-table.ts";
import { ByteRangeError } from "../../../lib/byte-block.ts";
import { ByteReader } from "../../../lib/byte-reader.ts";
import { ByteWriter } from "../../../lib/byte-writer.ts";
import { anyTable } from "./arbitraries.ts";
import { CodecError } from "./codec-error.ts";
import { readTable, writeTable } from "./table.ts";

function encode(table: FieldTable): Uint8Array {
  const writer = new ByteWriter();
  writeTable(writer, table);
  return writer.toBytes();
}

function decode(bytes: Uint8Array): FieldTable {
  const reader = ByteReader.of(bytes);
  const table = readTable(reader);
  expect(reader.remaining).toBe(0);
  return table;
}

/** A table inside a table, `depth` tables in all. */
function nested(depth: number): Uint8Array {
  const bytes = new Uint8Array(depth * 7 - 3);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 7) {
    view.setUint32(at, bytes.length - at - 4);
    if (at + 7 < bytes.length) bytes.set([1, 0x61, 0x46], at + 4);
  }
  return bytes;
}

describe("field tables", () => {
  it("come back equal, and byte for byte", () => {
    fc.assert(
      fc.property(anyTable, (table) => {
        const bytes = encode(table);
        const decoded = decode(bytes);
        expect(decoded).toEqual(table);
        expect(encode(decoded)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it("give a value or a refusal for any bytes, and never read past their own", () => {
    const typed = fc.array(
      fc.oneof(
        fc.constantFrom(...[..."tbBsuIilLfdDSxTAFV"].map((letter) => letter.charCodeAt(0))),
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 0, max: 255 }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(typed, (octets) => {
        const bytes = Uint8Array.from([0, 0, 0, octets.length, ...octets, 0xaa]);
        const reader = ByteReader.of(bytes);
        reader.end--;
        try {
          readTable(reader);
          expect(reader.remaining).toBe(0);
        } catch (error) {
          expect(error instanceof CodecError || error instanceof ByteRangeError).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("keep 64-bit numbers exact", () => {
    const values: [string, FieldValue][] = [
      ["odd", { type: "l", value: 2n ** 53n + 1n }],
      ["least", { type: "l", value: -(2n ** 63n) }],
      ["most", { type: "L", value: 2n ** 64n - 1n }],
    ];
    expect(decode(encode(new Map(values)))).toEqual(new Map(values));
  });

  it("keep names that are not UTF-8 byte for byte", () => {
    const bytes = Uint8Array.of(0, 0, 0, 6, 4, 0xff, 0x61, 0xc3, 0x80 + 0x29, 0x56);
    const odd = Uint8Array.of(0, 0, 0, 5, 3, 0xff, 0xc0, 0x61, 0x56);
    expect(encode(decode(bytes))).toEqual(bytes);
    expect(encode(decode(odd))).toEqual(odd);
  });

  it("take names of objects for plain names; the last of two equal ones wins", () => {
    const bytes = Uint8Array.from([
      ...[0, 0, 0, 12],
      ...[3, 0x61, 0x62, 0x63, 0x74, 1],
      ...[3, 0x61, 0x62, 0x63, 0x74, 0],
    ]);
    expect(decode(bytes).get("abc")).toEqual({ type: "t", value: false });
    const names = ["__proto__", "constructor", "hasOwnProperty"];
    const table = new Map(names.map((name) => [name, { type: "V" } as const]));
    expect([...decode(encode(table)).keys()]).toEqual(names);
  });

  it("may be nested 128 deep and not deeper, however deep a frame can go", () => {
    expect(decode(nested(128)).size).toBe(1);
    expect(() => decode(nested(129))).toThrow(CodecError);
    expect(() => decode(nested(18_000))).toThrow(CodecError);
  });

  it("refuse to be written deeper than they could be read", () => {
    const deep = (depth: number): FieldTable =>
      depth === 1 ? new Map() : new Map([["a", { type: "F", value: deep(depth - 1) }]]);
    expect(encode(deep(128))).toEqual(nested(128));
    expect(() => encode(deep(129))).toThrow(RangeError);
  });

  it("refuse a value that is longer than its table", () => {
    expect(() => decode(Uint8Array.of(0, 0, 0, 7, 1, 0x61, 0x53, 0, 0, 0, 100, 1, 2))).toThrow();
    expect(() => decode(Uint8Array.of(0, 0, 0, 3, 1, 0x61, 0x5a))).toThrow(CodecError);
    // An inner table that ends inside its last value, though the outer one goes on.
    const overlapping = [0, 0, 0, 13, 1, 0x61, 0x46, 0, 0, 0, 4, 1, 0x62, 0x49, 0, 0, 0];
    expect(() => decode(Uint8Array.from(overlapping))).toThrow(ByteRangeError);
  });
});
