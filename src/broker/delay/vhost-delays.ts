// What waits in one virtual host: a store for each exchange that delays messages, and what the log is told of their
// buckets. A message is due: it is published to where its exchange would send it now.

import type { Memory } from "../../lib/memory.ts";
import type { BrokerContext } from "../context.ts";
import type { Exchange, RoutedMessage, TargetSet } from "../exchange/exchange.ts";
import type { JsonObject } from "../journal/journaling.ts";
import type { ContentEditor } from "../message/content.ts";
import { RecordFlag, type RecordView } from "../message/record.ts";
import type { QueueContext } from "../queue/context.ts";
import { PublishResult } from "../routing/route.ts";
import { PublicationView } from "../routing/routing.ts";
import { copyKeys, type MoveJournal, TravelPage } from "../routing/travel.ts";
import type { Vhost } from "../vhost.ts";
import type { DelayBucket } from "./bucket.ts";
import { dueTimeOf, withoutDelay } from "./due-time.ts";
import { type DelayParts, DelayStore } from "./store.ts";

export interface VhostDelaysParts {
  readonly context: BrokerContext;
  readonly queueContext: QueueContext;
  readonly memory: Memory;
  readonly editor: ContentEditor;
  readonly journal: MoveJournal;
}

/** What a vhost, its exchanges and the HTTP API ask. */
export interface Delays {
  /** Puts the message into a bucket of the exchange if its headers ask for it. False: it is to be routed now. */
  takes(exchange: Exchange, message: RoutedMessage, into: TargetSet): boolean;
  /** The store of an exchange, if anything ever waited there. */
  storeOf(exchange: Exchange): DelayStore | undefined;
  /** The exchange is gone. */
  forget(exchange: Exchange): void;
  /** The buckets of durable exchanges, as the log keeps them. */
  describe(): Iterable<JsonObject>;
  restoreBucket(object: JsonObject): void;
  removeBucket(object: JsonObject): void;
}

export class VhostDelays implements Delays {
  readonly #vhost: Vhost;
  readonly #context: BrokerContext;
  readonly #editor: ContentEditor;
  readonly #page: TravelPage;
  readonly #view: PublicationView;
  readonly #parts: DelayParts;
  readonly #stores = new Map<Exchange, DelayStore>();

  constructor(vhost: Vhost, parts: VhostDelaysParts) {
    const { context, queueContext, memory, editor, journal } = parts;
    const { publication } = context;
    this.#vhost = vhost;
    this.#context = context;
    this.#editor = editor;
    this.#page = new TravelPage(memory, editor, publication);
    this.#view = new PublicationView(editor, publication);
    this.#parts = {
      ...{ context: queueContext, journal, publication },
      nextQueueNumber: () => context.nextQueueNumber(),
      onBucketAdded: (store, bucket) => {
        vhost.addHidden(bucket);
        if (bucket.isLogged) context.record("delay-bucket", describeBucket(store, bucket));
      },
      onBucketRemoved: (bucket) => {
        vhost.removeHidden(bucket);
        const { number } = bucket.definition;
        if (!bucket.isLogged) return;
        context.record("delay-bucket.delete", { vhost: vhost.name, number });
      },
      enqueue: (bucket) =>
        !journal.congested &&
        (vhost.publishing.enqueueOne(publication, bucket) & PublishResult.noMemory) === 0,
      release: (store, record) => this.#release(store, record),
    };
  }

  takes(exchange: Exchange, message: RoutedMessage, into: TargetSet): boolean {
    const dueAtMs = dueTimeOf(message.headers, this.#context.clock.nowMs());
    if (dueAtMs === undefined) return false;
    into.add(this.#storeFor(exchange).bucketFor(dueAtMs));
    return true;
  }

  storeOf(exchange: Exchange): DelayStore | undefined {
    return this.#stores.get(exchange);
  }

  #storeFor(exchange: Exchange): DelayStore {
    const known = this.#stores.get(exchange);
    if (known !== undefined) return known;
    const store = new DelayStore(this.#parts, exchange.definition);
    this.#stores.set(exchange, store);
    return store;
  }

  forget(exchange: Exchange): void {
    this.#stores.get(exchange)?.dispose();
    this.#stores.delete(exchange);
  }

  *describe(): Iterable<JsonObject> {
    for (const store of this.#stores.values()) {
      for (const bucket of store.buckets()) {
        if (bucket.isLogged) yield describeBucket(store, bucket);
      }
    }
  }

  restoreBucket(object: JsonObject): void {
    const exchange = this.#vhost.exchanges.get(object.exchange as string);
    const number = object.number as number;
    if (exchange?.definition.number !== object.exchangeNumber) return;
    const store = this.#storeFor(exchange as Exchange);
    if (store.bucketNumbered(number) !== undefined) return;
    const span = { fromMs: object.fromMs as number, widthMs: object.widthMs as number };
    this.#vhost.addHidden(store.addBucket(number, span));
  }

  removeBucket(object: JsonObject): void {
    for (const store of this.#stores.values()) store.removeBucket(object.number as number);
  }

  /** False when it must wait: memory is short. */
  #release(store: DelayStore, record: RecordView): boolean {
    const exchange = this.#vhost.exchanges.get(store.owner.name);
    if (exchange === undefined) return true;
    if (this.#parts.journal.congested || !this.#page.open(record)) return false;
    const isReleased = this.#publish(exchange, record);
    this.#page.close();
    return isReleased;
  }

  #publish(exchange: Exchange, record: RecordView): boolean {
    const { headers } = this.#editor.travelFacts(record.contentAt);
    const isWritten = this.#page.write(record, {
      headers: withoutDelay(headers),
      exchange: record.exchange,
      routingKey: record.routingKey,
      keepsExpiration: true,
      flags: record.flags & RecordFlag.travelled,
    });
    if (!isWritten) return true;
    const { targets, publication } = this.#context;
    const view = this.#view;
    view.reset();
    view.released = exchange;
    const keys = [record.routingKey, ...copyKeys(headers)];
    targets.route(exchange, view, keys, this.#vhost.exchanges);
    const { queues, queueCount } = targets;
    const result = this.#vhost.publishing.enqueue(publication, queues, queueCount, exchange);
    return (result & PublishResult.noMemory) === 0;
  }
}

function describeBucket(store: DelayStore, bucket: DelayBucket): JsonObject {
  const { vhost, name, number } = store.owner;
  const { fromMs, widthMs } = bucket.span;
  return {
    ...{ vhost, exchange: name, exchangeNumber: number },
    ...{ number: bucket.definition.number, fromMs, widthMs },
  };
}
