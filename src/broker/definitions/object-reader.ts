// Reads typed fields out of JSON from outside. Every error names the object and the field.

import { BrokerError } from "../errors.ts";
import { EMPTY_TABLE, type FieldTable } from "../message/field-table.ts";
import {
  type PlainJson,
  type PlainJsonObject,
  plainJsonToTable,
} from "../message/field-table-json.ts";
import { jsonTerm } from "../settings/shown-value.ts";

export function invalidDefinition(where: string, what: string): BrokerError {
  return new BrokerError("precondition-failed", `${where}: ${what}`);
}

export class ObjectReader {
  /** What errors call the object: "queue 'q' in vhost '/'", or "queues[3]" as long as it has no name. */
  where: string;
  readonly #object: PlainJsonObject;

  constructor(where: string, json: PlainJson) {
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw invalidDefinition(where, `should be an object, actually was ${jsonTerm(json)}`);
    }
    this.where = where;
    this.#object = json as PlainJsonObject;
  }

  /** Own fields only; null is as good as absent. */
  value(field: string): PlainJson {
    return Object.hasOwn(this.#object, field) ? (this.#object[field] ?? undefined) : undefined;
  }

  text(field: string): string {
    const value = this.value(field);
    if (typeof value === "string") return value;
    throw this.#wrong(field, "a string", value);
  }

  /** `missing` stands for an absent field. */
  textOr<Missing>(field: string, missing: Missing): string | Missing {
    return this.value(field) === undefined ? missing : this.text(field);
  }

  booleanOr(field: string, missing: boolean): boolean {
    const value = this.value(field) ?? missing;
    if (typeof value === "boolean") return value;
    throw this.#wrong(field, "true or false", value);
  }

  /** A field table; absent is empty. */
  table(field: string): FieldTable {
    const value = this.value(field);
    if (value === undefined) return EMPTY_TABLE;
    const table = plainJsonToTable(value);
    if (table === undefined) throw this.#wrong(field, "an object", value);
    return table;
  }

  /** An object; absent is empty. */
  object(field: string): PlainJsonObject {
    const value = this.value(field);
    // RabbitMQ writes an empty one as [].
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return {};
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as PlainJsonObject;
    }
    throw this.#wrong(field, "an object", value);
  }

  /** Tags: "a,b" as well as ["a", "b"]. */
  words(field: string): string[] {
    const value = this.value(field);
    if (value === undefined) return [];
    const words = typeof value === "string" ? value.split(",") : value;
    if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) {
      throw this.#wrong(field, "a list of strings", value);
    }
    return words.map((word: string) => word.trim()).filter((word) => word !== "");
  }

  #wrong(field: string, kind: string, value: PlainJson): BrokerError {
    const actually = value === undefined ? "missing" : jsonTerm(value);
    return invalidDefinition(this.where, `'${field}' should be ${kind}, actually was ${actually}`);
  }
}

/** The objects in an array field of the file; absent is none. */
export function readersOf(file: ObjectReader, field: string): ObjectReader[] {
  const value = file.value(field);
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    throw invalidDefinition(field, `should be a list, actually was ${jsonTerm(value)}`);
  }
  return (value as PlainJson[]).map((item, index) => new ObjectReader(`${field}[${index}]`, item));
}
