// A message as a test sees it, and what a test may expect of one.

import { tableToPlainJson } from "../broker/message/field-table-json.ts";
import type { StoredMessage } from "../broker/message/message-port.ts";
import type { MessageProperties } from "../broker/message/message-properties.ts";

/** A message in a queue or on its way. */
export interface TestMessage extends Omit<MessageProperties, "headers"> {
  readonly body: Buffer;
  /** The body as UTF-8. */
  readonly text: string;
  /** The body read as JSON; undefined when it is none. */
  readonly json: unknown;
  readonly exchange: string;
  readonly routingKey: string;
  readonly persistent: boolean;
  readonly headers: Readonly<Record<string, unknown>>;
}

type Pattern = string | RegExp;

/**
 * What must hold; what is left out may be anything. Texts may be patterns. Objects match when all their fields do, so
 * that `headers: { "x-retries": 2 }` and `json: { customer: { id: 7 } }` say only what matters.
 */
export interface MessageExpectation {
  /** A text, a pattern, or the exact bytes. */
  readonly body?: Pattern | Uint8Array;
  readonly json?: unknown;
  readonly exchange?: Pattern;
  readonly routingKey?: Pattern;
  readonly persistent?: boolean;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly contentType?: Pattern;
  readonly contentEncoding?: Pattern;
  readonly priority?: number;
  readonly correlationId?: Pattern;
  readonly replyTo?: Pattern;
  readonly expiration?: Pattern;
  readonly messageId?: Pattern;
  readonly timestamp?: bigint | number;
  readonly type?: Pattern;
  readonly userId?: Pattern;
  readonly appId?: Pattern;
}

export function testMessageOf({ body, properties, ...rest }: StoredMessage): TestMessage {
  const { headers, ...others } = properties;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const text = bytes.toString("utf8");
  return {
    ...others,
    ...rest,
    body: bytes,
    text,
    get json() {
      return parsed(text);
    },
    headers: headers === undefined ? {} : tableToPlainJson(headers),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function meets(message: TestMessage, expected: MessageExpectation): boolean {
  return Object.entries(expected).every(([name, wanted]) => {
    if (name === "body" && !(wanted instanceof Uint8Array)) return fits(message.text, wanted);
    return fits(message[name as keyof TestMessage], wanted);
  });
}

function fits(found: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (wanted instanceof RegExp) return typeof found === "string" && wanted.test(found);
  if (wanted instanceof Uint8Array) {
    return found instanceof Uint8Array && Buffer.compare(found, wanted) === 0;
  }
  if (typeof found === "bigint" && typeof wanted === "number") return found === BigInt(wanted);
  if (typeof wanted !== "object" || wanted === null) return Object.is(found, wanted);
  if (typeof found !== "object" || found === null) return false;
  if (Array.isArray(wanted) && (!Array.isArray(found) || found.length !== wanted.length))
    return false;
  return Object.entries(wanted).every(
    ([name, value]) =>
      Object.hasOwn(found, name) && fits((found as Record<string, unknown>)[name], value),
  );
}

/** How many bytes of a body a failed expectation shows. */
const SHOWN_CHARACTERS_MAX = 200;

/** One line for a failed expectation. */
export function describeMessage({ text, exchange, routingKey, headers }: TestMessage): string {
  const where = `${exchange === "" ? "(default)" : exchange} "${routingKey}"`;
  const shown = Object.keys(headers).length === 0 ? "" : ` ${showValue(headers)}`;
  return `${where}${shown} ${JSON.stringify(text.slice(0, SHOWN_CHARACTERS_MAX))}`;
}

export function showValue(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof RegExp) return String(part);
    if (typeof part === "bigint") return Number(part);
    return part instanceof Uint8Array ? Buffer.from(part).toString("utf8") : part;
  });
}
