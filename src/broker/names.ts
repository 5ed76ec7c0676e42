// Names of things as error texts show them, and which names are the broker's own.

import { BrokerError } from "./errors.ts";

/** What a name names, in texts: "queue 'q' in vhost '/'". */
export type ResourceKind = "queue" | "exchange";

/** The default exchange as permissions and listings call it; its real name is empty. */
export const DEFAULT_EXCHANGE_ALIAS = "amq.default";
export const RESERVED_PREFIX = "amq.";
/** Server-named queues: this and 22 characters. */
export const SERVER_NAMED_PREFIX = "amq.gen-";
export const TRACE_EXCHANGE = "amq.rabbitmq.trace";

/** "queue 'q' in vhost '/'": how RabbitMQ writes a resource in its error texts. */
export function resourceText(kind: ResourceKind, name: string, vhost: string): string {
  return `${kind} '${name}' in vhost '${vhost}'`;
}

/**
 * Names and keys must fit into a short string of AMQP, or no client could ever say them. AMQP's cannot be longer; those
 * from JSON can. `what` is for the error text: "queue name".
 */
export function checkLength(what: string, text: string, bytesMax: number): void {
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 <= bytesMax) return;
  // Bytes that are no UTF-8 stand as lone surrogates (lib/lossless-utf8.ts) and are one byte on the wire.
  if (Buffer.byteLength(text.replace(/[\udc80-\udcff]/g, "?")) <= bytesMax) return;
  throw new BrokerError("precondition-failed", `${what} is longer than ${bytesMax} bytes`);
}

/** RabbitMQ drops line ends from names that clients declare or bind. */
export function stripLineEnds(name: string): string {
  return /[\r\n]/.test(name) ? name.replace(/[\r\n]/g, "") : name;
}
