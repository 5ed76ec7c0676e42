// AMQP field tables as values: arguments, headers, client properties. Decoded only where someone must look inside.

/**
 * A field value with its wire type, so that a table is written back as it came and 64-bit numbers are exact.
 * Types: t bool, b i8, B u8, s i16, u u16, I i32, i u32, l i64, L u64, f float, d double, D decimal, S long string,
 * A array, T timestamp, F table, V void, x byte array.
 */
export type FieldValue =
  | { readonly type: "t"; readonly value: boolean }
  | { readonly type: "b" | "B" | "s" | "u" | "I" | "i" | "f" | "d"; readonly value: number }
  | { readonly type: "l" | "L" | "T"; readonly value: bigint }
  | { readonly type: "D"; readonly scale: number; readonly value: number }
  /** The bytes of a long string; usually UTF-8. */
  | { readonly type: "S" | "x"; readonly value: Uint8Array }
  | { readonly type: "A"; readonly value: readonly FieldValue[] }
  | { readonly type: "F"; readonly value: FieldTable }
  | { readonly type: "V" };

/** Order is kept; a name may not come twice (the last one wins, as in RabbitMQ). A Map, so `__proto__` is a name like any other. */
export type FieldTable = ReadonlyMap<string, FieldValue>;

export const EMPTY_TABLE: FieldTable = new Map();

/** Tables may lie this deep inside each other; deeper ones are a syntax error. */
export const FIELD_TABLE_DEPTH_MAX = 128;

const utf8 = new TextDecoder();
const utf8Encoder = new TextEncoder();

export function longString(text: string): FieldValue {
  return { type: "S", value: utf8Encoder.encode(text) };
}

/** The text of a long string, or undefined for any other type. */
export function textOf(value: FieldValue | undefined): string | undefined {
  return value?.type === "S" ? utf8.decode(value.value) : undefined;
}

/** The number of any integer type as bigint, or undefined. */
export function integerOf(value: FieldValue | undefined): bigint | undefined {
  switch (value?.type) {
    case "b":
    case "B":
    case "s":
    case "u":
    case "I":
    case "i":
      return BigInt(value.value);
    case "l":
    case "L":
      return value.value;
    default:
      return undefined;
  }
}
