// Reading request bodies: each field by name and type, refused in RabbitMQ's words.

import { badRequest } from "./answers.ts";
import { type ApiJson, type ApiObject, fromJsonText, isObject, property } from "./api-json.ts";

/** An empty body is an empty object, as RabbitMQ has it. */
export function parseBody(text: string): ApiObject {
  if (text.trim() === "") return {};
  let value: ApiJson;
  try {
    value = fromJsonText(text);
  } catch {
    throw badRequest("not_json");
  }
  if (!isObject(value)) throw badRequest("not_json");
  return value;
}

/** Names every field that is missing, as RabbitMQ lists them. */
export function requireFields(body: ApiObject, names: readonly string[]): void {
  const missing = names.filter((name) => property(body, name) === undefined);
  if (missing.length === 0) return;
  throw badRequest(`[${missing.map((name) => `{key_missing,${name}}`).join(",")}]`);
}

export function booleanField(body: ApiObject, name: string, standard: boolean): boolean {
  const value = property(body, name);
  if (value === undefined || value === null) return standard;
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw badRequest(["not_boolean", value]);
}

export function textField(body: ApiObject, name: string, standard: string): string {
  const value = property(body, name);
  if (value === undefined || value === null) return standard;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  throw badRequest(["not_string", value]);
}

export function optionalTextField(body: ApiObject, name: string): string | undefined {
  const value = property(body, name);
  return value === undefined || value === null ? undefined : textField(body, name, "");
}

/** Whole and not negative; digits in a text count. */
export function countField(body: ApiObject, name: string, standard: number): number {
  const value = property(body, name);
  if (value === undefined || value === null) return standard;
  const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) {
    throw badRequest(["not_integer", value]);
  }
  if (number < 0) throw badRequest(`${name} must not be negative`);
  return number;
}

export function objectField(body: ApiObject, name: string): ApiObject {
  const value = property(body, name);
  // Some tools write an empty table as [].
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) {
    return {};
  }
  if (!isObject(value)) throw badRequest(`${name} must be an object`);
  return value;
}

/** Tags: "a,b" or ["a","b"]. */
export function tagsOf(value: ApiJson): readonly string[] {
  const parts = Array.isArray(value)
    ? value
    : typeof value === "string"
      ? value.split(",")
      : undefined;
  if (parts === undefined) throw badRequest("tags must be a text or a list");
  return parts.map((part: ApiJson) => String(part).trim()).filter((part: string) => part !== "");
}
