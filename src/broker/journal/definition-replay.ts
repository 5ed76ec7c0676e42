// Brings back what the log says about topology, users and settings, and describes the present state the same way for
// checkpoints. An entry may tell of something that is there already, or of something whose vhost has gone since.

import { describeUser, userOf } from "../access/access-control.ts";
import type { TopicPermissions, UserPermissions } from "../access/user-store.ts";
import type { Broker } from "../broker.ts";
import type { Destination } from "../exchange/exchange.ts";
import { exactJsonToTable, fromLogJson, toLogJson } from "../message/field-table-json.ts";
import { queueTypes } from "../queue/types.ts";
import type { Parameter } from "../settings/parameters.ts";
import type { Policy, PolicyKind } from "../settings/policies.ts";
import { INTERNAL_USER, type Vhost, type VhostMetadata } from "../vhost.ts";
import type { DefinitionKind } from "./definition-kinds.ts";
import type { Json, JsonObject } from "./journaling.ts";
import {
  describeBinding,
  describeExchange,
  describeQueue,
  describeVhost,
  isDurable,
  isLogged,
  vhostLimitsOf,
} from "./topology-descriptions.ts";

/** One entry as the log keeps it. */
export interface Definition {
  readonly kind: DefinitionKind;
  readonly object: JsonObject;
  /** What it describes: the description need not be made again while `state` is the same. */
  readonly subject?: object;
  /** All of the subject that can change; replaced with every change. */
  readonly state?: object | undefined;
}

/** Of something that hardly changes; described when somebody asks. */
class TopologyDefinition<Subject extends object> implements Definition {
  readonly kind: DefinitionKind;
  readonly #subject: Subject;
  readonly #describe: (subject: Subject) => JsonObject;

  constructor(kind: DefinitionKind, subject: Subject, describe: (subject: Subject) => JsonObject) {
    this.kind = kind;
    this.#subject = subject;
    this.#describe = describe;
  }

  get subject(): object {
    return this.#subject;
  }
  get state(): object | undefined {
    const subject: { readonly definition?: { readonly arguments: object } } = this.#subject;
    return subject.definition?.arguments;
  }
  get object(): JsonObject {
    return this.#describe(this.#subject);
  }
  toJSON(): JsonObject {
    return { kind: this.kind, object: this.object };
  }
}

type Apply = (broker: Broker, object: JsonObject) => void;

const appliers: Readonly<Record<DefinitionKind, Apply>> = {
  vhost: applyVhost,
  "vhost.delete": (broker, object) => {
    const vhost = vhostOf(broker, object.name);
    if (vhost === undefined) return;
    vhost.metadata = { ...vhost.metadata, deletionProtected: false };
    broker.deleteVhost(vhost);
  },
  exchange: applyExchange,
  "exchange.delete": (broker, { vhost, name, number }) => {
    const exchange = vhostOf(broker, vhost)?.exchanges.get(name as string);
    // A later exchange of that name has a higher number.
    if (exchange === undefined || exchange.definition.number > (number as number)) return;
    vhostOf(broker, vhost)?.deleteExchange(exchange);
  },
  queue: applyQueue,
  "queue.delete": (broker, { vhost, number }) => {
    const queue = vhostOf(broker, vhost)?.queueByNumber(number as number);
    if (queue !== undefined) vhostOf(broker, vhost)?.deleteQueue(queue, "deleted");
  },
  "queue.paused": (broker, { vhost, number, paused }) => {
    const queue = vhostOf(broker, vhost)?.queueByNumber(number as number);
    if (paused === true) queue?.pause();
    else queue?.resume();
  },
  "queue.arguments": (broker, object) => {
    const vhost = vhostOf(broker, object.vhost);
    const queue = vhost?.queueByNumber(object.number as number);
    if (queue !== undefined) vhost?.setArguments(queue, exactJsonToTable(object.arguments));
  },
  "queue.conversion": (broker, object) => {
    broker.numbersAtLeast(object.to as number, 0);
    vhostOf(broker, object.vhost)?.conversions.restoreBegun(object);
  },
  "queue.converted": (broker, object) =>
    vhostOf(broker, object.vhost)?.conversions.restoreSwapped(object),
  "queue.remainder": (broker, object) =>
    vhostOf(broker, object.vhost)?.conversions.restoreRemainder(object),
  "queue.remainder.delete": (broker, object) =>
    vhostOf(broker, object.vhost)?.conversions.restoreFinished(object),
  "delay-bucket": (broker, object) => {
    broker.numbersAtLeast(object.number as number, 0);
    vhostOf(broker, object.vhost)?.delays?.restoreBucket(object);
  },
  "duplicate-keys": (broker, { vhost, owner, number, keys }) =>
    vhostOf(broker, vhost)?.restoreKeys(
      owner as "exchange" | "queue",
      number as number,
      keys as readonly Json[],
    ),
  "delay-bucket.delete": (broker, object) =>
    vhostOf(broker, object.vhost)?.delays?.removeBucket(object),
  binding: (broker, object) => {
    const ends = endsOf(broker, object);
    if (ends === undefined) return;
    const { vhost, source, destination } = ends;
    const bindingArguments = exactJsonToTable(object.arguments);
    vhost.bind(source, destination, object.routingKey as string, bindingArguments);
  },
  "binding.delete": (broker, object) => {
    const ends = endsOf(broker, object);
    if (ends === undefined) return;
    const { vhost, source, destination } = ends;
    const bindingArguments = exactJsonToTable(object.arguments);
    vhost.unbind(source, destination, object.routingKey as string, bindingArguments);
  },
  user: (broker, object) => broker.access.putUser(userOf(object), INTERNAL_USER),
  "user.delete": (broker, { name }) => void broker.access.deleteUser(name as string, INTERNAL_USER),
  permission: (broker, object) => {
    const permissions = object as unknown as UserPermissions;
    if (broker.access.store.get(permissions.user) === undefined) return;
    broker.access.setPermissions(permissions, INTERNAL_USER);
  },
  "permission.delete": (broker, { user, vhost }) =>
    void broker.access.deletePermissions(user as string, vhost as string, INTERNAL_USER),
  "topic-permission": (broker, object) => {
    const permissions = object as unknown as TopicPermissions;
    if (broker.access.store.get(permissions.user) === undefined) return;
    broker.access.setTopicPermissions(permissions, INTERNAL_USER);
  },
  "topic-permission.delete": (broker, { user, vhost, exchange }) =>
    void broker.access.deleteTopicPermissions(
      user as string,
      vhost as string,
      exchange as string | undefined,
      INTERNAL_USER,
    ),
  policy: (broker, { kind, definition, ...rest }) => {
    const policy = { ...rest, definition: fromLogJson(definition as Json) } as unknown as Policy;
    broker.policies.set(kind as PolicyKind, policy, INTERNAL_USER);
  },
  "policy.delete": (broker, { kind, vhost, name }) =>
    void broker.policies.delete(kind as PolicyKind, vhost as string, name as string, INTERNAL_USER),
  parameter: (broker, { value, ...rest }) => {
    const parameter = { ...rest, value: fromLogJson(value as Json) } as unknown as Parameter;
    broker.parameters.set(parameter, INTERNAL_USER);
  },
  "parameter.delete": (broker, { vhost, component, name }) =>
    void broker.parameters.delete(
      vhost as string,
      component as string,
      name as string,
      INTERNAL_USER,
    ),
  "global-parameter": (broker, { name, value }) =>
    broker.parameters.setGlobal(name as string, fromLogJson(value as Json), INTERNAL_USER),
  "global-parameter.delete": (broker, { name }) =>
    void broker.parameters.deleteGlobal(name as string, INTERNAL_USER),
};

/**
 * Applies one entry of the log. Throws for a kind this version does not know: what follows could not be trusted.
 * Only while `broker.replaying`, so that nothing is logged again.
 */
export function applyDefinition(broker: Broker, kind: string, object: JsonObject): void {
  const apply = Object.hasOwn(appliers, kind) ? appliers[kind as DefinitionKind] : undefined;
  if (apply === undefined) throw new Error(`the log has a definition of unknown kind '${kind}'`);
  apply(broker, object);
}

/** Everything that is logged, in an order in which it can be applied. */
export function* describeDefinitions(broker: Broker): Iterable<Definition> {
  for (const vhost of broker.vhosts.values()) yield { kind: "vhost", object: describeVhost(vhost) };
  yield* describeAccess(broker);
  yield* describeSettings(broker);
  for (const vhost of broker.vhosts.values()) yield* describeTopology(vhost);
}

function* describeAccess(broker: Broker): Iterable<Definition> {
  const { store } = broker.access;
  for (const user of store.all()) yield { kind: "user", object: describeUser(user) };
  for (const permissions of store.permissions()) {
    yield { kind: "permission", object: { ...permissions } };
  }
  for (const permissions of store.topicPermissions()) {
    yield { kind: "topic-permission", object: { ...permissions } };
  }
}

function* describeSettings(broker: Broker): Iterable<Definition> {
  for (const kind of ["policy", "operator_policy"] as const) {
    for (const policy of broker.policies.list(kind)) {
      const definition = toLogJson(policy.definition);
      yield { kind: "policy", object: { kind, ...policy, definition } };
    }
  }
  for (const parameter of broker.parameters.list()) {
    yield {
      kind: "parameter",
      object: { ...parameter, value: toLogJson(parameter.value) },
    };
  }
  for (const { name, value } of broker.parameters.listGlobal()) {
    yield { kind: "global-parameter", object: { name, value: toLogJson(value) } };
  }
}

function* describeTopology(vhost: Vhost): Iterable<Definition> {
  for (const exchange of vhost.exchanges.values()) {
    if (isLogged(exchange)) yield new TopologyDefinition("exchange", exchange, describeExchange);
  }
  for (const object of vhost.delays?.describe() ?? []) yield { kind: "delay-bucket", object };
  for (const queue of vhost.queues.values()) {
    if (!isLogged(queue)) continue;
    yield new TopologyDefinition("queue", queue, describeQueue);
    if (queue.state !== "paused") continue;
    const { name, number } = queue.definition;
    yield { kind: "queue.paused", object: { vhost: vhost.name, name, number, paused: true } };
  }
  yield* vhost.conversions.describe();
  yield* describeKeys(vhost);
  for (const binding of vhost.bindings.all()) {
    if (isDurable(binding) && isThere(vhost, binding.destination))
      yield new TopologyDefinition("binding", binding, describeBinding);
  }
}

/** Keys of one definition. */
const KEYS_AT_ONCE = 10_000;

function* describeKeys(vhost: Vhost): Iterable<Definition> {
  const owners = [
    ...[...vhost.exchanges.values()].map((each) => ["exchange", each] as const),
    ...[...vhost.queues.values()].map((each) => ["queue", each] as const),
  ];
  for (const [owner, { definition, duplicates }] of owners) {
    if (duplicates === undefined || !definition.durable) continue;
    const all = duplicates.describe();
    for (let from = 0; from < all.length; from += KEYS_AT_ONCE) {
      const keys = all.slice(from, from + KEYS_AT_ONCE);
      const object = { vhost: vhost.name, owner, number: definition.number, keys };
      yield { kind: "duplicate-keys", object };
    }
  }
}

/** Bindings of what has been deleted may still be on their way out. */
function isThere(vhost: Vhost, destination: Destination): boolean {
  const { name } = destination.definition;
  const present = destination.kind === "queue" ? vhost.queues : vhost.exchanges;
  return present.get(name) === destination;
}

function applyVhost(broker: Broker, object: JsonObject): void {
  const metadata: VhostMetadata = {
    description: object.description as string,
    tags: object.tags as readonly string[],
    defaultQueueType: object.defaultQueueType as string | undefined,
    deletionProtected: object.deletionProtected === true,
  };
  const vhost = broker.addVhost(object.name as string, metadata);
  vhost.metadata = metadata;
  vhost.limits = vhostLimitsOf(object.limits as JsonObject);
  vhost.tracing = object.tracing === true;
}

function applyExchange(broker: Broker, object: JsonObject): void {
  const vhost = vhostOf(broker, object.vhost);
  if (vhost === undefined) return;
  const name = object.name as string;
  const number = object.number as number;
  const existing = vhost.exchanges.get(name);
  if (existing !== undefined) {
    if (existing.definition.number >= number) return;
    vhost.deleteExchange(existing);
  }
  const declaration = {
    name,
    type: object.type as string,
    durable: true,
    autoDelete: object.autoDelete === true,
    internal: object.internal === true,
    arguments: exactJsonToTable(object.arguments),
  };
  broker.numbersAtLeast(0, number);
  vhost.addExchange(declaration, INTERNAL_USER, number);
}

function applyQueue(broker: Broker, object: JsonObject): void {
  const vhost = vhostOf(broker, object.vhost);
  if (vhost === undefined) return;
  const name = object.name as string;
  const number = object.number as number;
  const existing = vhost.queues.get(name);
  if (existing !== undefined) {
    if (existing.definition.number >= number) return;
    vhost.deleteQueue(existing, "deleted");
  }
  const typeName = object.type as string;
  const type = Object.hasOwn(queueTypes, typeName) ? queueTypes[typeName] : undefined;
  if (type === undefined) throw new Error(`the log has a queue of unknown type '${typeName}'`);
  const declaration = {
    name,
    durable: true,
    exclusive: false,
    autoDelete: object.autoDelete === true,
    arguments: exactJsonToTable(object.arguments),
  };
  broker.numbersAtLeast(number, 0);
  vhost.addQueue(declaration, type, undefined, INTERNAL_USER, number);
}

function vhostOf(broker: Broker, name: Json | undefined): Vhost | undefined {
  return broker.vhosts.get(name as string);
}

function endsOf(broker: Broker, object: JsonObject) {
  const vhost = vhostOf(broker, object.vhost);
  const source = vhost?.exchanges.get(object.source as string);
  const destination: Destination | undefined =
    object.kind === "queue"
      ? vhost?.queues.get(object.destination as string)
      : vhost?.exchanges.get(object.destination as string);
  if (vhost === undefined || source === undefined || destination === undefined) return undefined;
  return { vhost, source, destination };
}
