// A tap: copies of the messages that pass one exchange, queue or connection of a vhost, or all of it, while somebody
// listens. Nothing is declared or bound for it, so that it sees the default exchange too and disturbs nobody.

import type { Clock } from "../../env/env.ts";
import type { MessageHead, MessagePort, StoredMessage } from "../message/message-port.ts";
import type { Publication } from "../message/publication.ts";
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
  readonly clock: Clock;
  readonly messages: MessagePort;
  readonly vhost: Vhost;
}

type Facts = Omit<TapEvent, "message" | "timeMs">;

/** Events that wait for a large body to be read; what comes on top is not shown. */
const WAITING_MAX = 1_000;

export class Tap implements MessageObserver {
  readonly #parts: TapParts;
  readonly #selection: TapSelection;
  readonly #onEvent: (event: TapEvent) => void;
  /** Events are told in the order in which they happened, whatever their bodies take to read. */
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;
  /** Events that were not told because too many were waiting. */
  missed = 0;

  constructor(parts: TapParts, selection: TapSelection, onEvent: (event: TapEvent) => void) {
    this.#parts = parts;
    this.#selection = selection;
    this.#onEvent = onEvent;
    parts.vhost.observers.add(this);
  }

  /** Nothing is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#parts.vhost.observers.remove(this);
  }

  published(access: VhostAccess, route: Route, publication: Publication): void {
    const { exchange, queue, connection } = this.#selection;
    if (exchange !== undefined && exchange !== route.exchange.name) return;
    if (connection !== undefined && connection !== access.connection.name) return;
    const routedQueues = access.vhost.publishing
      .queuesOf(route, publication)
      .map(({ definition }) => definition.name);
    if (queue !== undefined && !routedQueues.includes(queue)) return;
    const { messages } = this.#parts;
    const facts = { kind: "published", routedQueues, ...whoIs(access) } as const;
    if (!this.#wants(facts, messages.readPublishedHead(publication))) return;
    this.#tell(facts, messages.readPublished(publication));
  }

  delivered(queue: Queue, { record, redelivered }: ObservedMessage, receiver: Receiver): void {
    const { access, channelNumber, consumerTag } = receiver;
    const { connection } = this.#selection;
    if (connection !== undefined && connection !== access.connection.name) return;
    if (!this.#concerns(queue, record.exchange)) return;
    const { messages } = this.#parts;
    const facts = {
      kind: "delivered",
      queue: queue.definition.name,
      ...whoIs(access),
      channelNumber,
      redelivered,
      ...(consumerTag === undefined ? {} : { consumerTag }),
    } as const;
    if (!this.#wants(facts, messages.readHead(record))) return;
    this.#tell(facts, messages.read(record));
  }

  settled(): void {}

  died(queue: Queue, _sequence: Sequence, { reason, record, deadLetterExchange }: Death): void {
    if (record === undefined || this.#selection.connection !== undefined) return;
    if (!this.#concerns(queue, record.exchange)) return;
    const { messages } = this.#parts;
    const facts = {
      kind: "died",
      queue: queue.definition.name,
      reason,
      ...(deadLetterExchange === undefined ? {} : { deadLetterExchange }),
    } as const;
    if (!this.#wants(facts, messages.readHead(record))) return;
    this.#tell(facts, messages.read(record));
  }

  #concerns(queue: Queue, fromExchange: string): boolean {
    const { exchange, queue: wanted } = this.#selection;
    if (wanted !== undefined && wanted !== queue.definition.name) return false;
    return exchange === undefined || exchange === fromExchange;
  }

  #wants({ kind }: Facts, head: MessageHead): boolean {
    const { kinds, head: test } = this.#selection;
    return (kinds === undefined || kinds.has(kind)) && (test === undefined || test(head));
  }

  #tell(facts: Facts, reading: Promise<StoredMessage>): void {
    if (this.#waiting === WAITING_MAX) {
      this.missed++;
      return;
    }
    this.#waiting++;
    const timeMs = this.#parts.clock.nowMs();
    this.#last = this.#last.then(async () => {
      const message = await reading;
      this.#waiting--;
      if (this.#isClosed || this.#selection.body?.(message) === false) return;
      this.#onEvent({ ...facts, timeMs, message });
    });
  }
}

function whoIs({ connection, user }: VhostAccess): { connection: string; user: string } {
  return { connection: connection.name, user: user.name };
}
