// Definitions as RabbitMQ's files have them: the whole broker, or one vhost without the vhost's name in each object.

import { limitFacts } from "../access/access-control.ts";
import type { Broker } from "../broker.ts";
import type { Binding, Exchange } from "../exchange/exchange.ts";
import { type PlainJsonObject, tableToPlainJson } from "../field-table-json.ts";
import { RESERVED_PREFIX } from "../names.ts";
import type { Policy, PolicyKind } from "../policies.ts";
import type { Queue } from "../queue/queue.ts";
import { vhostLimitFacts } from "../topology-descriptions.ts";
import type { Vhost } from "../vhost.ts";

/** Versions and names that stand at the head of a file. */
export interface ExportFacts {
  /** The RabbitMQ level, "4.3.5". */
  readonly rabbitVersion: string;
  readonly productName: string;
  readonly productVersion: string;
}

/** Everything but exclusive queues, the default exchange and those named amq.*. */
export function exportDefinitions(broker: Broker, facts: ExportFacts): PlainJsonObject {
  const vhosts = [...broker.vhosts.values()];
  const { store } = broker.access;
  return {
    rabbit_version: facts.rabbitVersion,
    rabbitmq_version: facts.rabbitVersion,
    product_name: facts.productName,
    product_version: facts.productVersion,
    rabbitmq_definition_format: "cluster",
    original_cluster_name: broker.clusterName,
    explanation: `Definitions of cluster '${broker.clusterName}'`,
    users: [...store.all()].map(({ name, tags, hash, limits }) => ({
      name,
      password_hash: hash?.value ?? "",
      ...(hash === undefined ? {} : { hashing_algorithm: hash.algorithm }),
      tags,
      limits: limitFacts(limits),
    })),
    vhosts: vhosts.map(exportVhost),
    permissions: [...store.permissions()].map((permissions) => ({ ...permissions })),
    topic_permissions: [...store.topicPermissions()].map((permissions) => ({ ...permissions })),
    parameters: vhosts.flatMap((vhost) => exportParameters(broker, vhost)),
    global_parameters: broker.parameters
      .listGlobal()
      .map(({ name, value }) => ({ name, value: value ?? null })),
    policies: vhosts.flatMap((vhost) => exportPolicies(broker, "policy", vhost)),
    queues: vhosts.flatMap(exportQueues),
    exchanges: vhosts.flatMap(exportExchanges),
    bindings: vhosts.flatMap(exportBindings),
  };
}

/** One vhost; its objects do not name it, so that they can be put into another. */
export function exportVhostDefinitions(
  broker: Broker,
  vhost: Vhost,
  facts: ExportFacts,
): PlainJsonObject {
  return {
    rabbit_version: facts.rabbitVersion,
    rabbitmq_version: facts.rabbitVersion,
    product_name: facts.productName,
    product_version: facts.productVersion,
    rabbitmq_definition_format: "single_virtual_host",
    original_vhost_name: vhost.name,
    explanation: `Definitions of virtual host '${vhost.name}'`,
    metadata: exportMetadata(vhost),
    description: vhost.metadata.description,
    default_queue_type: vhost.metadata.defaultQueueType ?? broker.defaultQueueType,
    limits: [],
    parameters: exportParameters(broker, vhost).map(withoutVhost),
    policies: exportPolicies(broker, "policy", vhost).map(withoutVhost),
    queues: exportQueues(vhost).map(withoutVhost),
    exchanges: exportExchanges(vhost).map(withoutVhost),
    bindings: exportBindings(vhost).map(withoutVhost),
  };
}

function withoutVhost({ vhost: _, ...rest }: PlainJsonObject): PlainJsonObject {
  return rest;
}

function exportMetadata({ metadata }: Vhost): PlainJsonObject {
  const { description, tags, defaultQueueType } = metadata;
  return {
    description,
    tags,
    ...(defaultQueueType === undefined ? {} : { default_queue_type: defaultQueueType }),
  };
}

function exportVhost(vhost: Vhost): PlainJsonObject {
  return {
    name: vhost.name,
    ...exportMetadata(vhost),
    metadata: exportMetadata(vhost),
    limits: [],
  };
}

/** Vhost limits and operator policies are parameters in RabbitMQ's files. */
function exportParameters(broker: Broker, vhost: Vhost): PlainJsonObject[] {
  const limits = vhostLimitFacts(vhost.limits);
  const isLimited = Object.keys(limits).length > 0;
  const own = broker.parameters.list(undefined, vhost.name).map((parameter) => ({ ...parameter }));
  const operatorPolicies = exportPolicies(broker, "operator_policy", vhost).map(
    ({ vhost: of, name, ...value }) => ({ vhost: of, component: "operator_policy", name, value }),
  );
  const vhostLimits = {
    vhost: vhost.name,
    component: "vhost-limits",
    name: "limits",
    value: limits,
  };
  return [...own, ...operatorPolicies, ...(isLimited ? [vhostLimits] : [])];
}

function exportPolicies(broker: Broker, kind: PolicyKind, vhost: Vhost): PlainJsonObject[] {
  return broker.policies.list(kind, vhost.name).map((policy: Policy) => ({
    vhost: policy.vhost,
    name: policy.name,
    pattern: policy.pattern,
    "apply-to": policy.applyTo,
    definition: policy.definition,
    priority: policy.priority,
  }));
}

function exportQueues(vhost: Vhost): PlainJsonObject[] {
  return [...vhost.queues.values()].filter(isExported).map(({ definition }) => ({
    name: definition.name,
    vhost: definition.vhost,
    type: definition.type.name,
    durable: definition.durable,
    auto_delete: definition.autoDelete,
    arguments: tableToPlainJson(definition.arguments),
  }));
}

function isExported(queue: Queue): boolean {
  return queue.definition.owner === undefined;
}

function exportExchanges(vhost: Vhost): PlainJsonObject[] {
  return [...vhost.exchanges.values()].filter(isOwnMade).map(({ definition }) => ({
    name: definition.name,
    vhost: definition.vhost,
    type: definition.type,
    durable: definition.durable,
    auto_delete: definition.autoDelete,
    internal: definition.internal,
    arguments: tableToPlainJson(definition.arguments),
  }));
}

function isOwnMade({ name }: Exchange): boolean {
  return name !== "" && !name.startsWith(RESERVED_PREFIX);
}

function exportBindings(vhost: Vhost): PlainJsonObject[] {
  return [...vhost.bindings.all()]
    .filter(
      ({ destination }: Binding) => destination.kind === "exchange" || isExported(destination),
    )
    .map((binding) => ({
      source: binding.source.name,
      vhost: vhost.name,
      destination: binding.destination.definition.name,
      destination_type: binding.destination.kind,
      routing_key: binding.routingKey,
      arguments: tableToPlainJson(binding.arguments),
    }));
}
