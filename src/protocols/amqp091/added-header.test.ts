// A header that a delivery adds is the last of its message's headers, and changes nothing else.

import fc from "fast-check";
import { expect, it } from "vitest";
import { type FieldValue, longString } from "../../broker/message/field-table.ts";
import { DeliveryHeader } from "../../broker/queue/delivery-header.ts";
import { Arena } from "../../lib/arena.ts";
import { ByteReader } from "../../lib/byte-reader.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { AddedHeaderWriter } from "./added-header.ts";
import { readContentHeader, writeContentHeader } from "./codec/properties.ts";

const arena = new Arena({ sizeBytes: 1_048_576 });
const FROM = 128;
const TO = 65_536;

it("is written behind the others, with the body where it belongs", () => {
  const writer = new AddedHeaderWriter(arena);
  const header = new DeliveryHeader("x-stream-offset");
  fc.assert(
    fc.property(
      fc.option(fc.dictionary(fc.string({ maxLength: 20 }), fc.string())),
      fc.option(fc.string({ maxLength: 20 })),
      fc.option(fc.string({ maxLength: 20 })),
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      fc.option(fc.nat()),
      (own, contentType, contentEncoding, value, more) => {
        const headers = new Map<string, FieldValue>(
          Object.entries(own ?? {}).map(([name, text]) => [name, longString(text)]),
        );
        const properties = {
          ...(contentType === null ? {} : { contentType }),
          ...(contentEncoding === null ? {} : { contentEncoding }),
          ...(own === null ? {} : { headers }),
          messageId: "id",
        };
        const content = new ByteWriter();
        writeContentHeader(content, 5, 3, properties);
        const frame = content.toBytes();
        arena.u8.set(frame, FROM);
        arena.u8.set([1, 2, 3, 4], FROM + frame.length);
        header.value = value;
        header.next = undefined;
        if (more !== null) {
          header.next = new DeliveryHeader("x-more");
          header.next.value = more;
        }
        const growth = writer.measure(FROM, header, 131_064);
        writer.copy(TO, FROM, frame.length + 4, header, growth);
        const reader = new ByteReader();
        const length = arena.view.getUint32(TO + 3);
        reader.reset(arena, TO + 7, TO + 7 + length);
        const found = readContentHeader(reader);
        const added = [
          [header.name, { type: "l", value: BigInt(value) }] as const,
          ...(more === null ? [] : [["x-more", { type: "l", value: BigInt(more) }] as const]),
        ];
        const expected = new Map<string, FieldValue>([...headers, ...added]);
        expect(found.properties).toEqual({ ...properties, headers: expected });
        const names = [...(found.properties.headers?.keys() ?? [])];
        expect(names.slice(-added.length)).toEqual(added.map(([name]) => name));
        const end = TO + length + 8;
        expect(end - TO).toBe(frame.length + growth);
        expect([...arena.u8.subarray(end - 1, end + 4)]).toEqual([0xce, 1, 2, 3, 4]);
      },
    ),
  );
});

it("is left out where the frame would be too long for the client", () => {
  const content = new ByteWriter();
  writeContentHeader(content, 5, 3, { messageId: "x".repeat(200) });
  arena.u8.set(content.toBytes(), FROM);
  const writer = new AddedHeaderWriter(arena);
  expect(writer.measure(FROM, new DeliveryHeader("x-stream-offset"), 230)).toBe(0);
});
