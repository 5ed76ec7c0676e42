// Queues, exchanges and bindings as the log keeps them and as events tell of them; vhosts likewise.

import type { EventFacts } from "../events.ts";
import type { Binding, Destination, Exchange } from "../exchange/exchange.ts";
import { isPredeclared } from "../exchange/predeclared.ts";
import { tableToExactJson, tableToPlainJson } from "../message/field-table-json.ts";
import type { Queue } from "../queue/queue.ts";
import type { Vhost, VhostLimits, VhostMetadata } from "../vhost.ts";
import type { Json, JsonObject } from "./journaling.ts";

/** In the log: durable and not tied to a connection. Predeclared exchanges come with their vhost. */
export function isLogged(object: Destination): boolean {
  const { definition } = object;
  if ("owner" in definition) return definition.durable && definition.owner === undefined;
  return definition.durable && !isPredeclared(definition.name);
}

/** A binding is as durable as both its ends. */
export function isDurable({ source, destination }: Binding): boolean {
  if (!source.definition.durable || !destination.definition.durable) return false;
  return destination.kind === "exchange" || destination.definition.owner === undefined;
}

/** A queue as the log keeps it. */
export function describeQueue({ definition }: Queue): JsonObject {
  const { vhost, name, number, type, durable, autoDelete } = definition;
  const queueArguments = tableToExactJson(definition.arguments);
  return {
    ...{ vhost, name, number, type: type.name, durable, autoDelete },
    arguments: queueArguments,
  };
}

/** An exchange as the log keeps it. */
export function describeExchange({ definition }: Exchange): JsonObject {
  const { vhost, name, number, type, durable, autoDelete, internal } = definition;
  const exchangeArguments = tableToExactJson(definition.arguments);
  return {
    ...{ vhost, name, number, type, durable, autoDelete, internal },
    arguments: exchangeArguments,
  };
}

/** A binding as the log keeps it. */
export function describeBinding(binding: Binding): JsonObject {
  const { source, destination, routingKey } = binding;
  return {
    vhost: source.definition.vhost,
    source: source.name,
    destination: destination.definition.name,
    kind: destination.kind,
    routingKey,
    arguments: tableToExactJson(binding.arguments),
  };
}

export function exchangeFacts({ definition, settings }: Exchange): EventFacts {
  const { name, vhost, type, durable, internal } = definition;
  return {
    ...{ name, vhost, type, durable, internal },
    auto_delete: definition.autoDelete,
    policy: settings.policy ?? "",
    arguments: tableToPlainJson(definition.arguments),
  };
}

export function queueFacts({ definition }: Queue): EventFacts {
  const { name, vhost, durable } = definition;
  return {
    ...{ name, vhost, durable },
    auto_delete: definition.autoDelete,
    exclusive: definition.owner !== undefined,
    owner_pid: definition.owner?.name ?? "",
    type: definition.type.name,
    arguments: tableToPlainJson(definition.arguments),
  };
}

export function bindingFacts(binding: Binding): EventFacts {
  const { source, destination, routingKey } = binding;
  return {
    vhost: source.definition.vhost,
    source_name: source.name,
    source_kind: "exchange",
    destination_name: destination.definition.name,
    destination_kind: destination.kind,
    routing_key: routingKey,
    arguments: tableToPlainJson(binding.arguments),
  };
}

/** A vhost as the log keeps it, limits included. */
export function describeVhost(vhost: Vhost): JsonObject {
  const { description, tags, defaultQueueType, deletionProtected } = vhost.metadata;
  return {
    name: vhost.name,
    description,
    tags,
    ...(defaultQueueType === undefined ? {} : { defaultQueueType }),
    deletionProtected,
    tracing: vhost.tracing,
    limits: vhostLimitFacts(vhost.limits),
  };
}

/** The header `metadata` of the event about a new vhost: RabbitMQ prints an Erlang map. */
export function erlangMetadata({ description, tags, defaultQueueType }: VhostMetadata): string {
  const binary = (text: string) => `<<${JSON.stringify(text)}>>`;
  const type =
    defaultQueueType === undefined ? "" : `,default_queue_type => ${binary(defaultQueueType)}`;
  return `#{description => ${binary(description)},tags => [${tags.map(binary).join(",")}]${type}}`;
}

/** Limits by RabbitMQ's names. */
export function vhostLimitFacts({
  connectionsMax,
  queuesMax,
}: VhostLimits): Record<string, number> {
  return {
    ...(connectionsMax === undefined ? {} : { "max-connections": connectionsMax }),
    ...(queuesMax === undefined ? {} : { "max-queues": queuesMax }),
  };
}

/** The inverse of `vhostLimitFacts`; a negative number is no limit. */
export function vhostLimitsOf(limits: JsonObject | undefined): VhostLimits {
  return {
    connectionsMax: limitOf(limits?.["max-connections"]),
    queuesMax: limitOf(limits?.["max-queues"]),
  };
}

function limitOf(value: Json | undefined): number | undefined {
  return typeof value === "number" && value >= 0 ? value : undefined;
}
