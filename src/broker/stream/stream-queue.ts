// hot path: runs per message
// A queue whose messages stay where they are: any number of readers, each at its own place, see what the log has on
// disk, and the oldest segments go when there is too much.

import { Ring } from "../../lib/ring.ts";
import { CallbackTimer } from "../../lib/timer-wheel.ts";
import { END_OF_TURN, type GateKeeper, type TurnEndWaiter } from "../flow/gates.ts";
import { DELIVER_BYTES_MAX, DELIVER_RECORDS_MAX, type LogGatherer } from "../flow/turn.ts";
import type { Publication } from "../message/publication.ts";
import { resourceText } from "../names.ts";
import type { Location, LogPosition, Sequence } from "../numbers.ts";
import type { Consumer } from "../queue/consumer.ts";
import type { QueueContext } from "../queue/context.ts";
import type { Page } from "../queue/page.ts";
import {
  type DeleteReason,
  Enqueued,
  type Getter,
  Outcome,
  type Queue,
  type QueueCounters,
  type QueueDefinition,
  type QueueDepth,
  type QueueState,
  zeroCounters,
} from "../queue/queue.ts";
import type { EffectiveSettings } from "../settings/effective.ts";
import { OffsetTracking, TrackedKind } from "./offset-tracking.ts";
import type { StreamPort } from "./port.ts";
import { ReaderSet } from "./reader-set.ts";
import { StreamDelivery } from "./stream-delivery.ts";
import { StreamFacts } from "./stream-facts.ts";
import { StreamInspection } from "./stream-inspection.ts";
import { StreamLog, type StreamLogHost } from "./stream-log.ts";
import { type StreamReader, Waiting } from "./stream-reader.ts";
import { StreamRecovery } from "./stream-recovery.ts";
import { beginReading, resumeReading } from "./stream-start.ts";
import { StreamTransfer } from "./stream-transfer.ts";
import { subscriptionFrom } from "./subscription.ts";

/** One reader's share that is worth a write of its own at once: with a turn's 4 MiB between, it has left the cache. */
const SEND_NOW_BYTES_MIN = 32_768;

/** What was published before `position` in the log ends with `sequence`. */
interface Mark {
  position: LogPosition;
  readonly sequence: Sequence;
}

export class StreamQueue implements Queue, StreamLogHost, GateKeeper, TurnEndWaiter, LogGatherer {
  readonly kind = "queue";
  routeMark = 0;
  inTurn = false;
  inGates = false;
  inTurnLog = false;
  readonly definition: QueueDefinition;
  readonly counters: QueueCounters = zeroCounters();
  settings: EffectiveSettings;
  state: QueueState = "running";
  readonly inspection: StreamInspection;
  readonly recoverable: StreamRecovery;
  readonly stream: StreamPort;
  readonly transfer: StreamTransfer;
  idleSinceMs: number | undefined;
  /** When the message published last was stored: what the log keeps of it. */
  lastExpiresAtMs = 0;

  readonly #context: QueueContext;
  readonly #log: StreamLog;
  readonly #readers = new ReaderSet();
  readonly #delivery: StreamDelivery;
  readonly #tracking: OffsetTracking;
  /** One for each turn whose messages are not on disk yet. */
  readonly #marks = new Ring<Mark>();
  /** The last message readers may see. */
  #committed: Sequence = 0;
  /** When it was looked at last whether there is too much. */
  #segmentCount = 0;
  #mustTrim = false;
  readonly #ageTimer = new CallbackTimer(() => {
    this.#mustTrim = true;
    this.#context.turn.deliverLater(this);
  });

  constructor(context: QueueContext, definition: QueueDefinition, settings: EffectiveSettings) {
    const { memory, pager, streamPages, bodies, turn, journal, clock } = context;
    this.#context = context;
    this.definition = definition;
    this.settings = settings;
    const parts = { memory, pager, bodies, cache: streamPages };
    const log = new StreamLog(parts, definition.number, settings.values, this);
    this.#log = log;
    this.#delivery = new StreamDelivery(memory.arena, log);
    this.#tracking = new OffsetTracking(turn, journal, definition.number);
    const tracking = this.#tracking;
    this.recoverable = new StreamRecovery(definition.number, log, tracking, journal, () =>
      this.#onRestored(),
    );
    this.inspection = new StreamInspection(memory.arena, turn, log);
    this.stream = new StreamFacts(log, this.#readers, this.#tracking, () => this.#committed);
    const { arena } = memory;
    this.transfer = new StreamTransfer(this, { arena, log, readers: this.#readers, journal });
    this.idleSinceMs = clock.monotonicMs();
    bodies.keepTransient(1);
  }

  get lastSequence(): Sequence {
    return this.#log.lastSequence;
  }
  get consumerCount(): number {
    return this.#readers.size;
  }
  get depth(): QueueDepth {
    const count = this.#log.messageCount;
    const bytes = this.transfer.bodyBytes;
    return this.transfer.withPartner({
      ready: count,
      unacknowledged: 0,
      readyBytes: bytes,
      unacknowledgedBytes: 0,
      deadLetters: 0,
      deadLettersBytes: 0,
      persistent: count,
      persistentBytes: bytes,
      inMemory: 0,
      inMemoryBytes: Math.min(bytes, this.#log.pages.residentBytes),
    });
  }

  consumers(): Iterable<Consumer> {
    return this.#readers.consumers();
  }

  // ---- publishing ------------------------------------------------------------------------------------------------

  publish(publication: Publication): Enqueued {
    const { clock, journal, turn } = this.#context;
    const log = this.#log;
    if (!log.append(publication, clock.nowMs(), journal.position)) return Enqueued.noMemory;
    this.lastExpiresAtMs = log.lastTimestampMs;
    this.counters.published++;
    if (!this.inTurnLog) turn.appendLater(this);
    if (log.segments.length !== this.#segmentCount && !this.inTurn) turn.deliverLater(this);
    return Enqueued.accepted;
  }

  /** The turn's messages are in the log's buffer: they can be seen when it is on disk. */
  appendGathered(): void {
    const { journal, gates } = this.#context;
    // Inside a transaction nothing holds before its last entry, and others may have something to say before that.
    const position = journal.isInTransaction ? END_OF_TURN : journal.position;
    this.#marks.push({ position, sequence: this.#log.lastSequence });
    gates.wait(this);
    if (position === END_OF_TURN) gates.awaitTurnEnd(this);
  }

  onTurnEnd(position: LogPosition): void {
    const marks = this.#marks;
    for (let i = marks.length - 1; i >= 0; i--) {
      const mark = marks.at(i) as Mark;
      if (mark.position === END_OF_TURN) mark.position = position;
    }
  }

  release(durable: LogPosition): boolean {
    const marks = this.#marks;
    const before = this.#committed;
    while (marks.length > 0 && (marks.peek() as Mark).position <= durable) {
      this.#committed = (marks.shift() as Mark).sequence;
    }
    if (this.#committed !== before && this.#readers.size > 0) {
      this.#readers.onMessages();
      this.#deliverSoon();
    }
    return marks.length > 0;
  }

  // ---- reading ---------------------------------------------------------------------------------------------------

  consume(consumer: Consumer): void {
    const { name, vhost } = this.definition;
    const subscription = subscriptionFrom(consumer.arguments, this.#context.clock.nowMs());
    const reader = this.#readers.add(consumer, subscription, resourceText("queue", name, vhost));
    consumer.reader = reader;
    beginReading(reader, this.#log, this.#committed, this.#tracking);
    this.idleSinceMs = undefined;
    this.#readers.wait(reader, Waiting.turn);
    this.#deliverSoon();
  }

  cancel(consumer: Consumer): void {
    if (consumer.cancelled) return;
    const next = this.#readers.remove(consumer);
    if (next !== undefined) {
      resumeReading(next, this.#log, this.#tracking);
      this.wake(next.consumer);
    }
    this.touch();
  }

  wake(consumer: Consumer): void {
    const { reader } = consumer;
    if (reader === undefined || consumer.cancelled || this.state === "deleted") return;
    this.#readers.wake(reader);
    this.#deliverSoon();
  }

  deliverReady(): void {
    this.transfer.mover?.resume();
    if (this.state !== "converting") this.#trim();
    if (this.state !== "running") return;
    let records = 0;
    let bytes = 0;
    const delivery = this.#delivery;
    while (records < DELIVER_RECORDS_MAX && bytes < DELIVER_BYTES_MAX) {
      const reader = this.#readers.next();
      if (reader === undefined) break;
      const waiting = delivery.serve(reader, this.#committed);
      records += delivery.records + 1;
      bytes += delivery.bytes;
      this.counters.delivered += delivery.records;
      if (delivery.bytes >= SEND_NOW_BYTES_MIN) reader.consumer.target.sendNow?.();
      // It may have gone because of what it got.
      if (!reader.consumer.cancelled) this.#readers.wait(reader, waiting);
    }
    this.#deliverSoon();
  }

  settle(
    consumer: Consumer | undefined,
    sequence: Sequence,
    _location: Location,
    bytes: number,
    outcome: Outcome,
    _deliveryCount = 0,
    count = 1,
  ): void {
    if (consumer === undefined) return;
    consumer.unackedCount -= count;
    consumer.unackedBytes -= bytes;
    if (this.state === "deleted") return;
    if (outcome === Outcome.accept) this.counters.acknowledged += count;
    const reader = consumer.reader as StreamReader;
    if (reader.settled !== undefined && (outcome === Outcome.accept || !consumer.cancelled)) {
      let settled: Sequence = 0;
      for (let i = 0; i < count; i++) {
        settled = Math.max(settled, reader.settled.settle(sequence + i));
      }
      const { name } = reader.subscription;
      if (settled > 0 && name !== undefined) {
        this.#tracking.store(TrackedKind.offset, name, settled - 1);
      }
    }
    if (reader.waiting === Waiting.credit && !consumer.cancelled) this.wake(consumer);
  }

  /** Whoever asks on behalf of a client has been told that streams have no basic.get. */
  get(getter: Getter): void {
    this.counters.getEmpty++;
    getter.onEmpty(this);
  }

  /** The same: nothing is taken out of a stream. */
  purge(): number {
    return 0;
  }

  touch(): void {
    if (this.#readers.size === 0) this.idleSinceMs = this.#context.clock.monotonicMs();
  }

  applySettings(settings: EffectiveSettings): void {
    this.settings = settings;
    this.#log.values = settings.values;
    this.#mustTrim = true;
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
    if (this.#ageTimer.isScheduled) this.#context.timers.cancel(this.#ageTimer);
    this.#readers.cancelAll();
    this.#log.clear();
    this.#context.bodies.keepTransient(-1);
  }

  // ---- what the log of the stream tells --------------------------------------------------------------------------

  onPageLoaded(page: Page, isDamaged: boolean): void {
    if (isDamaged) {
      for (const reader of this.#readers) if (reader.page === page) reader.moveTo(reader.next);
      this.transfer.onPageChanged(page);
    }
    this.transfer.mover?.resume();
    this.#readers.onPageLoaded();
    this.#deliverSoon();
  }

  onPageDropped(page: Page): void {
    for (const reader of this.#readers) {
      if (reader.page === page) reader.moveTo(Math.max(reader.next, page.lastSequence + 1));
    }
  }

  onMessagesLost(count: number): void {
    this.counters.lost += count;
  }

  #onRestored(): void {
    this.#committed = this.#log.lastSequence;
    this.#context.turn.deliverLater(this);
  }

  #deliverSoon(): void {
    if (!this.inTurn && this.#readers.readyCount > 0) this.#context.turn.deliverLater(this);
  }

  /** Drops what retention does not keep, and looks again when the next segment may be too old. */
  #trim(): void {
    const log = this.#log;
    if (log.segments.length === this.#segmentCount && !this.#mustTrim) return;
    if (this.state === "deleted") return;
    this.#mustTrim = false;
    const { clock, journal, timers, turn } = this.#context;
    const nowMs = clock.nowMs();
    const from = log.firstSequence;
    while (log.isTooLong(nowMs)) log.dropSegment();
    if (log.firstSequence > from) {
      journal.settle(this.definition.number, from, log.firstSequence - 1);
      turn.schedule();
    }
    this.#segmentCount = log.segments.length;
    const { maxAgeMs } = this.settings.values;
    const second = log.segments[1];
    if (maxAgeMs === undefined || second === undefined) return;
    if (this.#ageTimer.isScheduled) timers.cancel(this.#ageTimer);
    timers.scheduleAfter(
      this.#ageTimer,
      Math.max(1, second.firstTimestampMs + maxAgeMs - nowMs + 1),
    );
  }
}
