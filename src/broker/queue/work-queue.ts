// hot path: runs per message
// A queue whose messages are taken out by settling them: who gets which message, and when. Where they lie is the
// backlog's business.

import { NO_BODY_REFERENCE, type Publication } from "../message/publication.ts";
import { RecordFlag, type RecordView } from "../message/record.ts";
import { resourceText } from "../names.ts";
import type { Location, LogPosition, Sequence } from "../numbers.ts";
import type { EffectiveSettings } from "../settings/effective.ts";
import { type Backlog, Peek } from "./backlog.ts";
import type { Consumer } from "./consumer.ts";
import type { ConsumerSet } from "./consumer-set.ts";
import type { QueueContext } from "./context.ts";
import { countDeath, type DeadLetterOutbox, type DeathReason } from "./dead-letter-outbox.ts";
import type { Deliveries } from "./deliveries.ts";
import type { DepthFigures } from "./depth-figures.ts";
import type { IdleExpiry } from "./idle-expiry.ts";
import { lengthLimitOf } from "./length-limit.ts";
import { AT_ONCE, type MessageExpiry, NEVER } from "./message-expiry.ts";
import { isPersistentAt, NO_LOG_POSITION } from "./page.ts";
import { type GetHost, PendingGets } from "./pending-gets.ts";
import type { PriorityLevels } from "./priority-levels.ts";
import {
  type DeleteReason,
  type Delivery,
  Enqueued,
  type Getter,
  Outcome,
  type Queue,
  type QueueCounters,
  type QueueDefinition,
  type QueueDepth,
  type QueueState,
  zeroCounters,
} from "./queue.ts";
import type { QueueInspection } from "./queue-inspection.ts";
import type { QueueLog } from "./queue-log.ts";
import type { QueueRecovery } from "./queue-recovery.ts";
import { refuseGetBesideActive } from "./reading-rules.ts";
import { ReturnRules } from "./return-rules.ts";
import type { Returns } from "./returns.ts";
import type { WorkQueueTransfer } from "./transfer.ts";
import type { Trim } from "./trim.ts";
import { createParts, type WorkQueueHost } from "./work-queue-parts.ts";

export class WorkQueue implements Queue, WorkQueueHost, GetHost {
  readonly kind = "queue";
  routeMark = 0;
  inTurn = false;
  readonly definition: QueueDefinition;
  readonly counters: QueueCounters = zeroCounters();
  settings: EffectiveSettings;
  lastExpiresAtMs = NEVER;
  readonly recoverable: QueueRecovery | undefined;
  readonly inspection: QueueInspection;
  state: QueueState = "running";
  readonly transfer: WorkQueueTransfer;
  readonly #context: QueueContext;
  readonly #backlog: Backlog;
  readonly #figures: DepthFigures;
  readonly #consumers: ConsumerSet;
  readonly #deliveries: Deliveries;
  readonly #gets = new PendingGets(this);
  readonly #log: QueueLog;
  readonly #expiry: MessageExpiry;
  readonly #idle: IdleExpiry;
  readonly #outbox: DeadLetterOutbox;
  readonly #returns: Returns;
  readonly #trim: Trim;
  /** Persistent messages of this queue are in the log. */
  readonly #logged: boolean;
  readonly #priorities: PriorityLevels;

  constructor(context: QueueContext, definition: QueueDefinition, settings: EffectiveSettings) {
    this.#context = context;
    this.definition = definition;
    this.settings = settings;
    const parts = createParts(context, definition, settings, this);
    this.#logged = parts.logged;
    this.#backlog = parts.backlog;
    this.#figures = parts.figures;
    this.#consumers = parts.consumers;
    this.#deliveries = parts.deliveries;
    this.#log = parts.log;
    this.#expiry = parts.expiry;
    this.#idle = parts.idle;
    this.#outbox = parts.outbox;
    this.#returns = parts.returns;
    this.#trim = parts.trim;
    this.#priorities = parts.priorities;
    this.inspection = parts.inspection;
    this.recoverable = parts.recoverable;
    this.transfer = parts.transfer;
  }

  get lastSequence(): Sequence {
    return this.#backlog.appendedSequence;
  }

  get consumerCount(): number {
    return this.#consumers.size;
  }

  get idleSinceMs(): number | undefined {
    return this.#idle.sinceMs;
  }

  get depth(): QueueDepth {
    const { readyCount, pagedOut } = this.#backlog;
    return this.transfer.withPartner(this.#figures.describe(readyCount, pagedOut, this.#outbox));
  }

  consumers(): Iterable<Consumer> {
    return this.#consumers;
  }

  publish(publication: Publication): Enqueued {
    const { takeForGood } = this.#consumers;
    if (takeForGood && this.#handOverRow(publication, 1, 0) > 0) return Enqueued.accepted;
    const bytes = publication.bodySizeBytes;
    const { limit } = this.#trim;
    if (limit.isSet && this.#trim.overflowsWith(bytes)) {
      // What consumers can take at once does not count.
      if (this.#canDeliver()) this.deliverReady();
      if (limit.overflow !== "drop-head" && this.#trim.overflowsWith(bytes)) {
        return this.#refuse(publication);
      }
    }
    const persistent = (publication.flags & RecordFlag.persistent) !== 0;
    const instant = this.#expiry.instantFor(publication);
    const isTooLate = instant === AT_ONCE && !this.#canDeliverAtOnce();
    const expiresAtMs = isTooLate ? this.#context.clock.nowMs() : instant;
    const level = this.#priorities.levelOf(publication);
    if (!this.#backlog.append(publication, level, expiresAtMs, this.#logPosition(persistent))) {
      return Enqueued.noMemory;
    }
    this.lastExpiresAtMs = expiresAtMs;
    this.#onStored(1, bytes, persistent);
    if (instant !== NEVER) this.#expiry.onCame(instant);
    if (this.#canDeliver()) {
      if (!this.inTurn) this.#context.turn.deliverLater(this);
    } else if (limit.isSet) {
      this.#trim.dropExcess();
      this.#lookAtHeads();
      const gone = this.#backlog.readyCount === 0;
      if (gone && this.settings.values.deadLetterExchange === undefined) return Enqueued.dropped;
    }
    return Enqueued.accepted;
  }

  #onStored(count: number, bytes: number, persistent: boolean): void {
    this.counters.published += count;
    this.#figures.onReady(bytes, persistent);
    const { readyBytes } = this.#figures;
    this.#context.turn.pacing.onReady(this, this.#backlog.readyCount, readyBytes, count);
  }

  get takesRows(): boolean {
    return !this.#trim.limit.isSet;
  }

  publishRow(first: Publication, count: number, strideBytes: number): number {
    const isForGood = this.#consumers.takeForGood;
    const handedOver = isForGood ? this.#handOverRow(first, count, strideBytes) : 0;
    if (handedOver > 0 || this.#expiry.instantFor(first) !== NEVER) return handedOver;
    const level = this.#priorities.levelOf(first);
    const stored = this.#backlog.levelAt(level).chain.appendRow(first, count, strideBytes);
    this.#backlog.onReady(stored, level);
    this.#onStored(stored, first.bodySizeBytes * stored, false);
    if (this.#canDeliver()) this.#scheduleDelivery();
    return stored;
  }

  /** Where nothing waits and all consumers take messages for good: storing one is half of what a small one costs. */
  #handOverRow(first: Publication, count: number, strideBytes: number): number {
    if (!this.#canDeliver() || this.#backlog.readyCount > 0 || this.#trim.limit.isSet) return 0;
    if (first.bodyReference !== NO_BODY_REFERENCE || this.#context.observers.any) return 0;
    if (this.#logged && (first.flags & RecordFlag.persistent) !== 0) return 0;
    const done = this.#consumers.handOverRow(first, count, strideBytes);
    this.counters.published += done;
    this.counters.deliveredNoAck += done;
    return done;
  }

  deliverReady(): void {
    if (this.#returns.hasEarlier) this.peekNext();
    this.transfer.mover?.resume();
    if (this.state === "running" && this.#deliveries.deliverAll())
      this.#context.turn.deliverLater(this);
    if (this.#gets.count > 0) this.#gets.answerWaiting();
    if (this.#consumers.readyCount > 0) this.#backlog.readAhead();
    if (this.#trim.limit.isSet && !this.#canDeliver()) this.#trim.dropExcess();
    if (this.#expiry.mayExpire) this.#trim.dropExpired();
  }

  consume(consumer: Consumer): void {
    const { name, vhost } = this.definition;
    this.#consumers.add(consumer, resourceText("queue", name, vhost));
    this.#idle.begin();
    if (consumer.ready) this.#scheduleDelivery();
  }

  cancel(consumer: Consumer): void {
    if (!this.#consumers.remove(consumer)) return;
    if (this.#consumers.readyCount > 0) this.#scheduleDelivery();
    if (this.#consumers.size > 0) return;
    this.#idle.touch();
    if (this.definition.autoDelete) this.#context.keeper.onQueueUnused(this, "auto-delete");
  }

  wake(consumer: Consumer): void {
    this.#consumers.wake(consumer);
    if (consumer.ready) this.#scheduleDelivery();
  }

  get(getter: Getter): void {
    refuseGetBesideActive(this);
    this.touch();
    // Consumers with credit come first: they were there when the messages came.
    if (this.#consumers.readyCount > 0) this.deliverReady();
    this.#gets.answer(getter);
    this.#lookAtHeads();
  }

  settle(
    consumer: Consumer | undefined,
    sequence: Sequence,
    location: Location,
    bytes: number,
    outcome: Outcome,
    deliveryCount: number,
    count = 1,
  ): void {
    if (consumer !== undefined) {
      consumer.unackedCount -= count;
      consumer.unackedBytes -= bytes;
      if (!consumer.ready) this.wake(consumer);
    }
    if (this.state === "deleted") return;
    this.#figures.onSettled(bytes, isPersistentAt(location), count);
    this.#returns.onSettled(this.#backlog, sequence, count);
    this.#context.observers.settledSome(this, sequence, count, outcome);
    if (outcome === Outcome.accept) {
      this.counters.acknowledged += count;
      this.release(sequence, location, bytes, count);
    } else if (outcome === Outcome.discard) {
      this.discard(sequence, location, bytes, "rejected");
    } else {
      const isFailure = outcome === Outcome.returned;
      this.#returns.take(sequence, location, bytes, deliveryCount, isFailure);
    }
  }

  /** A message that was taken out is back in its place. */
  makeReady(sequence: Sequence, location: Location, bytes: number, deliveryCount: number): void {
    this.#figures.onReady(bytes, isPersistentAt(location));
    this.#backlog.putBack(sequence, location, deliveryCount);
    if (this.#trim.limit.isSet || this.#expiry.mayExpire) this.#context.turn.deliverLater(this);
    else if (this.#consumers.readyCount > 0) this.#scheduleDelivery();
  }

  purge(): number {
    if (this.#consumers.readyCount > 0) this.deliverReady();
    const count = this.#backlog.readyCount;
    if (count === 0) return 0;
    this.#backlog.purge((from, to) => {
      if (this.#logged) this.#log.settledRange(from, to);
    });
    this.#figures.onPurged();
    this.#expiry.stop();
    return count;
  }

  touch(): void {
    if (this.#consumers.size === 0) this.#idle.touch();
  }

  applySettings(settings: EffectiveSettings): void {
    this.settings = settings;
    this.#trim.limit = lengthLimitOf(settings.values);
    this.#expiry.queueTtlMs = settings.values.messageTtlMs;
    this.#idle.expiresMs = settings.values.expiresMs;
    this.#returns.rules = new ReturnRules(this.definition.type.traits, settings.values);
    this.#context.turn.deliverLater(this);
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
    this.#idle.stop();
    this.#expiry.stop();
    this.#outbox.clear();
    this.#returns.clear();
    this.#consumers.cancelAll();
    this.#gets.end();
    this.#backlog.clear();
    this.#figures.onPurged();
  }

  move(record: RecordView, sequence: Sequence, reason: DeathReason): boolean {
    const isLogged = this.#logged && record.persistent;
    return this.#context.deadLetters.move(this, record, sequence, reason, isLogged);
  }

  onMoved(sequence: Sequence, location: Location, bytes: number): void {
    this.#backlog.settle(sequence, location, bytes);
  }

  onIdleExpired(): void {
    this.#context.keeper.onQueueUnused(this, "expired");
  }

  get isRead(): boolean {
    return this.#consumers.readyCount > 0 || this.#gets.count > 0 || this.#outbox.count > 0;
  }

  onPageLoaded(): void {
    this.#outbox.resume();
    this.#context.turn.deliverLater(this);
  }

  onMessagesLost(count: number): void {
    this.counters.lost += count;
  }

  onRecounted(bytes: number, persistent: number, persistentBytes: number): void {
    this.#figures.onRecounted(bytes, persistent, persistentBytes);
  }

  onBodyLost({ record, sequence, location }: Delivery): void {
    const bytes = record.bodySizeBytes;
    this.counters.lost++;
    this.#figures.onTaken(bytes, isPersistentAt(location));
    this.release(sequence, location, bytes);
  }

  onRestored(): void {
    this.#context.turn.deliverLater(this);
  }

  #canDeliver(): boolean {
    return this.#consumers.readyCount > 0 && this.state === "running";
  }

  /** A TTL of 0 is for consumers who stand ready and have nothing else to take first. */
  #canDeliverAtOnce(): boolean {
    if (this.#canDeliver() && this.#backlog.readyCount > 0) this.deliverReady();
    return this.#canDeliver() && this.#backlog.readyCount === 0;
  }

  #logPosition(persistent: boolean): LogPosition {
    return persistent && this.#logged ? this.#context.journal.position : NO_LOG_POSITION;
  }

  #scheduleDelivery(): void {
    if (!this.inTurn && this.#backlog.readyCount > 0) this.#context.turn.deliverLater(this);
  }

  giveTo(getter: Getter): void {
    const { found } = this.#backlog;
    const { sequence, location } = found;
    const bytes = found.record.bodySizeBytes;
    this.#deliveries.take(bytes);
    if (found.redelivered) this.counters.redelivered++;
    if (getter.noAck) this.counters.gotNoAck++;
    else {
      this.counters.got++;
      this.#deliveries.noteOut(bytes);
    }
    getter.onGot(this, found, this.#backlog.readyCount);
    if (getter.noAck) this.release(sequence, location, bytes);
  }

  giveNothing(getter: Getter): void {
    this.counters.getEmpty++;
    getter.onEmpty(this);
  }

  peekForGet(): Peek {
    if (this.#expiry.mayExpire) this.#trim.dropExpired();
    return this.state === "running" ? this.peekNext() : Peek.empty;
  }

  /** Looks at what goes out next. */
  peekNext(): Peek {
    return this.#returns.peek(this.#backlog);
  }

  /** The message is gone for good; or `count` neighbours are. */
  release(sequence: Sequence, location: Location, bytes: number, count = 1): void {
    this.#backlog.settle(sequence, location, bytes, count);
    if (this.#logged && isPersistentAt(location)) this.#log.settled(sequence, count);
  }

  /** A taken message has died; `record` where it is at hand. */
  discard(
    sequence: Sequence,
    location: Location,
    bytes: number,
    reason: DeathReason,
    record?: RecordView,
  ): void {
    countDeath(this.counters, reason);
    if (this.settings.values.deadLetterExchange === undefined) {
      this.#context.observers.dropped(this, sequence, reason, record);
      this.release(sequence, location, bytes);
    } else this.#outbox.add(sequence, location, bytes, reason);
  }

  drop(reason: DeathReason): void {
    const { sequence, location, record } = this.#backlog.found;
    this.#deliveries.take(record.bodySizeBytes);
    this.discard(sequence, location, record.bodySizeBytes, reason, record);
  }

  #refuse(publication: Publication): Enqueued {
    this.counters.droppedByLength++;
    const keeps = this.#trim.limit.overflow === "reject-publish-dlx";
    const hasPlace = this.settings.values.deadLetterExchange !== undefined;
    if (keeps && hasPlace) this.#outbox.addRefused(publication, "maxlen");
    return Enqueued.refused;
  }

  /** Another message may be at a head now, and have expired already. */
  #lookAtHeads(): void {
    if (this.#expiry.mayExpire && !this.inTurn) this.#context.turn.deliverLater(this);
  }
}
