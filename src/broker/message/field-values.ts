// Field values compared and named the way RabbitMQ compares and names them.

import type { FieldTable, FieldValue } from "./field-table.ts";

/** RabbitMQ's names of the wire types, as its error texts show them. */
const typeNames: Readonly<Record<FieldValue["type"], string>> = {
  t: "bool",
  b: "byte",
  B: "unsignedbyte",
  s: "short",
  u: "unsignedshort",
  I: "signedint",
  i: "unsignedint",
  l: "long",
  L: "unsignedlong",
  f: "float",
  d: "double",
  D: "decimal",
  S: "longstr",
  x: "binary",
  A: "array",
  T: "timestamp",
  F: "table",
  V: "void",
};

export function fieldTypeName(value: FieldValue): string {
  return typeNames[value.type];
}

/**
 * A text that is equal for values RabbitMQ calls equal: the first letter is the class (all integer widths are one
 * class, both float widths another), the rest the value. "V" alone is void.
 */
export function comparableText(value: FieldValue): string {
  switch (value.type) {
    case "b":
    case "B":
    case "s":
    case "u":
    case "I":
    case "i":
    case "l":
    case "L":
      return `i${value.value}`;
    case "f":
    case "d":
      return `f${value.value}`;
    case "D":
      return `D${value.value}e-${value.scale}`;
    case "S":
    case "x":
      return value.type + Buffer.from(value.value).toString("latin1");
    case "A":
      return `A${JSON.stringify(value.value.map(exactText))}`;
    case "F":
      return `F${tableText(value.value)}`;
    case "V":
      return "V";
    default:
      return `${value.type}${value.value}`;
  }
}

/** Inside arrays and tables RabbitMQ compares types exactly. */
function exactText(value: FieldValue): string {
  return value.type + comparableText(value);
}

function tableText(table: FieldTable): string {
  return JSON.stringify([...table].map(([name, value]) => [name, exactText(value)]));
}
