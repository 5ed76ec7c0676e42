// What a vhost, a channel or the HTTP API may ask of any queue, whatever its type and wherever its messages are.

import type { DuplicateWindow } from "../duplicates/window.ts";
import type { Deliverer } from "../flow/turn.ts";
import type { Json } from "../journal/journaling.ts";
import type { Recoverable } from "../journal/recovery.ts";
import type { FieldTable } from "../message/field-table.ts";
import type { Publication } from "../message/publication.ts";
import type { RecordView } from "../message/record.ts";
import type { Location, QueueNumber, Sequence } from "../numbers.ts";
import type { EffectiveSettings } from "../settings/effective.ts";
import type { StreamPort } from "../stream/port.ts";
import type { Consumer } from "./consumer.ts";
import type { DeliveryHeader } from "./delivery-header.ts";
import type { Inspection } from "./queue-inspection.ts";
import type { Transfer } from "./transfer.ts";
import type { QueueType } from "./types.ts";

/** The durable description of a queue: what declare asked for. */
export interface QueueDefinition {
  readonly number: QueueNumber;
  readonly name: string;
  readonly vhost: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** The connection that alone may use it, or undefined. */
  readonly owner: QueueOwner | undefined;
  readonly type: QueueType;
  /** Replaced when they are changed while it runs. */
  arguments: FieldTable;
}

/** Identity of a connection that may own exclusive queues. */
export interface QueueOwner {
  readonly name: string;
}

/** What became of one publish to one queue. */
export const Enqueued = {
  /** It has its place; `lastSequence` says which. */
  accepted: 0,
  /** reject-publish: the queue is full, the publisher hears a nack. */
  refused: 1,
  /** Taken and gone at once (a dropped duplicate, max-length 0): a success for the publisher. */
  dropped: 2,
  /** No memory is left for it: to be held back earlier, and when it comes to this, nacked or 506. */
  noMemory: 3,
} as const;
export type Enqueued = (typeof Enqueued)[keyof typeof Enqueued];

/** How a delivery ended. */
export const Outcome = {
  /** Done with: forget it. */
  accept: 0,
  /** basic.nack requeue, recover: back to its old place; does not count against a delivery limit. */
  requeue: 1,
  /** basic.reject requeue, channel or connection lost: back to its old place; counts. */
  returned: 2,
  /** reject or nack without requeue: dead-letter with reason `rejected`. */
  discard: 3,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Plain counters; rates are computed by whoever looks. */
export interface QueueCounters {
  published: number;
  /** Deliveries that await an acknowledgement. */
  delivered: number;
  deliveredNoAck: number;
  redelivered: number;
  got: number;
  gotNoAck: number;
  getEmpty: number;
  acknowledged: number;
  /** Settled by discard, expiry, overflow or delivery limit, whether or not there was a dead-letter exchange. */
  rejected: number;
  expired: number;
  droppedByLength: number;
  deliveryLimitReached: number;
  /** Gone with a damaged page. */
  lost: number;
  /** Dropped because they were here before. */
  duplicates: number;
}

export function zeroCounters(): QueueCounters {
  return {
    published: 0,
    delivered: 0,
    deliveredNoAck: 0,
    redelivered: 0,
    got: 0,
    gotNoAck: 0,
    getEmpty: 0,
    acknowledged: 0,
    rejected: 0,
    expired: 0,
    droppedByLength: 0,
    deliveryLimitReached: 0,
    lost: 0,
    duplicates: 0,
  };
}

/** What is in a queue now. */
export interface QueueDepth {
  readonly ready: number;
  readonly unacknowledged: number;
  readonly readyBytes: number;
  readonly unacknowledgedBytes: number;
  /** Dead messages that wait until all queues of their dead letter exchange have them. */
  readonly deadLetters: number;
  readonly deadLettersBytes: number;
  readonly persistent: number;
  readonly persistentBytes: number;
  /** Messages whose page is in memory. */
  readonly inMemory: number;
  readonly inMemoryBytes: number;
}

/** One message on its way out; a single reused object, valid during the call that gets it. */
export interface Delivery {
  readonly record: RecordView;
  readonly sequence: Sequence;
  readonly location: Location;
  readonly redelivered: boolean;
  /** How often it came back before; shown as x-delivery-count by types that count. */
  readonly deliveryCount: number;
  /** Told to the client beside the headers of the message. */
  readonly header?: DeliveryHeader | undefined;
}

/** Who asked for one message with basic.get. Answered in this turn, or later when the page must be read first. */
export interface Getter {
  readonly noAck: boolean;
  /** Nobody is there any more to take a message: what was asked for while its page was read stays where it is. */
  readonly isGone?: boolean;
  /** `readyAfter` is what remains ready behind this message. */
  onGot(queue: Queue, delivery: Delivery, readyAfter: number): void;
  onEmpty(queue: Queue): void;
}

/** `converting`: its messages are on their way into a queue of another type, which takes its place then. */
export type QueueState = "running" | "paused" | "converting" | "down" | "deleted";

/** Why a queue ends. Consumers hear it; `deleted` by its owner's end cancels silently. */
export type DeleteReason = "deleted" | "expired" | "auto-delete" | "owner-gone" | "vhost-deleted";

export interface Queue extends Deliverer {
  /** Tells a queue from an exchange among destinations. */
  readonly kind: "queue";
  /** Owned by routing: the last round of routing that met this queue, so that it is a target only once. Starts at 0. */
  routeMark: number;
  readonly definition: QueueDefinition;
  /** Argument, policy and operator policy merged, each with its origin. */
  readonly settings: EffectiveSettings;
  readonly counters: QueueCounters;
  readonly depth: QueueDepth;
  readonly consumerCount: number;
  /** All consumers, for listings. */
  consumers(): Iterable<Consumer>;
  readonly state: QueueState;
  /** When the queue was last used (consumer, get or declare), monotonic ms; undefined while consumers exist. */
  readonly idleSinceMs: number | undefined;

  /** Copies the message in. `lastSequence` then names it. */
  publish(publication: Publication): Enqueued;
  /** Whether `publishRow` is worth asking now. */
  readonly takesRows?: boolean;
  /** See Publishing.publishRow. Queues without it get message by message. */
  publishRow?(first: Publication, count: number, strideBytes: number): number;
  readonly lastSequence: Sequence;
  /** When the message published last expires, wall time; 0 = never. */
  readonly lastExpiresAtMs: number;

  /** Throws BrokerError when exclusive use forbids it. Deliveries start in a later turn. */
  consume(consumer: Consumer): void;
  /** Deliveries already out stay out until they are settled. */
  cancel(consumer: Consumer): void;
  /** The consumer may have credit or room again. */
  wake(consumer: Consumer): void;
  get(getter: Getter): void;

  /**
   * Ends one delivery. `consumer` is undefined for one that came by get. The other arguments are those of the
   * delivery; `bytes` is its record's `bodySizeBytes`. With a `count`, which only accepted ones may have: that many
   * in a row (`areInRow`), of which the first is named; `bytes` are theirs together.
   */
  settle(
    consumer: Consumer | undefined,
    sequence: Sequence,
    location: Location,
    bytes: number,
    outcome: Outcome,
    deliveryCount: number,
    count?: number,
  ): void;

  /** Removes what is ready; answers how many that were. */
  purge(): number;
  /** A declare that found it, a passive one too: x-expires starts anew. */
  touch(): void;
  applySettings(settings: EffectiveSettings): void;
  readonly inspection: Inspection;
  pause(): void;
  resume(): void;
  /** Releases everything it holds. The vhost has already taken it out of all names and routes. */
  delete(reason: DeleteReason): void;

  /** Keys of its messages, where it drops duplicates. */
  readonly duplicates?: DuplicateWindow | undefined;
  /** The log tells of keys it has seen. */
  restoreKeys?(keys: readonly Json[]): void;

  /** Only queues whose messages are logged have it. */
  readonly recoverable?: Recoverable | undefined;
  /** How messages leave it for a queue of another type, and come into it so; undefined: it has no type. */
  readonly transfer?: Transfer | undefined;

  /** Only streams have it. */
  readonly stream?: StreamPort | undefined;
}
