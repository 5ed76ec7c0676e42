// Arguments, headers and policy definitions as rows that people type, and the JSON they stand for.

import { parseJson, writeJson } from "../api/json.ts";
import type { Arguments } from "../api/types.ts";
import { forms } from "../texts/words.ts";

export type ArgumentType = "string" | "number" | "boolean" | "list" | "json";

export interface ArgumentRow {
  readonly key: string;
  readonly value: string;
  readonly type: ArgumentType;
}

/** An argument people often want, offered as a button. */
export interface ArgumentShortcut {
  readonly key: string;
  readonly label: string;
  readonly type: ArgumentType;
  readonly value?: string;
  readonly help?: string;
}

/** What the rows say; throws a sentence about the first row that says nothing. Rows without a key are left out. */
export function toArguments(rows: readonly ArgumentRow[]): Record<string, unknown> {
  const values: [string, unknown][] = [];
  for (const row of rows) {
    if (row.key !== "") values.push([row.key, READERS[row.type](row.key, row.value)]);
  }
  // Object.fromEntries defines own properties, so that a key like __proto__ is plain data.
  return Object.fromEntries(values);
}

const READERS: Readonly<Record<ArgumentType, (key: string, text: string) => unknown>> = {
  string: (_key, text) => text,
  number: readNumber,
  boolean: readBoolean,
  list: readList,
  json: readJson,
};

function readNumber(key: string, text: string): unknown {
  const trimmed = text.trim();
  const number = Number(trimmed);
  if (trimmed === "" || Number.isNaN(number)) throw new Error(forms.badNumber(key));
  const exact = /^-?\d+$/.test(trimmed) && !Number.isSafeInteger(number);
  return exact ? BigInt(trimmed) : number;
}

function readBoolean(key: string, text: string): boolean {
  const word = text.trim().toLowerCase();
  if (word === "true") return true;
  if (word === "false") return false;
  throw new Error(forms.badBoolean(key));
}

function readList(key: string, text: string): unknown[] {
  if (text.trim().startsWith("[")) {
    const list = readJson(key, text);
    if (Array.isArray(list)) return list;
  }
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function readJson(key: string, text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new Error(forms.badJson(key));
  }
}

/** Rows that stand for the values. */
export function fromArguments(values: Arguments | undefined): ArgumentRow[] {
  return Object.entries(values ?? {}).map(([key, value]) => {
    const type = typeOf(value);
    return { key, value: type === "string" ? String(value) : writeJson(value), type };
  });
}

function typeOf(value: unknown): ArgumentType {
  if (typeof value === "string") return "string";
  if (typeof value === "number" || typeof value === "bigint") return "number";
  if (typeof value === "boolean") return "boolean";
  return Array.isArray(value) ? "list" : "json";
}
