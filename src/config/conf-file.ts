// The dialect of rabbitmq.conf: `key.part = value`, one to a line.
//
//   # comment            also behind a value; `%` begins a comment line too
//   key = 'a # b'        single quotes keep everything between them; double quotes are part of the value
//   key = $(VARIABLE)    replaced by the environment variable
//   a\.b.c = x           a dot inside a segment

import { ConfigError } from "./config-error.ts";
import type { ConfEntry } from "./row.ts";

export interface ConfFile {
  readonly entries: readonly ConfEntry[];
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads one file. Throws ConfigError naming the line that makes no sense. */
export function parseConfFile(text: string, source: string, environment: Environment): ConfFile {
  const entries: ConfEntry[] = [];
  const warnings: string[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  for (const [index, line] of lines.entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith("%")) continue;
    const where = `line ${index + 1} of ${source}`;
    const equals = trimmed.indexOf("=");
    if (equals <= 0)
      throw new ConfigError(
        `${where} is not of the form "key = value"; it begins with "${shorten(trimmed)}"`,
      );
    const key = trimmed.slice(0, equals).trim();
    const raw = readValue(trimmed.slice(equals + 1).trim(), where, warnings);
    if (raw === "") throw new ConfigError(`${where}: "${key}" has no value`);
    entries.push({
      segments: splitKey(key, where),
      value: interpolate(raw, environment, where),
      origin: { source, line: index + 1 },
    });
  }
  return { entries, warnings };
}

/** Splits at dots that no backslash escapes. */
export function splitKey(key: string, where: string): readonly string[] {
  const segments = key.split(/(?<!\\)\./).map((segment) => segment.replaceAll("\\.", "."));
  if (/\s/.test(key) || segments.includes("")) {
    throw new ConfigError(`${where}: "${key}" is not a key`);
  }
  return segments;
}

function readValue(text: string, where: string, warnings: string[]): string {
  if (text.startsWith("'")) {
    const quoted = /^'([^']*)'\s*(?:#.*)?$/.exec(text);
    if (quoted === null)
      throw new ConfigError(`${where}: the quote is not closed at the value's end`);
    return quoted[1]!;
  }
  const comment = text.indexOf("#");
  const value = (comment < 0 ? text : text.slice(0, comment)).trim();
  if (comment > 0 && !/\s/.test(text[comment - 1]!)) {
    warnings.push(
      `${where}: everything from "#" on is a comment; put the value in single quotes to keep it`,
    );
  }
  if (/^".*"$/.test(value)) {
    warnings.push(
      `${where}: the double quotes are part of the value; quote with single quotes instead`,
    );
  }
  return value;
}

function interpolate(value: string, environment: Environment, where: string): string {
  return value.replace(/\$\(([A-Za-z_][A-Za-z0-9_]*)\)/g, (_, name: string) => {
    const found = environment[name];
    if (found === undefined) {
      throw new ConfigError(`${where} needs the environment variable ${name}, which is not set`);
    }
    return found;
  });
}

/** The first word: what follows may be a password. */
function shorten(text: string): string {
  const [word = ""] = text.split(/\s/);
  return word.length > 60 ? `${word.slice(0, 60)}…` : word;
}
