// A resolved (exchange, routing key): what a channel remembers between publishes, and the bounded cache of a vhost.

import type { Arena } from "../../lib/arena.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { PublishPair } from "../observing/publish-pairs.ts";
import type { Queue } from "../queue/queue.ts";
import { AddressedRoutes } from "./addressed-routes.ts";

/** Numbers that change whenever a remembered route may be wrong. */
export interface Epochs {
  readonly topologyEpoch: number;
  readonly accessEpoch: number;
}

/** Bits of a publish result. */
export const PublishResult = {
  /** It has at least one queue. */
  routed: 1,
  /** At least one queue refused it: the publisher hears a nack. */
  refused: 2,
  /** It is in the log: a confirm waits for `journal.position`. */
  logged: 4,
  /** At least one queue had no memory for it (`refused` is set too). */
  noMemory: 8,
} as const;
export type PublishResult = number & { readonly flavour?: "publish result" };

export class Route {
  readonly exchange: Exchange;
  readonly routingKey: string;
  /** Empty when `byContent`. */
  readonly targets: readonly Queue[];
  /** What the exchange has given to each of them. */
  readonly pairs: readonly PublishPair[];
  /** Targets depend on each message's headers or properties, or on chance. */
  readonly byContent: boolean;
  readonly topologyEpoch: number;
  readonly accessEpoch: number;
  readonly #epochs: Epochs;

  constructor(
    exchange: Exchange,
    routingKey: string,
    targets: readonly Queue[],
    pairs: readonly PublishPair[],
    byContent: boolean,
    epochs: Epochs,
  ) {
    this.exchange = exchange;
    this.routingKey = routingKey;
    this.targets = targets;
    this.pairs = pairs;
    this.byContent = byContent;
    this.topologyEpoch = epochs.topologyEpoch;
    this.accessEpoch = epochs.accessEpoch;
    this.#epochs = epochs;
  }

  /** False: bindings, queues, policies or permissions have changed since; ask `VhostAccess.route` again. */
  isCurrent(): boolean {
    return (
      this.topologyEpoch === this.#epochs.topologyEpoch &&
      this.accessEpoch === this.#epochs.accessEpoch
    );
  }
}

/** Routes by exchange and key, in two generations: what the younger one lacks and the older one has moves up. */
export class RouteCache {
  readonly #generationMax: number;
  #young = new Map<Exchange, Map<string, Route>>();
  #old = new Map<Exchange, Map<string, Route>>();
  #youngCount = 0;

  /** Some of them once more, by the bytes that ask for them. */
  readonly addressed: AddressedRoutes;

  /** Holds at most `routesMax` routes. */
  constructor(routesMax: number, arena: Arena) {
    this.addressed = new AddressedRoutes(arena);
    this.#generationMax = Math.max(1, Math.floor(routesMax / 2));
  }

  get(exchange: Exchange, routingKey: string): Route | undefined {
    const young = this.#young.get(exchange)?.get(routingKey);
    if (young !== undefined) return young;
    const old = this.#old.get(exchange)?.get(routingKey);
    if (old !== undefined) this.set(old);
    return old;
  }

  set(route: Route): void {
    let byKey = this.#young.get(route.exchange);
    if (!byKey?.has(route.routingKey)) {
      if (this.#youngCount >= this.#generationMax) {
        this.#age();
        byKey = undefined;
      }
      this.#youngCount++;
    }
    if (byKey === undefined) {
      byKey = new Map();
      this.#young.set(route.exchange, byKey);
    }
    byKey.set(route.routingKey, route);
  }

  clear(): void {
    this.addressed.clear();
    if (this.#youngCount === 0 && this.#old.size === 0) return;
    this.#young = new Map();
    this.#old = new Map();
    this.#youngCount = 0;
  }

  #age(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngCount = 0;
  }
}
