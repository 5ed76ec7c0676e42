// Which messages somebody is looking for: by key, headers, properties, text or a place in a JSON body.

import type { FieldValue } from "../../broker/message/field-table.ts";
import { plainValue } from "../../broker/message/field-table-json.ts";
import type { StoredMessage } from "../../broker/message/message-port.ts";
import type { Sequence } from "../../broker/numbers.ts";
import { badRequest } from "../answers.ts";
import { type ApiJson, type ApiObject, isObject, property } from "../api-json.ts";
import type { Texts } from "../request.ts";
import { propertiesView } from "../views/message.ts";

export interface MessageFilter {
  /** Undefined = ready ones and those that consumers hold. */
  readonly state?: "ready" | "unacknowledged" | undefined;
  /** Undefined = wherever it is. */
  readonly positions?: ReadonlySet<Sequence> | undefined;
  /** Undefined = also what came when the search had begun. */
  readonly isPresent?: ((sequence: Sequence) => boolean) | undefined;
  /** Looks at everything but the body. */
  readonly head: (message: Omit<StoredMessage, "body">) => boolean;
  readonly body: (message: StoredMessage) => boolean;
}

export const everything: MessageFilter = { head: () => true, body: () => true };

/** The names are those of the query: key, header, property, text, path. */
export function filterOf(query: Texts): MessageFilter {
  const { key, header, property: wantedProperty, text, path } = query;
  const heads: MessageFilter["head"][] = [];
  const bodies: MessageFilter["body"][] = [];
  if (isGiven(key)) heads.push(({ routingKey }) => routingKey === key);
  if (isGiven(header)) heads.push(headerTest(header));
  if (isGiven(wantedProperty)) heads.push(propertyTest(wantedProperty));
  if (isGiven(text)) bodies.push(({ body }) => Buffer.from(body).includes(text));
  if (isGiven(path)) bodies.push(pathTest(path));
  return {
    head: (message) => heads.every((test) => test(message)),
    body: (message) => bodies.every((test) => test(message)),
  };
}

/** The same from `filter` in a request's body. */
export function filterOfBody(body: ApiObject): MessageFilter {
  const filter = property(body, "filter");
  if (filter === undefined || filter === null) return everything;
  if (!isObject(filter)) throw badRequest("filter must be an object");
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(filter)) {
    if (typeof value !== "string") throw badRequest(`filter.${name} must be a text`);
    texts[name] = value;
  }
  return filterOf(texts);
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

/** "name:value", the value optional. */
function nameAndValue(text: string): { name: string; value: string | undefined } {
  const colon = text.indexOf(":");
  if (colon < 0) return { name: text, value: undefined };
  return { name: text.slice(0, colon), value: text.slice(colon + 1) };
}

function headerTest(text: string): MessageFilter["head"] {
  const { name, value } = nameAndValue(text);
  return ({ properties }) => {
    const header: FieldValue | undefined = properties.headers?.get(name);
    if (header === undefined) return false;
    return value === undefined || shownAs(plainValue(header), value);
  };
}

function propertyTest(text: string): MessageFilter["head"] {
  const { name, value } = nameAndValue(text);
  return ({ properties }) => {
    const found = propertiesView(properties)[name];
    return found !== undefined && (value === undefined || shownAs(found, value));
  };
}

/** "customer.id:7": the place in a JSON body, and what must be there. */
function pathTest(text: string): MessageFilter["body"] {
  const { name, value } = nameAndValue(text);
  const steps = name.split(".");
  return ({ body }) => {
    let found: unknown;
    try {
      found = JSON.parse(Buffer.from(body).toString("utf8"));
    } catch {
      return false;
    }
    for (const step of steps) {
      if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return false;
      found = (found as Record<string, unknown>)[step];
    }
    return value === undefined || shownAs(found as ApiJson, value);
  };
}

function shownAs(found: ApiJson | undefined, value: string): boolean {
  return (typeof found === "object" ? JSON.stringify(found) : String(found)) === value;
}
