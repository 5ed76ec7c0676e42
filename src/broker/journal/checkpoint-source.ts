// Describes a broker for a checkpoint, and has it let go of old log entries.

import type { Broker } from "../broker.ts";
import type { BodyReference, LogPosition, QueueNumber, Sequence } from "../numbers.ts";
import { type CheckpointSink, type CheckpointSource, EntryKind } from "../ports.ts";
import type { BodyRun } from "../queue/noted-bodies.ts";
import type { TrackedKind } from "../stream/offset-tracking.ts";
import { EncodedDefinitions } from "./encoded-definitions.ts";
import {
  definitionBytes,
  ENTRY_PIECE_BYTES_MAX,
  PAGE_FACTS_BYTES,
  pageFilterBytes,
  pieceFlags,
  RANGE_BYTES,
  RETURNED_RANGE_BYTES,
  trackedBytes,
  writeDefinition,
  writePageFacts,
  writeTracked,
} from "./log-entries.ts";
import {
  type BodyFacts,
  type CheckpointWriter,
  NO_LOG_POSITION,
  type PageFacts,
} from "./recovery.ts";

const encoder = new TextEncoder();

export class BrokerCheckpoint implements CheckpointSource {
  readonly #broker: Broker;
  readonly #exportDefinitions: () => Generator<void, string>;
  /** Made by `prepareCapture`, used and given up by `capture`: between checkpoints they would only take memory. */
  #prepared: EncodedDefinitions | undefined = undefined;

  constructor(broker: Broker, exportDefinitions: () => Generator<void, string>) {
    this.#broker = broker;
    this.#exportDefinitions = exportDefinitions;
  }

  *findLowestLogPosition(): Generator<void, LogPosition> {
    let lowest = this.#broker.bodies.lowestLogPosition;
    let visited = 0;
    for (const vhost of this.#broker.vhosts.values()) {
      for (const { recoverable } of vhost.numberedQueues()) {
        const position = recoverable?.lowestLogPosition ?? NO_LOG_POSITION;
        if (position < lowest) lowest = position;
        if (++visited < this.#rowsPerSlice) continue;
        visited = 0;
        yield;
      }
    }
    return lowest;
  }

  *writeOutBefore(position: LogPosition): Generator<void, boolean> {
    const { bodies } = this.#broker;
    yield* bodies.writeOutBefore(position);
    let isDone = bodies.lowestLogPosition >= position;
    let visited = 0;
    for (const vhost of this.#broker.vhosts.values()) {
      for (const { recoverable } of vhost.numberedQueues()) {
        visited++;
        if (recoverable !== undefined && recoverable.lowestLogPosition < position) {
          recoverable.writeOutBefore(position);
          isDone = false;
          visited += WRITING_COSTS;
        }
        if (visited < VISITS_PER_SLICE) continue;
        visited = 0;
        yield;
      }
    }
    return isDone;
  }

  *prepareCapture(): Generator<void, void> {
    const prepared = new EncodedDefinitions(this.#broker.definitionsVersion);
    let visited = 0;
    for (const definition of this.#broker.definitions()) {
      prepared.add(definition);
      if (++visited < this.#rowsPerSlice) continue;
      visited = 0;
      yield;
    }
    this.#prepared = prepared;
  }

  *capture(sink: CheckpointSink): Generator<void, void> {
    const { lastQueueNumber, lastExchangeNumber, journal, bodies } = this.#broker;
    const { lastTransaction } = journal;
    const { lastReference } = bodies;
    const definitions = this.#definitionsNow();
    this.#prepared = undefined;
    yield;
    yield* this.#captureDefinitions(sink, definitions);
    const at = sink.append(EntryKind.numbers, 32);
    sink.view.setFloat64(at, lastQueueNumber, true);
    sink.view.setFloat64(at + 8, lastExchangeNumber, true);
    sink.view.setFloat64(at + 16, lastTransaction, true);
    sink.view.setFloat64(at + 24, lastReference, true);
    yield* this.#captureBodies(sink, lastReference);
    yield* this.#captureQueues(sink, lastQueueNumber);
  }

  /** All of them as they are at this moment. What was prepared and has not changed since is not encoded again. */
  #definitionsNow(): EncodedDefinitions {
    const prepared = this.#prepared;
    const version = this.#broker.definitionsVersion;
    if (prepared?.version === version) return prepared;
    const now = new EncodedDefinitions(version, prepared);
    for (const definition of this.#broker.definitions()) now.add(definition);
    return now;
  }

  *#captureDefinitions(sink: CheckpointSink, definitions: EncodedDefinitions) {
    let written = 0;
    for (const { kind, json } of definitions.rows) {
      define(sink, kind, json);
      if (++written < this.#rowsPerSlice) continue;
      written = 0;
      yield;
    }
  }

  /** The log knows all of those that came meanwhile, and of those that went nobody is named that needs them. */
  *#captureBodies(sink: CheckpointSink, last: BodyReference): Generator<void, void> {
    let written = 0;
    for (const body of this.#broker.bodies.facts()) {
      if (body.reference > last) break;
      writeBody(sink, body);
      if (++written < this.#rowsPerSlice) continue;
      written = 0;
      yield;
    }
  }

  get #rowsPerSlice(): number {
    return this.#broker.limits.checkpointRowsPerSliceMax;
  }

  /** Queues with higher numbers were declared meanwhile: the log knows all of them. */
  *#captureQueues(sink: CheckpointSink, lastNumber: QueueNumber): Generator<void, void> {
    const writer = new QueueWriter(sink);
    for (const vhost of this.#broker.vhosts.values()) {
      for (const { recoverable, definition } of vhost.numberedQueues()) {
        if (recoverable === undefined || definition.number > lastNumber) continue;
        recoverable.checkpoint(writer);
        writer.rowCount++;
        if (writer.rowCount < this.#rowsPerSlice) continue;
        writer.rowCount = 0;
        yield;
      }
    }
    writer.flush();
  }

  get definitionsVersion(): number {
    return this.#broker.definitionsVersion;
  }

  exportDefinitions(): Generator<void, string> {
    return this.#exportDefinitions();
  }
}

/** Objects looked at in one slice, and how many more looks it costs to write a queue's pages. */
const VISITS_PER_SLICE = 1_024;
const WRITING_COSTS = 15;

function writeBody(sink: CheckpointSink, { reference, sizeBytes, pages }: BodyFacts): void {
  let at = sink.append(EntryKind.bodies, 16 + pages.length * 16);
  sink.view.setFloat64(at, reference, true);
  sink.view.setFloat64(at + 8, sizeBytes, true);
  for (const { handle, lengthBytes } of pages) {
    at += 16;
    sink.view.setFloat64(at, handle, true);
    sink.view.setFloat64(at + 8, lengthBytes, true);
  }
  for (const { handle } of pages) sink.page(handle);
}

const kindsEncoded = new Map<string, Uint8Array>();

function encodedKind(kind: string): Uint8Array {
  let bytes = kindsEncoded.get(kind);
  if (bytes === undefined) {
    bytes = encoder.encode(kind);
    kindsEncoded.set(kind, bytes);
  }
  return bytes;
}

function define(sink: CheckpointSink, kind: string, json: Uint8Array): void {
  const kindBytes = encodedKind(kind);
  for (let from = 0; from < json.length; from += ENTRY_PIECE_BYTES_MAX) {
    const piece = json.subarray(from, from + ENTRY_PIECE_BYTES_MAX);
    const length = definitionBytes(kindBytes.length, piece.length);
    const at = sink.append(EntryKind.definition, length);
    writeDefinition(sink.u8, at, kindBytes, piece, pieceFlags(from, json.length));
  }
}

/** Rows of one queue and kind become one entry, up to this many. */
const ROWS_PER_ENTRY_MAX = 4_096;
/** What it costs to look at a record, in rows. */
const LOOK_COSTS = 1 / 64;

class QueueWriter implements CheckpointWriter {
  readonly #sink: CheckpointSink;
  #kind: EntryKind = EntryKind.pages;
  #queue: QueueNumber = 0;
  /** Of the slice under way. */
  rowCount = 0;
  /** Page facts, or numbers in rows. */
  #pages: PageFacts[] = [];
  #numbers: number[] = [];

  constructor(sink: CheckpointSink) {
    this.#sink = sink;
  }

  lastSequences(queue: QueueNumber, sequences: readonly Sequence[]): void {
    this.#row(EntryKind.lastSequences, queue, sequences);
  }

  deliveredUpTo(queue: QueueNumber, sequence: Sequence): void {
    this.flush();
    const at = this.#sink.append(EntryKind.outUpTo, 16);
    this.#sink.view.setFloat64(at, queue, true);
    this.#sink.view.setFloat64(at + 8, sequence, true);
  }

  page(queue: QueueNumber, page: PageFacts): void {
    this.#begin(EntryKind.pages, queue);
    this.#pages.push(page);
    // Now, while it is there: it may have been given up when the next slice begins.
    this.#sink.page(page.handle);
    if (this.#pages.length === ROWS_PER_ENTRY_MAX) this.flush();
  }

  bodies(queue: QueueNumber, { firstSequence, count, firstReference }: BodyRun): void {
    this.#row(EntryKind.bodyRuns, queue, [firstSequence, count, firstReference]);
    if (this.#numbers.length >= ROWS_PER_ENTRY_MAX * 3) this.flush();
  }

  looked(recordCount: number): void {
    this.rowCount += recordCount * LOOK_COSTS;
  }

  settled(queue: QueueNumber, from: Sequence, to: Sequence): void {
    this.#row(EntryKind.settle, queue, [from, to]);
    if (this.#numbers.length * 8 >= ROWS_PER_ENTRY_MAX * RANGE_BYTES) this.flush();
  }

  returned(queue: QueueNumber, from: Sequence, to: Sequence, deliveryCount: number): void {
    this.#row(EntryKind.returned, queue, [from, to, deliveryCount]);
    if (this.#numbers.length * 8 >= ROWS_PER_ENTRY_MAX * RETURNED_RANGE_BYTES) this.flush();
  }

  waiting(queue: QueueNumber, sequence: Sequence, dueAtMs: number): void {
    this.#row(EntryKind.waiting, queue, [sequence, dueAtMs]);
    if (this.#numbers.length >= ROWS_PER_ENTRY_MAX * 2) this.flush();
  }

  pageFilter(queue: QueueNumber, firstSequence: Sequence, filter: Uint8Array): void {
    this.flush();
    const at = this.#sink.append(EntryKind.pageFilters, 8 + pageFilterBytes(filter.length));
    this.#sink.view.setFloat64(at, queue, true);
    this.#sink.view.setFloat64(at + 8, firstSequence, true);
    this.#sink.view.setUint32(at + 16, filter.length, true);
    this.#sink.view.setUint32(at + 20, 0, true);
    this.#sink.u8.set(filter, at + 24);
  }

  tracked(queue: QueueNumber, kind: TrackedKind, name: string, value: number): void {
    this.flush();
    const nameBytes = encoder.encode(name);
    const at = this.#sink.append(EntryKind.tracked, trackedBytes(nameBytes.length));
    writeTracked(this.#sink.u8, this.#sink.view, at, { queue, kind, value, name: nameBytes });
  }

  /** Writes the entry that is being gathered. */
  flush(): void {
    const rows = this.#pages.length * PAGE_FACTS_BYTES + this.#numbers.length * 8;
    if (rows === 0) return;
    const sink = this.#sink;
    let at = sink.append(this.#kind, 8 + rows);
    sink.view.setFloat64(at, this.#queue, true);
    at += 8;
    for (const page of this.#pages) {
      writePageFacts(sink.view, at, page);
      at += PAGE_FACTS_BYTES;
    }
    for (const number of this.#numbers) {
      sink.view.setFloat64(at, number, true);
      at += 8;
    }
    this.#pages = [];
    this.#numbers = [];
  }

  #row(kind: EntryKind, queue: QueueNumber, numbers: readonly number[]): void {
    this.#begin(kind, queue);
    this.#numbers.push(...numbers);
  }

  #begin(kind: EntryKind, queue: QueueNumber): void {
    this.rowCount++;
    if (kind === this.#kind && queue === this.#queue) return;
    this.flush();
    this.#kind = kind;
    this.#queue = queue;
  }
}
