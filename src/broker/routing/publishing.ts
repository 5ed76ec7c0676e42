// hot path: runs per message
// Puts the message in `publication` into its queues and, once, into the log.

import type { BrokerContext } from "../context.ts";
import { BrokerError } from "../errors.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { FANOUT_MIN } from "../flow/flow.ts";
import type { DefinitionJournal } from "../journal/journaling.ts";
import type { ContentReader } from "../message/content.ts";
import { type FieldTable, textOf } from "../message/field-table.ts";
import type { MessageSizes } from "../message/message-sizes.ts";
import type { Publication } from "../message/publication.ts";
import { RecordFlag } from "../message/record.ts";
import { SharedBody } from "../message/shared-body.ts";
import { type PublishPair, PublishPairs } from "../observing/publish-pairs.ts";
import { Enqueued, type Queue } from "../queue/queue.ts";
import type { Vhost } from "../vhost.ts";
import { PublishResult, Route } from "./route.ts";
import { type MutableRoutedMessage, PublicationView, type Targets } from "./routing.ts";

/** Keys nobody who gets the message may see. */
const BLIND_COPIES = "BCC";
const COPY_HEADERS = ["CC", BLIND_COPIES] as const;

export class Publishing {
  readonly #context: BrokerContext;
  readonly #vhost: Vhost;
  readonly #sizes: MessageSizes;
  readonly #journal: DefinitionJournal;
  readonly #targets: Targets;
  readonly #content: ContentReader;
  readonly #view: PublicationView;
  readonly #copyKeysMax: number;
  readonly #sharedBody: SharedBody;
  /** Targets that keep the message in the log; reused, only the first so many count. */
  readonly #logged: Queue[] = [];
  readonly #keys: string[] = [""];
  readonly #one: Queue[] = [];
  /** What each exchange gave to each queue. */
  readonly pairs = new PublishPairs();

  constructor(context: BrokerContext, vhost: Vhost) {
    this.#context = context;
    this.#vhost = vhost;
    this.#sizes = context.messageSizes;
    this.#journal = context.journal;
    this.#targets = context.targets;
    this.#content = context.content;
    this.#view = new PublicationView(context.content, context.publication);
    this.#copyKeysMax = context.limits.copyKeysMax;
    this.#sharedBody = new SharedBody(context.memory.arena, context.bodies, context.limits);
  }

  /** Publishes along `route`, which is current. */
  publish(route: Route, publication: Publication): PublishResult {
    route.exchange.counters.publishedIn++;
    this.#sizes.count(publication.bodySizeBytes);
    if (route.byContent || publication.hasCopyHeaders) {
      return this.#publishByContent(route, publication);
    }
    const { pairs } = route;
    for (let i = 0; i < pairs.length; i++) (pairs[i] as PublishPair).published++;
    return this.#put(publication, route.targets, route.targets.length, route.exchange);
  }

  /**
   * Publishes `first`, and `count` - 1 more that lie `strideBytes` apart in memory and differ from it in their bodies
   * only; transient ones. Answers how many were, from the first one on: all of them have a queue, which has accepted
   * them, and none is in the log. 0 where each has to be looked at. `route` is current.
   */
  publishRow(route: Route, first: Publication, count: number, strideBytes: number): number {
    const { targets, exchange, pairs } = route;
    if (targets.length !== 1 || route.byContent) return 0;
    const queue = targets[0] as Queue;
    if (queue.definition.type.traits.keepsTransient) return 0;
    const done = queue.publishRow?.(first, count, strideBytes) ?? 0;
    exchange.counters.publishedIn += done;
    exchange.counters.publishedOut += done;
    (pairs[0] as PublishPair).published += done;
    this.#sizes.count(first.bodySizeBytes, done);
    return done;
  }

  /** Gives the message to the first `count` of `targets`. */
  enqueue(
    publication: Publication,
    targets: readonly Queue[],
    count: number,
    exchange: Exchange,
  ): PublishResult {
    for (let i = 0; i < count; i++) this.pairs.of(exchange, targets[i] as Queue).published++;
    return this.#put(publication, targets, count, exchange);
  }

  #put(
    publication: Publication,
    targets: readonly Queue[],
    count: number,
    exchange: Exchange,
  ): PublishResult {
    const persistent = (publication.flags & RecordFlag.persistent) !== 0;
    const isShared = this.#sharedBody.takeOut(publication, count);
    let result = count === 0 ? 0 : PublishResult.routed;
    let logged = 0;
    for (let i = 0; i < count; i++) {
      const queue = targets[i] as Queue;
      const outcome = queue.publish(publication);
      if (outcome === Enqueued.accepted) {
        const definition = queue.definition;
        const isKept = persistent || definition.type.traits.keepsTransient;
        if (isKept && definition.durable && definition.owner === undefined) {
          this.#logged[logged++] = queue;
        }
      } else if (outcome === Enqueued.refused) {
        result |= PublishResult.refused;
      } else if (outcome === Enqueued.dropped) {
        // A duplicate's first may be on its way to the disk yet.
        if (persistent) result |= PublishResult.logged;
      } else if (outcome === Enqueued.noMemory) {
        result |= PublishResult.refused | PublishResult.noMemory;
      }
    }
    exchange.counters.publishedOut += count;
    if (count >= FANOUT_MIN) this.#context.flow.onFanout(count, publication.recordLengthBytes);
    if (logged > 0) {
      this.#journal.publish(publication, this.#logged, logged);
      result |= PublishResult.logged;
    }
    if (isShared) this.#sharedBody.putBack(publication);
    return result;
  }

  /** Gives the message to one queue, past all exchanges. */
  enqueueOne(publication: Publication, queue: Queue): PublishResult {
    this.#one[0] = queue;
    return this.#put(publication, this.#one, 1, this.#vhost.defaultExchange);
  }

  #publishByContent(route: Route, publication: Publication): PublishResult {
    const view = this.#view;
    view.reset();
    const keys = this.#keysOf(
      route.routingKey,
      publication.hasCopyHeaders ? view.headers : undefined,
    );
    this.#targets.route(route.exchange, view, keys, this.#vhost.exchanges);
    if (publication.hasCopyHeaders && view.headers.has(BLIND_COPIES)) {
      this.#content.removeHeader(publication, BLIND_COPIES);
    }
    const targets = this.#targets;
    const { hasDropped } = targets;
    const result = this.enqueue(publication, targets.queues, targets.queueCount, route.exchange);
    targets.settleKeys((result & PublishResult.refused) !== 0);
    // The first of its kind may be on its way to the disk yet: its publisher waits for that here too.
    return hasDropped ? result | PublishResult.routed | PublishResult.logged : result;
  }

  /** The key of the message and those of its CC and BCC headers. */
  #keysOf(routingKey: string, headers: FieldTable | undefined): readonly string[] {
    const keys = this.#keys;
    keys.length = 1;
    keys[0] = routingKey;
    if (headers !== undefined) collectCopyKeys(headers, keys, this.#copyKeysMax);
    return keys;
  }

  /** All routing keys of the message just published along `route`; for tracing. */
  keysOf(route: Route, publication: Publication): readonly string[] {
    if (!publication.hasCopyHeaders) return [route.routingKey];
    return this.#keysOf(route.routingKey, this.#view.headers).slice();
  }

  /** The queues of the message just published along `route`; for tracing. */
  queuesOf(route: Route, publication: Publication): readonly Queue[] {
    if (!route.byContent && !publication.hasCopyHeaders) return route.targets;
    return this.#targets.queues.slice(0, this.#targets.queueCount);
  }

  /** Finds the queues of messages that differ in nothing an exchange looks at. */
  resolve(exchange: Exchange, routingKey: string): Route {
    const message = new KeyOnlyMessage(routingKey);
    this.#targets.route(
      exchange,
      message,
      this.#keysOf(routingKey, undefined),
      this.#vhost.exchanges,
    );
    const byContent = this.#targets.metContentRouting;
    const targets = byContent ? [] : this.#targets.queues.slice(0, this.#targets.queueCount);
    const pairs = this.pairs.ofAll(exchange, targets);
    return new Route(exchange, routingKey, targets, pairs, byContent, this.#vhost);
  }
}

/** A message of which only the key is known; whoever asks for more makes the route one by content. */
class KeyOnlyMessage implements MutableRoutedMessage {
  routingKey: string;
  readonly headers: FieldTable = new Map();
  readonly messageId = undefined;
  readonly correlationId = undefined;
  readonly timestamp = undefined;

  constructor(routingKey: string) {
    this.routingKey = routingKey;
  }
}

/**
 * Adds the keys in CC and BCC to `keys`. Elements that are no long strings are passed over, as RabbitMQ does;
 * a header that is no array is precondition-failed.
 */
export function collectCopyKeys(headers: FieldTable, keys: string[], copyKeysMax: number): void {
  for (const name of COPY_HEADERS) {
    const value = headers.get(name);
    if (value === undefined) continue;
    if (value.type !== "A") {
      throw new BrokerError(
        "precondition-failed",
        `invalid message: {unacceptable_type_in_header,"${name}",${value.type}}`,
      );
    }
    for (const element of value.value) {
      const key = textOf(element);
      if (key === undefined) continue;
      if (keys.length > copyKeysMax) {
        throw new BrokerError(
          "precondition-failed",
          `invalid message: more than ${copyKeysMax} routing keys in CC and BCC`,
        );
      }
      keys.push(key);
    }
  }
}
