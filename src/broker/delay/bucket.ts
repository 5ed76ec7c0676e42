// Messages that wait until they are due, all within one span of time. Kept like the messages of a queue: in pages that
// leave memory, in the log, found again after a restart. The instant is what a queue's records keep as expiry.

import type { Deadline } from "../flow/turn.ts";
import type { FieldTable } from "../message/field-table.ts";
import { EMPTY_TABLE } from "../message/field-table.ts";
import type { Publication } from "../message/publication.ts";
import { RecordFlag, type RecordView } from "../message/record.ts";
import type { Location, QueueNumber, Sequence } from "../numbers.ts";
import { Backlog, type BacklogHost, type Peek } from "../queue/backlog.ts";
import type { QueueContext } from "../queue/context.ts";
import { DepthFigures } from "../queue/depth-figures.ts";
import { isPersistentAt, locationOf, NO_LOG_POSITION, OUT, type Page } from "../queue/page.ts";
import {
  type Delivery,
  Enqueued,
  type Queue,
  type QueueDefinition,
  type QueueDepth,
  zeroCounters,
} from "../queue/queue.ts";
import { QueueInspection } from "../queue/queue-inspection.ts";
import { QueueLog } from "../queue/queue-log.ts";
import { QueuePages } from "../queue/queue-pages.ts";
import { QueueRecovery } from "../queue/queue-recovery.ts";
import type { QueueType } from "../queue/types.ts";
import { effectiveQueueSettings, NO_POLICIES } from "../settings/effective.ts";
import { DueIndex } from "./due-index.ts";

/** Nobody can declare one: it is not in the table of queue types. */
const bucketType: QueueType = {
  name: "delayed",
  moduleName: "delayed",
  traits: {
    mayBeTransient: true,
    mayBeExclusive: false,
    mayBeServerNamed: false,
    mayBeAutoDelete: false,
    allowsConditionalDelete: false,
    countsDeliveries: false,
    defaultDeliveryLimit: undefined,
    settlesRemove: true,
    keepsTransient: false,
    priorities: "none",
    allowsGlobalPrefetch: false,
    allowsPurge: false,
    allowsGetWithSingleActive: false,
  },
};

/** The span of a bucket: from `fromMs` up to but not including `fromMs + widthMs`, wall time. */
export interface BucketSpan {
  readonly fromMs: number;
  readonly widthMs: number;
}

export interface BucketHost {
  /** Something that was waited for is there: messages after a restart, a page, or the index. */
  onBucketReady(bucket: DelayBucket): void;
}

/** The message cannot be had any more: the next one is first now. */
export const LOST = "lost";

/** How far its messages are known in the order in which they are due. */
type IndexState = "none" | "being-made" | "complete";

const NONE_DEAD = { count: 0, bytes: 0 };

export class DelayBucket implements Queue, BacklogHost {
  readonly kind = "queue";
  routeMark = 0;
  inTurn = false;
  readonly state = "running";
  readonly definition: QueueDefinition;
  readonly settings: Queue["settings"];
  readonly counters = zeroCounters();
  readonly consumerCount = 0;
  readonly idleSinceMs = undefined;
  readonly inspection: QueueInspection;
  readonly recoverable: QueueRecovery | undefined;
  readonly span: BucketSpan;
  lastExpiresAtMs = 0;
  /** When the message is due that is published next: set just before. */
  nextDueAtMs = 0;
  /** It has been found out what to do with it now that its time has come near. */
  isNear = false;
  indexState: IndexState = "none";
  readonly index = new DueIndex();
  readonly #context: QueueContext;
  readonly #host: BucketHost;
  readonly #pages: QueuePages;
  readonly #backlog: Backlog;
  readonly #figures = new DepthFigures();
  readonly #log: QueueLog;
  /** What the index is being made from. */
  #readFrom: Sequence = 0;
  #readUpTo: Sequence = 0;

  constructor(
    context: QueueContext,
    place: { readonly vhost: string; readonly owner: string; readonly durable: boolean },
    number: QueueNumber,
    span: BucketSpan,
    host: BucketHost,
  ) {
    const { memory, turn, pager } = context;
    const { vhost, owner, durable } = place;
    this.#context = context;
    this.#host = host;
    this.span = span;
    const queueArguments: FieldTable = EMPTY_TABLE;
    this.definition = {
      ...{ number, name: `delayed:${owner}`, vhost, durable, autoDelete: false },
      ...{ owner: undefined, type: bucketType, arguments: queueArguments },
    };
    this.settings = effectiveQueueSettings(bucketType, queueArguments, NO_POLICIES);
    const parts = { pool: memory.pages, pager, budget: context.pageBudget };
    this.#pages = new QueuePages(parts, number, durable);
    this.#backlog = new Backlog(memory.arena, this.#pages, context.bodies, this, 1);
    this.#log = new QueueLog(turn, context.journal, number, this.#backlog);
    const backlog = this.#backlog;
    const figures = this.#figures;
    const pages = this.#pages;
    const inspected = { memory, turn, pages, backlog, figures, log: undefined };
    this.inspection = new QueueInspection(inspected);
    const restored = { pages, backlog, figures, expiry: { mayExpire: false } };
    this.recoverable = durable ? new QueueRecovery(number, restored, this) : undefined;
  }

  // ---- what waits ----------------------------------------------------------------------------------------------

  get isEmpty(): boolean {
    return this.#pages.count === 0;
  }

  /** Messages and bytes they take; an estimate for a moment after a restart. */
  get size(): { readonly count: number; readonly bytes: number } {
    let count = 0;
    let bytes = 0;
    for (const page of this.#pages) {
      count += page.live;
      bytes += page.usedBytes;
    }
    return { count, bytes };
  }

  publish(publication: Publication): Enqueued {
    const { journal } = this.#context;
    const dueAtMs = this.nextDueAtMs;
    const isLogged = this.definition.durable && (publication.flags & RecordFlag.persistent) !== 0;
    const position = isLogged ? journal.position : NO_LOG_POSITION;
    if (!this.#backlog.append(publication, 0, dueAtMs, position)) return Enqueued.noMemory;
    this.lastExpiresAtMs = dueAtMs;
    if (this.indexState === "none") return Enqueued.accepted;
    const { chain } = this.#backlog.levelAt(0);
    const page = chain.appendedPage;
    if (page === undefined) return Enqueued.accepted;
    const isPersistent = (publication.flags & RecordFlag.persistent) !== 0;
    const location = locationOf(page, chain.appendedOffset, isPersistent);
    this.index.add(dueAtMs, chain.lastSequence, location);
    if (this.indexState === "complete") this.#passAll();
    return Enqueued.accepted;
  }

  get lastSequence(): Sequence {
    return this.#backlog.appendedSequence;
  }

  /** From now on messages can be had in the order in which they are due, once `readOn` has seen all there are. */
  beginIndex(): void {
    this.indexState = "being-made";
    this.#readUpTo = this.#backlog.levelAt(0).chain.lastSequence;
  }

  /** Reads on for the index. False while a page is being read: `onBucketReady` follows. */
  readOn(deadline: Deadline): boolean {
    const { chain } = this.#backlog.levelAt(0);
    // Pages may have gone since the last slice: found again by what they hold.
    for (let page = chain.firstPage; page !== undefined; page = page.next) {
      if (page.lastSequence < this.#readFrom || page.live === 0 || page.isLost) continue;
      if (!page.isReadable) {
        this.#pages.load(page);
        return false;
      }
      this.#readPage(page);
      if (deadline()) return true;
    }
    this.indexState = "complete";
    this.#passAll();
    return true;
  }

  #readPage(page: Page): void {
    const { record } = this.#backlog.scan;
    const end = page.address + page.usedBytes;
    for (let at = page.address; at < end; at += record.lengthBytes) {
      record.at = at;
      const { sequence, expiresAtMs, persistent } = record;
      if (sequence < this.#readFrom || sequence > this.#readUpTo) continue;
      const isSettled = (record.flags & RecordFlag.settled) !== 0;
      if (isSettled || page.settledSince?.has(sequence) === true) continue;
      this.index.add(expiresAtMs, sequence, locationOf(page, at - page.address, persistent));
    }
    this.#readFrom = page.lastSequence + 1;
  }

  /** From here on messages are taken by what the index says, wherever they lie. */
  #passAll(): void {
    this.#backlog.levelAt(0).chain.passEverything();
    this.#backlog.readyCount = 0;
  }

  // ---- taking messages -----------------------------------------------------------------------------------------

  /** The record of the message the index has first; undefined while its page is read. */
  firstRecord(): RecordView | typeof LOST | undefined {
    const { sequence, location } = this.index;
    const record = this.#backlog.recordAt(sequence, location);
    if (record !== undefined || !this.#backlog.isLostAt(sequence, location)) return record;
    this.#backlog.dropLost(sequence, location, false);
    this.index.takeFirst();
    return LOST;
  }

  /** The message `firstRecord` has shown is somewhere else now. */
  firstMoved(bytes: number): void {
    const { sequence, location } = this.index;
    this.#backlog.settle(sequence, location, bytes);
    this.index.takeFirst();
  }

  /** Without an index: the oldest message, or what is in the way of it. */
  peekOldest(): Peek {
    this.#backlog.readAhead();
    return this.#backlog.peek();
  }

  get oldest(): Delivery {
    return this.#backlog.found;
  }

  /** The message `peekOldest` has found is somewhere else now. */
  oldestMoved(): void {
    const { sequence, location, record } = this.#backlog.found;
    const bytes = record.bodySizeBytes;
    this.#backlog.take();
    this.#backlog.settle(sequence, location, bytes);
  }

  /** Where a message lies; undefined while its page is read, false when it is not here (any more). */
  locate(sequence: Sequence): { location: Location; record: RecordView } | false | undefined {
    for (const page of this.#pages) {
      if (sequence < page.firstSequence || sequence > page.lastSequence) continue;
      if (page.isLost || page.settledSince?.has(sequence) === true) return false;
      if (!page.isReadable) {
        this.#pages.load(page);
        return undefined;
      }
      const { scan } = this.#backlog;
      const at = scan.find(page, sequence);
      if (at === OUT) return false;
      scan.record.at = at;
      const location = locationOf(page, at - page.address, scan.record.persistent);
      return { location, record: scan.record };
    }
    return false;
  }

  /** Takes a message out that `locate` has found. `isMoved`: the log knows already. */
  remove(sequence: Sequence, location: Location, bytes: number, isMoved: boolean): void {
    this.index.remove(sequence);
    const { chain } = this.#backlog.levelAt(0);
    if (sequence <= chain.passedSequence) this.#backlog.settle(sequence, location, bytes);
    else this.#backlog.settleReady(sequence, location);
    const isLogged = this.definition.durable && isPersistentAt(location);
    if (isLogged && !isMoved) this.#log.settled(sequence);
  }

  get isLogged(): boolean {
    return this.definition.durable;
  }

  // ---- what backlog and recovery tell --------------------------------------------------------------------------

  /** Its pages are of use soon. */
  get isRead(): boolean {
    return this.isNear;
  }

  onPageLoaded(): void {
    this.#host.onBucketReady(this);
  }

  onRestored(): void {
    this.#host.onBucketReady(this);
  }

  onMessagesLost(count: number): void {
    this.counters.lost += count;
  }

  onBodyLost({ record, sequence, location }: Delivery): void {
    this.counters.lost++;
    this.#backlog.settle(sequence, location, record.bodySizeBytes);
    if (this.definition.durable && isPersistentAt(location)) this.#log.settled(sequence);
  }

  onRecounted(): void {}

  // ---- what nobody asks of a bucket, because nobody finds it by name -------------------------------------------

  get depth(): QueueDepth {
    return this.#figures.describe(this.size.count, this.#pages.pagedOut, NONE_DEAD);
  }
  *consumers(): Iterable<never> {}
  consume(): void {}
  cancel(): void {}
  wake(): void {}
  get(): void {}
  settle(): void {}
  purge(): number {
    return 0;
  }
  touch(): void {}
  applySettings(): void {}
  pause(): void {}
  resume(): void {}
  deliverReady(): void {}
  delete(): void {
    this.#backlog.clear();
    this.index.clear();
  }
}
