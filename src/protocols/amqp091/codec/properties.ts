// The 14 message properties of class basic, as values. The data path never builds this (see property-scan.ts).

import type { MessageProperties } from "../../../broker/message/message-properties.ts";
import { ByteRangeError } from "../../../lib/byte-block.ts";
import type { ByteReader } from "../../../lib/byte-reader.ts";
import type { ByteWriter } from "../../../lib/byte-writer.ts";
import { CodecError } from "./codec-error.ts";
import { BASIC_CLASS_ID, beginFrame, endFrame, FrameType } from "./frames.ts";
import { readOpaqueShortString, writeShortString } from "./strings.ts";
import { readTable, writeTable } from "./table.ts";

type PropertyName = keyof MessageProperties;

interface Property {
  readonly name: PropertyName;
  readonly flag: number;
  readonly read: (reader: ByteReader) => MessageProperties[PropertyName];
  readonly write: (writer: ByteWriter, value: never) => void;
}

function property<Name extends PropertyName>(
  bit: number,
  name: Name,
  read: (reader: ByteReader) => MessageProperties[Name],
  write: (writer: ByteWriter, value: NonNullable<MessageProperties[Name]>) => void,
): Property {
  return { name, flag: 1 << bit, read, write: write as Property["write"] };
}

const text = (bit: number, name: PropertyName): Property => ({
  name,
  flag: 1 << bit,
  read: readOpaqueShortString,
  write: writeShortString as Property["write"],
});
const octet = (bit: number, name: "deliveryMode" | "priority"): Property =>
  property(
    bit,
    name,
    (reader) => reader.u8(),
    (writer, value) => writer.u8(value),
  );

/** In wire order: the flag bits from the highest down. */
const properties: readonly Property[] = [
  text(15, "contentType"),
  text(14, "contentEncoding"),
  property(13, "headers", readTable, writeTable),
  octet(12, "deliveryMode"),
  octet(11, "priority"),
  text(10, "correlationId"),
  text(9, "replyTo"),
  text(8, "expiration"),
  text(7, "messageId"),
  property(
    6,
    "timestamp",
    (reader) => reader.bigU64(),
    (writer, value) => writer.big64(value),
  ),
  text(5, "type"),
  text(4, "userId"),
  text(3, "appId"),
  text(2, "clusterId"),
];

/** Bit 0 says that another word of flags follows. Class basic has no second word. */
const CONTINUATION = 1;

/** Reads property flags and properties up to the reader's end; throws CodecError (frame-error). Bit 1 is reserved and ignored. */
export function readProperties(reader: ByteReader): MessageProperties {
  try {
    const flags = reader.u16();
    if ((flags & CONTINUATION) !== 0) throw new ByteRangeError("a second word of property flags");
    const values: Partial<Record<PropertyName, MessageProperties[PropertyName]>> = {};
    for (const { name, flag, read } of properties) {
      if ((flags & flag) !== 0) values[name] = read(reader);
    }
    if (reader.remaining !== 0) throw new ByteRangeError("bytes after the last property");
    return values as MessageProperties;
  } catch (error) {
    if (!(error instanceof ByteRangeError)) throw error;
    throw new CodecError("frame-error", `cannot decode properties: ${error.message}`);
  }
}

export function writeProperties(writer: ByteWriter, values: MessageProperties): void {
  const flagsAt = writer.reserve(2);
  let flags = 0;
  for (const { name, flag, write } of properties) {
    const value = values[name];
    if (value === undefined) continue;
    flags |= flag;
    write(writer, value as never);
  }
  writer.patchU8(flagsAt, flags >>> 8);
  writer.patchU8(flagsAt + 1, flags & 0xff);
}

export interface ContentHeader {
  readonly bodySizeBytes: number;
  readonly properties: MessageProperties;
}

/** Reads the payload of a content header frame of class basic. */
export function readContentHeader(reader: ByteReader): ContentHeader {
  if (reader.remaining < 14) throw new CodecError("frame-error", "a content header cut short");
  const classId = reader.u16();
  if (classId !== BASIC_CLASS_ID) {
    throw new CodecError(
      "unexpected-frame",
      `expected content header for class ${BASIC_CLASS_ID}, got one for class ${classId} instead`,
    );
  }
  reader.skip(2); // weight: unused
  return { bodySizeBytes: reader.u64(), properties: readProperties(reader) };
}

/** Writes a whole content header frame. */
export function writeContentHeader(
  writer: ByteWriter,
  channel: number,
  bodySizeBytes: number,
  values: MessageProperties,
): void {
  const lengthAt = beginFrame(writer, FrameType.header, channel);
  writer.u16(BASIC_CLASS_ID);
  writer.u16(0);
  writer.u64(bodySizeBytes);
  writeProperties(writer, values);
  endFrame(writer, lengthAt);
}
