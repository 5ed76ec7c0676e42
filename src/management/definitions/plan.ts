// A definitions file, read and checked as a whole before anything is changed: what is wrong is named by its place.

import { userLimitsOf } from "../../broker/access/access-control.ts";
import type { PasswordHash } from "../../broker/access/password-hash.ts";
import { NO_USER_LIMITS, type UserLimits } from "../../broker/access/user.ts";
import type { TopicPermissions, UserPermissions } from "../../broker/access/user-store.ts";
import type { Broker } from "../../broker/broker.ts";
import { BrokerError } from "../../broker/errors.ts";
import { exchangeTypes } from "../../broker/exchange/types.ts";
import { type FieldTable, longString } from "../../broker/field-table.ts";
import { resourceText } from "../../broker/names.ts";
import { type Policy, type PolicyKind, parsePolicy } from "../../broker/policies.ts";
import type { QueueType } from "../../broker/queue/types.ts";
import {
  checkQueueArguments,
  checkQueueFlags,
  QUEUE_TYPE_ARGUMENT,
  queueTypeOf,
} from "../../broker/settings/queue-arguments.ts";
import {
  NO_METADATA,
  NO_VHOST_LIMITS,
  type VhostLimits,
  type VhostMetadata,
} from "../../broker/vhost.ts";
import { ApiError, badRequest } from "../answers.ts";
import { type ApiJson, type ApiObject, isObject, property } from "../api-json.ts";
import { booleanField, tagsOf } from "../body.ts";
import { givenHash } from "../resources/users.ts";
import { metadataOf, vhostLimitsOf } from "../resources/vhosts.ts";
import { tableOf } from "../views/arguments.ts";

export interface PlannedUser {
  readonly name: string;
  readonly tags: readonly string[];
  readonly hash: PasswordHash | undefined;
  /** A password in plain text; hashed when the plan is carried out. */
  readonly password: string | undefined;
  readonly limits: UserLimits;
}

export interface PlannedVhost {
  readonly name: string;
  readonly metadata: VhostMetadata;
  readonly limits: VhostLimits | undefined;
  readonly tracing: boolean;
}

export interface PlannedExchange {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

export interface PlannedQueue {
  readonly type: QueueType;
  readonly vhost: string;
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: FieldTable;
}

export interface PlannedBinding {
  readonly vhost: string;
  readonly source: string;
  readonly destination: string;
  readonly kind: "queue" | "exchange";
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

export interface PlannedParameter {
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
  readonly value: ApiJson;
}

export interface Plan {
  readonly users: readonly PlannedUser[];
  readonly vhosts: readonly PlannedVhost[];
  readonly permissions: readonly UserPermissions[];
  readonly topicPermissions: readonly TopicPermissions[];
  readonly parameters: readonly PlannedParameter[];
  readonly globalParameters: readonly { readonly name: string; readonly value: ApiJson }[];
  readonly policies: readonly { readonly kind: PolicyKind; readonly policy: Policy }[];
  readonly exchanges: readonly PlannedExchange[];
  readonly queues: readonly PlannedQueue[];
  readonly bindings: readonly PlannedBinding[];
}

/** Reads a file. `vhost`: the one everything goes into, for files of a single virtual host. Throws ApiError 400. */
export function planDefinitions(broker: Broker, file: ApiObject, vhost: string | undefined): Plan {
  return new Planner(broker, file, vhost).plan();
}

class Planner {
  readonly #broker: Broker;
  readonly #file: ApiObject;
  readonly #vhost: string | undefined;
  readonly #vhosts = new Map<string, PlannedVhost>();
  readonly #users = new Map<string, PlannedUser>();
  /** "vhost\0name" of what is there or will be. */
  readonly #exchanges = new Set<string>();
  readonly #queues = new Set<string>();

  constructor(broker: Broker, file: ApiObject, vhost: string | undefined) {
    this.#broker = broker;
    this.#file = file;
    this.#vhost = vhost;
  }

  plan(): Plan {
    const isCluster = this.#vhost === undefined;
    for (const user of isCluster ? this.#each("users", (item) => this.#user(item)) : [])
      this.#users.set(user.name, user);
    for (const vhost of isCluster ? this.#each("vhosts", (item) => this.#plannedVhost(item)) : [])
      this.#vhosts.set(vhost.name, vhost);
    const parameters = this.#each("parameters", (item) => this.#parameter(item));
    const policies = this.#each("policies", (item) => this.#policy("policy", item));
    const operator = parameters.filter(({ component }) => component === "operator_policy");
    const exchanges = this.#each("exchanges", (item) => this.#exchange(item));
    const queues = this.#each("queues", (item) => this.#queue(item));
    return {
      users: [...this.#users.values()],
      vhosts: [...this.#vhosts.values()],
      permissions: isCluster ? this.#each("permissions", (item) => this.#permission(item)) : [],
      topicPermissions: isCluster
        ? this.#each("topic_permissions", (item) => this.#topicPermission(item))
        : [],
      parameters: parameters.filter(({ component }) => component !== "operator_policy"),
      globalParameters: isCluster
        ? this.#each("global_parameters", (item) => ({
            name: text(item, "name"),
            value: property(item, "value"),
          }))
        : [],
      policies: [
        ...policies,
        ...operator.map(({ vhost, name, value }) => this.#operatorPolicy(vhost, name, value)),
      ],
      exchanges,
      queues,
      bindings: this.#each("bindings", (item) => this.#binding(item)),
    };
  }

  /** Reads every item of a section; says which one was wrong. */
  #each<T>(section: string, read: (item: ApiObject) => T): readonly T[] {
    const items = property(this.#file, section);
    if (items === undefined || items === null) return [];
    if (!Array.isArray(items)) throw badRequest(`${section} must be a list`);
    return items.map((item: ApiJson, index: number) => {
      if (!isObject(item)) throw badRequest(`${section}[${index}] must be an object`);
      try {
        return read(item);
      } catch (error) {
        throw namedError(error, section, index, item);
      }
    });
  }

  #user(item: ApiObject): PlannedUser {
    const tags = property(item, "tags");
    if (tags === undefined) throw badRequest("tags_not_present");
    const limits = property(item, "limits");
    const password = property(item, "password");
    return {
      name: text(item, "name"),
      tags: tagsOf(tags),
      hash: givenHash(optional(item, "password_hash"), optional(item, "hashing_algorithm")),
      password: typeof password === "string" && password !== "" ? password : undefined,
      limits: isObject(limits) ? userLimitsOf(limits as never) : NO_USER_LIMITS,
    };
  }

  #plannedVhost(item: ApiObject): PlannedVhost {
    const name = text(item, "name");
    const existing = this.#broker.vhosts.get(name);
    return {
      name,
      metadata: metadataOf(item, existing?.metadata ?? NO_METADATA),
      limits: limitsOf(property(item, "limits")),
      tracing: booleanField(item, "tracing", existing?.tracing ?? false),
    };
  }

  #vhostOf(item: ApiObject): string {
    const name = this.#vhost ?? text(item, "vhost");
    if (!this.#vhosts.has(name) && !this.#broker.vhosts.has(name)) {
      throw new ApiError(400, { error: "bad_request", reason: ["no_such_vhost", name] });
    }
    return name;
  }

  #userOf(item: ApiObject): string {
    const name = text(item, "user");
    if (this.#users.has(name) || this.#broker.access.store.get(name) !== undefined) return name;
    throw badRequest(["no_such_user", name]);
  }

  #pattern(item: ApiObject, field: string): string {
    const source = text(item, field);
    this.#broker.matcher.check(source);
    return source;
  }

  #permission(item: ApiObject): UserPermissions {
    return {
      user: this.#userOf(item),
      vhost: this.#vhostOf(item),
      configure: this.#pattern(item, "configure"),
      write: this.#pattern(item, "write"),
      read: this.#pattern(item, "read"),
    };
  }

  #topicPermission(item: ApiObject): TopicPermissions {
    return {
      user: this.#userOf(item),
      vhost: this.#vhostOf(item),
      exchange: text(item, "exchange"),
      write: this.#pattern(item, "write"),
      read: this.#pattern(item, "read"),
    };
  }

  #parameter(item: ApiObject): PlannedParameter {
    const parameter = {
      vhost: this.#vhostOf(item),
      component: text(item, "component"),
      name: text(item, "name"),
      value: property(item, "value"),
    };
    if (parameter.component === "vhost-limits") limitsOf(parameter.value);
    else if (parameter.component !== "operator_policy")
      this.#broker.parameters.check(parameter.component);
    return parameter;
  }

  #policy(kind: PolicyKind, item: ApiObject): { kind: PolicyKind; policy: Policy } {
    const vhost = this.#vhostOf(item);
    const policy = parsePolicy(kind, vhost, text(item, "name"), item, this.#broker.matcher);
    return { kind, policy };
  }

  #operatorPolicy(vhost: string, name: string, value: ApiJson) {
    if (!isObject(value))
      throw badRequest(`operator policy '${name}': its value must be an object`);
    const policy = parsePolicy("operator_policy", vhost, name, value, this.#broker.matcher);
    return { kind: "operator_policy" as const, policy };
  }

  #exchange(item: ApiObject): PlannedExchange {
    const vhost = this.#vhostOf(item);
    const exchange = {
      vhost,
      name: name(item, "name"),
      type: text(item, "type"),
      durable: booleanField(item, "durable", true),
      autoDelete: booleanField(item, "auto_delete", false),
      internal: booleanField(item, "internal", false),
      arguments: tableOf(property(item, "arguments")),
    };
    if (!exchangeTypes.has(exchange.type)) {
      throw badRequest(`unknown exchange type '${exchange.type}'`);
    }
    this.#exchanges.add(`${vhost}\0${exchange.name}`);
    return exchange;
  }

  #queue(item: ApiObject): PlannedQueue {
    const vhost = this.#vhostOf(item);
    const queueName = name(item, "name");
    const given = tableOf(property(item, "arguments"));
    const resource = resourceText("queue", queueName, vhost);
    const type = queueTypeOf(
      withType(given, property(item, "type")),
      this.#defaultTypeOf(vhost),
      resource,
    );
    const queueArguments = type.traits.mayBeTransient ? given : withType(given, type.name);
    checkQueueArguments(type, queueArguments, resource);
    const queue = {
      vhost,
      name: queueName,
      durable: booleanField(item, "durable", true),
      autoDelete: booleanField(item, "auto_delete", false),
      arguments: queueArguments,
      type,
    };
    checkQueueFlags(type, { ...queue, exclusive: false }, resource);
    this.#queues.add(`${vhost}\0${queueName}`);
    return queue;
  }

  #defaultTypeOf(vhost: string): string {
    const metadata = this.#vhosts.get(vhost)?.metadata ?? this.#broker.vhosts.get(vhost)?.metadata;
    return metadata?.defaultQueueType ?? this.#broker.defaultQueueType;
  }

  #binding(item: ApiObject): PlannedBinding {
    const vhost = this.#vhostOf(item);
    const kind = text(item, "destination_type");
    if (kind !== "queue" && kind !== "exchange") {
      throw badRequest("destination_type must be queue or exchange");
    }
    const binding: PlannedBinding = {
      vhost,
      source: text(item, "source"),
      destination: text(item, "destination"),
      kind,
      routingKey: text(item, "routing_key"),
      arguments: tableOf(property(item, "arguments")),
    };
    this.#requireEnds(binding);
    return binding;
  }

  #requireEnds({ vhost, source, destination, kind }: PlannedBinding): void {
    const existing = this.#broker.vhosts.get(vhost);
    // A vhost that is still to be made has the predeclared exchanges of any other.
    const predeclared = existing ?? [...this.#broker.vhosts.values()][0];
    const hasExchange = (wanted: string) =>
      this.#exchanges.has(`${vhost}\0${wanted}`) ||
      existing?.exchanges.has(wanted) === true ||
      (wanted.startsWith("amq.") && predeclared?.exchanges.has(wanted) === true);
    const hasQueue = (wanted: string) =>
      this.#queues.has(`${vhost}\0${wanted}`) || existing?.queues.has(wanted) === true;
    if (!hasExchange(source)) throw badRequest(`no ${resourceText("exchange", source, vhost)}`);
    const found = kind === "queue" ? hasQueue(destination) : hasExchange(destination);
    if (!found) throw badRequest(`no ${resourceText(kind, destination, vhost)}`);
  }
}

/** Files name the type beside the arguments, and sometimes only there. */
function withType(given: FieldTable, type: ApiJson): FieldTable {
  if (typeof type !== "string" || given.has(QUEUE_TYPE_ARGUMENT)) return given;
  return new Map([...given, [QUEUE_TYPE_ARGUMENT, longString(type)]]);
}

function text(item: ApiObject, field: string): string {
  const value = property(item, field);
  if (typeof value === "string") return value;
  throw badRequest(value === undefined ? `it has no ${field}` : `its ${field} must be a text`);
}

function name(item: ApiObject, field: string): string {
  const value = text(item, field);
  if (Buffer.byteLength(value) > 255) throw badRequest(`its ${field} is longer than 255 bytes`);
  return value;
}

function optional(item: ApiObject, field: string): string | undefined {
  const value = property(item, field);
  return typeof value === "string" ? value : undefined;
}

/** `{"max-queues": 5}` or `[{"name": "max-queues", "value": 5}]`. */
function limitsOf(value: ApiJson): VhostLimits | undefined {
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return vhostLimitsOf(value, NO_VHOST_LIMITS);
  if (!Array.isArray(value)) throw badRequest("limits must be a list or an object");
  const values: Record<string, ApiJson> = {};
  for (const item of value as readonly ApiJson[]) {
    if (!isObject(item)) throw badRequest("limits must be a list of objects");
    values[text(item, "name")] = property(item, "value");
  }
  return Object.keys(values).length === 0 ? undefined : vhostLimitsOf(values, NO_VHOST_LIMITS);
}

/** The same error with the object it is about in front. */
function namedError(error: unknown, section: string, index: number, item: ApiObject): unknown {
  const known = error instanceof ApiError || error instanceof BrokerError;
  if (!known) return error;
  const reason = error instanceof ApiError ? error.body?.reason : error.message;
  // RabbitMQ's own short reasons stay as they are: scripts look for them.
  if (Array.isArray(reason) || reason === "tags_not_present") return error;
  const label = property(item, "name") ?? property(item, "user") ?? property(item, "source");
  const which = typeof label === "string" ? ` ('${label}')` : "";
  return badRequest(`${section}[${index}]${which}: ${String(reason)}`);
}
