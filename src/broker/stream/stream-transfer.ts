// hot path: runs per message
// A stream's end of a conversion. Messages leave it from the old end, as retention takes them; readers do not go along,
// for where they stand means nothing elsewhere. What comes into a stream is a message like any other.

import type { Arena } from "../../lib/arena.ts";
import type { Publication } from "../message/publication.ts";
import { RecordFlag, RecordView } from "../message/record.ts";
import type { QueueNumber, Sequence } from "../numbers.ts";
import { Peek } from "../queue/backlog.ts";
import type { Page } from "../queue/page.ts";
import {
  type Delivery,
  Enqueued,
  type Queue,
  type QueueDepth,
  type QueueState,
} from "../queue/queue.ts";
import { type Mover, type Transfer, withPartner } from "../queue/transfer.ts";
import type { StreamLog } from "./stream-log.ts";

/** The stream itself. */
export interface StreamTransferHost {
  readonly definition: { readonly number: QueueNumber };
  state: QueueState;
  publish(publication: Publication): Enqueued;
}

export interface StreamTransferParts {
  readonly arena: Arena;
  readonly log: StreamLog;
  readonly readers: { cancelAll(): void };
  readonly journal: { settle(queue: QueueNumber, from: Sequence, to: Sequence): void };
}

/** The oldest message, which nobody was ever given in the sense of a queue. */
class OldestDelivery implements Delivery {
  readonly record: RecordView;
  sequence: Sequence = 0;
  readonly location = 0;
  readonly redelivered = false;
  readonly deliveryCount = 0;

  constructor(arena: Arena) {
    this.record = new RecordView(arena);
  }
}

export class StreamTransfer implements Transfer {
  readonly keepsExpiry = false;
  mover: Mover | undefined = undefined;
  partner: Queue | undefined = undefined;
  readonly found: OldestDelivery;
  readonly #host: StreamTransferHost;
  readonly #parts: StreamTransferParts;
  /** Where the oldest message was looked for last. */
  #page: Page | undefined = undefined;
  #offset = 0;
  /** Bytes of bodies that have left `#page`: it goes as a whole. */
  #leftBytes = 0;

  constructor(host: StreamTransferHost, parts: StreamTransferParts) {
    this.#host = host;
    this.#parts = parts;
    this.found = new OldestDelivery(parts.arena);
  }

  begin(mover: Mover): void {
    this.mover = mover;
    this.#host.state = "converting";
    this.#parts.readers.cancelAll();
  }

  // ---- leaving -------------------------------------------------------------------------------------------------

  get isEmpty(): boolean {
    return this.#parts.log.messageCount === 0;
  }

  peek(): Peek {
    const { log } = this.#parts;
    for (;;) {
      const page = this.#currentPage();
      if (page === undefined) {
        this.#passOver(log.lastSequence + 1);
        return Peek.empty;
      }
      if (page.isLost) {
        this.#passOver(page.lastSequence + 1);
        continue;
      }
      if (!page.isReadable) {
        log.pages.load(page);
        return Peek.out;
      }
      if (this.#findIn(page)) return Peek.found;
      this.#passOver(page.lastSequence + 1);
    }
  }

  #currentPage(): Page | undefined {
    const { log } = this.#parts;
    if (this.#page !== undefined) return this.#page;
    const page = log.pageOf(log.firstSequence);
    this.#page = page;
    this.#offset = 0;
    if (page === undefined) return undefined;
    log.touch(page);
    if (page.next !== undefined) log.pages.loadAhead(page.next);
    return page;
  }

  #findIn(page: Page): boolean {
    const { log } = this.#parts;
    const { found } = this;
    const { record } = found;
    while (this.#offset < page.usedBytes) {
      record.at = page.address + this.#offset;
      const { sequence, flags } = record;
      const isGone = (flags & RecordFlag.settled) !== 0 || log.gone.has(sequence);
      if (sequence >= log.firstSequence && !isGone) {
        found.sequence = sequence;
        this.#passOver(sequence);
        return true;
      }
      this.#offset += record.lengthBytes;
    }
    return false;
  }

  /** The log hears of messages in front of `sequence` that cannot be had: what was damaged, or never committed. */
  #passOver(sequence: Sequence): void {
    const { log, journal } = this.#parts;
    const { firstSequence } = log;
    if (sequence <= firstSequence) return;
    journal.settle(this.#host.definition.number, firstSequence, sequence - 1);
    this.#dropBefore(sequence);
  }

  taken(): void {
    const { record, sequence } = this.found;
    this.#offset += record.lengthBytes;
    this.#leftBytes += record.bodySizeBytes;
    this.#dropBefore(sequence + 1);
  }

  #dropBefore(sequence: Sequence): void {
    const page = this.#page;
    if (page !== undefined && page.lastSequence < sequence) this.#forgetPage();
    this.#parts.log.dropBefore(sequence);
  }

  #forgetPage(): void {
    this.#page = undefined;
    this.#leftBytes = 0;
  }

  /** Records of the page lie elsewhere than they did. */
  onPageChanged(page: Page): void {
    if (page === this.#page) this.#offset = 0;
  }

  // ---- coming --------------------------------------------------------------------------------------------------

  put(publication: Publication): boolean {
    return this.#host.publish(publication) === Enqueued.accepted;
  }

  /** Readers of a stream are not told. */
  noteRedelivered(): void {}

  // ---- what is seen --------------------------------------------------------------------------------------------

  /** What there is, less what has left the page that is not dropped yet. */
  get bodyBytes(): number {
    return Math.max(0, this.#parts.log.bodyBytes - this.#leftBytes);
  }

  withPartner(own: QueueDepth): QueueDepth {
    return withPartner(own, this.partner);
  }
}
