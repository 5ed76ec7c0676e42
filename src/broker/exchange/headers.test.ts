import { expect, test } from "vitest";
import {
  EMPTY_TABLE,
  type FieldTable,
  type FieldValue,
  longString,
} from "../message/field-table.ts";
import type { Binding, Destination, RoutedMessage } from "./exchange.ts";
import { headersType } from "./headers.ts";

const int = (value: number): FieldValue => ({ type: "I", value });
const long = (value: bigint): FieldValue => ({ type: "l", value });
const nothing: FieldValue = { type: "V" };

function table(fields: Record<string, FieldValue>): FieldTable {
  return new Map(Object.entries(fields));
}

function matches(bindingArguments: FieldTable, headers: FieldTable): boolean {
  const router = headersType.createRouter({} as never, {} as never);
  const binding = { arguments: bindingArguments, destination: {} } as unknown as Binding;
  router.bind(binding);
  const found: Destination[] = [];
  const message = { routingKey: "", headers } as RoutedMessage;
  router.route(message, { add: (destination) => void found.push(destination) });
  router.unbind(binding);
  const afterwards: Destination[] = [];
  router.route(message, { add: (destination) => void afterwards.push(destination) });
  expect(afterwards).toEqual([]);
  return found.length > 0;
}

const withMatch = (mode: string, fields: Record<string, FieldValue>) =>
  table({ "x-match": longString(mode), ...fields });

test.each([
  ["all, both there", withMatch("all", { a: int(1), b: int(2) }), { a: int(1), b: int(2) }, true],
  ["all, one missing", withMatch("all", { a: int(1), b: int(2) }), { a: int(1) }, false],
  [
    "all, more headers than asked for",
    withMatch("all", { a: int(1) }),
    { a: int(1), z: int(9) },
    true,
  ],
  ["all is the default", table({ a: int(1), b: int(2) }), { a: int(1) }, false],
  ["any, one of two", withMatch("any", { a: int(1), b: int(2) }), { b: int(2) }, true],
  ["any, none", withMatch("any", { a: int(1), b: int(2) }), { a: int(2) }, false],
  ["no criteria, all", EMPTY_TABLE, { a: int(2) }, true],
  ["no criteria, any", withMatch("any", {}), { a: int(2) }, false],
  ["integers of other widths", table({ a: int(53) }), { a: long(53n) }, true],
  ["53 is not '53'", table({ a: int(53) }), { a: longString("53") }, false],
  ["1 is not 1.0", table({ a: int(1) }), { a: { type: "d", value: 1 } }, false],
  ["void asks for presence", table({ a: nothing }), { a: longString("x") }, true],
  ["void, but absent", table({ a: nothing }), { b: longString("x") }, false],
  ["x- arguments do not count", table({ "x-a": int(1), b: int(1) }), { b: int(1) }, true],
  [
    "... unless asked to, all",
    withMatch("all-with-x", { "x-a": int(1), b: int(1) }),
    { b: int(1) },
    false,
  ],
  ["... unless asked to, any", withMatch("any-with-x", { "x-a": int(1) }), { "x-a": int(1) }, true],
] as [string, FieldTable, Record<string, FieldValue>, boolean][])(
  "%s",
  (_what, bindingArguments, headers, expected) => {
    expect(matches(bindingArguments, table(headers))).toBe(expected);
  },
);

test.each([
  [
    longString("some"),
    'Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x',
  ],
  [int(5), "Invalid x-match field type signedint (value 5); expected longstr"],
  [longString("constructor"), 'Invalid x-match field value <<"constructor">>'],
])("refuses another x-match: %#", (value, text) => {
  const binding = { arguments: table({ "x-match": value }) } as unknown as Binding;
  expect(() => headersType.createRouter({} as never, {} as never).bind(binding)).toThrow(text);
});
