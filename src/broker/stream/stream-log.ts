// hot path: runs per message
// What a stream keeps: records in pages, oldest first, an index of the pages, and segments, which are runs of pages
// that go together when the stream has become too long or too old. Knows nothing of readers.

import type { Address, Arena } from "../../lib/arena.ts";
import { IntervalSet } from "../../lib/interval-set.ts";
import type { Memory } from "../../lib/memory.ts";
import { ContentHeaders } from "../message/content-headers.ts";
import type { Publication } from "../message/publication.ts";
import { RECORD_FLAGS_OFFSET, RecordFlag } from "../message/record.ts";
import type { LogPosition, QueueNumber, Sequence } from "../numbers.ts";
import type { Pager } from "../ports.ts";
import type { BodyReferences } from "../queue/context.ts";
import { NOT_WRITTEN, type Page, PageState } from "../queue/page.ts";
import { PageChain } from "../queue/page-chain.ts";
import { PageScan } from "../queue/page-scan.ts";
import { type PagesHost, QueuePages } from "../queue/queue-pages.ts";
import type { QueueSettings } from "../settings/queue-settings.ts";
import { addNoneToBloom, addToBloom, FILTER_BYTES_DEFAULT, NO_VALUES } from "./bloom.ts";
import type { StreamPageCache } from "./page-cache.ts";
import { PageSnapshots } from "./page-snapshots.ts";

/** RabbitMQ's default for x-stream-max-segment-size-bytes. */
export const SEGMENT_BYTES_DEFAULT = 500_000_000;
/** So many dropped pages may stand before the index. */
const DROPPED_MAX = 1_024;
/** Every message is on one level. */
const LEVEL = 0;

export const FILTER_VALUE_HEADER: Uint8Array = new TextEncoder().encode("x-stream-filter-value");

/** A run of pages that retention drops as one. */
export interface Segment {
  readonly firstSequence: Sequence;
  readonly firstTimestampMs: number;
  /** Of records. */
  bytes: number;
}

/** The stream around it. */
export interface StreamLogHost {
  /** Bytes of a page are there that were not, or it is known that they never will be. */
  onPageLoaded(page: Page, isDamaged: boolean): void;
  /** The page is going: nobody may stand in it. */
  onPageDropped(page: Page): void;
  onMessagesLost(count: number): void;
}

export interface StreamLogParts {
  readonly memory: Memory;
  readonly pager: Pager;
  readonly cache: StreamPageCache;
  readonly bodies: BodyReferences;
}

export class StreamLog implements PagesHost {
  readonly isRead = false;
  readonly chain: PageChain;
  readonly scan: PageScan;
  readonly pages: QueuePages;
  readonly headers: ContentHeaders;
  readonly segments: Segment[] = [];
  /** Beginnings of pages that still take messages. */
  readonly snapshots: PageSnapshots;
  /** Messages in the middle that never were: those of transactions that a crash cut off. */
  readonly gone = new IntervalSet();
  /** Pages that only the log has. */
  readonly unwritten = new Set<Page>();
  readonly #arena: Arena;
  readonly #cache: StreamPageCache;
  readonly #host: StreamLogHost;
  /** In the order of their messages; those before `#firstIndex` are gone. */
  #index: Page[] = [];
  #firstIndex = 0;
  #values: QueueSettings;
  /** The oldest message there is, or will be. */
  firstSequence: Sequence = 1;
  /** When the newest message was stored, wall time; it never goes back. */
  lastTimestampMs = 0;
  /** Bytes of bodies. */
  bodyBytes = 0;
  /** Bytes of records. */
  recordBytes = 0;

  constructor(
    parts: StreamLogParts,
    queue: QueueNumber,
    values: QueueSettings,
    host: StreamLogHost,
  ) {
    const { memory, pager, cache, bodies } = parts;
    this.#arena = memory.arena;
    this.#cache = cache;
    this.#host = host;
    this.#values = values;
    this.headers = new ContentHeaders(memory.arena);
    this.scan = new PageScan(memory.arena, bodies);
    this.pages = new QueuePages({ pool: memory.pages, pager, budget: cache }, queue, true);
    this.pages.host = this;
    this.snapshots = new PageSnapshots({ arena: memory.arena, pool: memory.pages, pager }, queue);
    this.chain = new PageChain(memory.arena, this.pages, this.scan, LEVEL);
  }

  get lastSequence(): Sequence {
    return this.chain.lastSequence;
  }
  get messageCount(): number {
    return this.lastSequence + 1 - this.firstSequence - this.gone.size;
  }
  get pageCount(): number {
    return this.#index.length - this.#firstIndex;
  }
  set values(values: QueueSettings) {
    this.#values = values;
  }

  /** Copies the message in as `lastSequence`. False when there is no memory for another page. */
  append(publication: Publication, nowMs: number, position: LogPosition): boolean {
    this.#endFullSegment(nowMs);
    const timestampMs = Math.max(nowMs, this.lastTimestampMs);
    const { flags } = publication;
    // Whatever its publisher asked for: what is in a stream is kept.
    publication.flags = flags | RecordFlag.persistent;
    const isIn = this.chain.append(publication, timestampMs, position);
    publication.flags = flags;
    if (!isIn) return false;
    this.lastTimestampMs = timestampMs;
    const page = this.chain.appendedPage as Page;
    this.#onAppended(page, publication.recordLengthBytes, publication.bodySizeBytes, timestampMs);
    const hasValue =
      publication.headersLength > 0 &&
      this.headers.findText(publication.contentAt, FILTER_VALUE_HEADER);
    this.#noteFilter(page, hasValue);
    return true;
  }

  /** A message as the log has it; `sequence` follows all there are. */
  restore(at: Address, sequence: Sequence, timestampMs: number, position: LogPosition): boolean {
    this.#endFullSegment(timestampMs);
    if (!this.chain.restore(at, sequence, timestampMs, position)) return false;
    this.lastTimestampMs = Math.max(this.lastTimestampMs, timestampMs);
    const page = this.chain.appendedPage as Page;
    const to = page.address + this.chain.appendedOffset;
    const flags = this.#arena.u8[to + RECORD_FLAGS_OFFSET] as number;
    this.#arena.u8[to + RECORD_FLAGS_OFFSET] = flags | RecordFlag.persistent;
    const { record } = this.scan;
    record.at = to;
    this.#onAppended(page, record.lengthBytes, record.bodySizeBytes, timestampMs);
    this.#noteFilter(page, this.headers.findText(record.contentAt, FILTER_VALUE_HEADER));
    return true;
  }

  #onAppended(page: Page, lengthBytes: number, bodyBytes: number, timestampMs: number): void {
    if (this.#index.at(-1) !== page || this.pageCount === 0) {
      this.#index.push(page);
      this.unwritten.add(page);
      page.filter = NO_VALUES;
    }
    const { segments } = this;
    const segment = segments[segments.length - 1];
    if (segment === undefined) this.#beginSegment(this.lastSequence, timestampMs, lengthBytes);
    else segment.bytes += lengthBytes;
    this.bodyBytes += bodyBytes;
    this.recordBytes += lengthBytes;
  }

  /** Tells the page's filter of the message just appended; `headers` has found its value, or it has none. */
  #noteFilter(page: Page, hasValue: boolean): void {
    let filter = page.filter as Uint8Array;
    if (!hasValue) {
      if (filter.length > 0) addNoneToBloom(filter);
      return;
    }
    if (filter.length === 0) {
      filter = new Uint8Array(this.#values.filterSizeBytes ?? FILTER_BYTES_DEFAULT);
      if (page.live > 1) addNoneToBloom(filter);
      page.filter = filter;
    }
    const { headers } = this;
    addToBloom(filter, this.#arena.u8, headers.valueAt, headers.valueLength);
  }

  // ---- where things are ------------------------------------------------------------------------------------------

  /** The page with that message, or the first one behind it. */
  pageOf(sequence: Sequence): Page | undefined {
    let low = this.#firstIndex;
    let high = this.#index.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#index[middle] as Page).lastSequence < sequence) low = middle + 1;
      else high = middle;
    }
    return this.#index[low];
  }

  /** The first page with a message stored then or later. */
  pageFrom(timestampMs: number): Page | undefined {
    let low = this.#firstIndex;
    let high = this.#index.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#index[middle] as Page).lastExpiryMs < timestampMs) low = middle + 1;
      else high = middle;
    }
    return this.#index[low];
  }

  *[Symbol.iterator](): IterableIterator<Page> {
    for (let i = this.#firstIndex; i < this.#index.length; i++) yield this.#index[i] as Page;
  }

  /** Somebody reads in the page: it should stay. */
  touch(page: Page): void {
    this.#cache.touch(page);
  }

  // ---- segments --------------------------------------------------------------------------------------------------

  /** There is more than retention allows. The newest segment always stays. */
  isTooLong(nowMs: number): boolean {
    if (this.segments.length < 2) return false;
    const { maxLengthBytes, maxAgeMs } = this.#values;
    if (maxLengthBytes !== undefined && this.recordBytes > maxLengthBytes) return true;
    if (maxAgeMs === undefined) return false;
    // The second segment began no earlier than the first one ended.
    return (this.segments[1] as Segment).firstTimestampMs < nowMs - maxAgeMs;
  }

  /** Forgets the oldest segment. Everything before `firstSequence` is gone then. */
  dropSegment(): void {
    this.segments.shift();
    const segment = this.segments[0] as Segment;
    this.dropBefore(segment.firstSequence);
  }

  /** Forgets all messages before `sequence`, those of a page when the last one goes. */
  dropBefore(sequence: Sequence): void {
    if (sequence > this.firstSequence) this.firstSequence = sequence;
    if (this.gone.size > 0) this.gone.remove(0, sequence - 1);
    while (this.pageCount > 0) {
      const page = this.#index[this.#firstIndex] as Page;
      if (page.lastSequence >= sequence) break;
      this.#dropPage(page);
    }
  }

  #dropPage(page: Page): void {
    this.#index[this.#firstIndex++] = undefined as unknown as Page;
    if (this.#firstIndex > DROPPED_MAX || this.#firstIndex === this.#index.length) {
      this.#index.splice(0, this.#firstIndex);
      this.#firstIndex = 0;
    }
    this.#host.onPageDropped(page);
    this.unwritten.delete(page);
    this.snapshots.forget(page);
    this.bodyBytes -= page.unreadBytes;
    this.recordBytes -= page.usedBytes;
    this.scan.releaseBodies(page, 0, page.lastSequence);
    this.chain.loseUnread(page);
  }

  /** Makes segments of the pages there are, after a restart. */
  findSegments(): void {
    this.segments.length = 0;
    const max = this.#segmentBytesMax();
    for (const page of this) {
      const last = this.segments[this.segments.length - 1];
      if (last === undefined || last.bytes + page.usedBytes > max) {
        this.#beginSegment(
          Math.max(this.firstSequence, page.firstSequence),
          page.lastExpiryMs,
          page.usedBytes,
        );
      } else {
        last.bytes += page.usedBytes;
      }
    }
  }

  /** A page the checkpoint names. */
  adopt(page: Page): void {
    this.chain.adopt(page);
    this.#index.push(page);
    this.bodyBytes += page.unreadBytes;
    this.recordBytes += page.usedBytes;
    this.lastTimestampMs = Math.max(this.lastTimestampMs, page.lastExpiryMs);
  }

  #segmentBytesMax(): number {
    return this.#values.segmentBytesMax ?? SEGMENT_BYTES_DEFAULT;
  }

  #beginSegment(firstSequence: Sequence, firstTimestampMs: number, bytes: number): void {
    this.segments.push({ firstSequence, firstTimestampMs, bytes });
  }

  /** A segment ends by its size; with a maximum age after half of it, so that there is something to drop in time. */
  #endFullSegment(nowMs: number): void {
    const { segments } = this;
    const segment = segments[segments.length - 1];
    if (segment === undefined) return;
    const { maxAgeMs } = this.#values;
    const isOld = maxAgeMs !== undefined && segment.firstTimestampMs < nowMs - maxAgeMs / 2;
    if (!isOld && segment.bytes < this.#segmentBytesMax()) return;
    const last = this.chain.lastPage;
    if (last !== undefined && last.state === PageState.open) this.chain.seal(last);
    this.#beginSegment(this.lastSequence + 1, Math.max(nowMs, this.lastTimestampMs), 0);
  }

  /** Gives up everything. */
  clear(): void {
    for (const page of this) {
      this.snapshots.forget(page);
      this.#host.onPageDropped(page);
    }
    this.#index = [];
    this.#firstIndex = 0;
    this.segments.length = 0;
    this.unwritten.clear();
    this.bodyBytes = 0;
    this.recordBytes = 0;
    this.chain.clear();
  }

  // ---- pages that leave memory and come back -----------------------------------------------------------------------

  isNear(): boolean {
    return false;
  }

  compact(): void {}

  seal(page: Page): void {
    this.chain.seal(page);
  }

  beforeOut(page: Page): void {
    this.scan.noteBodies(page);
    this.#noteWritten(page);
  }

  onLoaded(page: Page, isDamaged: boolean): void {
    this.scan.applySettled(page);
    this.#noteWritten(page);
    if (isDamaged && !page.isInexact) {
      // What is damaged stays so: it is counted once.
      page.isInexact = true;
      this.#host.onMessagesLost(page.unread - this.scan.recount(page, 0, false).unread);
    }
    if (page.state === PageState.sealed) this.#cache.addCandidate(page);
    this.#host.onPageLoaded(page, isDamaged);
  }

  onLost(page: Page): void {
    page.isLost = true;
    this.#host.onMessagesLost(page.unread);
    this.#host.onPageLoaded(page, true);
  }

  #noteWritten(page: Page): void {
    page.settledSince = undefined;
    if (page.handle === NOT_WRITTEN) return;
    this.unwritten.delete(page);
    this.snapshots.forget(page);
  }
}
