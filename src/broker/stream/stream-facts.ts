// What a stream tells about itself, and what it keeps under names.

import type { Sequence } from "../numbers.ts";
import type { OffsetTracking, TrackedKind } from "./offset-tracking.ts";
import type { ReaderFacts, StreamPort } from "./port.ts";
import type { ReaderSet } from "./reader-set.ts";
import type { StreamLog } from "./stream-log.ts";
import { sequenceFor } from "./stream-start.ts";
import type { OffsetSpecification } from "./subscription.ts";

export class StreamFacts implements StreamPort {
  readonly #log: StreamLog;
  readonly #readers: ReaderSet;
  readonly #tracking: OffsetTracking;
  readonly #committed: () => Sequence;

  constructor(
    log: StreamLog,
    readers: ReaderSet,
    tracking: OffsetTracking,
    committed: () => Sequence,
  ) {
    this.#log = log;
    this.#readers = readers;
    this.#tracking = tracking;
    this.#committed = committed;
  }

  get firstOffset(): number {
    return this.#log.firstSequence - 1;
  }
  get committedOffset(): number | undefined {
    const committed = this.#committed();
    return committed === 0 ? undefined : committed - 1;
  }
  get nextOffset(): number {
    return this.#log.lastSequence;
  }
  get segmentCount(): number {
    return this.#log.segments.length;
  }
  get sizeBytes(): number {
    return this.#log.recordBytes;
  }
  get firstTimestampMs(): number | undefined {
    return this.#log.segments[0]?.firstTimestampMs;
  }
  get lastTimestampMs(): number | undefined {
    return this.#log.lastTimestampMs === 0 ? undefined : this.#log.lastTimestampMs;
  }

  resolve(specification: OffsetSpecification): number {
    return sequenceFor(specification, this.#log, this.#committed()) - 1;
  }

  store(kind: TrackedKind, name: string, value: number): void {
    this.#tracking.store(kind, name, value);
  }
  query(kind: TrackedKind, name: string): number | undefined {
    return this.#tracking.get(kind, name);
  }
  tracked(kind: TrackedKind): Iterable<readonly [string, number]> {
    return this.#tracking.entries(kind);
  }
  forget(kind: TrackedKind, name: string): boolean {
    return this.#tracking.forget(kind, name);
  }

  *readers(): Iterable<ReaderFacts> {
    for (const { consumer, subscription, next } of this.#readers) {
      yield {
        consumerTag: consumer.tag,
        name: subscription.name,
        active: consumer.active,
        offset: next - 1,
        lag: Math.max(0, this.#committed() - next + 1),
      };
    }
  }
}
