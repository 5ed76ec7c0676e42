// Events about connections, channels, consumers and alarms, with the facts RabbitMQ's event exchange gives.

import type { ChannelView, ConnectionView, LifecycleListener } from "./connection-registry.ts";
import type { BrokerEvents, EventFacts } from "./events.ts";
import type { AlarmListener, Alarms } from "./flow/alarms.ts";
import { tableToPlainJson } from "./message/field-table-json.ts";
import type { Consumer } from "./queue/consumer.ts";

/** Tells of connections and channels as they come and go; the registry calls it. */
export class LifecycleEvents implements LifecycleListener {
  readonly #events: BrokerEvents;
  readonly #nodeName: string;

  constructor(events: BrokerEvents, nodeName: string) {
    this.#events = events;
    this.#nodeName = nodeName;
  }

  connectionCreated(view: ConnectionView): void {
    if (!this.#events.heard) return;
    const facts = view.describe();
    const { tls } = facts;
    this.#events.emit("connection.created", {
      ...this.#connectionNames(view),
      vhost: view.vhost,
      user: facts.user,
      protocol: facts.protocol,
      auth_mechanism: facts.authenticationMechanism,
      host: facts.local.address,
      port: facts.local.port,
      peer_host: facts.peer.address,
      peer_port: facts.peer.port,
      ssl: tls !== undefined,
      ssl_protocol: tls?.version.toLowerCase() ?? "",
      ssl_cipher: tls?.cipher ?? "",
      ssl_hash: "",
      ssl_key_exchange: "",
      peer_cert_subject: tls?.peerSubject ?? "",
      peer_cert_issuer: tls?.peerIssuer ?? "",
      peer_cert_validity: tls?.peerValidity ?? "",
      timeout: facts.heartbeatSeconds,
      frame_max: facts.frameBytesMax,
      channel_max: facts.channelsMax,
      connected_at: facts.connectedAtMs,
      type: "network",
      user_who_performed_action: facts.user,
    });
  }

  connectionClosed(view: ConnectionView): void {
    if (this.#events.heard) this.#events.emit("connection.closed", this.#connectionNames(view));
  }

  channelCreated(channel: ChannelView): void {
    if (!this.#events.heard) return;
    const { number, connectionName, user, vhost } = channel.describe();
    const name = `${connectionName} (${number})`;
    const names = { pid: name, name, connection: connectionName };
    const facts = { ...names, number, user, vhost, user_who_performed_action: user };
    this.#events.emit("channel.created", facts);
  }

  channelClosed(channel: ChannelView): void {
    if (!this.#events.heard) return;
    const { number, connectionName, user } = channel.describe();
    const name = `${connectionName} (${number})`;
    this.#events.emit("channel.closed", { pid: name, name, user_who_performed_action: user });
  }

  #connectionNames(view: ConnectionView): EventFacts {
    const { name, clientName, clientProperties } = view.describe();
    return {
      pid: name,
      name,
      node: this.#nodeName,
      user_provided_name: clientName ?? "",
      client_properties: tableToPlainJson(clientProperties) as EventFacts,
    };
  }
}

/** Who consumes: the channel's name and its user. */
export interface ConsumingChannel {
  readonly name: string;
  readonly user: string;
}

export function tellConsumerCreated(
  events: BrokerEvents,
  consumer: Consumer,
  channel: ConsumingChannel,
): void {
  if (!events.heard) return;
  events.emit("consumer.created", {
    ...consumerNames(consumer, channel),
    exclusive: consumer.exclusive,
    ack_required: !consumer.noAck,
    prefetch_count: consumer.prefetchMax,
    arguments: tableToPlainJson(consumer.arguments) as EventFacts,
  });
}

export function tellConsumerDeleted(
  events: BrokerEvents,
  consumer: Consumer,
  channel: ConsumingChannel,
): void {
  if (events.heard) events.emit("consumer.deleted", consumerNames(consumer, channel));
}

function consumerNames({ tag, queue }: Consumer, { name, user }: ConsumingChannel): EventFacts {
  const { vhost, name: queueName } = queue.definition;
  return {
    consumer_tag: tag,
    channel: name,
    queue: queueName,
    vhost,
    user_who_performed_action: user,
  };
}

/** Tells of alarms from now on. */
export function tellAlarms(alarms: Alarms, events: BrokerEvents, nodeName: string): void {
  const listener: AlarmListener = {
    onAlarm: (kind, set) => {
      events.emit(set ? "alarm.set" : "alarm.cleared", { source: kind, node: nodeName });
    },
  };
  alarms.listen(listener);
}
