// An exchange: its definition and counters, and the router of its type, which holds bindings and finds targets.

import type { Random } from "../../env/env.ts";
import type { DuplicateWindow } from "../duplicates/window.ts";
import type { FieldTable } from "../message/field-table.ts";
import type { ExchangeNumber } from "../numbers.ts";
import type { Queue } from "../queue/queue.ts";
import { type EffectiveExchangeSettings, NO_EXCHANGE_SETTINGS } from "../settings/effective.ts";

/** The durable description of an exchange: what declare asked for. */
export interface ExchangeDefinition {
  readonly number: ExchangeNumber;
  readonly name: string;
  readonly vhost: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

/** Where a binding leads. */
export type Destination = Queue | Exchange;

export interface Binding {
  readonly source: Exchange;
  readonly destination: Destination;
  readonly routingKey: string;
  readonly arguments: FieldTable;
  /** RabbitMQ's `properties_key`: the key alone, or key~hash(arguments). Tells bindings between the same two ends apart. */
  readonly propertiesKey: string;
}

/** What an exchange type may look at when it routes. */
export interface RoutedMessage {
  readonly routingKey: string;
  /** The headers table; decoded when first asked for. */
  readonly headers: FieldTable;
  /** Properties an exchange may hash on. */
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  readonly timestamp: bigint | undefined;
  /** False or absent: only where it would go is asked. */
  readonly isBeingPublished?: boolean;
}

/** The queues and exchanges one message goes to; filled by routers, reused, each destination once. */
export interface TargetSet {
  add(destination: Destination): void;
}

/** Plain counters; rates are computed by whoever looks. */
export interface ExchangeCounters {
  publishedIn: number;
  publishedOut: number;
  /** Dropped because they were here before. */
  duplicates: number;
}

/** What every exchange type does: hold bindings, and put the destinations of a message into a set. */
export interface ExchangeRouter {
  /** Adds a binding; the vhost has made sure it is new. Throws BrokerError for arguments the type refuses. */
  bind(binding: Binding): void;
  unbind(binding: Binding): void;
  /**
   * `moved` takes the place of `binding`: the same but for the destination, which stands for the other one from now
   * on. Without it the one is unbound and the other bound.
   */
  rebind?(binding: Binding, moved: Binding): void;
  /** Adds each destination the message goes to. */
  route(message: RoutedMessage, into: TargetSet): void;
  /** The exchange is gone. */
  dispose?(): void;
}

/** What routers may need of the broker. */
export interface RouterTools {
  readonly random: Random;
  readonly history: MessageHistory;
}

/** A message kept outside of queues. */
export interface KeptMessage {
  readonly sizeBytes: number;
}

/** Keeps copies of messages for queues that come later. */
export interface MessageHistory {
  /** A copy of the message being published. */
  keep(): KeptMessage;
  /** Gives a kept message to a queue. Not while another one is being published. */
  replay(message: KeptMessage, queue: Queue): void;
  release(message: KeptMessage): void;
}

/** An entry of the table of exchange types (types.ts). */
export interface ExchangeType {
  readonly name: string;
  readonly description: string;
  /** What programs declare such exchanges for, where people do not: the HTTP API says so. */
  readonly internalPurpose?: string;
  /** Routing looks at more than exchange and routing key (headers, hashes, chance): it can't be remembered. */
  readonly routesByContent: boolean;
  /** Each routing key of a message (CC and BCC too) is matched on its own; false: one call per message. */
  readonly routesByKey: boolean;
  /** Topic permissions apply to its routing keys. */
  readonly hasTopicPermissions: boolean;
  /** Messages that ask for it wait before they are routed. */
  readonly delays?: boolean;
  /** Arguments of its own that a redeclare must repeat. */
  readonly comparedArguments?: readonly string[];
  /** The type as one exchange is of it, where arguments decide what it is like. Throws for arguments it refuses. */
  specialise?(definition: Pick<ExchangeDefinition, "arguments">): ExchangeType;
  /** Throws BrokerError for a key or arguments that `bind` would refuse. */
  checkBinding?(binding: Pick<Binding, "routingKey" | "arguments">): void;
  /** Throws BrokerError for arguments the type refuses. */
  createRouter(definition: ExchangeDefinition, tools: RouterTools): ExchangeRouter;
}

/** Looks at messages before an exchange routes them. */
export interface ExchangeIntake {
  /** True when the message is taken care of: it is not routed (now). Whoever took it may have added a target. */
  takes(message: RoutedMessage, into: IntakeTargets): boolean;
}

/** Keys of messages, each to be forgotten again if its message finds no place. */
export interface KeyWindow {
  forget(key: string): void;
}

export interface IntakeTargets extends TargetSet {
  /** The message was here before: it goes nowhere, and that is a success for its publisher. */
  dropDuplicate(): void;
  /** The window has taken the message's key. */
  noteKey(window: KeyWindow, key: string): void;
}

export class Exchange {
  /** Tells an exchange from a queue among destinations. */
  readonly kind = "exchange";
  /** Owned by routing: the last round of routing that met this exchange. */
  routeMark = 0;
  /** Its name is free again; bindings may still lead here for a while, and routing passes it over. */
  isDeleted = false;
  readonly definition: ExchangeDefinition;
  readonly type: ExchangeType;
  readonly router: ExchangeRouter;
  readonly counters: ExchangeCounters = { publishedIn: 0, publishedOut: 0, duplicates: 0 };
  /** Keys of its messages, where it drops duplicates. */
  duplicates: DuplicateWindow | undefined = undefined;
  /** Comes before the router, where settings or type ask for it. */
  intake: ExchangeIntake | undefined = undefined;
  /** Argument and policy merged; replaced when a policy changes. */
  settings: EffectiveExchangeSettings = NO_EXCHANGE_SETTINGS;

  constructor(definition: ExchangeDefinition, type: ExchangeType, router: ExchangeRouter) {
    this.definition = definition;
    this.type = type;
    this.router = router;
  }

  get name(): string {
    return this.definition.name;
  }
}
