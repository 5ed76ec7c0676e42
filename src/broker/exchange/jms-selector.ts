// Selectors of JMS: expressions over a message's headers, as trees without closures, and what they are worth for one
// message. What is not there or cannot be compared is unknown, and unknown is not true (three-valued logic of SQL-92).

import { type FieldTable, type FieldValue, textOf } from "../message/field-table.ts";

export type SelectorValue = number | bigint | string | boolean;

/** Steps of a LIKE pattern beside the characters that stand for themselves. */
export const ANY_ONE = 0;
export const ANY_NUMBER = 1;
export type Pattern = readonly (string | typeof ANY_ONE | typeof ANY_NUMBER)[];

export type Comparison = "=" | "<>" | "<" | "<=" | ">" | ">=";
export type Arithmetic = "+" | "-" | "*" | "/";

export type Selector =
  | { readonly is: "value"; readonly value: SelectorValue }
  | { readonly is: "header"; readonly name: string }
  | { readonly is: "not" | "negative"; readonly of: Selector }
  | { readonly is: "null"; readonly of: Selector }
  | { readonly is: "and" | "or"; readonly left: Selector; readonly right: Selector }
  | { readonly is: Comparison | Arithmetic; readonly left: Selector; readonly right: Selector }
  | { readonly is: "in"; readonly of: Selector; readonly values: readonly SelectorValue[] }
  | { readonly is: "like"; readonly of: Selector; readonly pattern: Pattern }
  | {
      readonly is: "between";
      readonly of: Selector;
      readonly from: Selector;
      readonly to: Selector;
    };

/** Undefined: unknown. */
type Worth = SelectorValue | undefined;

/** Whether a message with these headers is one of those the selector is for. */
export function selects(selector: Selector, headers: FieldTable): boolean {
  return worthOf(selector, headers) === true;
}

function worthOf(selector: Selector, headers: FieldTable): Worth {
  switch (selector.is) {
    case "value":
      return selector.value;
    case "header":
      return headerValueOf(headers.get(selector.name));
    case "not":
      return not(worthOf(selector.of, headers));
    case "negative":
      return negative(worthOf(selector.of, headers));
    case "null":
      return worthOf(selector.of, headers) === undefined;
    case "and":
    case "or": {
      const decides = selector.is === "or";
      const left = worthOf(selector.left, headers);
      if (left === decides) return decides;
      const right = worthOf(selector.right, headers);
      if (right === decides) return decides;
      return typeof left === "boolean" && typeof right === "boolean" ? !decides : undefined;
    }
    case "in": {
      const value = worthOf(selector.of, headers);
      if (value === undefined) return undefined;
      return selector.values.some((other) => compared(value, other) === 0);
    }
    case "like": {
      const value = worthOf(selector.of, headers);
      return typeof value === "string" ? isLike(value, selector.pattern) : undefined;
    }
    case "between": {
      const value = worthOf(selector.of, headers);
      const [from, to] = [worthOf(selector.from, headers), worthOf(selector.to, headers)];
      if (value === undefined || from === undefined || to === undefined) return undefined;
      return compared(from, value) <= 0 && compared(value, to) <= 0;
    }
    default: {
      const left = worthOf(selector.left, headers);
      const right = worthOf(selector.right, headers);
      if (left === undefined || right === undefined) return undefined;
      return operators[selector.is](left, right);
    }
  }
}

const operators: Readonly<
  Record<Comparison | Arithmetic, (left: SelectorValue, right: SelectorValue) => Worth>
> = {
  "=": (left, right) => compared(left, right) === 0,
  "<>": (left, right) => compared(left, right) !== 0,
  "<": (left, right) => compared(left, right) < 0,
  "<=": (left, right) => compared(left, right) <= 0,
  ">": (left, right) => compared(left, right) > 0,
  ">=": (left, right) => compared(left, right) >= 0,
  "+": (left, right) => calculated(left, right, (a, b) => a + b),
  "-": (left, right) => calculated(left, right, (a, b) => a - b),
  "*": (left, right) => calculated(left, right, (a, b) => a * b),
  "/": (left, right) => calculated(left, right, (a, b) => a / b),
};

function calculated(
  left: SelectorValue,
  right: SelectorValue,
  calculate: (a: number, b: number) => number,
): Worth {
  if (!isNumber(left) || !isNumber(right)) return undefined;
  const result = calculate(Number(left), Number(right));
  // Nothing can be said about what is divided by nothing.
  return Number.isFinite(result) ? result : undefined;
}

/** Below, at or above 0. What is of different kinds has RabbitMQ's order: numbers, then truths, then texts. */
function compared(left: SelectorValue, right: SelectorValue): number {
  const kinds = rankOf(left) - rankOf(right);
  if (kinds !== 0 || left === right) return kinds;
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

function rankOf(value: SelectorValue): number {
  if (isNumber(value)) return 0;
  return typeof value === "boolean" ? 1 : 2;
}

function isNumber(value: Worth): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function not(value: Worth): Worth {
  return typeof value === "boolean" ? !value : undefined;
}

function negative(value: Worth): Worth {
  return isNumber(value) ? -value : undefined;
}

/** Texts, numbers and truths are values; what else a header may hold is unknown. */
function headerValueOf(header: FieldValue | undefined): Worth {
  if (header === undefined) return undefined;
  switch (header.type) {
    case "t":
      return header.value;
    case "S":
      return textOf(header);
    case "b":
    case "B":
    case "s":
    case "u":
    case "I":
    case "i":
    case "f":
    case "d":
    case "l":
    case "L":
      return header.value;
    default:
      return undefined;
  }
}

/** Goes back to the last "any number" alone: texts times patterns, never more. */
function isLike(text: string, pattern: Pattern): boolean {
  const letters = Array.from(text);
  let at = 0;
  let step = 0;
  let retryStep = -1;
  let retryAt = 0;
  while (at < letters.length) {
    const wanted = pattern[step];
    if (wanted === ANY_NUMBER) {
      retryStep = step++;
      retryAt = at;
    } else if (step < pattern.length && (wanted === ANY_ONE || wanted === letters[at])) {
      at++;
      step++;
    } else if (retryStep >= 0) {
      step = retryStep + 1;
      at = ++retryAt;
    } else return false;
  }
  while (pattern[step] === ANY_NUMBER) step++;
  return step === pattern.length;
}
