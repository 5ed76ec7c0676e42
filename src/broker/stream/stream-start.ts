// Where a reader begins: what it asks for, what is tracked under its name, and what there is.

import type { Sequence } from "../numbers.ts";
import { type OffsetTracking, TrackedKind } from "./offset-tracking.ts";
import type { StreamLog } from "./stream-log.ts";
import type { StreamReader } from "./stream-reader.ts";
import type { OffsetSpecification } from "./subscription.ts";

/** Puts a new reader where its subscription says. */
export function beginReading(
  reader: StreamReader,
  log: StreamLog,
  committed: Sequence,
  tracking: OffsetTracking,
): void {
  const { offset } = reader.subscription;
  if (offset === undefined && resumeReading(reader, log, tracking)) return;
  if (offset?.from === "timestamp") reader.fromTimestampMs = offset.timestampMs;
  reader.moveTo(sequenceFor(offset ?? { from: "next" }, log, committed));
}

/** Puts a reader behind what is tracked under its name; false when there is nothing. */
export function resumeReading(
  reader: StreamReader,
  log: StreamLog,
  tracking: OffsetTracking,
): boolean {
  const { name } = reader.subscription;
  const tracked = name === undefined ? undefined : tracking.get(TrackedKind.offset, name);
  if (tracked === undefined) return false;
  reader.fromTimestampMs = 0;
  reader.moveTo(Math.max(log.firstSequence, tracked + 2));
  return true;
}

/** The message to begin with; of a timestamp the first one of its page. */
export function sequenceFor(
  specification: OffsetSpecification,
  log: StreamLog,
  committed: Sequence,
): Sequence {
  const first = log.firstSequence;
  switch (specification.from) {
    case "first":
      return first;
    case "last":
      return Math.max(first, committed);
    case "next":
      return log.lastSequence + 1;
    case "offset":
      return Math.max(first, specification.offset + 1);
    case "timestamp": {
      const page = log.pageFrom(specification.timestampMs);
      return page === undefined ? log.lastSequence + 1 : Math.max(first, page.firstSequence);
    }
  }
}
