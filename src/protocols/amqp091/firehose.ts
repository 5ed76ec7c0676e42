// The firehose as RabbitMQ has it: each message that is published or delivered is published once more to
// amq.rabbitmq.trace, with what happened to it in its headers.

import type { Broker } from "../../broker/broker.ts";
import type { FieldTable, FieldValue } from "../../broker/message/field-table.ts";
import { longString } from "../../broker/message/field-table.ts";
import type { MessageProperties } from "../../broker/message/message-properties.ts";
import { NO_BODY_REFERENCE, type Publication } from "../../broker/message/publication.ts";
import { TRACE_EXCHANGE } from "../../broker/names.ts";
import type {
  MessageObserver,
  ObservedMessage,
  Receiver,
} from "../../broker/observing/observers.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import type { Route } from "../../broker/routing/route.ts";
import type { VhostAccess } from "../../broker/vhost-access.ts";
import type { BrokerPublisher } from "./broker-publisher.ts";
import { PublishedCopy } from "./published-copy.ts";

/** RabbitMQ's names of the properties, as they stand in the trace's `properties` header. */
const propertyNames: Readonly<Record<keyof MessageProperties, string>> = {
  contentType: "content_type",
  contentEncoding: "content_encoding",
  headers: "headers",
  deliveryMode: "delivery_mode",
  priority: "priority",
  correlationId: "correlation_id",
  replyTo: "reply_to",
  expiration: "expiration",
  messageId: "message_id",
  timestamp: "timestamp",
  type: "type",
  userId: "user_id",
  appId: "app_id",
  clusterId: "cluster_id",
};

/** What the broker publishes there about itself is not published once more. */
const TOLD_EXCHANGES: ReadonlySet<string> = new Set([
  TRACE_EXCHANGE,
  "amq.rabbitmq.event",
  "amq.rabbitmq.log",
]);

export class Firehose implements MessageObserver {
  readonly #broker: Broker;
  readonly #publisher: BrokerPublisher;

  constructor(broker: Broker, publisher: BrokerPublisher) {
    this.#broker = broker;
    this.#publisher = publisher;
  }

  published(access: VhostAccess, route: Route, publication: Publication): void {
    const exchange = route.exchange.name;
    if (TOLD_EXCHANGES.has(exchange)) return;
    const { vhost } = access;
    const copy = PublishedCopy.of(this.#broker, publication);
    // The content header still carries the number of the channel it came on.
    const channelNumber = this.#broker.memory.arena.view.getUint16(publication.contentAt + 1);
    const facts = {
      exchange,
      routingKeys: vhost.publishing.keysOf(route, publication),
      channelNumber,
    };
    const extra: [string, FieldValue] = [
      "routed_queues",
      texts(vhost.publishing.queuesOf(route, publication).map((queue) => queue.definition.name)),
    ];
    this.#trace(access, `publish.${exchange}`, facts, copy, extra);
  }

  delivered(queue: Queue, { record, redelivered }: ObservedMessage, receiver: Receiver): void {
    const { access, channelNumber } = receiver;
    const exchange = record.exchange;
    if (exchange === TRACE_EXCHANGE) return;
    const copy = PublishedCopy.ofRecord(this.#broker, record);
    const facts = { exchange, routingKeys: [record.routingKey], channelNumber };
    this.#trace(access, `deliver.${queue.definition.name}`, facts, copy, [
      "redelivered",
      { type: "I", value: redelivered ? 1 : 0 },
    ]);
  }

  settled(): void {}
  died(): void {}

  #trace(
    access: VhostAccess,
    routingKey: string,
    facts: { exchange: string; routingKeys: readonly string[]; channelNumber: number },
    copy: PublishedCopy,
    extra: [string, FieldValue],
  ): void {
    const { vhost, connection, user } = access;
    const headers: FieldTable = new Map<string, FieldValue>([
      ["exchange_name", longString(facts.exchange)],
      ["routing_keys", texts(facts.routingKeys)],
      ["properties", { type: "F", value: propertyTable(copy.properties()) }],
      ["node", longString(this.#broker.nodeName)],
      ["vhost", longString(vhost.name)],
      ["connection", longString(connection.name)],
      ["channel", { type: "I", value: facts.channelNumber }],
      ["user", longString(user.name)],
      extra,
    ]);
    const send = (body: Uint8Array) => {
      copy.release();
      const properties = { headers };
      this.#publisher.publishLater(vhost, {
        exchange: TRACE_EXCHANGE,
        routingKey,
        properties,
        body,
      });
    };
    if (copy.bodyReference === NO_BODY_REFERENCE) send(copy.body());
    else void copy.readBody().then(send);
  }
}

function texts(list: readonly string[]): FieldValue {
  return { type: "A", value: list.map(longString) };
}

function propertyTable(properties: MessageProperties): FieldTable {
  const table = new Map<string, FieldValue>();
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    table.set(propertyNames[name as keyof MessageProperties], fieldOf(value));
  }
  return table;
}

function fieldOf(value: string | number | bigint | FieldTable): FieldValue {
  if (typeof value === "string") return longString(value);
  if (typeof value === "number") return { type: "I", value };
  // As RabbitMQ: a number, not a timestamp.
  if (typeof value === "bigint") return { type: "l", value };
  return { type: "F", value };
}
