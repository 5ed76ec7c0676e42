import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generate, generatedPath } from "../../../../scripts/generate-amqp091.ts";
import { type FieldTable, textOf } from "../../../broker/message/field-table.ts";
import { ByteReader } from "../../../lib/byte-reader.ts";
import { ByteWriter } from "../../../lib/byte-writer.ts";
import { anyShortText, anyTable } from "./arbitraries.ts";
import { CodecError } from "./codec-error.ts";
import {
  type ClientMethod,
  decodeClientMethod,
  decodeServerMethod,
  type MethodName,
  methodFacts,
  methodNameOf,
  type ServerMethod,
  writeClientMethod,
  writeServerMethod,
} from "./methods.generated.ts";

type AnyMethod = ClientMethod | ServerMethod;
type Side = "client" | "server";

/** What amqplib makes of the specification's own file: an encoder we did not write. */
interface Oracle {
  readonly encodeMethod: (ids: number, channel: number, fields: object) => Buffer;
  readonly info: (ids: number) => OracleMethod;
}
interface OracleMethod {
  readonly name: string;
  readonly args: readonly { readonly name: string; readonly type: string }[];
}
const require = createRequire(import.meta.url);
// Its package does not export this file, so it is taken by its place.
const definitions = require(
  require.resolve("amqplib").replace(/channel_api\.js$/, "lib/defs.js"),
) as Oracle & Record<string, number>;

const methodNames = Object.keys(methodFacts) as MethodName[];
const idsOf = (name: MethodName) => (methodFacts[name].classId << 16) | methodFacts[name].methodId;
const upperCamelCase = (name: string) =>
  name.replace(/(?:^|[.-])(\w)/g, (_, letter: string) => letter.toUpperCase());
const sidesOf = (name: MethodName): readonly Side[] => {
  const { sentBy } = methodFacts[name];
  return sentBy === "both" ? ["client", "server"] : [sentBy];
};

/** Fields of AMQP 0-8 which 0-9-1 reserves: amqplib still names them, we don't. */
const reserved = new Set([
  "capabilities",
  "insist",
  "outOfBand",
  "channelId",
  "knownHosts",
  "clusterId",
]);
function fieldsOf(name: MethodName): OracleMethod["args"] {
  return definitions
    .info(idsOf(name))
    .args.filter((field) => !reserved.has(field.name))
    .filter((field) => field.name !== "ticket" || name === "access.request-ok");
}
const ourName = (name: string) => (name === "nowait" ? "noWait" : name);

const integer = (max: number) => fc.integer({ min: 0, max });
const arbitraryByType: Record<string, fc.Arbitrary<unknown>> = {
  bit: fc.boolean(),
  octet: integer(255),
  short: integer(65_535),
  long: integer(2 ** 32 - 1),
  longlong: fc.maxSafeNat(),
  shortstr: anyShortText,
  longstr: fc.uint8Array({ maxLength: 30 }),
  table: anyTable,
};
function anyFields(name: MethodName, overrides: Record<string, fc.Arbitrary<unknown>> = {}) {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of fieldsOf(name)) {
    const arbitrary = overrides[field.type] ?? arbitraryByType[field.type];
    fields[ourName(field.name)] = arbitrary as fc.Arbitrary<unknown>;
  }
  return fc.record(fields);
}

function write(method: AnyMethod, side: Side): Uint8Array {
  const writer = new ByteWriter();
  if (side === "client") writeClientMethod(writer, 7, method as ClientMethod);
  else writeServerMethod(writer, 7, method as ServerMethod);
  return writer.toBytes();
}

function read(frame: Uint8Array, side: Side): AnyMethod {
  const reader = ByteReader.of(frame.subarray(7, frame.length - 1));
  return side === "client" ? decodeClientMethod(reader) : decodeServerMethod(reader);
}

function refusal(act: () => unknown): CodecError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return error as CodecError;
  }
  throw new Error("was not refused");
}

/** A client's method frame payload: class, method, arguments. */
const decode = (...octets: number[]) => decodeClientMethod(ByteReader.of(Uint8Array.from(octets)));

describe("the generated codec", () => {
  it("is what the generator makes of the spec today", () => {
    expect(readFileSync(generatedPath, "utf8")).toBe(generate());
  });

  it("knows the same methods and ids as amqplib", () => {
    const ours = methodNames.map((name) => `${upperCamelCase(name)} ${idsOf(name)}`);
    const theirs = Object.keys(definitions)
      .filter((key) => typeof definitions[key] === "number" && key !== "FRAME_OVERHEAD")
      .filter((key) => key !== "BasicProperties")
      .map((key) => `${key} ${definitions[key]}`);
    expect(ours.sort()).toEqual(theirs.sort());
  });

  it.each(methodNames)("reads back what it wrote: %s", (name) => {
    fc.assert(
      fc.property(anyFields(name), (fields) => {
        const method = { name, ...fields } as unknown as AnyMethod;
        for (const side of sidesOf(name)) {
          const frame = write(method, side);
          expect(read(frame, side)).toEqual(method);
        }
      }),
      { numRuns: 40 },
    );
  });

  // Tables of texts and booleans only: amqplib chooses other types for numbers than we would.
  const plainText = fc.string({ unit: "grapheme", maxLength: 10 });
  const plainTable = fc
    .dictionary(plainText, fc.oneof(plainText, fc.boolean()))
    .map((entries): FieldTable => {
      const values = Object.entries(entries).map(
        ([key, value]) =>
          [
            key,
            typeof value === "string"
              ? { type: "S" as const, value: Buffer.from(value) }
              : { type: "t" as const, value },
          ] as const,
      );
      return new Map(values);
    });
  const toTheirs = (value: unknown) => {
    if (value instanceof Map) {
      return Object.fromEntries(
        [...(value as FieldTable)].map(([key, field]) => [
          key,
          textOf(field) ?? ("value" in field && field.value),
        ]),
      );
    }
    return value instanceof Uint8Array ? Buffer.from(value) : value;
  };

  it.each(methodNames)("writes the same bytes as amqplib: %s", (name) => {
    const fields = anyFields(name, { shortstr: plainText, table: plainTable });
    fc.assert(
      fc.property(fields, (values) => {
        const theirFields: Record<string, unknown> = { ticket: 0 };
        for (const field of fieldsOf(name)) {
          theirFields[field.name] = toTheirs(values[ourName(field.name)]);
        }
        const theirs = definitions.encodeMethod(idsOf(name), 7, theirFields);
        for (const side of sidesOf(name)) {
          const ours = write({ name, ...values } as unknown as AnyMethod, side);
          expect(Buffer.from(ours).toString("hex")).toBe(theirs.toString("hex"));
        }
      }),
      { numRuns: 20 },
    );
  });

  it("gives a method or a CodecError for any bytes", () => {
    const ids = fc.oneof(
      fc.constantFrom(...methodNames).map((name) => methodFacts[name]),
      fc.record({ classId: integer(255), methodId: integer(255) }),
    );
    fc.assert(
      fc.property(ids, fc.uint8Array({ maxLength: 80 }), ({ classId, methodId }, rest) => {
        try {
          decode(0, classId, 0, methodId, ...rest);
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("a method frame that is none", () => {
  it("of an unknown method is answered 503 with its ids", () => {
    expect(refusal(() => decode(0, 99, 0, 10))).toMatchObject({
      reason: "command-invalid",
      classId: 99,
      methodId: 10,
    });
    expect(methodNameOf(99, 10)).toBeUndefined();
  });

  it("of a method only servers send is answered the same", () => {
    expect(refusal(() => decode(0, 20, 0, 11, 0, 0, 0, 0))).toMatchObject({
      reason: "command-invalid",
      message: "unimplemented method",
      classId: 20,
      methodId: 11,
    });
    expect(methodNameOf(60, 60)).toBe("basic.deliver");
  });

  it("without room for its ids quotes all its octets", () => {
    const error = refusal(() => decode());
    expect(error.reason).toBe("frame-error");
    expect(error.message).toBe("type 1, all octets = <<>>: unknown_frame");
    expect(refusal(() => decode(0, 50, 0))).toMatchObject({ classId: 0, methodId: 0 });
  });

  it("cut short, or longer than its arguments, quotes the arguments", () => {
    expect(refusal(() => decode(0, 50, 0, 10, 0, 0, 6, 97, 98))).toMatchObject({
      reason: "frame-error",
      message: "cannot decode <<0,0,6,97,98>>",
      classId: 50,
      methodId: 10,
    });
    const trailing = refusal(() => decode(0, 60, 0, 10, 0, 0, 0, 0, 0, 1, 0, 103));
    expect(trailing.message).toBe("cannot decode <<0,0,0,0,0,1,0,103>>");
  });

  it("with a bad table in it quotes the arguments too", () => {
    const error = refusal(() => decode(0, 50, 0, 10, 0, 0, 0, 0, 0, 0, 0, 3, 1, 97, 0x5a));
    expect(error.message).toBe("cannot decode <<0,0,0,0,0,0,0,3,1,97,90>>");
  });

  it("with a name that is not UTF-8 is answered as RabbitMQ answers it", () => {
    const error = refusal(() => decode(0, 50, 0, 30, 0, 0, 2, 0xff, 0xfe, 0));
    expect(error).toMatchObject({
      reason: "frame-error",
      message: "Malformed UTF-8 in shortstr",
      classId: 0,
      methodId: 0,
    });
    const cut = refusal(() => decode(0, 50, 0, 30, 0, 0, 1, 0xc3, 0));
    expect(cut.message).toBe("Malformed UTF-8 in shortstr");
  });

  it("with a replacement character in a name is fine: it is UTF-8", () => {
    const method = decode(0, 50, 0, 30, 0, 0, 3, 0xef, 0xbf, 0xbd, 0);
    expect(method).toEqual({ name: "queue.purge", queue: "\uFFFD", noWait: false });
  });
});
