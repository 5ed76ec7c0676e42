// What one row of a settings table says: how an argument or policy key is checked, read, merged and described.

import { type FieldTable, type FieldValue, integerOf, textOf } from "../message/field-table.ts";
import { fieldTypeName } from "../message/field-values.ts";

/** Longest time a TTL or expiry may be: ten years, as in RabbitMQ. */
export const EXPIRY_MS_MAX = 315_360_000_000;

/**
 * How values of one setting from two places become one.
 * `first`: an argument wins over a policy, a policy over nothing; `smaller`/`larger`: the stricter number holds.
 */
export type MergeRule = "first" | "smaller" | "larger";

/** What is wrong with a value, as RabbitMQ prints the term behind "invalid arg 'x' for queue 'q': ". */
export type Complaint = string;

/** Answers undefined when the value will do. `all` are the arguments it stands among. */
export type Check = (value: FieldValue, all: FieldTable) => Complaint | undefined;

/** One row: `Field` is the effective setting it fills, undefined for those that are accepted and change nothing. */
export interface Setting<Field extends string> {
  /** As in declare; undefined for keys only policies may have. */
  readonly argument: string | undefined;
  /** As in policies; undefined for what only declare may set. */
  readonly policyKey: string | undefined;
  /** Operator policies may set it too. */
  readonly operatorKey: boolean;
  readonly field: Field | undefined;
  readonly check: Check;
  /** The effective value of a value that passed `check`. */
  readonly read: (value: FieldValue) => unknown;
  /** Argument with policy. */
  readonly merge: MergeRule;
  /** Policy with operator policy. */
  readonly operatorMerge: MergeRule | "operator";
  /** Ends "... is not a valid ", for policies. */
  readonly what: string;
  /** One line for people. */
  readonly doc: string;
}

function integer(value: FieldValue): bigint | Complaint {
  return integerOf(value) ?? `"expected integer, got ${fieldTypeName(value)}"`;
}

export const checkNonNegative: Check = (value) => {
  const number = integer(value);
  if (typeof number === "string") return number;
  return number < 0n ? `{value_negative,${number}}` : undefined;
};

export const checkPositive: Check = (value, all) => {
  const complaint = checkNonNegative(value, all);
  if (complaint !== undefined) return complaint;
  return integerOf(value) === 0n ? "{value_zero,0}" : undefined;
};

export const checkInteger: Check = (value) => {
  const number = integer(value);
  return typeof number === "string" ? number : undefined;
};

export const checkExpiry: Check = (value, all) => {
  const complaint = checkNonNegative(value, all);
  if (complaint !== undefined) return complaint;
  const number = integerOf(value) as bigint;
  return number > EXPIRY_MS_MAX ? `{value_too_large,${number}}` : undefined;
};

export const checkPositiveExpiry: Check = (value, all) =>
  integerOf(value) === 0n ? "{value_zero,0}" : checkExpiry(value, all);

export function checkNonNegativeUpTo(max: number): Check {
  return (value, all) => {
    const complaint = checkNonNegative(value, all);
    if (complaint !== undefined) return complaint;
    const number = integerOf(value) as bigint;
    return number > max ? `{max_value_exceeded,${number}}` : undefined;
  };
}

export const checkBoolean: Check = (value) =>
  value.type === "t" ? undefined : `{unacceptable_type,${fieldTypeName(value)}}`;

export const checkText: Check = (value) =>
  value.type === "S" ? undefined : `{unacceptable_type,${fieldTypeName(value)}}`;

/** A text out of `choices`; `otherwise` is the complaint about any other, made from it. */
export function checkChoice(
  choices: readonly string[],
  otherwise: (text: string) => Complaint,
): Check {
  return (value, all) => {
    const complaint = checkText(value, all);
    if (complaint !== undefined) return complaint;
    const text = textOf(value) as string;
    return choices.includes(text) ? undefined : otherwise(text);
  };
}

export const readNumber = (value: FieldValue): number => Number(integerOf(value));
export const readText = (value: FieldValue): string | undefined => textOf(value);
export const readBoolean = (value: FieldValue): boolean => value.type === "t" && value.value;

const ageUnitMs: Readonly<Record<string, number>> = {
  Y: 31_536_000_000,
  M: 2_592_000_000,
  D: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
};

/** "7D" in ms, or undefined. Units: Y M D h m s. */
export function parseAge(text: string): number | undefined {
  const match = /^([0-9]{1,12})([YMDhms])$/.exec(text);
  const count = Number(match?.[1] ?? 0);
  return count === 0 ? undefined : count * (ageUnitMs[match?.[2] as string] as number);
}

export const checkAge: Check = (value, all) =>
  checkText(value, all) ??
  (parseAge(textOf(value) as string) === undefined ? "invalid_max_age" : undefined);

export const readAge = (value: FieldValue): number | undefined => parseAge(readText(value) ?? "");
