// A virtual host: its exchanges, queues and bindings, and how messages get from the first to the second.
// No permissions here: clients act through VhostAccess.

import { assert } from "../lib/assert.ts";
import { BindingTable } from "./bindings.ts";
import type { BrokerContext } from "./context.ts";
import type { ExchangeDeclaration, QueueDeclaration } from "./declarations.ts";
import { BrokerError } from "./errors.ts";
import { DefaultRouter, directType } from "./exchange/direct.ts";
import {
  type Binding,
  type Destination,
  Exchange,
  type ExchangeType,
} from "./exchange/exchange.ts";
import { predeclaredExchanges } from "./exchange/predeclared.ts";
import { exchangeTypes } from "./exchange/types.ts";
import { EMPTY_TABLE, type FieldTable } from "./field-table.ts";
import { resourceText, SERVER_NAMED_PREFIX } from "./names.ts";
import type { QueueNumber } from "./numbers.ts";
import { propertiesKey } from "./properties-key.ts";
import { Publishing } from "./publishing.ts";
import type { DeleteReason, Queue, QueueDefinition, QueueOwner } from "./queue/queue.ts";
import { type QueueType, queueTypes } from "./queue/types.ts";
import { type Route, RouteCache } from "./route.ts";
import { DEFAULT_QUEUE_SETTINGS } from "./settings/queue-settings.ts";

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

export class Vhost {
  readonly name: string;
  metadata: VhostMetadata;
  readonly exchanges = new Map<string, Exchange>();
  readonly queues = new Map<string, Queue>();
  readonly bindings = new BindingTable();
  readonly defaultExchange: Exchange;
  /** Bumped by whatever may change where messages go. */
  topologyEpoch = 1;
  /** The firehose is on: publishes and deliveries are told to amq.rabbitmq.trace. */
  tracing = false;
  readonly publishing: Publishing;
  readonly #context: BrokerContext;
  readonly #byNumber = new Map<QueueNumber, Queue>();
  /** Exclusive queues by owner, to be deleted with it. */
  readonly #byOwner = new Map<QueueOwner, Set<Queue>>();
  readonly #routes: RouteCache;

  constructor(context: BrokerContext, name: string, metadata: VhostMetadata) {
    this.#context = context;
    this.name = name;
    this.metadata = metadata;
    this.#routes = new RouteCache(context.limits.cachedRoutesMax);
    this.publishing = new Publishing(context, this);
    this.defaultExchange = this.#makeDefaultExchange();
    for (const { name: exchange, type, internal } of predeclaredExchanges) {
      this.addExchange({
        name: exchange,
        type,
        durable: true,
        autoDelete: false,
        internal,
        arguments: EMPTY_TABLE,
      });
    }
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

  /** The table entry of an exchange type; precondition-failed for an unknown one. */
  exchangeType(name: string): ExchangeType {
    const type = exchangeTypes.get(name);
    if (type === undefined) {
      throw new BrokerError("precondition-failed", `unknown exchange type '${name}'`);
    }
    return type;
  }

  /** Adds an exchange; the caller has made sure that the name is free and allowed. */
  addExchange(declaration: ExchangeDeclaration): Exchange {
    assert(!this.exchanges.has(declaration.name), "an exchange's name is free");
    const type = this.exchangeType(declaration.type);
    const definition = {
      ...declaration,
      number: this.#context.nextExchangeNumber(),
      vhost: this.name,
    };
    const exchange = new Exchange(definition, type, type.createRouter(definition));
    this.exchanges.set(definition.name, exchange);
    this.topologyChanged();
    return exchange;
  }

  /** Adds a queue; the caller has made sure that the name is free and allowed. */
  addQueue(declaration: QueueDeclaration, owner: QueueOwner | undefined): Queue {
    assert(!this.queues.has(declaration.name), "a queue's name is free");
    const definition: QueueDefinition = {
      number: this.#context.nextQueueNumber(),
      name: declaration.name,
      vhost: this.name,
      durable: declaration.durable,
      autoDelete: declaration.autoDelete,
      owner,
      type: queueTypes.classic as QueueType,
      arguments: declaration.arguments,
    };
    const queue = this.#context.createQueue(this, definition, {
      values: DEFAULT_QUEUE_SETTINGS,
      origins: new Map(),
      policy: undefined,
      operatorPolicy: undefined,
    });
    this.queues.set(definition.name, queue);
    this.#byNumber.set(definition.number, queue);
    if (owner !== undefined) this.#ownedBy(owner).add(queue);
    this.topologyChanged();
    return queue;
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
    return true;
  }

  /** Answers false when there is no such binding. Deletes an auto-delete source with its last binding. */
  unbind(
    source: Exchange,
    destination: Destination,
    routingKey: string,
    bindingArguments: FieldTable,
  ): boolean {
    const binding = this.bindings.find(source, destination, routingKey, bindingArguments);
    if (binding === undefined) return false;
    this.#removeBinding(binding);
    this.#autoDeleteExchange(source);
    return true;
  }

  #removeBinding(binding: Binding): void {
    binding.source.router.unbind(binding);
    this.bindings.delete(binding);
    this.topologyChanged();
  }

  #autoDeleteExchange(exchange: Exchange): void {
    if (!exchange.definition.autoDelete || this.bindings.hasFrom(exchange)) return;
    if (this.exchanges.get(exchange.name) === exchange) this.deleteExchange(exchange);
  }

  /** Removes the exchange and all its bindings; auto-delete exchanges that lose their last binding by it go too. */
  deleteExchange(first: Exchange): void {
    const doomed = [first];
    for (let exchange = doomed.pop(); exchange !== undefined; exchange = doomed.pop()) {
      if (this.exchanges.get(exchange.name) !== exchange) continue;
      this.exchanges.delete(exchange.name);
      for (const binding of [...this.bindings.from(exchange)]) this.#removeBinding(binding);
      doomed.push(...this.#unbindDestination(exchange));
      this.topologyChanged();
    }
  }

  /** Takes away every binding that leads to `destination`; answers the auto-delete exchanges left without one. */
  #unbindDestination(destination: Destination): Exchange[] {
    const sources = new Set<Exchange>();
    for (const binding of [...this.bindings.to(destination)]) {
      this.#removeBinding(binding);
      sources.add(binding.source);
    }
    return [...sources].filter((x) => x.definition.autoDelete && !this.bindings.hasFrom(x));
  }

  /** Removes the queue with its messages and bindings; answers how many messages were ready. */
  deleteQueue(queue: Queue, reason: DeleteReason): number {
    const { name, number, owner } = queue.definition;
    if (this.queues.get(name) !== queue) return 0;
    const ready = queue.depth.ready;
    this.queues.delete(name);
    this.#byNumber.delete(number);
    if (owner !== undefined) {
      const owned = this.#ownedBy(owner);
      owned.delete(queue);
      if (owned.size === 0) this.#byOwner.delete(owner);
    }
    for (const exchange of this.#unbindDestination(queue)) this.deleteExchange(exchange);
    this.topologyChanged();
    queue.delete(reason);
    return ready;
  }

  /** The connection is gone: its exclusive queues go with it. */
  ownerGone(owner: QueueOwner): void {
    for (const queue of [...(this.#byOwner.get(owner) ?? [])])
      this.deleteQueue(queue, "owner-gone");
  }

  /** Where a message with this exchange and key goes; remembered until something changes. */
  route(exchange: Exchange, routingKey: string): Route {
    const known = this.#routes.get(exchange, routingKey);
    if (known?.isCurrent()) return known;
    const route = this.publishing.resolve(exchange, routingKey);
    this.#routes.set(route);
    return route;
  }

  /** Remembered routes are no longer right. */
  topologyChanged(): void {
    this.topologyEpoch++;
    this.#routes.clear();
  }
}
