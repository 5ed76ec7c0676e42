// Super streams: a durable direct exchange whose bindings lead to streams, its partitions. Made and deleted as one.

import { BrokerError } from "../errors.ts";
import type { Exchange } from "../exchange/exchange.ts";
import {
  isSuperStream,
  PARTITION_ORDER_ARGUMENT,
  partitionsInOrder,
  SUPER_STREAM_ARGUMENT,
} from "../exchange/super-stream.ts";
import { type FieldTable, type FieldValue, longString } from "../message/field-table.ts";
import { resourceText } from "../names.ts";
import { QUEUE_TYPE_ARGUMENT } from "../settings/queue-arguments.ts";
import type { Vhost } from "../vhost.ts";
import type { VhostAccess } from "../vhost-access.ts";

/** RabbitMQ's default for stream.max_super_stream_partitions. */
export const PARTITIONS_MAX = 1_000;

export interface SuperStreamDeclaration {
  readonly name: string;
  /** One partition for each; they are called name-key. */
  readonly bindingKeys: readonly string[];
  /** Of every partition. */
  readonly arguments: FieldTable;
}

export interface Partition {
  readonly queue: string;
  readonly bindingKey: string;
}

/** Makes exchange, partitions and bindings, or nothing of it. Throws BrokerError. */
export function declareSuperStream(
  access: VhostAccess,
  { name, bindingKeys, arguments: queueArguments }: SuperStreamDeclaration,
): void {
  const { vhost } = access;
  if (bindingKeys.length === 0 || bindingKeys.length > PARTITIONS_MAX) {
    throw refused(`a super stream has 1 to ${PARTITIONS_MAX} partitions`);
  }
  if (new Set(bindingKeys).size !== bindingKeys.length) {
    throw refused("binding keys must be unique");
  }
  if (vhost.exchanges.has(name)) {
    throw refused(`there is an ${resourceText("exchange", name, vhost.name)} already`);
  }
  const queues = bindingKeys.map((key) => `${name}-${key}`);
  for (const queue of queues) {
    if (vhost.queues.has(queue)) {
      throw refused(`there is a ${resourceText("queue", queue, vhost.name)} already`);
    }
  }
  const made: string[] = [];
  try {
    const streamArguments = new Map([
      ...queueArguments,
      [QUEUE_TYPE_ARGUMENT, longString("stream")],
    ]);
    const flags = { durable: true, autoDelete: false };
    access.declareExchange({
      ...flags,
      name,
      type: "direct",
      internal: false,
      arguments: new Map([[SUPER_STREAM_ARGUMENT, { type: "t", value: true }]]),
    });
    bindingKeys.forEach((routingKey, order) => {
      const queue = queues[order] as string;
      const streamFlags = { ...flags, exclusive: false, arguments: streamArguments };
      access.declareQueue({ name: queue, ...streamFlags });
      made.push(queue);
      const bindingArguments = new Map<string, FieldValue>([
        [PARTITION_ORDER_ARGUMENT, { type: "l", value: BigInt(order) }],
      ]);
      access.bindQueue({
        ...{ source: name, destination: queue, routingKey },
        arguments: bindingArguments,
      });
    });
  } catch (error) {
    if (vhost.exchanges.has(name)) access.deleteExchange(name, { ifUnused: false });
    for (const queue of made) access.deleteQueue(queue, { ifUnused: false, ifEmpty: false });
    throw error;
  }
}

/** Deletes the exchange and all streams bound to it. Throws BrokerError not-found when there is none. */
export function deleteSuperStream(access: VhostAccess, name: string): void {
  const { vhost } = access;
  const exchange = vhost.exchangeNamed(name);
  if (!isSuperStream(exchange.definition)) {
    throw new BrokerError(
      "not-found",
      `no super stream '${name}' in vhost '${vhost.name}': the exchange is none`,
    );
  }
  const partitions = partitionsOf(vhost, exchange);
  access.deleteExchange(name, { ifUnused: false });
  for (const { queue } of partitions) {
    access.deleteQueue(queue, { ifUnused: false, ifEmpty: false });
  }
}

/** The super streams of a vhost. */
export function* superStreams(vhost: Vhost): Iterable<Exchange> {
  for (const exchange of vhost.exchanges.values()) {
    if (isSuperStream(exchange.definition)) yield exchange;
  }
}

/** The streams bound to a super stream, in their order. */
export function partitionsOf(vhost: Vhost, exchange: Exchange): readonly Partition[] {
  return partitionsInOrder(vhost.bindings.from(exchange)).flatMap(({ destination, routingKey }) =>
    destination.kind === "queue" && destination.stream !== undefined
      ? [{ queue: destination.definition.name, bindingKey: routingKey }]
      : [],
  );
}

function refused(text: string): BrokerError {
  return new BrokerError("precondition-failed", text);
}
