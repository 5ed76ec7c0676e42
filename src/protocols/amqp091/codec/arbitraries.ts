// Random methods, tables and properties for property tests (only tests import this).

import * as fc from "fast-check";
import type { FieldTable, FieldValue } from "../../../broker/message/field-table.ts";
import type { MessageProperties } from "../../../broker/message/message-properties.ts";

const shortText = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("__proto__", "constructor", "x-match", "CC", ""),
);

const bytes = fc.uint8Array({ maxLength: 40 });
const integer = (min: number, max: number) => fc.integer({ min, max });

const scalar: fc.Arbitrary<FieldValue> = fc.oneof(
  fc.record({ type: fc.constant("t" as const), value: fc.boolean() }),
  fc.record({ type: fc.constant("b" as const), value: integer(-128, 127) }),
  fc.record({ type: fc.constant("B" as const), value: integer(0, 255) }),
  fc.record({ type: fc.constant("s" as const), value: integer(-32_768, 32_767) }),
  fc.record({ type: fc.constant("u" as const), value: integer(0, 65_535) }),
  fc.record({ type: fc.constant("I" as const), value: integer(-(2 ** 31), 2 ** 31 - 1) }),
  fc.record({ type: fc.constant("i" as const), value: integer(0, 2 ** 32 - 1) }),
  fc.record({
    type: fc.constant("l" as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({
    type: fc.constantFrom("L" as const, "T" as const),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
  fc.record({ type: fc.constant("f" as const), value: fc.float({ noNaN: true }) }),
  fc.record({ type: fc.constant("d" as const), value: fc.double({ noNaN: true }) }),
  fc.record({
    type: fc.constant("D" as const),
    scale: integer(0, 255),
    value: integer(0, 2 ** 32 - 1),
  }),
  fc.record({ type: fc.constantFrom("S" as const, "x" as const), value: bytes }),
  fc.constant({ type: "V" as const }),
);

const { value: anyValue, table: anyTable } = fc.letrec<{ value: FieldValue; table: FieldTable }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      scalar,
      fc.record({
        type: fc.constant("A" as const),
        value: fc.array(tie("value"), { maxLength: 4 }),
      }),
      fc.record({ type: fc.constant("F" as const), value: tie("table") }),
    ),
    table: fc
      .array(fc.tuple(shortText, tie("value")), { maxLength: 5 })
      .map((entries): FieldTable => new Map(entries)),
  }),
);

export { anyTable, anyValue };

export const anyShortText = shortText;

export const anyProperties: fc.Arbitrary<MessageProperties> = fc.record(
  {
    contentType: shortText,
    contentEncoding: shortText,
    headers: anyTable,
    deliveryMode: integer(0, 255),
    priority: integer(0, 255),
    correlationId: shortText,
    replyTo: shortText,
    expiration: fc.oneof(shortText, fc.nat().map(String)),
    messageId: shortText,
    timestamp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    type: shortText,
    userId: shortText,
    appId: shortText,
    clusterId: shortText,
  },
  { requiredKeys: [] },
);
