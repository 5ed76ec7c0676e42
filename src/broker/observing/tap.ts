// A tap: copies of the messages that pass one exchange, queue or connection of a vhost, or all of it, while somebody
// listens. Nothing is declared or bound for it, so that it sees the default exchange too and disturbs nobody.

import type { Clock } from "../../env/env.ts";
import type { MessageHead, MessagePort, StoredMessage } from "../message/message-port.ts";
import type { Publication } from "../message/publication.ts";
import type { RecordView } from "../message/record.ts";
import type { Sequence } from "../numbers.ts";
import type { DeathReason } from "../queue/dead-letter-outbox.ts";
import type { Queue } from "../queue/queue.ts";
import type { Route } from "../routing/route.ts";
import type { Vhost } from "../vhost.ts";
import type { VhostAccess } from "../vhost-access.ts";
import type { Death, MessageObserver, ObservedMessage, Receiver } from "./observers.ts";

/** One message at one point of its way. */
export interface TapEvent {
  readonly kind: "published" | "delivered" | "died";
  /** Wall time. */
  readonly timeMs: number;
  readonly message: StoredMessage;
  /** Of a publish: the names of the queues it went to. */
  readonly routedQueues?: readonly string[];
  /** Of a delivery or a death. */
  readonly queue?: string;
  /** Of a publish or a delivery. */
  readonly connection?: string;
  readonly user?: string;
  readonly channelNumber?: number;
  /** Undefined in a delivery that answers basic.get. */
  readonly consumerTag?: string;
  readonly redelivered?: boolean;
  /** Of a death. */
  readonly reason?: DeathReason;
  readonly deadLetterExchange?: string;
}

/** What is watched; what is left out does not matter. */
export interface TapSelection {
  readonly exchange?: string | undefined;
  readonly queue?: string | undefined;
  /** As listings name it. */
  readonly connection?: string | undefined;
  readonly kinds?: ReadonlySet<TapEvent["kind"]> | undefined;
  /** Asked before a body is read. */
  readonly head?: (message: MessageHead) => boolean;
  readonly body?: (message: StoredMessage) => boolean;
}

export interface TapParts {
  /** Events that may wait for their bodies, and the bytes of those; what comes on top is missed. */
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  readonly clock: Clock;
  readonly messages: MessagePort;
  readonly vhost: Vhost;
}

type Facts = Omit<TapEvent, "message" | "timeMs">;

/** Who listens. */
export interface TapListener {
  onEvent(event: TapEvent): void;
  /** An event is not told: too many wait already, or its body is lost. */
  onMissed(): void;
}

export class Tap implements MessageObserver {
  readonly #parts: TapParts;
  readonly #selection: TapSelection;
  readonly #listener: TapListener;
  /** Events are told in the order in which they happened, whatever their bodies take to read. */
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #waitingBytes = 0;
  #isClosed = false;

  constructor(parts: TapParts, selection: TapSelection, listener: TapListener) {
    this.#parts = parts;
    this.#selection = selection;
    this.#listener = listener;
    parts.vhost.observers.add(this);
  }

  /** Nothing is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#parts.vhost.observers.remove(this);
  }

  published(access: VhostAccess, route: Route, publication: Publication): void {
    const { exchange, queue, connection } = this.#selection;
    if (!this.#wantsKind("published")) return;
    if (exchange !== undefined && exchange !== route.exchange.name) return;
    if (connection !== undefined && connection !== access.connection.name) return;
    const routedQueues = access.vhost.publishing
      .queuesOf(route, publication)
      .map(({ definition }) => definition.name);
    if (queue !== undefined && !routedQueues.includes(queue)) return;
    const { messages } = this.#parts;
    const facts = { kind: "published", routedQueues, ...whoIs(access) } as const;
    if (this.#selection.head?.(messages.readPublishedHead(publication)) === false) return;
    if (!this.#hasRoom(publication.bodySizeBytes)) return;
    this.#tell(facts, publication.bodySizeBytes, messages.readPublished(publication));
  }

  delivered(queue: Queue, { record, redelivered }: ObservedMessage, receiver: Receiver): void {
    const { access, channelNumber, consumerTag } = receiver;
    const { connection } = this.#selection;
    if (!this.#wantsKind("delivered")) return;
    if (connection !== undefined && connection !== access.connection.name) return;
    if (!this.#concerns(queue, record.exchange)) return;
    const facts = {
      kind: "delivered",
      queue: queue.definition.name,
      ...whoIs(access),
      channelNumber,
      redelivered,
      ...(consumerTag === undefined ? {} : { consumerTag }),
    } as const;
    this.#look(facts, record);
  }

  settled(): void {}

  died(queue: Queue, _sequence: Sequence, { reason, record, deadLetterExchange }: Death): void {
    if (record === undefined || this.#selection.connection !== undefined) return;
    if (!this.#wantsKind("died") || !this.#concerns(queue, record.exchange)) return;
    const facts = {
      kind: "died",
      queue: queue.definition.name,
      reason,
      ...(deadLetterExchange === undefined ? {} : { deadLetterExchange }),
    } as const;
    this.#look(facts, record);
  }

  #concerns(queue: Queue, fromExchange: string): boolean {
    const { exchange, queue: wanted } = this.#selection;
    if (wanted !== undefined && wanted !== queue.definition.name) return false;
    return exchange === undefined || exchange === fromExchange;
  }

  #wantsKind(kind: TapEvent["kind"]): boolean {
    return this.#selection.kinds?.has(kind) !== false;
  }

  #look(facts: Facts, record: RecordView): void {
    const { messages } = this.#parts;
    if (this.#selection.head?.(messages.readHead(record)) === false) return;
    if (!this.#hasRoom(record.bodySizeBytes)) return;
    this.#tell(facts, record.bodySizeBytes, messages.read(record));
  }

  /** Asked before anything is copied: what is not told costs nothing. */
  #hasRoom(bodyBytes: number): boolean {
    const { waitingMax, waitingBytesMax } = this.#parts;
    const isEmpty = this.#waiting === 0;
    const fits = this.#waitingBytes + bodyBytes <= waitingBytesMax;
    if (isEmpty || (this.#waiting < waitingMax && fits)) return true;
    this.#listener.onMissed();
    return false;
  }

  #tell(facts: Facts, bodyBytes: number, reading: Promise<StoredMessage>): void {
    this.#waiting++;
    this.#waitingBytes += bodyBytes;
    const timeMs = this.#parts.clock.nowMs();
    this.#last = this.#last.then(async () => {
      // One body that cannot be read must not silence the tap.
      const message = await reading.catch(() => undefined);
      this.#waiting--;
      this.#waitingBytes -= bodyBytes;
      if (this.#isClosed) return;
      if (message === undefined) this.#listener.onMissed();
      else if (this.#selection.body?.(message) !== false) {
        this.#listener.onEvent({ ...facts, timeMs, message });
      }
    });
  }
}

function whoIs({ connection, user }: VhostAccess): { connection: string; user: string } {
  return { connection: connection.name, user: user.name };
}
