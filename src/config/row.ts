// One row of the configuration table: what a key is called, how it is read, what it means.

import { ValueError } from "./config-error.ts";
import { nearest } from "./edit-distance.ts";
import type { ValueType } from "./value-types.ts";

/** Where an entry was written. */
export interface EntryOrigin {
  /** A file name, "environment" or "command line". */
  readonly source: string;
  /** 1-based; undefined outside files. */
  readonly line: number | undefined;
}

/** One `key = value` as it was written. */
export interface ConfEntry {
  /** The key's segments; a dot written `\.` belongs to its segment. */
  readonly segments: readonly string[];
  readonly value: string;
  readonly origin: EntryOrigin;
}

/** An entry that belongs to a row, with what stood in place of the pattern's `$names`. */
export interface MatchedEntry {
  readonly entry: ConfEntry;
  readonly wildcards: readonly string[];
  /** Which of the row's patterns matched. */
  readonly pattern: string;
}

export interface ConfigRow<T> {
  /** The key, other spellings behind it. A segment starting with `$` stands for any one word. */
  readonly patterns: readonly string[];
  readonly typeName: string;
  readonly defaultValue: T;
  readonly doc: string;
  /** SIGHUP takes a new value over while the broker runs. */
  readonly live: boolean;
  /** `entries` has at least one; later ones win. Throws EntryError. */
  read(entries: readonly MatchedEntry[]): T;
  show(value: T): string;
}

/** A value that does not fit, and the entry it came from. */
export class EntryError extends Error {
  override readonly name = "EntryError";
  readonly entry: ConfEntry;
  constructor(entry: ConfEntry, message: string) {
    super(message);
    this.entry = entry;
  }
}

interface RowOptions {
  readonly aliases?: readonly string[];
  readonly live?: boolean;
}

/** A key with one value. */
export function one<T>(
  key: string,
  type: ValueType<T>,
  defaultValue: NoInfer<T>,
  doc: string,
  options: RowOptions = {},
): ConfigRow<T> {
  return {
    patterns: [key, ...(options.aliases ?? [])],
    typeName: type.name,
    defaultValue,
    doc,
    live: options.live ?? false,
    read: (entries) => parseEntry(entries.at(-1)!, type),
    show: (value) => type.show(value),
  };
}

/** A key that is unset by default. */
export function optional<T>(
  key: string,
  type: ValueType<T>,
  doc: string,
  options: RowOptions = {},
): ConfigRow<T | undefined> {
  return {
    patterns: [key, ...(options.aliases ?? [])],
    typeName: type.name,
    defaultValue: undefined,
    doc,
    live: options.live ?? false,
    read: (entries) => parseEntry(entries.at(-1)!, type),
    show: (value) => (value === undefined ? "" : type.show(value)),
  };
}

/** `prefix.1`, `prefix.2`, …: a list in the order of what stands for the last segment; `prefix = none` empties it. */
export function list<T>(
  prefix: string,
  type: ValueType<T>,
  defaultValue: readonly NoInfer<T>[],
  doc: string,
  options: RowOptions = {},
): ConfigRow<readonly T[]> {
  return {
    patterns: [`${prefix}.$n`, prefix, ...(options.aliases ?? [])],
    typeName: `list of ${type.name}`,
    defaultValue,
    doc,
    live: options.live ?? false,
    read(entries) {
      const items = new Map<string, T>();
      for (const matched of entries) {
        if (matched.wildcards.length === 0 && matched.entry.value === "none") items.clear();
        else items.set(matched.wildcards[0] ?? "", parseEntry(matched, type));
      }
      return [...items].sort(([a], [b]) => compareNaturally(a, b)).map(([, item]) => item);
    },
    show: (value) => value.map((item) => type.show(item)).join(", "),
  };
}

/** `prefix.<name> = value` for names of the user's choosing, or only for `names`. */
export function named<T>(
  pattern: string,
  type: ValueType<T>,
  doc: string,
  options: RowOptions & {
    readonly names?: readonly string[];
    readonly defaults?: readonly [string, T][];
  } = {},
): ConfigRow<ReadonlyMap<string, T>> {
  return {
    patterns: [pattern, ...(options.aliases ?? [])],
    typeName: type.name,
    defaultValue: new Map(options.defaults ?? []),
    doc,
    live: options.live ?? false,
    read(entries) {
      const values = new Map<string, T>(options.defaults ?? []);
      for (const matched of entries) {
        const name = matched.wildcards.join(".");
        if (options.names !== undefined && !options.names.includes(name)) {
          throw new EntryError(matched.entry, unknownName(matched, name, options.names));
        }
        values.set(name, parseEntry(matched, type));
      }
      return values;
    },
    show: (value) => [...value].map(([name, item]) => `${name}=${type.show(item)}`).join(", "),
  };
}

function unknownName(
  { entry, pattern }: MatchedEntry,
  name: string,
  names: readonly string[],
): string {
  const near = nearest(name, names);
  if (near === undefined) return `is no setting; "${name}" may be ${names.join(", ")}`;
  const meant = entry.segments.map((segment, index) =>
    pattern.split(".")[index]?.startsWith("$") ? near : segment,
  );
  return `is no setting; did you mean ${meant.join(".")}?`;
}

/** The value types of a record's fields, by what stands behind `prefix.<name>.` in the key. */
export type FieldTypes = Readonly<Record<string, ValueType<unknown>>>;
export type FieldsOf<F extends FieldTypes> = {
  readonly [K in keyof F]?: F[K] extends ValueType<infer T> ? T : never;
};

/** `prefix.<name>.<field> = value`: one record per name. */
export function records<F extends FieldTypes>(
  prefix: string,
  fields: F,
  doc: string,
  options: RowOptions = {},
): ConfigRow<ReadonlyMap<string, FieldsOf<F>>> {
  const patterns = Object.keys(fields).map((field) => `${prefix}.$name.${field}`);
  return {
    patterns,
    typeName: "records",
    defaultValue: new Map(),
    doc,
    live: options.live ?? false,
    read(entries) {
      const found = new Map<string, Record<string, unknown>>();
      for (const matched of entries) {
        const name = matched.wildcards[0]!;
        const field = matched.pattern.slice(prefix.length + "$name".length + 2);
        const record = found.get(name) ?? {};
        record[field] = parseEntry(matched, fields[field]!);
        found.set(name, record);
      }
      return found as ReadonlyMap<string, FieldsOf<F>>;
    },
    show: (value) => [...value.keys()].join(", "),
  };
}

/** Reads one entry with `type`; says which entry was wrong. */
export function parseEntry<T>(matched: MatchedEntry, type: ValueType<T>): T {
  try {
    return type.parse(matched.entry.value);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const { value } = matched.entry;
    throw new EntryError(matched.entry, `${error.message}, not '${value}'`);
  }
}

const collator = new Intl.Collator("en", { numeric: true });
function compareNaturally(a: string, b: string): number {
  return collator.compare(a, b);
}
