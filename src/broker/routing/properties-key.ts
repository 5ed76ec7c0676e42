// RabbitMQ's `properties_key`: names one binding between two ends in a URL. The format is RabbitMQ's, the hash our own.

import type { FieldTable } from "../message/field-table.ts";
import { canonicalText } from "../message/field-table-json.ts";

/**
 * The routing key, percent-encoded where a URL needs it ("~" too), then "~" and a hash of the arguments if there
 * are any; "~" alone for an empty key without arguments. Stable over restarts and versions.
 */
export function propertiesKey(routingKey: string, bindingArguments: FieldTable): string {
  if (bindingArguments.size === 0) return routingKey === "" ? "~" : quote(routingKey);
  return `${quote(routingKey)}~${hash(canonicalText(bindingArguments))}`;
}

/** Texts that need no quoting are given back as they are, so that a million keys need no second text. */
function quote(text: string): string {
  if (/^[A-Za-z0-9._*-]*$/.test(text)) return text;
  return encodeURIComponent(text).replace(
    /[!'()*~]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** FNV-1a over the text's UTF-16 units, 64 bits as two halves, base64url. */
function hash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193) >>> 0;
    high = Math.imul(high ^ (unit + i), 0x01000193) >>> 0;
  }
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(high, 0);
  bytes.writeUInt32BE(low, 4);
  return bytes.toString("base64url");
}
