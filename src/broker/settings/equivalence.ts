// A second declare must ask for what is there. The texts are RabbitMQ's, in its three forms: none,
// 'value', and the value 'v' of type 't'.

import { BrokerError } from "../errors.ts";
import type { FieldTable, FieldValue } from "../field-table.ts";
import { comparableText, fieldTypeName } from "../field-values.ts";
import { shownValue } from "./shown-value.ts";

/** Flags and types: `argument` is RabbitMQ's name of the field. */
export function assertSameField(
  received: boolean | string,
  current: boolean | string,
  argument: string,
  resource: string,
): void {
  if (received !== current) throw inequivalent(argument, resource, `'${received}'`, `'${current}'`);
}

/** The arguments in `names`, one after the other; others are not compared. */
export function assertSameArguments(
  received: FieldTable,
  current: FieldTable,
  names: Iterable<string>,
  resource: string,
): void {
  for (const name of names)
    assertSameArgument(received.get(name), current.get(name), name, resource);
}

function assertSameArgument(
  received: FieldValue | undefined,
  current: FieldValue | undefined,
  name: string,
  resource: string,
): void {
  if (received === undefined && current === undefined) return;
  if (received !== undefined && current !== undefined) {
    if (comparableText(received) === comparableText(current)) return;
    throw inequivalent(name, resource, `'${shownValue(received)}'`, `'${shownValue(current)}'`);
  }
  throw inequivalent(name, resource, described(received), described(current));
}

function described(value: FieldValue | undefined): string {
  if (value === undefined) return "none";
  return `the value '${shownValue(value)}' of type '${fieldTypeName(value)}'`;
}

/** The error of a declare that differs from what is there. */
export function inequivalent(
  argument: string,
  resource: string,
  received: string,
  current: string,
): BrokerError {
  return new BrokerError(
    "precondition-failed",
    `inequivalent arg '${argument}' for ${resource}: received ${received} but current is ${current}`,
  );
}
