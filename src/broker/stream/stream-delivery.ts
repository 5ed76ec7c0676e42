// hot path: runs per message
// Takes one reader through the pages of a stream, from where it stands to where it must wait.

import type { Address, Arena } from "../../lib/arena.ts";
import type { ContentHeaders } from "../message/content-headers.ts";
import { RecordFlag, RecordView } from "../message/record.ts";
import { canTake } from "../queue/consumer-ring.ts";
import { DeliveryHeader } from "../queue/delivery-header.ts";
import { DeliveryRun } from "../queue/delivery-run.ts";
import { type Page, PageState } from "../queue/page.ts";
import type { Delivery } from "../queue/queue.ts";
import { mayHave } from "./bloom.ts";
import { FILTER_VALUE_HEADER, type StreamLog } from "./stream-log.ts";
import { type StreamReader, Waiting } from "./stream-reader.ts";
import type { StreamFilter } from "./subscription.ts";

/** What one reader gets before the next one's turn. */
const RECORDS_MAX = 1_024;
const BYTES_MAX = 262_144;
/** And when it gets many in one go: a write of this size costs little more than one of a quarter. */
const RUN_BYTES_MAX = 1_048_576;
/** Messages passed over before the next one's turn. */
const PASSED_MAX = 8_192;
/** Fewer messages are not worth a run. */
const RUN_MIN = 4;

/** Instead of an address. */
const NOT_YET = -1;
const NOT_LOADED = -2;
const ENOUGH = -3;

const EMPTY_VALUE = new Uint8Array(0);

export class StreamDelivery implements Delivery {
  readonly record: RecordView;
  sequence = 0;
  readonly location = 0;
  readonly redelivered = false;
  readonly deliveryCount = 0;
  readonly header = new DeliveryHeader("x-stream-offset");
  /** What the last `serve` gave away. */
  records = 0;
  bytes = 0;
  readonly #log: StreamLog;
  readonly #headers: ContentHeaders;
  readonly #run = new DeliveryRun(this.header);

  constructor(arena: Arena, log: StreamLog) {
    this.#log = log;
    this.#headers = log.headers;
    this.record = new RecordView(arena);
  }

  /** Gives the reader messages up to `committed`; answers what it waits for then. */
  serve(reader: StreamReader, committed: number): Waiting {
    this.records = 0;
    this.bytes = 0;
    const { consumer } = reader;
    if (!consumer.active || consumer.held) return Waiting.credit;
    if (reader.page !== undefined) this.#log.touch(reader.page);
    while (reader.next <= committed) {
      if (!canTake(consumer, Number.POSITIVE_INFINITY)) return Waiting.credit;
      if (this.records >= RECORDS_MAX || this.bytes >= BYTES_MAX) return Waiting.turn;
      const at = this.#find(reader, committed);
      if (at === NOT_YET) return Waiting.messages;
      if (at === NOT_LOADED) return Waiting.page;
      if (at === ENOUGH) return Waiting.turn;
      if (!this.#deliverRun(reader, committed)) this.#deliver(reader, at);
    }
    return Waiting.messages;
  }

  #deliver(reader: StreamReader, at: Address): void {
    const { record } = this;
    const { consumer } = reader;
    record.at = at;
    const { bodySizeBytes } = record;
    // Found by `#findIn`.
    const sequence = reader.next;
    this.sequence = sequence;
    this.header.value = sequence - 1;
    reader.next = sequence + 1;
    reader.offset += record.lengthBytes;
    reader.settled?.delivered(sequence);
    consumer.unackedCount++;
    consumer.unackedBytes += bodySizeBytes;
    this.records++;
    this.bytes += bodySizeBytes;
    consumer.target.deliver(consumer, this);
  }

  /** Gives the reader what `#find` has found and more behind it, in one go. False where that is not to be had. */
  #deliverRun(reader: StreamReader, committed: number): boolean {
    const { consumer } = reader;
    const { target, prefetchMax } = consumer;
    const page = reader.page as Page;
    if (target.deliverRun === undefined || reader.subscription.filter !== undefined) return false;
    if (page.isMoved || this.#log.gone.size > 0) return false;
    const run = this.#run;
    run.countMax = Math.min(
      committed + 1 - reader.next,
      prefetchMax > 0 ? prefetchMax - consumer.unackedCount : RECORDS_MAX,
      RECORDS_MAX - this.records,
    );
    if (run.countMax < RUN_MIN) return false;
    run.bytesMax = RUN_BYTES_MAX - this.bytes;
    run.page = page;
    run.offset = reader.offset;
    run.sequence = reader.next;
    target.deliverRun(consumer, run);
    const { count } = run;
    if (count === 0) return false;
    if (reader.settled !== undefined) {
      for (let i = 0; i < count; i++) reader.settled.delivered(run.sequence + i);
    }
    reader.next += count;
    reader.offset = run.endOffset;
    consumer.unackedCount += count;
    consumer.unackedBytes += run.bodyBytes;
    this.records += count;
    this.bytes += run.sentBytes;
    return true;
  }

  /** Where the reader's next message lies. What it does not want is passed over. */
  #find(reader: StreamReader, committed: number): Address {
    for (;;) {
      const page = this.#pageOf(reader);
      if (page === undefined) return NOT_YET;
      if (this.#isOfNoUse(page, reader, committed)) {
        reader.next = page.lastSequence + 1;
        reader.offset = page.usedBytes;
        continue;
      }
      if (!page.isReadable) {
        this.#log.pages.load(page);
        return NOT_LOADED;
      }
      if (reader.offset === 0 && page.next !== undefined) this.#log.pages.loadAhead(page.next);
      const at = this.#findIn(page, reader, committed);
      if (at !== NOT_LOADED) return at;
    }
  }

  /** The page the reader goes on in: another one when it has come to its end. */
  #pageOf(reader: StreamReader): Page | undefined {
    let { page } = reader;
    if (page !== undefined && reader.offset >= page.usedBytes) {
      if (page.next === undefined) return undefined;
      page = page.next;
    } else if (page === undefined) {
      page = this.#log.pageOf(reader.next);
    } else {
      return page;
    }
    reader.page = page;
    reader.offset = 0;
    return page;
  }

  #isOfNoUse(page: Page, reader: StreamReader, committed: number): boolean {
    if (page.isLost || page.lastSequence < reader.next) return page.state !== PageState.open;
    const { filter } = reader.subscription;
    if (filter === undefined || page.filter === undefined) return false;
    if (page.state === PageState.open || page.lastSequence > committed) return false;
    return !pageMayMatch(page.filter, filter);
  }

  /** NOT_LOADED when there is nothing more in this page. */
  #findIn(page: Page, reader: StreamReader, committed: number): Address {
    const { record } = this;
    const { gone } = this.#log;
    let { offset } = reader;
    for (let passed = 0; offset < page.usedBytes; passed++) {
      record.at = page.address + offset;
      const { sequence } = record;
      if ((record.flags & RecordFlag.settled) === 0 && sequence >= reader.next) {
        reader.offset = offset;
        if (sequence > committed) return NOT_YET;
        reader.next = sequence;
        const isGone = gone.size > 0 && gone.has(sequence);
        if (!isGone && this.#isWanted(reader)) return record.at;
        reader.next = sequence + 1;
      }
      offset += record.lengthBytes;
      reader.offset = offset;
      if (passed >= PASSED_MAX) return ENOUGH;
    }
    return NOT_LOADED;
  }

  /** Whether `record` is one of those the reader asked for. */
  #isWanted(reader: StreamReader): boolean {
    const { record } = this;
    if (reader.fromTimestampMs > 0) {
      if (record.expiresAtMs < reader.fromTimestampMs) return false;
      reader.fromTimestampMs = 0;
    }
    const { filter } = reader.subscription;
    if (filter === undefined) return true;
    const headers = this.#headers;
    if (!headers.findText(record.contentAt, FILTER_VALUE_HEADER)) return filter.matchUnfiltered;
    const { values } = filter;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as Uint8Array;
      if (value.length === headers.valueLength && headers.isAt(headers.valueAt, value)) return true;
    }
    return false;
  }
}

function pageMayMatch(pageFilter: Uint8Array, filter: StreamFilter): boolean {
  if (filter.matchUnfiltered && mayHave(pageFilter, EMPTY_VALUE)) return true;
  const { values } = filter;
  for (let i = 0; i < values.length; i++) {
    if (mayHave(pageFilter, values[i] as Uint8Array)) return true;
  }
  return false;
}
