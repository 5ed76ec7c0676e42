// Queues, exchanges and bindings as the log keeps them and as events tell of them.

import type { EventFacts } from "./events.ts";
import type { Binding, Destination, Exchange } from "./exchange/exchange.ts";
import { tableToExactJson, tableToPlainJson } from "./field-table-json.ts";
import type { JsonObject } from "./journaling.ts";
import { RESERVED_PREFIX } from "./names.ts";
import type { Queue } from "./queue/queue.ts";

/** In the log: durable and not tied to a connection. Predeclared exchanges come with their vhost. */
export function isLogged(object: Destination): boolean {
  const { definition } = object;
  if ("owner" in definition) return definition.durable && definition.owner === undefined;
  return definition.durable && !definition.name.startsWith(RESERVED_PREFIX);
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
  return { ...definition, arguments: tableToExactJson(definition.arguments) };
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

export function exchangeFacts({ definition }: Exchange): EventFacts {
  const { name, vhost, type, durable, internal } = definition;
  return {
    ...{ name, vhost, type, durable, internal },
    auto_delete: definition.autoDelete,
    arguments: tableToPlainJson(definition.arguments),
  };
}

export function queueFacts({ definition }: Queue): EventFacts {
  const { name, vhost, durable } = definition;
  return {
    ...{ name, vhost, durable },
    auto_delete: definition.autoDelete,
    exclusive: definition.owner !== undefined,
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
