// One binding as /api/bindings shows it; the implicit ones of the default exchange among them.

import type { Binding } from "../../broker/exchange/exchange.ts";
import { tableToPlainJson } from "../../broker/message/field-table-json.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import { propertiesKey } from "../../broker/routing/properties-key.ts";
import type { ApiObject } from "../api-json.ts";

export function bindingView(binding: Binding): ApiObject {
  const { source, destination } = binding;
  return {
    source: source.definition.name,
    vhost: source.definition.vhost,
    destination: destination.definition.name,
    destination_type: destination.kind,
    routing_key: binding.routingKey,
    arguments: tableToPlainJson(binding.arguments),
    properties_key: binding.propertiesKey,
  };
}

/** Every queue is bound to the default exchange by its name. */
export function defaultBindingView({ definition }: Queue): ApiObject {
  return {
    source: "",
    vhost: definition.vhost,
    destination: definition.name,
    destination_type: "queue",
    routing_key: definition.name,
    arguments: {},
    properties_key: propertiesKey(definition.name, new Map()),
  };
}
