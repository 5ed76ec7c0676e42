// One basic.consume (or another protocol's subscription) on one queue.

import type { ChannelView } from "../connection-registry.ts";
import type { FieldTable } from "../message/field-table.ts";
import type { Publication } from "../message/publication.ts";
import type { Sequence } from "../numbers.ts";
import type { StreamReader } from "../stream/stream-reader.ts";
import type { DeliveryRun } from "./delivery-run.ts";
import type { Delivery, Queue } from "./queue.ts";

/** A delivery that waits for its acknowledgement. */
export interface HeldDelivery {
  readonly deliveryTag: number;
  readonly sequence: Sequence;
  /** For so long, to the second. */
  readonly heldMs: number;
}

/** Where deliveries go: a channel, a session, a link. */
export interface DeliveryTarget {
  /** The channel it belongs to, for listings; the broker's own consumers have none. */
  readonly channel?: ChannelView;
  /**
   * Room for one more delivery: output below its bound, and channel-wide credit. When it turns true again the
   * target calls `consumer.queue.wake(consumer)` for its consumers.
   */
  readonly writable: boolean;
  /** Hands one message over. Everything in `delivery` is copied before this returns. */
  deliver(consumer: Consumer, delivery: Delivery): void;
  /**
   * How many messages that differ from this one in sequence and body only it takes at once with `deliverRow`, of those
   * it has credit for. Targets without it get them one by one.
   */
  rowMax?(delivery: Delivery): number;
  /** Hands over this message and those that lie in a row behind it: `count`, no more than `rowMax` has answered. */
  deliverRow?(consumer: Consumer, first: Delivery, count: number): void;
  /**
   * Takes as many of the run's first messages as it can at once, and notes in the run which. Targets without it, and
   * when it takes none, get them one by one.
   */
  deliverRun?(consumer: Consumer, run: DeliveryRun): void;
  /**
   * Hands over a message that is being published and was never stored, and up to `count` - 1 more that lie
   * `strideBytes` apart and differ in their bodies only; only for consumers that acknowledge nothing. Answers how many
   * it has taken, at least one. Targets without it get stored messages.
   */
  handOver?(consumer: Consumer, first: Publication, count: number, strideBytes: number): number;
  /**
   * That was all for now of a run of deliveries: they may leave at once, while their bytes are in the processor's
   * cache. Without it they leave at the end of the turn.
   */
  sendNow?(): void;
  /**
   * Its delivery with that tag is not overdue before then (monotonic ms), whatever the consumer timeout. False when
   * it has none such.
   */
  extendDeadline?(deliveryTag: number, untilMs: number): boolean;
  /** What it has out, the oldest first; for listings. */
  held?(): readonly HeldDelivery[];
  /**
   * `queue` has taken the place of the consumer's queue, which has let go of it: it consumes there from now on, under
   * its tag. Targets without it are cancelled.
   */
  onQueueReplaced?(consumer: Consumer, queue: Queue): void;
  /** The queue is gone or gave the consumer up; it gets nothing more. `deleted` tells whether to notify the client. */
  onCancelled(consumer: Consumer): void;
}

export interface ConsumerOptions {
  readonly tag: string;
  readonly queue: Queue;
  readonly target: DeliveryTarget;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  /** Higher is served first while it has credit. */
  readonly priority: number;
  /** Unsettled deliveries it may have at once; 0 = no limit. */
  readonly prefetchMax: number;
  readonly arguments: FieldTable;
}

export class Consumer {
  readonly tag: string;
  readonly queue: Queue;
  readonly target: DeliveryTarget;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly priority: number;
  readonly arguments: FieldTable;
  /** Can be changed while it runs. */
  prefetchMax: number;
  /** What it holds is not overdue before then (monotonic ms), whatever the consumer timeout. */
  inTimeUntilMs = 0;
  /** Deliveries not settled yet, kept by the queue. */
  unackedCount = 0;
  /** Their bytes; bounded where messages cannot leave memory. */
  unackedBytes = 0;
  /** False while another consumer is the single active one; kept by the queue. */
  active = true;
  /** Gets nothing while true: its consume-ok still waits at the gate. The target clears it and calls `wake`. */
  held = false;
  cancelled = false;
  /** Where it stands in a stream; kept by the stream. */
  reader: StreamReader | undefined = undefined;

  /** Links of the queue's ring of consumers that can be served; kept by the queue. */
  next: Consumer | undefined = undefined;
  previous: Consumer | undefined = undefined;
  /** In that ring. */
  ready = false;

  constructor(options: ConsumerOptions) {
    this.tag = options.tag;
    this.queue = options.queue;
    this.target = options.target;
    this.noAck = options.noAck;
    this.exclusive = options.exclusive;
    this.priority = options.priority;
    this.prefetchMax = options.prefetchMax;
    this.arguments = options.arguments;
  }

  get hasCredit(): boolean {
    return this.noAck || this.prefetchMax === 0 || this.unackedCount < this.prefetchMax;
  }
}
