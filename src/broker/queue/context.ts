// What a queue needs from the broker around it, as small interfaces.

import type { Clock } from "../../env/env.ts";
import type { Memory } from "../../lib/memory.ts";
import type { TimerWheel } from "../../lib/timer-wheel.ts";
import type { Gates } from "../flow/gates.ts";
import type { Turn } from "../flow/turn.ts";
import type { Limits } from "../limits.ts";
import type { Bodies } from "../message/bodies.ts";
import type { RecordView } from "../message/record.ts";
import type { LogPosition, QueueNumber, Sequence } from "../numbers.ts";
import type { Observers } from "../observing/observers.ts";
import type { Pager } from "../ports.ts";
import type { TrackedKind } from "../stream/offset-tracking.ts";
import type { StreamPageCache } from "../stream/page-cache.ts";
import type { DeathReason } from "./dead-letter-outbox.ts";
import type { PageBudget } from "./page-budget.ts";
import type { Queue } from "./queue.ts";

/** The part of the journal queues write: what happens to messages that are in the log. */
export interface QueueJournal {
  /** Where the next entry will start. */
  readonly position: LogPosition;
  /** The messages of that range are gone; some of them may never have been in the log. */
  settle(queue: QueueNumber, from: Sequence, to: Sequence): void;
  /** They came back and have now been delivered in vain `deliveryCount` times. */
  returned(queue: QueueNumber, from: Sequence, to: Sequence, deliveryCount: number): void;
  /** Messages of that level up to `sequence` have been handed out: survivors come back as redelivered. */
  deliveredUpTo(queue: QueueNumber, sequence: Sequence): void;
  /** A message that came back waits until then (wall time) before it goes out again. */
  waiting(queue: QueueNumber, sequence: Sequence, dueAtMs: number): void;
  /** A stream keeps a number under a name. */
  track(queue: QueueNumber, kind: TrackedKind, name: string, value: number): void;
  /** What is logged now holds only with an entry that is still to come. */
  readonly isInTransaction: boolean;
}

/** Whoever declared the queue: a queue that comes to its own end asks to be deleted. */
export interface QueueKeeper {
  /** The last consumer of an auto-delete queue is gone, or `expires` has passed. The keeper deletes the queue. */
  onQueueUnused(queue: Queue, reason: "auto-delete" | "expired"): void;
}

/** Moves dead messages on; see dead-letter.ts. */
export interface DeadLetters {
  /**
   * Publishes a copy of `record` (message `sequence` of `queue`), with its death in its headers, to the dead letter
   * exchange of `queue`, or drops it where there is none. `isLogged`: the log has the message, and hears of the move.
   * False when it must wait: there is no room, or nobody has taken what must arrive.
   */
  move(
    queue: Queue,
    record: RecordView,
    sequence: Sequence,
    reason: DeathReason,
    isLogged: boolean,
  ): boolean;
}

/** The bodies records refer to; each record holds one reference. */
export type BodyReferences = Pick<
  Bodies,
  "retain" | "release" | "restoreReference" | "isLost" | "keepTransient"
>;

export interface QueueContext {
  readonly memory: Memory;
  readonly turn: Turn;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly limits: Pick<Limits, "unackedBytesPerConsumerMax">;
  readonly journal: QueueJournal;
  readonly pager: Pager;
  readonly pageBudget: PageBudget;
  readonly streamPages: StreamPageCache;
  readonly gates: Pick<Gates, "wait" | "awaitTurnEnd">;
  readonly bodies: BodyReferences;
  readonly keeper: QueueKeeper;
  readonly deadLetters: DeadLetters;
  readonly observers: Observers;
}
