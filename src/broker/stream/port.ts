// What a stream offers beyond what every queue does: for the HTTP API, and for protocols that know streams.

import type { TrackedKind } from "./offset-tracking.ts";
import type { OffsetSpecification } from "./subscription.ts";

/** Offsets count messages from 0; `undefined` where there is none. */
export interface StreamPort {
  /** Of the oldest message there is, or of the one that comes next. */
  readonly firstOffset: number;
  /** Of the newest message readers may see: the log has it on disk. */
  readonly committedOffset: number | undefined;
  /** Of the message that comes next. */
  readonly nextOffset: number;
  readonly segmentCount: number;
  /** Bytes of records, in memory or on disk. */
  readonly sizeBytes: number;
  /** When the oldest segment began and the newest message came, wall time in ms. */
  readonly firstTimestampMs: number | undefined;
  readonly lastTimestampMs: number | undefined;
  /** The offset a reader that asks for this begins at. Of a timestamp only the chunk is known without reading. */
  resolve(specification: OffsetSpecification): number;
  /** Keeps a number under a name: how far a reader has come, or the last publishing id of a publisher. */
  store(kind: TrackedKind, name: string, value: number): void;
  query(kind: TrackedKind, name: string): number | undefined;
  tracked(kind: TrackedKind): Iterable<readonly [name: string, value: number]>;
  /** False when there is nothing under the name. */
  forget(kind: TrackedKind, name: string): boolean;
  /** How each consumer of this stream stands. */
  readers(): Iterable<ReaderFacts>;
}

export interface ReaderFacts {
  readonly consumerTag: string;
  readonly name: string | undefined;
  readonly active: boolean;
  /** Of the message it gets next. */
  readonly offset: number;
  /** Messages it has not got yet. */
  readonly lag: number;
}
