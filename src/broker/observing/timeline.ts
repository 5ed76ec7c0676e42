// What happened to which message: a bounded memory of the steps of messages that carry a message-id or a
// correlation-id. Off until asked for; the oldest steps are forgotten first.

import type { Clock } from "../../env/env.ts";
import type { MessageHead, MessagePort } from "../message/message-port.ts";
import type { Publication } from "../message/publication.ts";
import type { QueueNumber, Sequence } from "../numbers.ts";
import { Outcome, type Queue } from "../queue/queue.ts";
import type { Route } from "../routing/route.ts";
import type { Vhost } from "../vhost.ts";
import type { VhostAccess } from "../vhost-access.ts";
import type { Death, MessageObserver, ObservedMessage, Receiver } from "./observers.ts";

/** What makes a message the one that is looked for. */
interface Identity {
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
}

export interface TimelineStep extends Identity {
  readonly kind: "published" | "delivered" | "acknowledged" | "requeued" | "rejected" | "died";
  /** Wall time. */
  readonly timeMs: number;
  /** What else is known, by the names the API shows. */
  readonly facts: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** Steps one timeline may hold; a step takes about half a kilobyte. */
export const TIMELINE_STEPS_MAX = 100_000;
/** Names of queues shown of a publish that went to many. */
const QUEUES_SHOWN_MAX = 100;

const settledAs: Readonly<Record<Outcome, TimelineStep["kind"]>> = {
  [Outcome.accept]: "acknowledged",
  [Outcome.requeue]: "requeued",
  [Outcome.returned]: "requeued",
  [Outcome.discard]: "rejected",
};

export class Timeline implements MessageObserver {
  readonly stepsMax: number;
  readonly #clock: Clock;
  readonly #messages: MessagePort;
  readonly #vhost: Vhost;
  /** A ring: `#next` is where the next step goes, and the oldest is when it is full. */
  readonly #steps: TimelineStep[] = [];
  #next = 0;
  /** Who the deliveries are that are out, by queue and sequence; as many as steps at most. */
  readonly #out = new Map<string, Identity>();

  /** `stepsMax`: 1 to TIMELINE_STEPS_MAX. */
  constructor(
    parts: { readonly clock: Clock; readonly messages: MessagePort; readonly vhost: Vhost },
    stepsMax: number,
  ) {
    this.#clock = parts.clock;
    this.#messages = parts.messages;
    this.#vhost = parts.vhost;
    this.stepsMax = stepsMax;
    parts.vhost.observers.add(this);
  }

  close(): void {
    this.#vhost.observers.remove(this);
  }

  /** Steps held now. */
  get stepCount(): number {
    return this.#steps.length;
  }

  /** The steps of the messages with this message-id or correlation-id, the oldest first. */
  stepsOf(id: string): readonly TimelineStep[] {
    const oldestFirst = [...this.#steps.slice(this.#next), ...this.#steps.slice(0, this.#next)];
    return oldestFirst.filter(
      ({ messageId, correlationId }) => messageId === id || correlationId === id,
    );
  }

  published(access: VhostAccess, route: Route, publication: Publication): void {
    const head = this.#messages.readPublishedHead(publication);
    const identity = identityOf(head);
    if (identity === undefined) return;
    const queues = access.vhost.publishing.queuesOf(route, publication);
    this.#add("published", identity, {
      exchange: head.exchange,
      routing_key: head.routingKey,
      queues: queues.slice(0, QUEUES_SHOWN_MAX).map(({ definition }) => definition.name),
      queue_count: queues.length,
      connection: access.connection.name,
      user: access.user.name,
    });
  }

  delivered(queue: Queue, message: ObservedMessage, receiver: Receiver): void {
    const identity = identityOf(this.#messages.readHead(message.record));
    if (identity === undefined) return;
    const { access, channelNumber, consumerTag } = receiver;
    this.#add("delivered", identity, {
      queue: queue.definition.name,
      redelivered: message.redelivered,
      connection: access.connection.name,
      user: access.user.name,
      channel: channelNumber,
      ...(consumerTag === undefined ? {} : { consumer_tag: consumerTag }),
    });
    this.#out.set(keyOf(queue.definition.number, message.sequence), identity);
    if (this.#out.size > this.stepsMax) {
      const [oldest] = this.#out.keys();
      this.#out.delete(oldest as string);
    }
  }

  settled(queue: Queue, sequence: Sequence, outcome: Outcome): void {
    const key = keyOf(queue.definition.number, sequence);
    const identity = this.#out.get(key);
    if (identity === undefined) return;
    this.#add(settledAs[outcome], identity, { queue: queue.definition.name });
    // A rejected one is still looked up by its death.
    if (outcome !== Outcome.discard) this.#out.delete(key);
  }

  died(queue: Queue, sequence: Sequence, { reason, record, deadLetterExchange }: Death): void {
    const key = keyOf(queue.definition.number, sequence);
    const known = this.#out.get(key);
    this.#out.delete(key);
    const identity =
      known ?? (record === undefined ? undefined : identityOf(this.#messages.readHead(record)));
    if (identity === undefined) return;
    this.#add("died", identity, {
      queue: queue.definition.name,
      reason,
      ...(deadLetterExchange === undefined ? {} : { dead_letter_exchange: deadLetterExchange }),
    });
  }

  #add(kind: TimelineStep["kind"], identity: Identity, facts: TimelineStep["facts"]): void {
    this.#steps[this.#next] = { kind, timeMs: this.#clock.nowMs(), ...identity, facts };
    this.#next = (this.#next + 1) % this.stepsMax;
  }
}

function identityOf({ properties }: MessageHead): Identity | undefined {
  const { messageId, correlationId } = properties;
  if (messageId === undefined && correlationId === undefined) return undefined;
  return { messageId, correlationId };
}

const keyOf = (queue: QueueNumber, sequence: Sequence) => `${queue}:${sequence}`;
