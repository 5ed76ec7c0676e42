// Filters: what lies in headers is found where it lies, and no page with a wanted value is passed over.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Arena } from "../../lib/arena.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { writeContentHeader } from "../../protocols/amqp091/codec/properties.ts";
import { ContentHeaders } from "../message/content-headers.ts";
import { type FieldValue, longString } from "../message/field-table.ts";
import { addNoneToBloom, addToBloom, mayHave, NO_VALUES } from "./bloom.ts";
import { subscriptionFrom } from "./subscription.ts";

const arena = new Arena({ sizeBytes: 1_048_576 });
const bytes = (text: string) => new TextEncoder().encode(text);
const NAME = "x-stream-filter-value";

const values = fc.oneof<fc.Arbitrary<FieldValue>[]>(
  fc.string().map(longString),
  fc.boolean().map((value) => ({ type: "t", value })),
  fc.integer().map((value) => ({ type: "I", value })),
  fc.bigInt({ min: 0n, max: 2n ** 60n }).map((value) => ({ type: "l", value })),
  fc.double({ noNaN: true }).map((value) => ({ type: "d", value })),
  fc.constant({ type: "V" }),
  fc.constant({ type: "A", value: [longString("x"), { type: "V" }] }),
  fc.constant({ type: "F", value: new Map([[NAME, longString("inside")]]) }),
  fc.constant({ type: "T", value: 5n }),
  fc.constant({ type: "D", scale: 2, value: 77 }),
);

describe("headers of a content", () => {
  it("are found whatever stands beside them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ maxLength: 40 }), values), { maxLength: 6 }),
        fc.option(fc.string({ minLength: 1 })),
        fc.boolean(),
        fc.option(fc.constant("text/plain")),
        (others, wanted, first, contentType) => {
          const entries: [string, FieldValue][] = others.filter(([name]) => name !== NAME);
          if (wanted !== null) {
            entries.splice(first ? 0 : entries.length, 0, [NAME, longString(wanted)]);
          }
          const writer = new ByteWriter();
          writeContentHeader(writer, 1, 0, {
            ...(contentType === null ? {} : { contentType }),
            headers: new Map(entries),
            messageId: "m",
          });
          arena.u8.set(writer.toBytes(), 64);
          const headers = new ContentHeaders(arena);
          expect(headers.findText(64, bytes(NAME))).toBe(wanted !== null);
          if (wanted === null) return;
          const found = arena.u8.slice(headers.valueAt, headers.valueAt + headers.valueLength);
          expect(found).toEqual(bytes(wanted));
        },
      ),
    );
  });

  it("are not there when there is no table", () => {
    const writer = new ByteWriter();
    writeContentHeader(writer, 1, 0, { contentType: "a", messageId: NAME });
    arena.u8.set(writer.toBytes(), 64);
    expect(new ContentHeaders(arena).findText(64, bytes(NAME))).toBe(false);
  });
});

describe("Bloom filters", () => {
  it("never deny what was added", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 16, max: 255 }), (texts, size) => {
        const filter = new Uint8Array(size);
        for (const text of texts) addToBloom(filter, bytes(text), 0, bytes(text).length);
        for (const text of texts) expect(mayHave(filter, bytes(text))).toBe(true);
      }),
    );
  });

  it("deny most of what was not", () => {
    const filter = new Uint8Array(16);
    for (let i = 0; i < 8; i++) addToBloom(filter, bytes(`in-${i}`), 0, 4);
    let wrong = 0;
    for (let i = 0; i < 1_000; i++) if (mayHave(filter, bytes(`out-${i}`))) wrong++;
    expect(wrong).toBeLessThan(60);
    expect(mayHave(filter, bytes(""))).toBe(false);
    addNoneToBloom(filter);
    expect(mayHave(filter, bytes(""))).toBe(true);
  });

  it("say of a page without values that it has messages without one", () => {
    expect(mayHave(NO_VALUES, bytes(""))).toBe(true);
    expect(mayHave(NO_VALUES, bytes("a"))).toBe(false);
  });
});

describe("consumer arguments", () => {
  const read = (entries: Record<string, FieldValue>) =>
    subscriptionFrom(new Map(Object.entries(entries)), 1_000_000);

  it("take one filter or several", () => {
    const match = { "x-stream-match-unfiltered": { type: "t", value: true } as const };
    expect(read({ "x-stream-filter": longString("a") }).filter).toEqual({
      values: [bytes("a")],
      matchUnfiltered: false,
    });
    const several: FieldValue = { type: "A", value: [longString("a"), longString("b")] };
    expect(read({ "x-stream-filter": several, ...match }).filter).toEqual({
      values: [bytes("a"), bytes("b")],
      matchUnfiltered: true,
    });
    expect(read(match).filter).toBeUndefined();
  });

  it("take every kind of offset", () => {
    const offset = (value: FieldValue) => read({ "x-stream-offset": value }).offset;
    expect(offset(longString("last"))).toEqual({ from: "last" });
    expect(offset({ type: "l", value: 7n })).toEqual({ from: "offset", offset: 7 });
    expect(offset({ type: "T", value: 5n })).toEqual({ from: "timestamp", timestampMs: 5_000 });
    expect(offset(longString("10s"))).toEqual({ from: "timestamp", timestampMs: 990_000 });
    expect(read({}).offset).toBeUndefined();
  });
});
