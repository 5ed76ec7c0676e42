// Definitions as RabbitMQ 4 writes them: of everything, or of one virtual host.

import type { Broker } from "../../broker/broker.ts";
import type { Binding, Exchange } from "../../broker/exchange/exchange.ts";
import { RESERVED_PREFIX } from "../../broker/names.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import type { Vhost } from "../../broker/vhost.ts";
import type { ApiJson, ApiObject } from "../api-json.ts";
import { toJsonText } from "../api-json.ts";
import { Slicer } from "../listing.ts";
import { policyView, withoutNames } from "../resources/policies.ts";
import { userView } from "../resources/users.ts";
import { vhostLimitsView } from "../resources/vhosts.ts";
import { tableView } from "../views/arguments.ts";

export interface ExportOptions {
  readonly broker: Broker;
  readonly rabbitmqVersion: string;
  readonly leveretVersion: string;
  /** One virtual host, whose name is then left out of everything; undefined = all. */
  readonly vhost: Vhost | undefined;
}

/** The file's text, in pieces. */
export async function* exportDefinitions(options: ExportOptions): AsyncIterable<string> {
  const slicer = new Slicer(options.broker.clock);
  const head = toJsonText(headOf(options));
  yield head.slice(0, -1);
  for (const [section, items] of sectionsOf(options)) {
    let piece = `,"${section}":[`;
    let first = true;
    for (const item of items) {
      piece += first ? toJsonText(item) : `,${toJsonText(item)}`;
      first = false;
      if (!slicer.due) continue;
      yield piece;
      piece = "";
      await slicer.pause();
    }
    yield `${piece}]`;
  }
  yield "}";
}

function headOf({ broker, rabbitmqVersion, leveretVersion, vhost }: ExportOptions): ApiObject {
  const versions = { rabbit_version: rabbitmqVersion, rabbitmq_version: rabbitmqVersion };
  const product = { product_name: "Leveret", product_version: leveretVersion };
  if (vhost === undefined) {
    return {
      ...versions,
      ...product,
      rabbitmq_definition_format: "cluster",
      original_cluster_name: broker.clusterName,
      explanation: `Definitions of cluster '${broker.clusterName}'`,
    };
  }
  return {
    ...versions,
    ...product,
    rabbitmq_definition_format: "single_virtual_host",
    original_vhost_name: vhost.name,
    explanation: `Definitions of virtual host '${vhost.name}'`,
    metadata: vhostMetadata(vhost),
    description: vhost.metadata.description,
    ...queueTypePart(vhost),
    limits: limitsList(vhost),
  };
}

type Section = readonly [string, Iterable<ApiObject>];

function sectionsOf({ broker, vhost }: ExportOptions): readonly Section[] {
  const { store } = broker.access;
  const vhosts = vhost === undefined ? [...broker.vhosts.values()] : [vhost];
  const named = vhost === undefined;
  const shared: readonly Section[] = [
    ["parameters", parameters(broker, vhosts, named)],
    ["policies", policies(broker, vhosts, named)],
    ["queues", queues(vhosts, named)],
    ["exchanges", exchanges(vhosts, named)],
    ["bindings", bindings(vhosts, named)],
  ];
  if (vhost !== undefined) return shared;
  return [
    ["users", [...store.all()].map(userView)],
    ["vhosts", vhosts.map(vhostDefinition)],
    ["permissions", [...store.permissions()].map((each) => ({ ...each }))],
    ["topic_permissions", [...store.topicPermissions()].map((each) => ({ ...each }))],
    ["global_parameters", broker.parameters.listGlobal().map((each) => ({ ...each }) as ApiObject)],
    ...shared,
  ];
}

function vhostMetadata({ metadata }: Vhost): ApiObject {
  return {
    description: metadata.description,
    tags: metadata.tags,
    ...queueTypePart({ metadata }),
  };
}

/** Nothing where the node's default holds: an import must not fix what nobody has chosen. */
function queueTypePart({ metadata }: Pick<Vhost, "metadata">): ApiObject {
  const { defaultQueueType } = metadata;
  return defaultQueueType === undefined ? {} : { default_queue_type: defaultQueueType };
}

function vhostDefinition(vhost: Vhost): ApiObject {
  const { metadata, name } = vhost;
  return {
    name,
    description: metadata.description,
    metadata: vhostMetadata(vhost),
    tags: metadata.tags,
    ...queueTypePart(vhost),
    protected_from_deletion: metadata.deletionProtected,
    limits: limitsList(vhost),
  };
}

function limitsList(vhost: Vhost): ApiJson {
  return Object.entries(vhostLimitsView(vhost)).map(([name, value]) => ({ name, value }));
}

function* parameters(
  broker: Broker,
  vhosts: readonly Vhost[],
  named: boolean,
): Iterable<ApiObject> {
  for (const vhost of vhosts) {
    const of = named ? { vhost: vhost.name } : {};
    const limits = vhostLimitsView(vhost);
    if (Object.keys(limits).length > 0) {
      yield { value: limits, ...of, component: "vhost-limits", name: "limits" };
    }
    for (const policy of broker.policies.list("operator_policy", vhost.name)) {
      yield { value: withoutNames(policy), ...of, component: "operator_policy", name: policy.name };
    }
    for (const { component, name, value } of broker.parameters.list(undefined, vhost.name)) {
      yield { value: value as ApiJson, ...of, component, name };
    }
  }
}

function* policies(broker: Broker, vhosts: readonly Vhost[], named: boolean): Iterable<ApiObject> {
  for (const vhost of vhosts) {
    for (const policy of broker.policies.list("policy", vhost.name)) {
      const { vhost: name, ...rest } = policyView(policy);
      yield named ? { vhost: name, ...rest } : rest;
    }
  }
}

/** Exclusive queues go with their connection and are not part of definitions. */
function* queues(vhosts: readonly Vhost[], named: boolean): Iterable<ApiObject> {
  for (const vhost of vhosts) {
    for (const { definition } of vhost.queues.values()) {
      if (definition.owner !== undefined) continue;
      yield {
        name: definition.name,
        ...(named ? { vhost: vhost.name } : {}),
        type: definition.type.name,
        durable: definition.durable,
        auto_delete: definition.autoDelete,
        arguments: tableView(definition.arguments),
      };
    }
  }
}

function isPredeclared({ name }: Exchange): boolean {
  return name === "" || name.startsWith(RESERVED_PREFIX);
}

function* exchanges(vhosts: readonly Vhost[], named: boolean): Iterable<ApiObject> {
  for (const vhost of vhosts) {
    for (const exchange of vhost.exchanges.values()) {
      if (isPredeclared(exchange)) continue;
      const { definition } = exchange;
      yield {
        name: definition.name,
        ...(named ? { vhost: vhost.name } : {}),
        type: definition.type,
        durable: definition.durable,
        auto_delete: definition.autoDelete,
        internal: definition.internal,
        arguments: tableView(definition.arguments),
      };
    }
  }
}

function* bindings(vhosts: readonly Vhost[], named: boolean): Iterable<ApiObject> {
  for (const vhost of vhosts) {
    for (const binding of vhost.bindings.all()) {
      if (isOwned(binding)) continue;
      yield {
        source: binding.source.name,
        ...(named ? { vhost: vhost.name } : {}),
        destination: binding.destination.definition.name,
        destination_type: binding.destination.kind,
        routing_key: binding.routingKey,
        arguments: tableView(binding.arguments),
      };
    }
  }
}

function isOwned({ destination }: Binding): boolean {
  return destination.kind === "queue" && (destination as Queue).definition.owner !== undefined;
}
