// The one door: one user's view of one vhost. Every protocol and the HTTP API act through it, so that permissions,
// limits and reserved names are checked in one place and in RabbitMQ's order.

import { decided, hasTag, type Permission, type TopicVariables, type User } from "./access/user.ts";
import type { ConnectionIdentity } from "./connection-registry.ts";
import type { BrokerContext } from "./context.ts";
import { conversionTarget } from "./conversion/conversions.ts";
import type { BindRequest, ExchangeDeclaration, QueueDeclaration } from "./declarations.ts";
import { BrokerError } from "./errors.ts";
import type { Destination, Exchange } from "./exchange/exchange.ts";
import { exchangeTypeNamed } from "./exchange/types.ts";
import { type FieldTable, type FieldValue, longString, textOf } from "./message/field-table.ts";
import { fieldTypeName } from "./message/field-values.ts";
import type { Publication } from "./message/publication.ts";
import {
  checkLength,
  DEFAULT_EXCHANGE_ALIAS,
  RESERVED_PREFIX,
  type ResourceKind,
  resourceText,
  stripLineEnds,
} from "./names.ts";
import type { Queue } from "./queue/queue.ts";
import { type QueueType, queueTypes } from "./queue/types.ts";
import type { PublishResult, Route } from "./routing/route.ts";
import { refuseByRules } from "./rules.ts";
import { type ArgumentChange, changeOfArguments } from "./settings/argument-changes.ts";
import { assertSameExchange, assertSameQueue } from "./settings/equivalence.ts";
import {
  checkQueueArguments,
  checkQueueFlags,
  QUEUE_TYPE_ARGUMENT,
  queueTypeOf,
} from "./settings/queue-arguments.ts";
import type { Vhost } from "./vhost.ts";

const PERMISSIONS: readonly Permission[] = ["configure", "write", "read"];
const CLASSIC = "classic";
/** Exchanges remembered as writable per view; more are asked for again. */
const WRITABLE_MAX = 256;

let lastNumber = 0;

export class VhostAccess {
  /** Never given to another view of this process. */
  readonly number = ++lastNumber;
  readonly vhost: Vhost;
  /** Replaced only by the same user with new credentials. */
  user: User;
  readonly connection: ConnectionIdentity;
  /** Filled by protocols that have more than RabbitMQ's {username} and {vhost}: {client_id}. */
  readonly topicVariables: TopicVariables;
  readonly #context: BrokerContext;
  readonly #writable = new Set<Exchange>();
  #writableEpoch = 0;

  constructor(
    context: BrokerContext,
    vhost: Vhost,
    user: User,
    connection: ConnectionIdentity,
    topicVariables?: TopicVariables,
  ) {
    this.#context = context;
    this.vhost = vhost;
    this.user = user;
    this.connection = connection;
    this.topicVariables =
      topicVariables ??
      new Map([
        ["username", user.name],
        ["vhost", vhost.name],
      ]);
  }

  /** Declares, or finds an equivalent exchange. */
  declareExchange(declaration: ExchangeDeclaration): Exchange {
    const { limits } = this.#context;
    const name = stripLineEnds(declaration.name);
    exchangeTypeNamed(declaration.type);
    refuseDefaultExchange(name);
    checkLength("exchange name", name, limits.nameBytesMax);
    this.#check("exchange", name, "configure");
    const existing = this.vhost.exchanges.get(name);
    if (existing !== undefined) {
      assertSameExchange(existing, declaration);
      return existing;
    }
    this.#refuseReserved("exchange", name);
    this.#refuseTooMany("exchange", name, this.#context.exchangeCount, limits.exchangesMax);
    this.#checkRedirection("exchange", name, declaration.arguments, "alternate-exchange");
    return this.vhost.addExchange({ ...declaration, name }, this.user.name);
  }

  /** Passive declare: any of the three permissions will do. */
  checkExchange(name: string): Exchange {
    refuseDefaultExchange(name);
    this.#checkAny("exchange", name);
    return this.vhost.exchangeNamed(name);
  }

  /** Deleting what does not exist is no error. */
  deleteExchange(givenName: string, options: { readonly ifUnused: boolean }): void {
    const name = stripLineEnds(givenName);
    refuseDefaultExchange(name);
    if (name.startsWith(RESERVED_PREFIX)) {
      const text = resourceText("exchange", name, this.vhost.name);
      throw new BrokerError("access-refused", `deletion of system ${text} not allowed`);
    }
    this.#check("exchange", name, "configure");
    const exchange = this.vhost.exchanges.get(name);
    if (exchange === undefined) return;
    if (options.ifUnused && this.vhost.bindings.hasFrom(exchange)) {
      throw this.#precondition("exchange", name, "in use");
    }
    this.vhost.deleteExchange(exchange, this.user.name);
  }

  bindQueue(request: BindRequest): void {
    this.#bind("queue", request);
  }

  bindExchange(request: BindRequest): void {
    this.#bind("exchange", request);
  }

  unbindQueue(request: BindRequest): void {
    this.#unbind("queue", request);
  }

  unbindExchange(request: BindRequest): void {
    this.#unbind("exchange", request);
  }

  #bind(kind: ResourceKind, request: BindRequest): void {
    const names = this.#checkBinding(kind, request);
    checkLength("routing key", request.routingKey, this.#context.limits.nameBytesMax);
    const source = this.vhost.exchangeNamed(names.source);
    const destination = this.#destination(kind, names.destination);
    const { routingKey } = request;
    this.vhost.bind(source, destination, routingKey, request.arguments, this.user.name);
  }

  #unbind(kind: ResourceKind, request: BindRequest): void {
    const names = this.#checkBinding(kind, request);
    const source = this.vhost.exchanges.get(names.source);
    const destination =
      kind === "queue"
        ? this.vhost.queues.get(names.destination)
        : this.vhost.exchanges.get(names.destination);
    if (source === undefined || destination === undefined) return;
    if (destination.kind === "queue") this.#refuseLocked(destination, "lax");
    const { routingKey } = request;
    this.vhost.unbind(source, destination, routingKey, request.arguments, this.user.name);
  }

  /** Permissions of a bind or unbind, in RabbitMQ's order. */
  #checkBinding(kind: ResourceKind, request: BindRequest): { source: string; destination: string } {
    const source = stripLineEnds(request.source);
    const destination = stripLineEnds(request.destination);
    this.#check(kind, destination, "write");
    if (kind === "exchange") refuseDefaultExchange(destination);
    refuseDefaultExchange(source);
    this.#check("exchange", source, "read");
    const exchange = this.vhost.exchanges.get(source);
    if (exchange !== undefined) this.#checkTopic(exchange, request.routingKey, "read");
    return { source, destination };
  }

  #destination(kind: ResourceKind, name: string): Destination {
    if (kind === "exchange") return this.vhost.exchangeNamed(name);
    const queue = this.vhost.queueNamed(name);
    this.#refuseLocked(queue, "lax");
    return queue;
  }

  /** Throws access-refused where the user may not see what passes there. */
  checkReading(kind: ResourceKind, name: string): void {
    this.#check(kind, name, "read");
  }

  /** Declares, or finds an equivalent queue. An empty name makes a server-named one. */
  declareQueue(declaration: QueueDeclaration): Queue {
    const given = stripLineEnds(declaration.name);
    const name = given === "" ? this.vhost.newQueueName() : given;
    checkLength("queue name", given, this.#context.limits.nameBytesMax);
    if (given !== "") this.#refuseReserved("queue", name);
    this.#check("queue", name, "configure");
    const resource = resourceText("queue", name, this.vhost.name);
    const defaultType = this.#defaultQueueType(declaration);
    this.#context.counters.queuesDeclared++;
    const existing = this.vhost.queues.get(name);
    if (existing !== undefined) {
      this.#refuseLocked(existing, declaration.exclusive ? "owner" : "shared");
      const { relaxedRedeclaration } = this.#context.rules;
      assertSameQueue(existing, declaration, defaultType, relaxedRedeclaration);
      existing.touch();
      return existing;
    }
    const type = queueTypeOf(declaration.arguments, defaultType, resource);
    if (given === "" && !type.traits.mayBeServerNamed) {
      throw new BrokerError(
        "precondition-failed",
        `Cannot declare a server-named queue for type ${type.moduleName}`,
      );
    }
    refuseByRules(this.#context.rules, declaration, type, resource);
    this.#refuseQueueLimits(name);
    this.#checkRedirection("queue", name, declaration.arguments, "x-dead-letter-exchange");
    checkQueueArguments(type, declaration.arguments, resource);
    checkQueueFlags(type, declaration, resource);
    const owner = declaration.exclusive ? this.connection : undefined;
    const named = { ...declaration, name, arguments: this.#withType(declaration.arguments, type) };
    return this.vhost.addQueue(named, type, owner, this.user.name);
  }

  /** The type of a queue whose declare names none: the vhost's or node's, if such a queue can be of that type. */
  #defaultQueueType(declaration: QueueDeclaration): string {
    const wanted = this.vhost.metadata.defaultQueueType ?? this.#context.defaultQueueType;
    const traits = queueTypes[wanted]?.traits;
    const suits =
      traits !== undefined &&
      (declaration.durable || traits.mayBeTransient) &&
      (!declaration.exclusive || traits.mayBeExclusive) &&
      (!declaration.autoDelete || traits.mayBeAutoDelete) &&
      (declaration.name !== "" || traits.mayBeServerNamed);
    return suits ? wanted : CLASSIC;
  }

  /** A type that came from a default is written into the arguments, so that exported definitions stay right. */
  #withType(queueArguments: FieldTable, type: QueueType): FieldTable {
    if (type.name === CLASSIC || queueArguments.has(QUEUE_TYPE_ARGUMENT)) return queueArguments;
    return new Map([...queueArguments, [QUEUE_TYPE_ARGUMENT, longString(type.name)]]);
  }

  #refuseQueueLimits(name: string): void {
    const { queuesMax } = this.vhost.limits;
    if (queuesMax !== undefined && this.vhost.queues.size >= queuesMax) {
      throw new BrokerError(
        "precondition-failed",
        `cannot declare queue '${name}': queue limit in vhost '${this.vhost.name}' (${queuesMax}) is reached`,
      );
    }
    const { limits, queueCount } = this.#context;
    this.#refuseTooMany("queue", name, queueCount, limits.queuesMax);
  }

  #refuseTooMany(kind: ResourceKind, name: string, count: number, max: number | undefined): void {
    if (max === undefined || count < max) return;
    throw new BrokerError(
      "precondition-failed",
      `cannot declare ${kind} '${name}': ${kind} limit in cluster (${max}) is reached`,
    );
  }

  /** Whoever sends messages on to an exchange must be able to read here and write there. */
  #checkRedirection(
    kind: ResourceKind,
    name: string,
    objectArguments: FieldTable,
    argument: string,
  ): void {
    const value = objectArguments.get(argument);
    if (value === undefined) return;
    const exchange = textOf(value);
    if (exchange === undefined) {
      const resource = resourceText(kind, name, this.vhost.name);
      throw new BrokerError(
        "precondition-failed",
        `invalid type '${fieldTypeName(value)}' for arg '${argument}' in ${resource}`,
      );
    }
    this.#check(kind, name, "read");
    this.#check("exchange", exchange, "write");
  }

  /** Changes arguments of a queue while it runs; undefined takes one away. Answers what is different now. */
  changeQueue(
    name: string,
    wanted: ReadonlyMap<string, FieldValue | undefined>,
  ): readonly ArgumentChange[] {
    this.#check("queue", name, "configure");
    const queue = this.vhost.queueNamed(name);
    this.#refuseLocked(queue, "lax");
    const { arguments: changed, changes } = changeOfArguments(queue, wanted);
    this.#checkRedirection("queue", name, changed, "x-dead-letter-exchange");
    if (changes.length > 0) this.vhost.setArguments(queue, changed);
    return changes;
  }

  /** Makes it a queue of another type, in the background. `wanted` as for `changeQueue`. */
  convertQueue(
    name: string,
    typeName: string,
    wanted: ReadonlyMap<string, FieldValue | undefined>,
  ): void {
    this.#check("queue", name, "configure");
    const queue = this.vhost.queueNamed(name);
    this.#refuseLocked(queue, "lax");
    const target = conversionTarget(queue, typeName, wanted);
    const { durable, autoDelete } = queue.definition;
    const declared = { name, durable, autoDelete, exclusive: false, arguments: target.arguments };
    const resource = resourceText("queue", name, this.vhost.name);
    refuseByRules(this.#context.rules, declared, target.type, resource);
    this.#checkRedirection("queue", name, target.arguments, "x-dead-letter-exchange");
    this.vhost.conversions.begin(queue, target);
  }

  /** Passive declare: any of the three permissions will do. */
  checkQueue(name: string): Queue {
    this.#checkAny("queue", name);
    const queue = this.vhost.queueNamed(name);
    this.#refuseLocked(queue, "lax");
    queue.touch();
    return queue;
  }

  /** Deleting what does not exist is no error. Answers how many messages were ready. */
  deleteQueue(
    name: string,
    options: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
  ): number {
    this.#check("queue", name, "configure");
    const queue = this.vhost.queues.get(name);
    if (queue === undefined) return 0;
    this.#refuseLocked(queue, "lax");
    this.#refuseConditions(queue, options);
    if (queue.consumerCount > 0) queue.deliverReady();
    if (options.ifUnused && queue.consumerCount > 0) {
      throw this.#precondition("queue", name, "in use");
    }
    if (options.ifEmpty && queue.depth.ready > 0) {
      throw this.#precondition("queue", name, "not empty");
    }
    return this.vhost.deleteQueue(queue, "deleted", this.user.name);
  }

  #refuseConditions(
    queue: Queue,
    options: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
  ): void {
    const { type, name } = queue.definition;
    const flag = options.ifUnused ? "if-unused" : options.ifEmpty ? "if-empty" : undefined;
    if (flag === undefined || type.traits.allowsConditionalDelete) return;
    const resource = resourceText("queue", name, this.vhost.name);
    throw new BrokerError(
      "not-implemented",
      `cannot delete ${resource}. queue.delete operations with ${flag} flag set are not supported by ${type.name} queues`,
    );
  }

  /** Removes what is ready; answers how many messages that were. */
  purgeQueue(name: string): number {
    const queue = this.queueForReading(name);
    if (!queue.definition.type.traits.allowsPurge) {
      const type = queue.definition.type.name;
      const text = resourceText("queue", name, this.vhost.name);
      throw new BrokerError(
        "not-implemented",
        `queue.purge not supported by ${type} queues ${text}`,
      );
    }
    return queue.purge() + (queue.transfer?.partner?.purge() ?? 0);
  }

  /** For consume and get. */
  queueForReading(name: string): Queue {
    this.#check("queue", name, "read");
    const queue = this.vhost.queueNamed(name);
    this.#refuseLocked(queue, "lax");
    return queue;
  }

  /** Where messages with this exchange and key go; throws what forbids to publish there. */
  route(exchangeName: string, routingKey: string): Route {
    const exchange = this.#writableExchange(exchangeName);
    this.#checkTopic(exchange, routingKey, "write");
    return this.vhost.route(exchange, routingKey);
  }

  /** Publishes the broker's `publication` along a current route. */
  publish(route: Route, publication: Publication): PublishResult {
    const result = this.vhost.publishing.publish(route, publication);
    const { observers } = this.vhost;
    if (observers.any) observers.published(this, route, publication);
    return result;
  }

  /** See Publishing.publishRow. */
  publishRow(route: Route, first: Publication, count: number, strideBytes: number): number {
    if (this.vhost.observers.any) return 0;
    return this.vhost.publishing.publishRow(route, first, count, strideBytes);
  }

  /** The user-id property must name the user, unless they may speak for others. */
  checkUserId(userId: string): void {
    if (userId === this.user.name || hasTag(this.user, "impersonator")) return;
    throw new BrokerError(
      "precondition-failed",
      `user_id property set to '${userId}' but authenticated user was '${this.user.name}'`,
    );
  }

  #writableExchange(name: string): Exchange {
    const known = this.vhost.exchanges.get(name);
    if (this.#writableEpoch !== this.#context.accessEpoch) {
      this.#writable.clear();
      this.#writableEpoch = this.#context.accessEpoch;
    }
    if (known !== undefined && this.#writable.has(known)) return known;
    this.#check("exchange", name, "write");
    const exchange = known ?? this.vhost.exchangeNamed(name);
    if (exchange.definition.internal && this.user.isBroker !== true) {
      const text = resourceText("exchange", name, this.vhost.name);
      throw new BrokerError("access-refused", `cannot publish to internal ${text}`);
    }
    if (this.#writable.size >= WRITABLE_MAX) this.#writable.clear();
    this.#writable.add(exchange);
    return exchange;
  }

  #permits(kind: ResourceKind, name: string, permission: Permission): boolean {
    const asked = kind === "exchange" && name === "" ? DEFAULT_EXCHANGE_ALIAS : name;
    const { user, vhost } = this;
    return decided(user.authorizer.permits(user, vhost.name, kind, asked, permission));
  }

  #check(kind: ResourceKind, name: string, permission: Permission): void {
    if (!this.#permits(kind, name, permission)) throw this.#refusal(kind, name, permission);
  }

  #checkAny(kind: ResourceKind, name: string): void {
    if (PERMISSIONS.some((permission) => this.#permits(kind, name, permission))) return;
    throw this.#refusal(kind, name, "configure");
  }

  #refusal(kind: ResourceKind, name: string, permission: Permission): BrokerError {
    const shown = kind === "exchange" && name === "" ? DEFAULT_EXCHANGE_ALIAS : name;
    const text = resourceText(kind, shown, this.vhost.name);
    return new BrokerError(
      "access-refused",
      `${permission} access to ${text} refused for user '${this.user.name}'`,
    );
  }

  #checkTopic(exchange: Exchange, routingKey: string, permission: Permission): void {
    if (!exchange.type.hasTopicPermissions) return;
    const { user, vhost } = this;
    const verdict = user.authorizer.permitsTopic(
      user,
      vhost.name,
      exchange.name,
      routingKey,
      permission,
      this.topicVariables,
    );
    if (decided(verdict)) return;
    const text = resourceText("exchange", exchange.name, vhost.name);
    throw new BrokerError(
      "access-refused",
      `${permission} access to topic '${routingKey}' in ${text} refused for user '${user.name}'`,
    );
  }

  #refuseReserved(kind: ResourceKind, name: string): void {
    if (!name.startsWith(RESERVED_PREFIX)) return;
    throw new BrokerError(
      "access-refused",
      `${kind} name '${name}' contains reserved prefix '${RESERVED_PREFIX}*'`,
    );
  }

  /**
   * An exclusive queue is its owner's alone. `lax`: shared queues pass too; a redeclare must match exactly what
   * was declared: `owner` (exclusive) or `shared`.
   */
  #refuseLocked(queue: Queue, mode: "lax" | "owner" | "shared"): void {
    const owner = queue.definition.owner;
    if (owner === this.connection && mode !== "shared") return;
    if (owner === undefined && mode !== "owner") return;
    const text = resourceText("queue", queue.definition.name, this.vhost.name);
    throw new BrokerError(
      "resource-locked",
      `cannot obtain exclusive access to locked ${text}. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.`,
    );
  }

  #precondition(kind: ResourceKind, name: string, what: string): BrokerError {
    const text = resourceText(kind, name, this.vhost.name);
    return new BrokerError("precondition-failed", `${text} ${what}`);
  }
}

function refuseDefaultExchange(name: string): void {
  if (name !== "") return;
  throw new BrokerError("access-refused", "operation not permitted on the default exchange");
}
