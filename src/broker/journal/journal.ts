// hot path: runs per message
// Turns what happens in the core into log entries. One journal per node, above whatever keeps the log.
// A reply that promises durability may leave when `log.durablePosition` has reached the `position` read right after
// the call that logged its cause.

import type { Address, Arena } from "../../lib/arena.ts";
import { assert } from "../../lib/assert.ts";
import type { Publication } from "../message/publication.ts";
import type { BodyReference, LogPosition, QueueNumber, Sequence } from "../numbers.ts";
import { EntryKind, type Log } from "../ports.ts";
import type { Queue } from "../queue/queue.ts";
import type { TrackedKind } from "../stream/offset-tracking.ts";
import type { DefinitionJournal, JsonObject } from "./journaling.ts";
import {
  commitBytes,
  definitionBytes,
  ENTRY_PIECE_BYTES_MAX,
  MOVE_PREFIX_BYTES,
  PUBLISH_PREFIX_BYTES,
  partBytes,
  pieceFlags,
  publishBytes,
  RANGE_BYTES,
  RETURNED_RANGE_BYTES,
  TRANSACTION_PREFIX_BYTES,
  trackedBytes,
  writeCommitHead,
  writeDefinition,
  writePartHead,
  writePublish,
  writeTarget,
  writeTracked,
} from "./log-entries.ts";

/** A publish to more queues than this takes several entries, each with the record. */
export const TARGETS_PER_ENTRY_MAX = 8_192;
const COMMIT_RANGES_MAX = 16_384;
const NONE = -1;

const textEncoder = new TextEncoder();

export class Journal implements DefinitionJournal {
  readonly #log: Log;
  readonly #arena: Arena;
  readonly #view: DataView;
  #movingFrom: QueueNumber = NONE;
  #movingSequence: Sequence = 0;
  #transaction = NONE;
  /** Settlements of the open transaction: queue, from, to. */
  readonly #transactionRanges: number[] = [];
  /** The highest transaction number given out; checkpoints keep it. */
  lastTransaction = 0;
  /** Called before a transaction begins and ends: whoever gathers settlements hands them over now. */
  gather: () => void = () => {};

  constructor(log: Log, arena: Arena) {
    this.#log = log;
    this.#arena = arena;
    this.#view = arena.view;
  }

  /** Just behind the last entry: where the next one starts, and what a reply to the last one waits for. */
  get position(): LogPosition {
    return this.#log.position;
  }

  get durablePosition(): LogPosition {
    return this.#log.durablePosition;
  }

  /** What is logged now holds only with an entry that is still to come. */
  get isInTransaction(): boolean {
    return this.#transaction !== NONE;
  }

  /** No more publishes should be taken until the log's handler hears `onRelieved`. */
  get congested(): boolean {
    return this.#log.congested;
  }

  /**
   * Logs one message for the first `count` of `targets`, which have just taken it: `lastSequence` and
   * `lastExpiresAtMs` say under what. Inside a transaction it counts only with the transaction's end; between
   * `beginMove` and `endMove` it also settles what is moved.
   */
  publish(publication: Publication, targets: readonly Queue[], count: number): void {
    let from = 0;
    while (count - from > TARGETS_PER_ENTRY_MAX) {
      this.#publishSome(publication, targets, from, from + TARGETS_PER_ENTRY_MAX);
      from += TARGETS_PER_ENTRY_MAX;
    }
    this.#publishSome(publication, targets, from, count);
  }

  #publishSome(
    publication: Publication,
    targets: readonly Queue[],
    from: number,
    to: number,
  ): void {
    const view = this.#view;
    const count = to - from;
    let at: Address;
    if (this.#movingFrom !== NONE) {
      at = this.#log.append(EntryKind.move, publishBytes(MOVE_PREFIX_BYTES, count, publication));
      view.setFloat64(at, this.#movingFrom, true);
      view.setFloat64(at + 8, this.#movingSequence, true);
      at += MOVE_PREFIX_BYTES;
      this.#movingFrom = NONE;
    } else if (this.#transaction !== NONE) {
      at = this.#log.append(
        EntryKind.transactionPublish,
        publishBytes(TRANSACTION_PREFIX_BYTES, count, publication),
      );
      view.setFloat64(at, this.#transaction, true);
      at += TRANSACTION_PREFIX_BYTES;
    } else {
      at = this.#log.append(
        EntryKind.publish,
        publishBytes(PUBLISH_PREFIX_BYTES, count, publication),
      );
    }
    writePublish(this.#arena, at, count, publication);
    for (let i = 0; i < count; i++) {
      const queue = targets[from + i] as Queue;
      writeTarget(view, at, i, queue.definition.number, queue.lastSequence, queue.lastExpiresAtMs);
    }
  }

  /** The messages of that range are gone; some of them may never have been in the log. */
  settle(queue: QueueNumber, from: Sequence, to: Sequence): void {
    if (this.#transaction !== NONE) {
      this.#transactionRanges.push(queue, from, to);
      return;
    }
    const at = this.#log.append(EntryKind.settle, 8 + RANGE_BYTES);
    this.#view.setFloat64(at, queue, true);
    this.#view.setFloat64(at + 8, from, true);
    this.#view.setFloat64(at + 16, to, true);
  }

  /** They came back and have now been delivered in vain `deliveryCount` times. */
  returned(queue: QueueNumber, from: Sequence, to: Sequence, deliveryCount: number): void {
    const at = this.#log.append(EntryKind.returned, 8 + RETURNED_RANGE_BYTES);
    this.#view.setFloat64(at, queue, true);
    this.#view.setFloat64(at + 8, from, true);
    this.#view.setFloat64(at + 16, to, true);
    this.#view.setFloat64(at + 24, deliveryCount, true);
  }

  /** Messages of that level up to `sequence` have been handed out: survivors come back as redelivered. */
  deliveredUpTo(queue: QueueNumber, sequence: Sequence): void {
    const at = this.#log.append(EntryKind.outUpTo, 16);
    this.#view.setFloat64(at, queue, true);
    this.#view.setFloat64(at + 8, sequence, true);
  }

  /** A message that came back waits until then (wall time) before it goes out again. */
  waiting(queue: QueueNumber, sequence: Sequence, dueAtMs: number): void {
    const at = this.#log.append(EntryKind.waiting, 24);
    this.#view.setFloat64(at, queue, true);
    this.#view.setFloat64(at + 8, sequence, true);
    this.#view.setFloat64(at + 16, dueAtMs, true);
  }

  /** A stream keeps a number under a name. */
  track(queue: QueueNumber, kind: TrackedKind, name: string, value: number): void {
    const nameBytes = textEncoder.encode(name);
    const at = this.#log.append(EntryKind.tracked, trackedBytes(nameBytes.length));
    writeTracked(this.#arena.u8, this.#view, at, { queue, kind, value, name: nameBytes });
  }

  /**
   * The next logged publish takes the place of this message (dead-lettering, retry, delay): both or none.
   * `endMove` settles it alone if nothing was logged.
   */
  beginMove(queue: QueueNumber, sequence: Sequence): void {
    assert(this.#movingFrom === NONE, "one move at a time");
    this.#movingFrom = queue;
    this.#movingSequence = sequence;
  }

  endMove(): void {
    const queue = this.#movingFrom;
    if (queue === NONE) return;
    this.#movingFrom = NONE;
    this.settle(queue, this.#movingSequence, this.#movingSequence);
  }

  /** The message stays where it is after all. */
  cancelMove(): void {
    this.#movingFrom = NONE;
  }

  /**
   * Some bytes of a large body of `bodySizeBytes` that arrives; without an entry that names `reference` they are
   * garbage.
   */
  part(
    reference: BodyReference,
    bodySizeBytes: number,
    offset: number,
    at: Address,
    lengthBytes: number,
  ): void {
    for (let done = 0; done < lengthBytes; ) {
      const length = Math.min(lengthBytes - done, ENTRY_PIECE_BYTES_MAX);
      const to = this.#log.append(EntryKind.part, partBytes(length));
      const head = writePartHead(this.#view, to, reference, offset + done, length, bodySizeBytes);
      this.#arena.copy(head, at + done, length);
      done += length;
    }
  }

  /** What is published and settled until `endTransaction` holds together. All of it happens in one turn. */
  beginTransaction(): void {
    assert(this.#transaction === NONE, "one transaction at a time");
    this.gather();
    this.#transaction = ++this.lastTransaction;
  }

  endTransaction(): void {
    this.gather();
    const transaction = this.#transaction;
    assert(transaction !== NONE, "a transaction is open");
    this.#transaction = NONE;
    const ranges = this.#transactionRanges;
    let from = 0;
    do {
      const to = Math.min(ranges.length, from + 3 * COMMIT_RANGES_MAX);
      const at = this.#log.append(EntryKind.commit, commitBytes((to - from) / 3));
      const head = writeCommitHead(this.#view, at, transaction, to < ranges.length);
      for (let i = from; i < to; i++) {
        this.#view.setFloat64(head + (i - from) * 8, ranges[i] as number, true);
      }
      from = to;
    } while (from < ranges.length);
    ranges.length = 0;
  }

  /** Logs a change of topology, users or settings. */
  define(kind: string, object: JsonObject): void {
    const kindBytes = textEncoder.encode(kind);
    const json = textEncoder.encode(JSON.stringify(object));
    for (let from = 0; from < json.length; from += ENTRY_PIECE_BYTES_MAX) {
      const piece = json.subarray(from, from + ENTRY_PIECE_BYTES_MAX);
      const at = this.#log.append(
        EntryKind.definition,
        definitionBytes(kindBytes.length, piece.length),
      );
      writeDefinition(this.#arena.u8, at, kindBytes, piece, pieceFlags(from, json.length));
    }
  }
}
