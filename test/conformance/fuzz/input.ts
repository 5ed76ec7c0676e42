// What a client might send, well or badly meant: whole methods with likely and unlikely values, contents, and damage.

import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { type Field, type Method, parseSpec, specPath } from "../../../scripts/generate-amqp091.ts";
import {
  type FieldTable,
  type FieldValue,
  longString,
} from "../../../src/broker/message/field-table.ts";
import type { MessageProperties } from "../../../src/broker/message/message-properties.ts";
import { ByteWriter } from "../../../src/lib/byte-writer.ts";
import { anyProperties, anyTable } from "../../../src/protocols/amqp091/codec/arbitraries.ts";
import { FRAME_END, FrameType } from "../../../src/protocols/amqp091/codec/frames.ts";
import {
  type ClientMethod,
  type ServerMethod,
  writeClientMethod,
  writeServerMethod,
} from "../../../src/protocols/amqp091/codec/methods.generated.ts";
import { writeContentHeader } from "../../../src/protocols/amqp091/codec/properties.ts";

/** Names that meet each other, names that mean something, and any. */
const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("q1", "q2", "q3", "x1", "x2", "t1", "t2", "") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        "amq.direct",
        "amq.topic",
        "amq.fanout",
        "amq.headers",
        "amq.match",
        "amq.rabbitmq.trace",
      ],
      ...[
        "amq.rabbitmq.reply-to",
        "amq.gen-x",
        "direct",
        "fanout",
        "topic",
        "headers",
        "a.#",
        "*.b",
      ],
      ...["/", "guest", "PLAIN", "AMQPLAIN", "en_US", "__proto__"],
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
);

const argumentName = fc.constantFrom(
  ...[
    "x-message-ttl",
    "x-expires",
    "x-max-length",
    "x-max-length-bytes",
    "x-max-priority",
    "x-overflow",
  ],
  ...[
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-queue-type",
    "x-queue-mode",
    "x-priority",
  ],
  ...[
    "x-single-active-consumer",
    "x-match",
    "alternate-exchange",
    "x-delivery-limit",
    "x-stream-offset",
  ],
);
const argumentValue: fc.Arbitrary<FieldValue> = fc.oneof(
  fc.constantFrom(0, 1, 2, 5, 255, -1, 2 ** 31 - 1).map((value) => ({ type: "I", value }) as const),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value) => ({ type: "l", value }) as const),
  fc.boolean().map((value) => ({ type: "t", value }) as const),
  fc
    .oneof(
      name,
      fc.constantFrom("quorum", "stream", "classic", "all", "any", "drop-head", "reject-publish"),
    )
    .map(longString),
);
const table: fc.Arbitrary<FieldTable> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(new Map() as FieldTable) },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.tuple(argumentName, argumentValue), { maxLength: 4 })
      .map((pairs) => new Map(pairs)),
  },
  { weight: 1, arbitrary: anyTable },
);

const arbitraryByType: Record<string, fc.Arbitrary<unknown>> = {
  bit: fc.boolean(),
  octet: fc.integer({ min: 0, max: 255 }),
  short: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 65_535 })),
  long: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  longlong: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.maxSafeNat()),
  shortstr: name,
  longstr: fc.uint8Array({ maxLength: 30 }),
  table,
};

const methods = parseSpec(readFileSync(specPath, "utf8"));

function fieldsOf(fields: readonly Field[]): fc.Arbitrary<Record<string, unknown>> {
  const record: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of fields) {
    if (field.name !== undefined)
      record[field.name] = arbitraryByType[field.type] as fc.Arbitrary<unknown>;
  }
  return fc.record(record);
}

/** Often those that do something, rarely those that end it all. */
const weights: Record<string, number> = {
  ...{
    "basic.publish": 12,
    "basic.consume": 8,
    "basic.get": 6,
    "queue.declare": 12,
    "queue.bind": 6,
  },
  ...{
    "basic.ack": 6,
    "basic.nack": 4,
    "basic.reject": 4,
    "exchange.declare": 6,
    "channel.open": 6,
  },
};
const channel = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(1, 2) },
  { weight: 1, arbitrary: fc.constantFrom(0, 3, 9, 65_535) },
);

/** Values with which a method does no more than close the connection. */
const harmless: Record<string, Record<string, unknown>> = {
  "basic.qos": { prefetchSize: 0 },
  "channel.flow": { active: true },
  "basic.publish": { immediate: false },
};

function methodsOf(
  chosen: readonly Method[],
  numbers: fc.Arbitrary<number>,
  fixed: Record<string, Record<string, unknown>>,
): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    ...chosen.map(({ name: methodName, sentBy, fields }) => ({
      weight: weights[methodName] ?? (methodName.startsWith("connection.") ? 1 : 2),
      arbitrary: fc.tuple(numbers, fieldsOf(fields)).map(([number, values]) => {
        const writer = new ByteWriter();
        const method = { name: methodName, ...values, ...fixed[methodName] };
        if (sentBy === "server")
          writeServerMethod(writer, number, method as unknown as ServerMethod);
        else writeClientMethod(writer, number, method as unknown as ClientMethod);
        return writer.toBytes();
      }),
    })),
  );
}

const anyMethod = methodsOf(methods, channel, {});
const fatal = /^(connection|tx|confirm)\.|^channel\.(open|close)|^basic\.publish/;
/** What an honest client may send on an open channel; its values may still be odd. */
const usualMethod = methodsOf(
  methods.filter(({ name: methodName, sentBy }) => sentBy !== "server" && !fatal.test(methodName)),
  fc.constantFrom(1, 2),
  harmless,
);
const modeMethod = methodsOf(
  methods.filter(
    ({ name: methodName, sentBy }) => sentBy === "client" && /^(tx|confirm)\./.test(methodName),
  ),
  fc.constantFrom(1, 2),
  {},
);

const properties: fc.Arbitrary<MessageProperties> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.record(
      { expiration: fc.constantFrom("0", "5", "-1", "x"), deliveryMode: fc.constantFrom(1, 2) },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: anyProperties },
);

function frame(
  type: number,
  number: number,
  payload: Uint8Array,
  announced = payload.length,
): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(type);
  writer.u16(number);
  writer.u32(announced);
  writer.bytes(payload);
  writer.u8(FRAME_END);
  return writer.toBytes();
}

/** A publish whose parts fit, nearly fit, or announce what never comes. */
const contentOf = (announcedMore: fc.Arbitrary<number>) =>
  fc
    .record({
      number: fc.constantFrom(1, 2),
      exchange: name,
      routingKey: name,
      mandatory: fc.boolean(),
      sizes: fc.array(fc.constantFrom(0, 1, 10, 5_000, 70_000), { maxLength: 3 }),
      announcedMore,
      properties,
    })
    .map(
      ({ number, exchange, routingKey, mandatory, sizes, announcedMore, properties: values }) => {
        const total = sizes.reduce((sum: number, size) => sum + size, 0);
        const writer = new ByteWriter();
        writeClientMethod(writer, number, {
          ...{
            name: "basic.publish",
            exchange: shortened(exchange),
            routingKey: shortened(routingKey),
          },
          ...{ mandatory, immediate: false },
        });
        const announced = Math.min(Math.max(0, total + announcedMore), Number.MAX_SAFE_INTEGER);
        writeContentHeader(writer, number, announced, values);
        for (const size of sizes) writer.bytes(frame(FrameType.body, number, new Uint8Array(size)));
        return writer.toBytes();
      },
    );

function shortened(text: string): string {
  return Buffer.byteLength(text) > 255 ? text.slice(0, 60) : text;
}

const content = contentOf(fc.constantFrom(0, 0, 0, 0, 1, -1, 1_000, 2 ** 27, 2 ** 40, 2 ** 53 - 1));

const anyFrame = fc
  .tuple(
    fc.integer({ min: 0, max: 9 }),
    channel,
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom(0, 0, 1, -1, 70_000, 2 ** 31),
  )
  .map(([type, number, payload, more]) =>
    frame(type, number, payload, Math.min(2 ** 32 - 1, Math.max(0, payload.length + more))),
  );

const whole = fc.oneof(
  { weight: 10, arbitrary: anyMethod },
  { weight: 6, arbitrary: content },
  { weight: 1, arbitrary: anyFrame },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
);

/** One octet changed, or cut short. */
const damaged = fc
  .tuple(whole, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean())
  .map(([bytes, position, octet, cuts]) => {
    if (bytes.length === 0) return bytes;
    const at = position % bytes.length;
    if (cuts) return bytes.slice(0, at);
    const changed = bytes.slice();
    changed[at] = octet;
    return changed;
  });

/** Bytes that print short: seed and path are enough to repeat a failure. */
export class Piece {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  [fc.toStringMethod](): string {
    const shown = Buffer.from(this.bytes.subarray(0, 120)).toString("hex");
    return this.bytes.length > 120 ? `${shown}... (${this.bytes.length} bytes)` : shown;
  }
}
const pieces = (arbitrary: fc.Arbitrary<Uint8Array>) => arbitrary.map((bytes) => new Piece(bytes));

/** What one client sends after its handshake, in pieces. */
export const anyInput: fc.Arbitrary<Piece[]> = fc.array(
  pieces(fc.oneof({ weight: 12, arbitrary: whole }, { weight: 1, arbitrary: damaged })),
  { minLength: 1, maxLength: 40 },
);

/** A client that follows the protocol and gets far: odd values, but whole frames in order. */
export const anySession: fc.Arbitrary<Piece[]> = fc.array(
  pieces(
    fc.oneof(
      { weight: 10, arbitrary: usualMethod },
      { weight: 6, arbitrary: contentOf(fc.constant(0)) },
      { weight: 1, arbitrary: modeMethod },
    ),
  ),
  { minLength: 20, maxLength: 120 },
);
