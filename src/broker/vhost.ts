// A virtual host: its exchanges, queues and bindings. Changes of durable things are told to the log, all to whoever
// listens for events. No permissions here: clients act through VhostAccess.

import { assert } from "../lib/assert.ts";
import type { BrokerContext } from "./context.ts";
import { Conversions } from "./conversion/conversions.ts";
import type { ExchangeDeclaration, QueueDeclaration } from "./declarations.ts";
import type { Delays } from "./delay/vhost-delays.ts";
import { DUPLICATES_MAX, duplicateRules } from "./duplicates/rules.ts";
import { DuplicateWindow } from "./duplicates/window.ts";
import { BrokerError } from "./errors.ts";
import type { EventFacts } from "./events.ts";
import { DefaultRouter, directType } from "./exchange/direct.ts";
import { type Binding, type Destination, Exchange } from "./exchange/exchange.ts";
import { predeclaredExchanges } from "./exchange/predeclared.ts";
import { exchangeTypeNamed } from "./exchange/types.ts";
import { SlicedWork } from "./flow/sliced-work.ts";
import type { Json } from "./journal/journaling.ts";
import {
  bindingFacts,
  describeBinding,
  describeExchange,
  describeQueue,
  exchangeFacts,
  isDurable,
  isLogged,
  queueFacts,
} from "./journal/topology-descriptions.ts";
import { EMPTY_TABLE, type FieldTable } from "./message/field-table.ts";
import { tableToExactJson } from "./message/field-table-json.ts";
import { resourceText, SERVER_NAMED_PREFIX } from "./names.ts";
import type { ExchangeNumber, QueueNumber } from "./numbers.ts";
import { Observers } from "./observing/observers.ts";
import type { DeleteReason, Queue, QueueDefinition, QueueOwner } from "./queue/queue.ts";
import type { QueueType } from "./queue/types.ts";
import { BindingTable } from "./routing/bindings.ts";
import { Intake } from "./routing/exchange-intake.ts";
import { propertiesKey } from "./routing/properties-key.ts";
import { Publishing } from "./routing/publishing.ts";
import { type Route, RouteCache } from "./routing/route.ts";
import { effectiveExchangeSettings, effectiveQueueSettings } from "./settings/effective.ts";

/** What people say about a vhost. */
export interface VhostMetadata {
  readonly description: string;
  readonly tags: readonly string[];
  /** Undefined = the node's default. */
  readonly defaultQueueType: string | undefined;
  /** Deleting it is refused. */
  readonly deletionProtected: boolean;
}

export const NO_METADATA: VhostMetadata = {
  description: "",
  tags: [],
  defaultQueueType: undefined,
  deletionProtected: false,
};

/** Undefined = no limit. */
export interface VhostLimits {
  readonly connectionsMax: number | undefined;
  readonly queuesMax: number | undefined;
}

export const NO_VHOST_LIMITS: VhostLimits = { connectionsMax: undefined, queuesMax: undefined };

/** So many bindings or queues go at once; more go in slices, so that nothing stands still meanwhile. */
const AT_ONCE = 2_000;

/** Who did it, in events, when it was the broker itself. */
export const INTERNAL_USER = "rmq-internal";

export class Vhost {
  readonly name: string;
  metadata: VhostMetadata;
  limits: VhostLimits = NO_VHOST_LIMITS;
  readonly exchanges = new Map<string, Exchange>();
  readonly queues = new Map<string, Queue>();
  readonly bindings = new BindingTable();
  readonly defaultExchange: Exchange;
  /** Bumped by whatever may change where messages go. */
  topologyEpoch = 1;
  readonly observers = new Observers();
  readonly publishing: Publishing;
  readonly delays: Delays | undefined;
  readonly conversions: Conversions;
  readonly #context: BrokerContext;
  readonly #byNumber = new Map<QueueNumber, Queue>();
  /** Exclusive queues by owner, to be deleted with it. */
  readonly #byOwner = new Map<QueueOwner, Set<Queue>>();
  readonly routes: RouteCache;

  constructor(context: BrokerContext, name: string, metadata: VhostMetadata) {
    this.#context = context;
    this.name = name;
    this.metadata = metadata;
    this.routes = new RouteCache(context.limits.cachedRoutesMax, context.memory.arena);
    this.publishing = new Publishing(context, this);
    this.delays = context.createDelays(this);
    this.conversions = new Conversions(context, this);
    this.defaultExchange = this.#makeDefaultExchange();
    for (const { name: exchange, type, internal } of predeclaredExchanges) {
      const definition = { type, durable: true, autoDelete: false, internal };
      this.addExchange({ ...definition, name: exchange, arguments: EMPTY_TABLE });
    }
  }

  /** The firehose is on: publishes and deliveries are told to amq.rabbitmq.trace. */
  get tracing(): boolean {
    return this.observers.has(this.#context.firehose);
  }
  set tracing(on: boolean) {
    if (on) this.observers.add(this.#context.firehose);
    else this.observers.remove(this.#context.firehose);
  }

  get accessEpoch(): number {
    return this.#context.accessEpoch;
  }

  #makeDefaultExchange(): Exchange {
    const exchange = new Exchange(
      {
        number: this.#context.nextExchangeNumber(),
        name: "",
        vhost: this.name,
        type: "direct",
        durable: true,
        autoDelete: false,
        internal: false,
        arguments: EMPTY_TABLE,
      },
      directType,
      new DefaultRouter(this.queues),
    );
    this.exchanges.set("", exchange);
    return exchange;
  }

  queueByNumber(number: QueueNumber): Queue | undefined {
    return this.#byNumber.get(number);
  }

  /** The exchange, or a BrokerError not-found. */
  exchangeNamed(name: string): Exchange {
    const exchange = this.exchanges.get(name);
    if (exchange === undefined) {
      throw new BrokerError("not-found", `no ${resourceText("exchange", name, this.name)}`);
    }
    return exchange;
  }

  /** The queue, or a BrokerError not-found. */
  queueNamed(name: string): Queue {
    const queue = this.queues.get(name);
    if (queue === undefined) {
      throw new BrokerError("not-found", `no ${resourceText("queue", name, this.name)}`);
    }
    return queue;
  }

  /**
   * Adds an exchange; the caller has made sure that the name is free and allowed. `number` is given by replay alone.
   */
  addExchange(
    declaration: ExchangeDeclaration,
    by = INTERNAL_USER,
    number: ExchangeNumber = this.#context.nextExchangeNumber(),
  ): Exchange {
    assert(!this.exchanges.has(declaration.name), "an exchange's name is free");
    const definition = { ...declaration, number, vhost: this.name };
    const named = exchangeTypeNamed(declaration.type);
    const type = named.specialise?.(definition) ?? named;
    const exchange = new Exchange(definition, type, type.createRouter(definition, this.#context));
    exchange.settings = effectiveExchangeSettings(
      definition.arguments,
      this.#context.policies.forExchange(this.name, definition.name),
    );
    this.applyIntake(exchange);
    this.exchanges.set(definition.name, exchange);
    this.topologyChanged();
    if (isLogged(exchange)) this.#context.record("exchange", describeExchange(exchange));
    this.#tell("exchange.created", by, () => exchangeFacts(exchange));
    return exchange;
  }

  /** Puts in front of the exchange what its type and settings ask for. */
  applyIntake(exchange: Exchange): void {
    const { type, settings } = exchange;
    const { delays } = this;
    const isDelaying = type.delays === true || settings.values.delaysMessages;
    const rules = duplicateRules(settings.values);
    if (rules !== undefined) this.#windowOf(exchange).rules = rules;
    const duplicates = rules === undefined ? undefined : exchange.duplicates;
    const used = isDelaying ? delays : undefined;
    const isNeeded = duplicates !== undefined || used !== undefined;
    exchange.intake = isNeeded ? new Intake(exchange, duplicates, used) : undefined;
  }

  /** Where it drops duplicates, what it knows them by. */
  #windowOf(exchange: Exchange): DuplicateWindow {
    const { number } = exchange.definition;
    const log = (keys: readonly Json[]) => this.recordKeys("exchange", number, keys);
    const rules = { sizeMax: DUPLICATES_MAX, ttlMs: undefined, header: "" };
    const { durable } = exchange.definition;
    exchange.duplicates ??= new DuplicateWindow(this.#context, rules, durable ? log : undefined);
    return exchange.duplicates;
  }

  /** Tells the log of keys that an exchange or queue has seen. */
  recordKeys(owner: "exchange" | "queue", number: number, keys: readonly Json[]): void {
    this.#context.record("duplicate-keys", { vhost: this.name, owner, number, keys });
  }

  /** The log tells of keys that an exchange or queue has seen. */
  restoreKeys(owner: "exchange" | "queue", number: number, keys: readonly Json[]): void {
    if (owner === "queue") this.queueByNumber(number)?.restoreKeys?.(keys);
    for (const exchange of owner === "queue" ? [] : this.exchanges.values()) {
      // Whether a policy makes it drop duplicates is not known before all is read.
      if (exchange.definition.number === number) this.#windowOf(exchange).restore(keys);
    }
  }

  /** Stops its deliveries, or lets them go on. */
  setPaused(queue: Queue, paused: boolean): void {
    const { name, number } = queue.definition;
    if (paused) queue.pause();
    else queue.resume();
    if (isLogged(queue)) {
      this.#context.record("queue.paused", { vhost: this.name, name, number, paused });
    }
  }

  /** Gives a queue other arguments, which have been checked. */
  setArguments(queue: Queue, queueArguments: FieldTable): void {
    const { name, number, type } = queue.definition;
    queue.definition.arguments = queueArguments;
    const policies = this.#context.policies.forQueue(this.name, name, type);
    queue.applySettings(effectiveQueueSettings(type, queueArguments, policies));
    if (!isLogged(queue)) return;
    const object = { vhost: this.name, number, arguments: tableToExactJson(queueArguments) };
    this.#context.record("queue.arguments", object);
  }

  /** A queue nobody finds by name: the log does, by its number. */
  addHidden(queue: Queue): void {
    this.#byNumber.set(queue.definition.number, queue);
  }

  removeHidden(queue: Queue): void {
    this.#byNumber.delete(queue.definition.number);
  }

  /** All queues, those too that have no name. */
  numberedQueues(): Iterable<Queue> {
    return this.#byNumber.values();
  }

  /**
   * Adds a queue; the caller has made sure that name, type and arguments are allowed. `number` is given by replay
   * alone.
   */
  addQueue(
    declaration: QueueDeclaration,
    type: QueueType,
    owner: QueueOwner | undefined,
    by = INTERNAL_USER,
    number: QueueNumber = this.#context.nextQueueNumber(),
  ): Queue {
    assert(!this.queues.has(declaration.name), "a queue's name is free");
    const { name, durable, autoDelete, arguments: queueArguments } = declaration;
    const definition: QueueDefinition = {
      number,
      name,
      vhost: this.name,
      durable,
      autoDelete,
      owner,
      type,
      arguments: queueArguments,
    };
    const policies = this.#context.policies.forQueue(this.name, name, type);
    const settings = effectiveQueueSettings(type, queueArguments, policies);
    const queue = this.#context.createQueue(this, definition, settings);
    this.queues.set(name, queue);
    this.#byNumber.set(number, queue);
    if (owner !== undefined) this.#ownedBy(owner).add(queue);
    this.topologyChanged();
    this.#context.counters.queuesCreated++;
    if (isLogged(queue)) this.#context.record("queue", describeQueue(queue));
    this.#tell("queue.created", by, () => queueFacts(queue));
    return queue;
  }

  /** A queue wants to end by itself: its last consumer is gone, or nobody has used it for too long. */
  onQueueUnused(queue: Queue, reason: "auto-delete" | "expired"): void {
    this.deleteQueue(queue, reason);
  }

  #ownedBy(owner: QueueOwner): Set<Queue> {
    let owned = this.#byOwner.get(owner);
    if (owned === undefined) {
      owned = new Set();
      this.#byOwner.set(owner, owned);
    }
    return owned;
  }

  /** A name no queue has: amq.gen- and 22 base64url characters. */
  newQueueName(): string {
    const bytes = new Uint8Array(16);
    this.#context.random.fill(bytes);
    return SERVER_NAMED_PREFIX + Buffer.from(bytes).toString("base64url");
  }

  /** Answers false when the same binding is there already. Throws what the exchange type refuses. */
  bind(
    source: Exchange,
    destination: Destination,
    routingKey: string,
    bindingArguments: FieldTable,
    by = INTERNAL_USER,
  ): boolean {
    if (this.bindings.find(source, destination, routingKey, bindingArguments) !== undefined) {
      return false;
    }
    const binding: Binding = {
      source,
      destination,
      routingKey,
      arguments: bindingArguments,
      propertiesKey: propertiesKey(routingKey, bindingArguments),
    };
    source.router.bind(binding);
    this.bindings.add(binding);
    this.topologyChanged();
    if (isDurable(binding)) this.#context.record("binding", describeBinding(binding));
    this.#tell("binding.created", by, () => bindingFacts(binding));
    return true;
  }

  /** Answers false when there is no such binding. Deletes an auto-delete source with its last binding. */
  unbind(
    source: Exchange,
    destination: Destination,
    routingKey: string,
    bindingArguments: FieldTable,
    by = INTERNAL_USER,
  ): boolean {
    const binding = this.bindings.find(source, destination, routingKey, bindingArguments);
    if (binding === undefined) return false;
    if (isDurable(binding)) this.#context.record("binding.delete", describeBinding(binding));
    this.#removeBinding(binding, by);
    this.#autoDeleteExchange(source, by);
    return true;
  }

  #removeBinding(binding: Binding, by: string): void {
    binding.source.router.unbind(binding);
    this.bindings.delete(binding);
    this.topologyChanged();
    this.#tell("binding.deleted", by, () => bindingFacts(binding));
  }

  #autoDeleteExchange(exchange: Exchange, by: string): void {
    if (!exchange.definition.autoDelete || this.bindings.hasFrom(exchange)) return;
    this.deleteExchange(exchange, by);
  }

  /** Removes the exchange and all its bindings; auto-delete exchanges that lose their last binding by it go too. */
  deleteExchange(first: Exchange, by = INTERNAL_USER): void {
    const doomed = [first];
    for (let exchange = doomed.pop(); exchange !== undefined; exchange = doomed.pop()) {
      if (this.exchanges.get(exchange.name) !== exchange) continue;
      this.exchanges.delete(exchange.name);
      if (isLogged(exchange)) {
        const { number, name } = exchange.definition;
        this.#context.record("exchange.delete", { vhost: this.name, name, number });
      }
      exchange.isDeleted = true;
      exchange.router.dispose?.();
      this.delays?.forget(exchange);
      this.#dropSource(exchange, by);
      doomed.push(...this.#unbindDestination(exchange, by));
      this.topologyChanged();
      const name = exchange.name;
      this.#tell("exchange.deleted", by, () => ({ name, vhost: this.name }));
    }
  }

  /** Its router goes with it, so that bindings need not be taken out one by one. */
  #dropSource(exchange: Exchange, by: string): void {
    const dropped = this.bindings.dropSource(exchange);
    if (!this.#context.events.heard) return;
    const tell = (binding: Binding) =>
      this.#tell("binding.deleted", by, () => bindingFacts(binding));
    this.#inSlices(dropped, tell, () => {});
  }

  /**
   * Takes away every binding that leads to `destination`, which is gone: routing passes it over from now on. Answers
   * the auto-delete exchanges left without a binding; where there are too many bindings to do it at once, the rest
   * follows in slices.
   */
  #unbindDestination(destination: Destination, by: string): Exchange[] {
    const sources = new Set<Exchange>();
    const unbind = (binding: Binding) => {
      this.#removeBinding(binding, by);
      sources.add(binding.source);
    };
    const orphans = () =>
      [...sources].filter((x) => x.definition.autoDelete && !this.bindings.hasFrom(x));
    const isDone = this.#inSlices(this.bindings.to(destination), unbind, () => {
      for (const exchange of orphans()) this.deleteExchange(exchange, by);
    });
    return isDone ? orphans() : [];
  }

  /** Acts on each item, the first ones now. Answers false when the rest is left to later turns; then `onLate` follows. */
  #inSlices<Item>(items: Iterable<Item>, act: (item: Item) => void, onLate: () => void): boolean {
    const work = new SlicedWork(items, act, onLate);
    if (work.runFirst(AT_ONCE)) return true;
    this.#context.turn.addJob(work);
    return false;
  }

  /** Removes the queue with its messages and bindings; answers how many messages were ready. */
  deleteQueue(queue: Queue, reason: DeleteReason, by = INTERNAL_USER): number {
    const { name, number, owner, type } = queue.definition;
    if (this.queues.get(name) !== queue) return 0;
    const ready = queue.depth.ready;
    this.queues.delete(name);
    this.#byNumber.delete(number);
    if (owner !== undefined) {
      const owned = this.#ownedBy(owner);
      owned.delete(queue);
      if (owned.size === 0) this.#byOwner.delete(owner);
    }
    if (isLogged(queue)) {
      this.#context.record("queue.delete", { vhost: this.name, name, number });
    }
    for (const exchange of this.#unbindDestination(queue, by)) this.deleteExchange(exchange, by);
    this.topologyChanged();
    this.conversions.queueDeleted(queue);
    queue.delete(reason);
    this.publishing.pairs.forget(queue);
    this.#context.counters.queuesDeleted++;
    this.#tell("queue.deleted", by, () => ({ name, vhost: this.name, type: type.name }));
    return ready;
  }

  /** Deletes everything; the vhost itself goes. Nothing of it is logged: the vhost's own deletion says it all. */
  clear(): void {
    for (const exchange of this.exchanges.values()) {
      exchange.router.dispose?.();
      this.delays?.forget(exchange);
    }
    for (const queue of [...this.queues.values()]) {
      this.queues.delete(queue.definition.name);
      this.conversions.queueDeleted(queue);
      queue.delete("vhost-deleted");
    }
    this.exchanges.clear();
    this.topologyChanged();
  }

  #tell(
    name: Parameters<BrokerContext["events"]["emit"]>[0],
    by: string,
    facts: () => EventFacts,
  ): void {
    const { events } = this.#context;
    if (events.heard) events.emit(name, { ...facts(), user_who_performed_action: by });
  }

  /** The connection is gone: its exclusive queues go with it. */
  ownerGone(owner: QueueOwner): void {
    const owned = [...(this.#byOwner.get(owner) ?? [])];
    const remove = (queue: Queue) => void this.deleteQueue(queue, "owner-gone");
    this.#inSlices(owned, remove, () => {});
  }

  /** Where a message with this exchange and key goes; remembered until something changes. */
  route(exchange: Exchange, routingKey: string): Route {
    const known = this.routes.get(exchange, routingKey);
    if (known?.isCurrent()) return known;
    const route = this.publishing.resolve(exchange, routingKey);
    this.routes.set(route);
    return route;
  }

  /** Remembered routes are no longer right. */
  topologyChanged(): void {
    this.topologyEpoch++;
    this.routes.clear();
  }
}
