// Definitions as RabbitMQ's files have them: the whole broker, or one vhost without the vhost's name in each object.

import { limitFacts } from "../access/access-control.ts";
import type { StoredUser } from "../access/user-store.ts";
import type { Broker } from "../broker.ts";
import { vhostLimitFacts } from "../journal/topology-descriptions.ts";
import { type PlainJsonObject, tableToPlainJson } from "../message/field-table-json.ts";
import { RESERVED_PREFIX } from "../names.ts";
import type { Policy, PolicyKind } from "../settings/policies.ts";
import type { Vhost } from "../vhost.ts";

/** Versions and names that stand at the head of a file. */
export interface ExportFacts {
  /** The RabbitMQ level, "4.3.5". */
  readonly rabbitVersion: string;
  readonly productName: string;
  readonly productVersion: string;
}

/** The lists of a file, each made as it is read: a large one can be written in pieces. */
export type DefinitionSection = readonly [name: string, objects: Iterable<PlainJsonObject>];

/** What stands in front of the lists. `vhost` is given for a file of one vhost. */
export function definitionHead(
  broker: Broker,
  facts: ExportFacts,
  vhost: Vhost | undefined,
): PlainJsonObject {
  const versions = {
    rabbit_version: facts.rabbitVersion,
    rabbitmq_version: facts.rabbitVersion,
    product_name: facts.productName,
    product_version: facts.productVersion,
  };
  if (vhost === undefined) {
    return {
      ...versions,
      rabbitmq_definition_format: "cluster",
      original_cluster_name: broker.clusterName,
      explanation: `Definitions of cluster '${broker.clusterName}'`,
    };
  }
  return {
    ...versions,
    rabbitmq_definition_format: "single_virtual_host",
    original_vhost_name: vhost.name,
    explanation: `Definitions of virtual host '${vhost.name}'`,
    metadata: exportMetadata(vhost),
    description: vhost.metadata.description,
    ...exportQueueType(vhost),
    limits: exportLimits(vhost),
  };
}

/**
 * Everything but exclusive queues, the default exchange and those named amq.*. With `vhost` only what is in it, and
 * without its name, so that it can be put into another.
 */
export function definitionSections(broker: Broker, vhost: Vhost | undefined): DefinitionSection[] {
  const vhosts = vhost === undefined ? [...broker.vhosts.values()] : [vhost];
  const inVhosts = (objects: (vhost: Vhost) => Iterable<PlainJsonObject>) =>
    inEach(vhosts, objects, vhost !== undefined);
  const shared: DefinitionSection[] = [
    ["parameters", inVhosts((each) => exportParameters(broker, each))],
    ["policies", inVhosts((each) => exportPolicies(broker, "policy", each))],
    ["queues", inVhosts(exportQueues)],
    ["exchanges", inVhosts(exportExchanges)],
    ["bindings", inVhosts(exportBindings)],
  ];
  if (vhost !== undefined) return shared;
  const { store } = broker.access;
  const global = broker.parameters.listGlobal();
  return [
    ["users", [...store.all()].map(exportUser)],
    ["vhosts", vhosts.map(exportVhost)],
    ["permissions", [...store.permissions()].map((permissions) => ({ ...permissions }))],
    ["topic_permissions", [...store.topicPermissions()].map((topic) => ({ ...topic }))],
    ["global_parameters", global.map(({ name, value }) => ({ name, value: value ?? null }))],
    ...shared,
  ];
}

/** The whole file at once. */
export function exportDefinitions(
  broker: Broker,
  facts: ExportFacts,
  vhost?: Vhost,
): PlainJsonObject {
  const sections = definitionSections(broker, vhost).map(([name, objects]) => [name, [...objects]]);
  return { ...definitionHead(broker, facts, vhost), ...Object.fromEntries(sections) };
}

function* inEach(
  vhosts: readonly Vhost[],
  objects: (vhost: Vhost) => Iterable<PlainJsonObject>,
  withoutName: boolean,
): Iterable<PlainJsonObject> {
  for (const vhost of vhosts) {
    for (const object of objects(vhost)) yield withoutName ? withoutVhost(object) : object;
  }
}

function exportUser({ name, tags, hash, limits }: StoredUser): PlainJsonObject {
  return {
    name,
    password_hash: hash?.value ?? "",
    ...(hash === undefined ? {} : { hashing_algorithm: hash.algorithm }),
    tags,
    limits: limitFacts(limits),
  };
}

function withoutVhost({ vhost: _, ...rest }: PlainJsonObject): PlainJsonObject {
  return rest;
}

function exportMetadata(vhost: Vhost): PlainJsonObject {
  const { description, tags } = vhost.metadata;
  return { description, tags, ...exportQueueType(vhost) };
}

/** Nothing where the node's default holds: an import must not fix what nobody has chosen. */
function exportQueueType({ metadata: { defaultQueueType } }: Vhost): PlainJsonObject {
  return defaultQueueType === undefined ? {} : { default_queue_type: defaultQueueType };
}

function exportLimits(vhost: Vhost): PlainJsonObject[] {
  return Object.entries(vhostLimitFacts(vhost.limits)).map(([name, value]) => ({ name, value }));
}

function exportVhost(vhost: Vhost): PlainJsonObject {
  return {
    name: vhost.name,
    ...exportMetadata(vhost),
    metadata: exportMetadata(vhost),
    protected_from_deletion: vhost.metadata.deletionProtected,
    tracing: vhost.tracing,
    limits: exportLimits(vhost),
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

function* exportQueues(vhost: Vhost): Iterable<PlainJsonObject> {
  for (const { definition } of vhost.queues.values()) {
    if (definition.owner !== undefined) continue;
    yield {
      name: definition.name,
      vhost: definition.vhost,
      type: definition.type.name,
      durable: definition.durable,
      auto_delete: definition.autoDelete,
      arguments: tableToPlainJson(definition.arguments),
    };
  }
}

function* exportExchanges(vhost: Vhost): Iterable<PlainJsonObject> {
  for (const { name, definition } of vhost.exchanges.values()) {
    if (name === "" || name.startsWith(RESERVED_PREFIX)) continue;
    yield {
      name,
      vhost: definition.vhost,
      type: definition.type,
      durable: definition.durable,
      auto_delete: definition.autoDelete,
      internal: definition.internal,
      arguments: tableToPlainJson(definition.arguments),
    };
  }
}

/** Bindings of exclusive queues go with them. */
function* exportBindings(vhost: Vhost): Iterable<PlainJsonObject> {
  for (const binding of vhost.bindings.all()) {
    const { source, destination } = binding;
    if (destination.kind === "queue" && destination.definition.owner !== undefined) continue;
    yield {
      source: source.name,
      vhost: vhost.name,
      destination: destination.definition.name,
      destination_type: destination.kind,
      routing_key: binding.routingKey,
      arguments: tableToPlainJson(binding.arguments),
    };
  }
}
