// The side of a stream that checkpoints and replay speak to.

import type { Address } from "../../lib/arena.ts";
import {
  type CheckpointWriter,
  NO_LOG_POSITION,
  type PageFacts,
  type Recoverable,
} from "../journal/recovery.ts";
import type { BodyReference, LogPosition, QueueNumber, Sequence } from "../numbers.ts";
import { NOT_WRITTEN, type Page, PageState, smallestPageFor } from "../queue/page.ts";
import { NO_VALUES } from "./bloom.ts";
import { type OffsetTracking, TrackedKind } from "./offset-tracking.ts";
import { factsOf } from "./page-snapshots.ts";
import type { StreamLog } from "./stream-log.ts";

export class StreamRecovery implements Recoverable {
  readonly #queue: QueueNumber;
  readonly #log: StreamLog;
  readonly #tracking: OffsetTracking;
  readonly #journal: { readonly position: LogPosition };
  readonly #onRestored: () => void;
  #lastSequence: Sequence = 0;

  constructor(
    queue: QueueNumber,
    log: StreamLog,
    tracking: OffsetTracking,
    journal: { readonly position: LogPosition },
    onRestored: () => void,
  ) {
    this.#queue = queue;
    this.#log = log;
    this.#tracking = tracking;
    this.#journal = journal;
    this.#onRestored = onRestored;
  }

  // ---- checkpoints ---------------------------------------------------------------------------------------------

  get lowestLogPosition(): LogPosition {
    let lowest = NO_LOG_POSITION;
    for (const page of this.#log.unwritten) lowest = Math.min(lowest, page.lowestLogPosition);
    return lowest;
  }

  writeOutBefore(position: LogPosition): void {
    const { unwritten, chain, pages, snapshots } = this.#log;
    for (const page of unwritten) {
      const isNeeded = page.lowestLogPosition < position;
      if (page.state !== PageState.open) {
        if (isNeeded) pages.write(page);
      } else if (!isNeeded && snapshots.adopt(page, position)) {
        // A page nobody adds to is ended: it need not stay in memory.
        unwritten.delete(page);
        chain.seal(page);
      } else if (isNeeded && !snapshots.take(page, this.#journal.position)) {
        chain.seal(page);
        pages.write(page);
      }
    }
  }

  checkpoint(writer: CheckpointWriter): void {
    const queue = this.#queue;
    const log = this.#log;
    if (log.lastSequence > 0) writer.lastSequences(queue, [log.lastSequence]);
    if (log.firstSequence > 1) writer.settled(queue, 1, log.firstSequence - 1);
    for (const { from, to } of log.gone.ranges()) writer.settled(queue, from, to);
    const named: Page[] = [];
    for (const page of log) {
      const isWritten = page.handle !== NOT_WRITTEN;
      const facts = isWritten ? { ...factsOf(page), handle: page.handle } : log.snapshots.of(page);
      if (facts === undefined) break;
      named.push(page);
      writer.page(queue, facts);
      if (page.externalBodies > 0) this.#writeBodies(writer, page, facts.lastSequence);
      // What lies behind comes back from the log.
      if (facts.lastSequence < page.lastSequence) break;
    }
    for (const { firstSequence, filter } of named) {
      if (filter !== undefined && filter.length > 0) {
        writer.pageFilter(queue, firstSequence, filter);
      }
    }
    for (const kind of [TrackedKind.offset, TrackedKind.publisher]) {
      for (const [name, value] of this.#tracking.entries(kind)) {
        writer.tracked(queue, kind, name, value);
      }
    }
  }

  #writeBodies(writer: CheckpointWriter, page: Page, last: Sequence): void {
    if (page.bodies === undefined) writer.looked(page.live);
    for (const run of this.#log.scan.bodiesOf(page).runs) {
      const count = Math.min(run.count, last - run.firstSequence + 1);
      if (count > 0) writer.bodies(this.#queue, { ...run, count });
    }
  }

  // ---- replay --------------------------------------------------------------------------------------------------

  restoreLastSequences(sequences: readonly Sequence[]): void {
    for (const sequence of sequences) {
      this.#lastSequence = Math.max(this.#lastSequence, sequence);
    }
  }

  restoreDeliveredUpTo(): void {}

  restoreReturned(): void {}

  restorePage(facts: PageFacts): void {
    const log = this.#log;
    if (facts.firstSequence <= log.lastSequence || facts.lastSequence < log.firstSequence) return;
    const page = log.pages.adopt(log.chain.level, smallestPageFor(facts.lengthBytes), facts.handle);
    page.usedBytes = facts.lengthBytes;
    page.firstSequence = facts.firstSequence;
    page.lastSequence = facts.lastSequence;
    page.live = page.unread = page.logged = facts.messageCount;
    page.unreadBytes = page.loggedBytes = facts.messageBytes;
    page.lastExpiryMs = facts.lastExpiryMs;
    page.settledSince = undefined;
    page.filter = NO_VALUES;
    log.adopt(page);
  }

  restoreBodies(firstSequence: Sequence, count: number, firstReference: BodyReference): void {
    for (let i = 0; i < count; i++) this.#restoreBody(firstSequence + i, firstReference + i);
  }

  #restoreBody(sequence: Sequence, body: BodyReference): void {
    const page = this.#log.pageOf(sequence);
    if (page === undefined || page.handle === NOT_WRITTEN || sequence < page.firstSequence) return;
    this.#log.scan.restoreBody(page, sequence, body);
  }

  restoreFilter(firstSequence: Sequence, filter: Uint8Array): void {
    const page = this.#log.pageOf(firstSequence);
    if (page?.firstSequence === firstSequence && page.handle !== NOT_WRITTEN) page.filter = filter;
  }

  restoreTracked(kind: TrackedKind, name: string, value: number): void {
    this.#tracking.restore(kind, name, value);
  }

  restore(at: Address, sequence: Sequence, expiresAtMs: number, position: LogPosition): boolean {
    const log = this.#log;
    if (sequence <= log.lastSequence || sequence < log.firstSequence) return true;
    return log.restore(at, sequence, expiresAtMs, position);
  }

  /** Streams lose messages from their old end alone, but for those of transactions that never ended. */
  restoreSettled(from: Sequence, to: Sequence): void {
    const log = this.#log;
    if (from <= log.firstSequence) log.dropBefore(to + 1);
    else log.gone.add(from, to);
  }

  restored(): void {
    const { chain } = this.#log;
    chain.lastSequence = Math.max(chain.lastSequence, this.#lastSequence);
    this.#log.findSegments();
    this.#onRestored();
  }
}
