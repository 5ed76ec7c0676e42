// What every exchange type does: hold bindings, and put the queues a message goes to into a set.

import type { FieldTable } from "../field-table.ts";
import type { ExchangeNumber } from "../numbers.ts";
import type { Queue } from "../queue/queue.ts";

/** The durable description of an exchange: what declare asked for. */
export interface ExchangeDefinition {
  readonly number: ExchangeNumber;
  readonly name: string;
  readonly vhost: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

/** Where a binding leads. */
export type Destination = Queue | Exchange;

export interface Binding {
  readonly source: Exchange;
  readonly destination: Destination;
  readonly routingKey: string;
  readonly arguments: FieldTable;
  /** RabbitMQ's `properties_key`: the key alone, or key~hash(arguments). Tells bindings between the same two ends apart. */
  readonly propertiesKey: string;
}

/** What an exchange type may look at when it routes. */
export interface RoutedMessage {
  readonly routingKey: string;
  /** The headers table; decoded when first asked for. */
  readonly headers: FieldTable;
  /** Properties an exchange may hash on. */
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  readonly timestamp: bigint | undefined;
}

/** The queues and exchanges one message goes to; filled by exchanges, reused, each destination once. */
export interface TargetSet {
  add(destination: Destination): void;
}

export interface ExchangeCounters {
  publishedIn: number;
  publishedOut: number;
}

export interface Exchange {
  readonly definition: ExchangeDefinition;
  readonly counters: ExchangeCounters;
  /** Adds a binding; the vhost has made sure it is new. Throws BrokerError for arguments the type refuses. */
  bind(binding: Binding): void;
  unbind(binding: Binding): void;
  /** Adds each destination the message goes to. */
  route(message: RoutedMessage, into: TargetSet): void;
  /** Routing looks at more than exchange and routing key (headers, hashes): it can't be remembered. */
  readonly routesByContent: boolean;
  readonly bindingCount: number;
}

/** An entry of the table of exchange types. */
export interface ExchangeType {
  readonly name: string;
  readonly description: string;
  /** Throws BrokerError for arguments the type refuses. */
  create(definition: ExchangeDefinition): Exchange;
}
