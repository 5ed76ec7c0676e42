// One consumer as /api/consumers and the details of queues and channels show it.

import type { ChannelView } from "../../broker/connection-registry.ts";
import { tableToPlainJson } from "../../broker/message/field-table-json.ts";
import type { Consumer } from "../../broker/queue/consumer.ts";
import type { ApiObject } from "../api-json.ts";
import type { ViewContext } from "./context.ts";

export function consumerView(consumer: Consumer, { broker }: ViewContext): ApiObject {
  const { definition } = consumer.queue;
  return {
    arguments: tableToPlainJson(consumer.arguments),
    ack_required: !consumer.noAck,
    active: consumer.active,
    activity_status: activityOf(consumer),
    channel_details: channelDetails(consumer.target.channel, broker),
    consumer_tag: consumer.tag,
    consumer_timeout: "undefined",
    exclusive: consumer.exclusive,
    prefetch_count: consumer.prefetchMax,
    unacknowledged: consumer.unackedCount,
    priority: consumer.priority,
    queue: { name: definition.name, vhost: definition.vhost },
  };
}

function activityOf(consumer: Consumer): string {
  if (consumer.active) return "up";
  return consumer.queue.settings.values.singleActiveConsumer ? "waiting" : "suspected_down";
}

/** A channel as other objects name it; the broker's own consumers have none. */
export function channelDetails(
  channel: ChannelView | undefined,
  broker: ViewContext["broker"],
): ApiObject {
  const facts = channel?.describe();
  if (facts === undefined) return {};
  const connection = broker.connections.get(facts.connectionName);
  return {
    connection_name: facts.connectionName,
    name: channelName(facts),
    node: broker.nodeName,
    number: facts.number,
    peer_host: connection?.identity.peer.address ?? "",
    peer_port: connection?.identity.peer.port ?? 0,
    user: facts.user,
  };
}

/** "127.0.0.1:53210 -> 127.0.0.1:5672 (1)". */
export function channelName(facts: {
  readonly connectionName: string;
  readonly number: number;
}): string {
  return `${facts.connectionName} (${facts.number})`;
}
