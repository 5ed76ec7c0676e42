// Names of things as error texts show them, and which names are the broker's own.

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

/** RabbitMQ drops line ends from names that clients declare or bind. */
export function stripLineEnds(name: string): string {
  return /[\r\n]/.test(name) ? name.replace(/[\r\n]/g, "") : name;
}
