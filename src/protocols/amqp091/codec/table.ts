// Field tables to and from bytes: every type RabbitMQ knows, 64-bit numbers exact, names byte-exact.
// Decoding keeps its own stack, so no nesting a client can send ends ours.

import {
  EMPTY_TABLE,
  FIELD_TABLE_DEPTH_MAX,
  type FieldTable,
  type FieldValue,
} from "../../../broker/message/field-table.ts";
import { unreachable } from "../../../lib/assert.ts";
import { ByteRangeError } from "../../../lib/byte-block.ts";
import type { ByteReader } from "../../../lib/byte-reader.ts";
import type { ByteWriter } from "../../../lib/byte-writer.ts";
import { CodecError } from "./codec-error.ts";
import {
  readLongString,
  readOpaqueShortString,
  writeLongString,
  writeShortString,
} from "./strings.ts";

/** Field types that hold no other values, by their letter. */
const scalarReaders: Record<string, (reader: ByteReader) => FieldValue> = {
  t: (reader) => ({ type: "t", value: reader.u8() !== 0 }),
  b: (reader) => ({ type: "b", value: reader.i8() }),
  B: (reader) => ({ type: "B", value: reader.u8() }),
  s: (reader) => ({ type: "s", value: reader.i16() }),
  u: (reader) => ({ type: "u", value: reader.u16() }),
  I: (reader) => ({ type: "I", value: reader.i32() }),
  i: (reader) => ({ type: "i", value: reader.u32() }),
  l: (reader) => ({ type: "l", value: reader.bigI64() }),
  L: (reader) => ({ type: "L", value: reader.bigU64() }),
  f: (reader) => ({ type: "f", value: reader.f32() }),
  d: (reader) => ({ type: "d", value: reader.f64() }),
  D: (reader) => ({ type: "D", scale: reader.u8(), value: reader.u32() }),
  S: (reader) => ({ type: "S", value: readLongString(reader) }),
  x: (reader) => ({ type: "x", value: readLongString(reader) }),
  T: (reader) => ({ type: "T", value: reader.bigU64() }),
  V: () => ({ type: "V" }),
};

/** The same by the letter's code: one array look-up per value. */
const scalarReaderByOctet = Array.from({ length: 256 }, (_, octet) =>
  Object.hasOwn(scalarReaders, String.fromCharCode(octet))
    ? scalarReaders[String.fromCharCode(octet)]
    : undefined,
);

const TABLE = 0x46; // "F"
const ARRAY = 0x41; // "A"

/** A table or array being filled. */
interface OpenContainer {
  readonly table: Map<string, FieldValue> | undefined;
  readonly array: FieldValue[] | undefined;
  readonly end: number;
}

/**
 * Reads a table with its length word. Throws CodecError (frame-error) where a value does not fill its container
 * exactly, a type is unknown or nesting is deeper than FIELD_TABLE_DEPTH_MAX. Work is linear in the bytes there are,
 * whatever lengths they announce.
 */
export function readTable(reader: ByteReader): FieldTable {
  const lengthBytes = reader.u32();
  if (lengthBytes === 0) return EMPTY_TABLE;
  const root = new Map<string, FieldValue>();
  const open: OpenContainer[] = [
    { table: root, array: undefined, end: endOf(reader, reader.end, lengthBytes) },
  ];
  for (let container = open[0]; container !== undefined; container = open[open.length - 1]) {
    if (reader.at === container.end) {
      open.pop();
      continue;
    }
    const name = container.table === undefined ? "" : readOpaqueShortString(reader);
    const octet = reader.u8();
    if (octet === TABLE || octet === ARRAY) {
      open.push(openContainer(reader, container, name, octet, open.length));
      continue;
    }
    const read = scalarReaderByOctet[octet];
    if (read === undefined) throw new CodecError("frame-error", `unknown field type ${octet}`);
    put(container, name, read(reader));
    if (reader.at > container.end) throw overrun();
  }
  return root;
}

function openContainer(
  reader: ByteReader,
  parent: OpenContainer,
  name: string,
  octet: number,
  depth: number,
): OpenContainer {
  if (depth >= FIELD_TABLE_DEPTH_MAX) {
    throw new CodecError("frame-error", `tables nested deeper than ${FIELD_TABLE_DEPTH_MAX}`);
  }
  const lengthBytes = reader.u32();
  const end = endOf(reader, parent.end, lengthBytes);
  if (octet === TABLE) {
    const table = new Map<string, FieldValue>();
    put(parent, name, { type: "F", value: table });
    return { table, array: undefined, end };
  }
  const array: FieldValue[] = [];
  put(parent, name, { type: "A", value: array });
  return { table: undefined, array, end };
}

function put(container: OpenContainer, name: string, value: FieldValue): void {
  container.table?.set(name, value);
  container.array?.push(value);
}

function endOf(reader: ByteReader, limit: number, lengthBytes: number): number {
  const end = reader.at + lengthBytes;
  if (end > limit) throw overrun();
  return end;
}

function overrun(): ByteRangeError {
  return new ByteRangeError("a field value ends after the table it is in");
}

/** Writes a table with its length word. Throws RangeError when it is nested deeper than FIELD_TABLE_DEPTH_MAX. */
export function writeTable(writer: ByteWriter, table: FieldTable): void {
  writeTableAt(writer, table, 1);
}

function writeTableAt(writer: ByteWriter, table: FieldTable, depth: number): void {
  const lengthAt = writer.reserve(4);
  for (const [name, value] of table) {
    writeShortString(writer, name);
    writeValue(writer, value, depth);
  }
  writer.patchU32(lengthAt, writer.at - lengthAt - 4);
}

function writeArrayAt(writer: ByteWriter, values: readonly FieldValue[], depth: number): void {
  const lengthAt = writer.reserve(4);
  for (const value of values) writeValue(writer, value, depth);
  writer.patchU32(lengthAt, writer.at - lengthAt - 4);
}

function writeValue(writer: ByteWriter, value: FieldValue, depth: number): void {
  writer.u8(value.type.charCodeAt(0));
  switch (value.type) {
    case "t":
      writer.u8(value.value ? 1 : 0);
      break;
    case "b":
    case "B":
      writer.u8(value.value);
      break;
    case "s":
    case "u":
      writer.u16(value.value);
      break;
    case "I":
    case "i":
      writer.u32(value.value);
      break;
    case "f":
      writer.f32(value.value);
      break;
    case "d":
      writer.f64(value.value);
      break;
    case "l":
    case "L":
    case "T":
      writer.big64(value.value);
      break;
    case "D":
      writer.u8(value.scale);
      writer.u32(value.value);
      break;
    case "S":
    case "x":
      writeLongString(writer, value.value);
      break;
    case "A":
      writeArrayAt(writer, value.value, nextDepth(depth));
      break;
    case "F":
      writeTableAt(writer, value.value, nextDepth(depth));
      break;
    case "V":
      break;
    default:
      unreachable(value);
  }
}

function nextDepth(depth: number): number {
  if (depth >= FIELD_TABLE_DEPTH_MAX) {
    throw new RangeError(`tables nested deeper than ${FIELD_TABLE_DEPTH_MAX}`);
  }
  return depth + 1;
}
