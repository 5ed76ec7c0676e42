// A definitions file, read and checked as a whole before anything is changed.

import { userLimitsOf } from "../access/access-control.ts";
import { hashAlgorithms, isUsableHash, SHA256 } from "../access/password-hash.ts";
import type { UserLimits } from "../access/user.ts";
import type { TopicPermissions, UserPermissions } from "../access/user-store.ts";
import type { Broker } from "../broker.ts";
import type { BindRequest, ExchangeDeclaration, QueueDeclaration } from "../declarations.ts";
import { BrokerError } from "../errors.ts";
import { predeclaredExchanges } from "../exchange/predeclared.ts";
import { exchangeTypeNamed } from "../exchange/types.ts";
import type { JsonObject } from "../journal/journaling.ts";
import { vhostLimitsOf } from "../journal/topology-descriptions.ts";
import { longString } from "../message/field-table.ts";
import type { PlainJson } from "../message/field-table-json.ts";
import { checkLength, RESERVED_PREFIX, resourceText } from "../names.ts";
import { type QueueType, queueTypes } from "../queue/types.ts";
import type { GlobalParameter, Parameter } from "../settings/parameters.ts";
import { type Policy, type PolicyKind, parsePolicy } from "../settings/policies.ts";
import {
  checkQueueArguments,
  checkQueueFlags,
  QUEUE_TYPE_ARGUMENT,
  queueTypeOf,
} from "../settings/queue-arguments.ts";
import type { VhostLimits, VhostMetadata } from "../vhost.ts";
import { invalidDefinition, ObjectReader, readersOf } from "./object-reader.ts";

export interface PlannedUser {
  readonly name: string;
  readonly tags: readonly string[];
  readonly limits: UserLimits;
  /** At most one of the two. */
  readonly hash: { readonly algorithm: string; readonly value: string } | undefined;
  readonly password: string | undefined;
}

export interface PlannedVhost {
  readonly name: string;
  readonly metadata: VhostMetadata;
  readonly tracing: boolean;
  /** Undefined: as they are. */
  readonly limits: VhostLimits | undefined;
}

export interface PlannedQueue {
  readonly vhost: string;
  readonly type: QueueType;
  readonly declaration: QueueDeclaration;
}

export interface PlannedExchange {
  readonly vhost: string;
  readonly declaration: ExchangeDeclaration;
}

export interface PlannedBinding {
  readonly vhost: string;
  readonly kind: "queue" | "exchange";
  readonly request: BindRequest;
}

/** In the order in which it is carried out. */
export interface DefinitionPlan {
  readonly users: readonly PlannedUser[];
  readonly vhosts: readonly PlannedVhost[];
  readonly vhostLimits: readonly { readonly vhost: string; readonly limits: VhostLimits }[];
  readonly permissions: readonly UserPermissions[];
  readonly topicPermissions: readonly TopicPermissions[];
  readonly parameters: readonly Parameter[];
  readonly globalParameters: readonly GlobalParameter[];
  readonly policies: readonly { readonly kind: PolicyKind; readonly policy: Policy }[];
  readonly exchanges: readonly PlannedExchange[];
  readonly queues: readonly PlannedQueue[];
  readonly bindings: readonly PlannedBinding[];
}

/** The type of a queue whose file does not say. */
const FALLBACK_TYPE = "classic";
/** Before this version RabbitMQ's hashes were MD5 and did not say so. */
const FIRST_SHA256_VERSION = [3, 6];

/**
 * Reads a file in RabbitMQ's format, object by object. `vhost` is given for a file of one vhost, whose objects do not
 * name it. Throws precondition-failed, naming the object that is wrong.
 */
export function planDefinitions(
  broker: Broker,
  json: PlainJson,
  vhost: string | undefined,
): Generator<void, DefinitionPlan> {
  return new Planner(broker, new ObjectReader("definitions", json), vhost).plan();
}

class Planner {
  readonly #broker: Broker;
  readonly #file: ObjectReader;
  readonly #onlyVhost: string | undefined;
  readonly #vhosts: Set<string>;
  readonly #users: Set<string>;
  /** Exchange types by "vhost\0name", of the broker and the file. */
  readonly #exchanges = new Map<string, string>();
  readonly #queues = new Set<string>();

  constructor(broker: Broker, file: ObjectReader, vhost: string | undefined) {
    this.#broker = broker;
    this.#file = file;
    this.#onlyVhost = vhost;
    this.#vhosts = new Set(broker.vhosts.keys());
    this.#users = new Set([...broker.access.store.all()].map((user) => user.name));
  }

  /** One step per object. */
  *plan(): Generator<void, DefinitionPlan> {
    const wholeBroker = this.#onlyVhost === undefined;
    const users = wholeBroker ? yield* this.#read("users", (o) => this.#user(o)) : [];
    const vhosts = wholeBroker ? yield* this.#read("vhosts", (o) => this.#vhost(o)) : [];
    const permissions = wholeBroker
      ? yield* this.#read("permissions", (o) => this.#permission(o))
      : [];
    const topics = wholeBroker
      ? yield* this.#read("topic_permissions", (o) => this.#topicPermission(o))
      : [];
    const global = wholeBroker
      ? yield* this.#read("global_parameters", (o) => this.#globalParameter(o))
      : [];
    const parameters = yield* this.#read("parameters", (o) => this.#parameter(o));
    const policies = yield* this.#read("policies", (o) => this.#policy("policy", o));
    const operatorPolicies = this.#withComponent(parameters, "operator_policy").map((p) => {
      const reader = new ObjectReader(`operator policy '${p.name}' in vhost '${p.vhost}'`, p.value);
      return this.#policyFrom("operator_policy", p.vhost, p.name, reader);
    });
    const vhostLimits = this.#withComponent(parameters, "vhost-limits").map((parameter) => ({
      vhost: parameter.vhost,
      limits: vhostLimitsOf(parameter.value as JsonObject),
    }));
    const exchanges = yield* this.#read("exchanges", (o) => this.#exchange(o));
    const queues = yield* this.#read("queues", (o) => this.#queue(o));
    return {
      users,
      vhosts,
      vhostLimits,
      permissions,
      topicPermissions: topics,
      parameters: parameters.filter(({ component }) => !ownedElsewhere.has(component)),
      globalParameters: global,
      policies: [...policies, ...operatorPolicies],
      exchanges,
      queues,
      bindings: yield* this.#read("bindings", (o) => this.#binding(o)),
    };
  }

  *#read<T>(field: string, parse: (object: ObjectReader) => T): Generator<void, T[]> {
    const read: T[] = [];
    for (const object of readersOf(this.#file, field)) {
      read.push(parse(object));
      yield;
    }
    return read;
  }

  #withComponent(parameters: readonly Parameter[], component: string): Parameter[] {
    return parameters.filter((parameter) => parameter.component === component);
  }

  /** The vhost an object belongs to; it must exist here or in the file. */
  #vhostOf(object: ObjectReader): string {
    const vhost = this.#onlyVhost ?? object.text("vhost");
    if (!this.#vhosts.has(vhost)) {
      throw invalidDefinition(object.where, `vhost '${vhost}' does not exist`);
    }
    return vhost;
  }

  #user(object: ObjectReader): PlannedUser {
    const name = object.text("name");
    object.where = `user '${name}'`;
    this.#users.add(name);
    const value = object.textOr("password_hash", "");
    const algorithm = object.textOr("hashing_algorithm", this.#defaultAlgorithm());
    const hash = value === "" ? undefined : { algorithm, value };
    if (hash !== undefined && !hashAlgorithms.has(algorithm)) {
      throw invalidDefinition(object.where, `unknown hashing algorithm '${algorithm}'`);
    }
    if (hash !== undefined && !isUsableHash(hash)) {
      throw invalidDefinition(object.where, `'password_hash' is no hash of ${algorithm}`);
    }
    const password = hash === undefined ? object.textOr("password", undefined) : undefined;
    const limits = userLimitsOf(object.object("limits") as JsonObject);
    return { name, tags: object.words("tags"), limits, hash, password };
  }

  #defaultAlgorithm(): string {
    const version = this.#file.textOr("rabbit_version", "");
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const [firstMajor = 0, firstMinor = 0] = FIRST_SHA256_VERSION;
    const isOld = major < firstMajor || (major === firstMajor && minor < firstMinor);
    return version !== "" && isOld ? "rabbit_password_hashing_md5" : SHA256;
  }

  #vhost(object: ObjectReader): PlannedVhost {
    const name = object.text("name");
    object.where = `vhost '${name}'`;
    this.#vhosts.add(name);
    const metadata = new ObjectReader(`${object.where} metadata`, object.object("metadata"));
    const type =
      object.textOr("default_queue_type", undefined) ??
      metadata.textOr("default_queue_type", undefined);
    if (type !== undefined && type !== "undefined" && !Object.hasOwn(queueTypes, type)) {
      throw invalidDefinition(object.where, `unsupported queue type '${type}'`);
    }
    const tags = object.words("tags");
    return {
      name,
      metadata: {
        description: object.textOr("description", undefined) ?? metadata.textOr("description", ""),
        tags: tags.length > 0 ? tags : metadata.words("tags"),
        defaultQueueType: type === "undefined" ? undefined : type,
        deletionProtected: object.booleanOr(
          "protected_from_deletion",
          metadata.booleanOr("protected_from_deletion", false),
        ),
      },
      tracing: object.booleanOr("tracing", false),
      limits: limitsOf(object),
    };
  }

  #permission(object: ObjectReader): UserPermissions {
    const user = this.#knownUser(object);
    const vhost = this.#vhostOf(object);
    object.where = `permissions of user '${user}' in vhost '${vhost}'`;
    const [configure, write, read] = ["configure", "write", "read"].map((field) =>
      this.#pattern(object, field),
    ) as [string, string, string];
    return { user, vhost, configure, write, read };
  }

  #topicPermission(object: ObjectReader): TopicPermissions {
    const user = this.#knownUser(object);
    const vhost = this.#vhostOf(object);
    object.where = `topic permissions of user '${user}' in vhost '${vhost}'`;
    const exchange = object.text("exchange");
    const write = this.#pattern(object, "write");
    return { user, vhost, exchange, write, read: this.#pattern(object, "read") };
  }

  #knownUser(object: ObjectReader): string {
    const user = object.text("user");
    if (this.#users.has(user)) return user;
    throw invalidDefinition(object.where, `user '${user}' does not exist`);
  }

  #pattern(object: ObjectReader, field: string): string {
    const pattern = object.text(field);
    this.#explaining(object, () => this.#broker.matcher.check(pattern));
    return pattern;
  }

  #globalParameter(object: ObjectReader): GlobalParameter {
    return { name: object.text("name"), value: object.value("value") };
  }

  #parameter(object: ObjectReader): Parameter {
    const name = object.text("name");
    const component = object.text("component");
    const vhost = this.#vhostOf(object);
    object.where = `parameter '${name}' of component '${component}' in vhost '${vhost}'`;
    if (!ownedElsewhere.has(component)) {
      this.#explaining(object, () => this.#broker.parameters.check(component));
    } else object.object("value");
    return { vhost, component, name, value: object.value("value") ?? {} };
  }

  #policy(kind: PolicyKind, object: ObjectReader) {
    const name = object.text("name");
    const vhost = this.#vhostOf(object);
    object.where = `policy '${name}' in vhost '${vhost}'`;
    return this.#policyFrom(kind, vhost, name, object);
  }

  #policyFrom(kind: PolicyKind, vhost: string, name: string, object: ObjectReader) {
    const input = {
      pattern: object.value("pattern"),
      "apply-to": object.value("apply-to"),
      definition: object.value("definition"),
      priority: object.value("priority"),
    };
    const { matcher } = this.#broker;
    const policy = this.#explaining(object, () => parsePolicy(kind, vhost, name, input, matcher));
    return { kind, policy };
  }

  #name(object: ObjectReader): string {
    const name = object.text("name");
    const { nameBytesMax } = this.#broker.limits;
    this.#explaining(object, () => checkLength("the name", name, nameBytesMax));
    return name;
  }

  #exchange(object: ObjectReader): PlannedExchange {
    const name = this.#name(object);
    const vhost = this.#vhostOf(object);
    object.where = resourceText("exchange", name, vhost);
    const type = object.text("type");
    const declaration = {
      name,
      type,
      durable: object.booleanOr("durable", true),
      autoDelete: object.booleanOr("auto_delete", false),
      internal: object.booleanOr("internal", false),
      arguments: object.table("arguments"),
    };
    const known = this.#broker.vhosts.get(vhost);
    const isThere = known?.exchanges.has(name) ?? false;
    if (!isThere && (name === "" || name.startsWith(RESERVED_PREFIX))) {
      throw invalidDefinition(object.where, "the name is reserved");
    }
    this.#explaining(object, () => {
      const definition = { ...declaration, number: 0, vhost };
      exchangeTypeNamed(type).createRouter(definition, this.#broker);
    });
    this.#exchanges.set(keyOf(vhost, name), type);
    return { vhost, declaration };
  }

  #queue(object: ObjectReader): PlannedQueue {
    const name = this.#name(object);
    const vhost = this.#vhostOf(object);
    object.where = resourceText("queue", name, vhost);
    if (name === "") throw invalidDefinition(object.where, "a queue needs a name");
    const given = object.table("arguments");
    const asked = object.textOr("type", undefined);
    // Files before 3.8 have no type; those after have it beside the arguments, which may lack it.
    const isSaid = asked === undefined || asked === FALLBACK_TYPE || given.has(QUEUE_TYPE_ARGUMENT);
    const queueArguments = isSaid
      ? given
      : new Map([...given, [QUEUE_TYPE_ARGUMENT, longString(asked)]]);
    const declaration = {
      name,
      durable: object.booleanOr("durable", true),
      autoDelete: object.booleanOr("auto_delete", false),
      exclusive: false,
      arguments: queueArguments,
    };
    const type = this.#explaining(object, () => {
      const found = queueTypeOf(queueArguments, FALLBACK_TYPE, object.where);
      checkQueueArguments(found, queueArguments, object.where);
      checkQueueFlags(found, declaration, object.where);
      return found;
    });
    this.#queues.add(keyOf(vhost, name));
    return { vhost, type, declaration };
  }

  #binding(object: ObjectReader): PlannedBinding {
    const vhost = this.#vhostOf(object);
    const source = object.text("source");
    const destination = object.text("destination");
    const kind = object.text("destination_type");
    object.where = `binding from exchange '${source}' to ${kind} '${destination}' in vhost '${vhost}'`;
    if (kind !== "queue" && kind !== "exchange") {
      throw invalidDefinition(object.where, "'destination_type' should be 'queue' or 'exchange'");
    }
    const routingKey = object.textOr("routing_key", "");
    const { nameBytesMax } = this.#broker.limits;
    this.#explaining(object, () => checkLength("routing key", routingKey, nameBytesMax));
    const request = { source, destination, routingKey, arguments: object.table("arguments") };
    this.#checkBinding(object, vhost, kind, request);
    return { vhost, kind, request };
  }

  #checkBinding(
    object: ObjectReader,
    vhost: string,
    kind: "queue" | "exchange",
    request: BindRequest,
  ): void {
    const there = this.#broker.vhosts.get(vhost);
    const sourceType =
      this.#exchanges.get(keyOf(vhost, request.source)) ??
      there?.exchanges.get(request.source)?.definition.type ??
      predeclaredType(request.source);
    if (sourceType === undefined || request.source === "") {
      throw invalidDefinition(object.where, "there is no such exchange to bind to");
    }
    const key = keyOf(vhost, request.destination);
    const isKnown =
      kind === "queue"
        ? this.#queues.has(key) || there?.queues.has(request.destination)
        : this.#exchanges.has(key) ||
          there?.exchanges.has(request.destination) ||
          predeclaredType(request.destination) !== undefined;
    if (!isKnown) {
      throw invalidDefinition(object.where, `there is no such ${kind}`);
    }
    this.#explaining(object, () => exchangeTypeNamed(sourceType).checkBinding?.(request));
  }

  /** Errors of the broker's own checks, with the object's name in front unless they name it themselves. */
  #explaining<T>(object: ObjectReader, check: () => T): T {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof BrokerError) || error.message.includes(object.where)) throw error;
      throw new BrokerError(error.reason, `${object.where}: ${error.message}`);
    }
  }
}

/** Parameters in files that are no parameters here. */
const ownedElsewhere: ReadonlySet<string> = new Set(["operator_policy", "vhost-limits", "policy"]);

function keyOf(vhost: string, name: string): string {
  return `${vhost}\0${name}`;
}

/** {"max-queues": 5} or [{"name": "max-queues", "value": 5}]; undefined when there are none. */
function limitsOf(object: ObjectReader): VhostLimits | undefined {
  const value = object.value("limits");
  if (!Array.isArray(value)) {
    const limits = object.object("limits") as JsonObject;
    return Object.keys(limits).length === 0 ? undefined : vhostLimitsOf(limits);
  }
  const listed = readersOf(object, "limits").map((item) => [
    item.text("name"),
    item.value("value"),
  ]);
  return listed.length === 0 ? undefined : vhostLimitsOf(Object.fromEntries(listed));
}

/** Vhosts of the file are not there yet, but these exchanges will be. */
function predeclaredType(name: string): string | undefined {
  return predeclaredExchanges.find((exchange) => exchange.name === name)?.type;
}
