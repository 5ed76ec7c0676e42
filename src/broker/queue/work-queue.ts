// hot path: runs per message
// A queue whose messages are taken out by settling them (classic, quorum): who gets which message and when.
// Where messages lie and in which order they go out is the backlog's business.

import type { Address } from "../../lib/arena.ts";
import { BrokerError } from "../errors.ts";
import type { Location, LogPosition, Sequence } from "../numbers.ts";
import { NO_CAPACITY } from "../ports.ts";
import type { Publication } from "../publication.ts";
import { RecordFlag } from "../record.ts";
import type { EffectiveSettings } from "../settings/effective.ts";
import { Backlog, Peek } from "./backlog.ts";
import type { Consumer } from "./consumer.ts";
import { ConsumerRing } from "./consumer-ring.ts";
import type { QueueContext } from "./context.ts";
import { isPersistentAt, NO_LOG_POSITION } from "./page.ts";
import {
  type DeleteReason,
  Enqueued,
  type Getter,
  Outcome,
  type Queue,
  type QueueCounters,
  type QueueDefinition,
  type QueueDepth,
} from "./queue.ts";
import { SettlementLog } from "./settlement-log.ts";

/** A queue stops delivering for this turn after so many messages or bytes, whichever comes first. */
const DELIVER_RECORDS_MAX = 16_384;
const DELIVER_BYTES_MAX = 4_194_304;
/** Unsettled bytes a consumer may hold where nothing can leave memory. */
const UNACKED_BYTES_MAX = 64 * 1_048_576;
/** Levels of types with strict priorities, and the level of a message without priority there. */
const STRICT_LEVELS = 32;
const STRICT_DEFAULT_LEVEL = 4;

export class WorkQueue implements Queue {
  readonly kind = "queue";
  routeMark = 0;
  readonly definition: QueueDefinition;
  readonly counters: QueueCounters = zeroCounters();
  inTurn = false;
  settings: EffectiveSettings;
  state: "running" | "paused" | "down" | "deleted" = "running";
  idleSinceMs: number | undefined;

  readonly #context: QueueContext;
  readonly #backlog: Backlog;
  readonly #ring = new ConsumerRing();
  /** In the order they came. */
  readonly #consumers = new Set<Consumer>();
  /** Gets that wait for a page. */
  readonly #getters: Getter[] = [];
  readonly #settlements: SettlementLog;
  /** Persistent messages of this queue are in the log. */
  readonly #logged: boolean;
  readonly #highestLevel: number;
  readonly #defaultLevel: number;
  readonly #unackedBytesMax: number;
  #exclusiveConsumer: Consumer | undefined = undefined;

  #readyBytes = 0;
  #unackedCount = 0;
  #unackedBytes = 0;
  #readyPersistent = 0;
  #readyPersistentBytes = 0;
  #unackedPersistent = 0;
  #unackedPersistentBytes = 0;

  constructor(context: QueueContext, definition: QueueDefinition, settings: EffectiveSettings) {
    const { traits } = definition.type;
    const strict = traits.priorities === "strict";
    const levels = strict ? STRICT_LEVELS : (settings.values.maxPriority ?? 0) + 1;
    this.#context = context;
    this.definition = definition;
    this.settings = settings;
    this.idleSinceMs = context.clock.monotonicMs();
    this.#backlog = new Backlog(context.memory, levels);
    this.#highestLevel = levels - 1;
    this.#defaultLevel = strict ? STRICT_DEFAULT_LEVEL : 0;
    this.#logged = definition.durable && definition.owner === undefined;
    this.#settlements = new SettlementLog(context.turn, context.journal, definition.number);
    this.#unackedBytesMax =
      context.pager.capacityBytes === NO_CAPACITY ? UNACKED_BYTES_MAX : Number.POSITIVE_INFINITY;
  }

  readonly lastExpiresAtMs = 0;

  get lastSequence(): Sequence {
    return this.#backlog.appendedSequence;
  }

  get consumerCount(): number {
    return this.#consumers.size;
  }

  get readyCount(): number {
    return this.#backlog.readyCount;
  }

  get depth(): QueueDepth {
    const ready = this.#backlog.readyCount;
    return {
      ready,
      unacknowledged: this.#unackedCount,
      readyBytes: this.#readyBytes,
      unacknowledgedBytes: this.#unackedBytes,
      persistent: this.#readyPersistent + this.#unackedPersistent,
      persistentBytes: this.#readyPersistentBytes + this.#unackedPersistentBytes,
      inMemory: ready + this.#unackedCount,
      inMemoryBytes: this.#readyBytes + this.#unackedBytes,
    };
  }

  consumers(): Iterable<Consumer> {
    return this.#consumers;
  }

  publish(publication: Publication): Enqueued {
    const persistent = (publication.flags & RecordFlag.persistent) !== 0;
    const logPosition: LogPosition =
      persistent && this.#logged ? this.#context.journal.position : NO_LOG_POSITION;
    if (!this.#backlog.append(publication, this.#levelOf(publication), 0, logPosition)) {
      return Enqueued.noMemory;
    }
    this.counters.published++;
    const bytes = publication.bodySizeBytes;
    this.#readyBytes += bytes;
    if (persistent) {
      this.#readyPersistent++;
      this.#readyPersistentBytes += bytes;
    }
    if (!this.inTurn && this.#ring.readyCount > 0) this.#context.turn.deliverLater(this);
    return Enqueued.accepted;
  }

  deliverReady(): void {
    if (this.state !== "running") return;
    const backlog = this.#backlog;
    const ring = this.#ring;
    const bytesAtStart = this.#readyBytes;
    for (let records = 0; records < DELIVER_RECORDS_MAX; records++) {
      if (ring.readyCount === 0) return;
      if (backlog.peek() !== Peek.found) return;
      const consumer = ring.next(this.#unackedBytesMax);
      if (consumer === undefined) return;
      this.#deliver(consumer);
      if (bytesAtStart - this.#readyBytes >= DELIVER_BYTES_MAX) break;
    }
    this.#context.turn.deliverLater(this);
  }

  consume(consumer: Consumer): void {
    this.#checkExclusiveUse(consumer);
    this.#consumers.add(consumer);
    if (consumer.exclusive) this.#exclusiveConsumer = consumer;
    this.idleSinceMs = undefined;
    this.wake(consumer);
  }

  cancel(consumer: Consumer): void {
    if (!this.#consumers.delete(consumer)) return;
    consumer.cancelled = true;
    this.#ring.remove(consumer);
    if (this.#exclusiveConsumer === consumer) this.#exclusiveConsumer = undefined;
    if (this.#consumers.size > 0) return;
    this.#ring.forget(consumer.priority);
    this.idleSinceMs = this.#context.clock.monotonicMs();
    if (this.definition.autoDelete) this.#context.keeper.onQueueUnused(this, "auto-delete");
  }

  wake(consumer: Consumer): void {
    if (consumer.ready || consumer.cancelled || consumer.held || !consumer.active) return;
    if (!consumer.hasCredit || !consumer.target.writable) return;
    this.#ring.add(consumer);
    if (!this.inTurn && this.#backlog.readyCount > 0) this.#context.turn.deliverLater(this);
  }

  get(getter: Getter): void {
    this.touch();
    // Consumers with credit come first: they were there when the messages came.
    if (this.#ring.readyCount > 0) this.deliverReady();
    this.#answer(getter);
  }

  settle(
    consumer: Consumer | undefined,
    sequence: Sequence,
    location: Location,
    bytes: number,
    outcome: Outcome,
    deliveryCount: number,
  ): void {
    if (consumer !== undefined) {
      consumer.unackedCount--;
      consumer.unackedBytes -= bytes;
      if (!consumer.ready) this.wake(consumer);
    }
    if (this.state === "deleted") return;
    this.#unackedCount--;
    this.#unackedBytes -= bytes;
    const persistent = isPersistentAt(location);
    if (persistent) {
      this.#unackedPersistent--;
      this.#unackedPersistentBytes -= bytes;
    }
    if (outcome === Outcome.accept) {
      this.counters.acknowledged++;
      this.#release(sequence, location);
    } else if (outcome === Outcome.discard) {
      this.counters.rejected++;
      this.#release(sequence, location);
    } else {
      this.#readyBytes += bytes;
      if (persistent) {
        this.#readyPersistent++;
        this.#readyPersistentBytes += bytes;
      }
      this.#backlog.putBack(sequence, location, deliveryCount);
      if (!this.inTurn && this.#ring.readyCount > 0) this.#context.turn.deliverLater(this);
    }
  }

  purge(): number {
    const count = this.#backlog.readyCount;
    if (count === 0) return 0;
    this.#backlog.purge((from, to) => {
      if (this.#logged) this.#settlements.settledRange(from, to);
    });
    this.#readyBytes = 0;
    this.#readyPersistent = 0;
    this.#readyPersistentBytes = 0;
    return count;
  }

  touch(): void {
    if (this.#consumers.size === 0) this.idleSinceMs = this.#context.clock.monotonicMs();
  }

  applySettings(settings: EffectiveSettings): void {
    this.settings = settings;
  }

  pause(): void {
    if (this.state === "running") this.state = "paused";
  }

  resume(): void {
    if (this.state !== "paused") return;
    this.state = "running";
    this.#context.turn.deliverLater(this);
  }

  delete(_reason: DeleteReason): void {
    this.state = "deleted";
    for (const consumer of this.#consumers) {
      consumer.cancelled = true;
      this.#ring.remove(consumer);
      consumer.target.onCancelled(consumer);
    }
    this.#consumers.clear();
    this.#exclusiveConsumer = undefined;
    for (const getter of this.#getters.splice(0)) getter.onEmpty(this);
    this.#backlog.clear();
  }

  restore(at: Address, sequence: Sequence): void {
    this.#backlog.restore(at, sequence, NO_LOG_POSITION);
  }

  #levelOf(publication: Publication): number {
    if (this.#highestLevel === 0) return 0;
    if (!publication.hasPriority) return this.#defaultLevel;
    return Math.min(publication.priority, this.#highestLevel);
  }

  /** Gives the message `peek` found to a consumer. */
  #deliver(consumer: Consumer): void {
    const { found } = this.#backlog;
    const bytes = found.record.bodySizeBytes;
    if (consumer.noAck) {
      this.#take(bytes, true);
      this.counters.deliveredNoAck++;
      consumer.target.deliver(consumer, found);
      this.#release(found.sequence, found.location);
      return;
    }
    this.#take(bytes, false);
    this.counters.delivered++;
    consumer.unackedCount++;
    consumer.unackedBytes += bytes;
    consumer.target.deliver(consumer, found);
  }

  #answer(getter: Getter): void {
    const backlog = this.#backlog;
    if (this.state !== "running" || backlog.readyCount === 0) {
      this.counters.getEmpty++;
      getter.onEmpty(this);
      return;
    }
    if (backlog.peek() === Peek.out) {
      this.#getters.push(getter);
      return;
    }
    const { found } = backlog;
    this.#take(found.record.bodySizeBytes, getter.noAck);
    if (getter.noAck) this.counters.gotNoAck++;
    else this.counters.got++;
    getter.onGot(this, found, backlog.readyCount);
    if (getter.noAck) this.#release(found.sequence, found.location);
  }

  /** Takes the message `peek` found out of what is ready. */
  #take(bytes: number, noAck: boolean): void {
    const { found } = this.#backlog;
    if (found.redelivered) this.counters.redelivered++;
    this.#readyBytes -= bytes;
    const persistent = isPersistentAt(found.location);
    if (persistent) {
      this.#readyPersistent--;
      this.#readyPersistentBytes -= bytes;
    }
    this.#backlog.take();
    if (noAck) return;
    this.#unackedCount++;
    this.#unackedBytes += bytes;
    if (!persistent) return;
    this.#unackedPersistent++;
    this.#unackedPersistentBytes += bytes;
  }

  /** The message is gone for good. */
  #release(sequence: Sequence, location: Location): void {
    this.#backlog.settle(sequence, location);
    if (this.#logged && isPersistentAt(location)) this.#settlements.settled(sequence);
  }

  #checkExclusiveUse(consumer: Consumer): void {
    const inUse = consumer.exclusive
      ? this.#consumers.size > 0 || this.settings.values.singleActiveConsumer
      : this.#exclusiveConsumer !== undefined;
    if (!inUse) return;
    const { name, vhost } = this.definition;
    throw new BrokerError("access-refused", `queue '${name}' in vhost '${vhost}' in exclusive use`);
  }
}

/** Makes the queue that `definition.type` stands for. */
export function createQueue(
  context: QueueContext,
  definition: QueueDefinition,
  settings: EffectiveSettings,
): Queue {
  return new WorkQueue(context, definition, settings);
}

function zeroCounters(): QueueCounters {
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
  };
}
