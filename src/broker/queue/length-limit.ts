// How many ready messages and bytes a queue may hold, and what happens to the one too many.

import {
  DEFAULT_QUEUE_SETTINGS,
  type Overflow,
  type QueueSettings,
} from "../settings/queue-settings.ts";

export class LengthLimit {
  /** Infinity where there is no limit. */
  readonly count: number;
  readonly bytes: number;
  readonly overflow: Overflow;
  readonly isSet: boolean;

  constructor(settings: QueueSettings) {
    this.count = settings.maxLength ?? Number.POSITIVE_INFINITY;
    this.bytes = settings.maxLengthBytes ?? Number.POSITIVE_INFINITY;
    this.overflow = settings.overflow;
    this.isSet = settings.maxLength !== undefined || settings.maxLengthBytes !== undefined;
  }

  /** So many ready messages, so many bytes of bodies, are too many. */
  isExceededBy(count: number, bytes: number): boolean {
    return count > this.count || bytes > this.bytes;
  }
}

const NO_LENGTH_LIMIT = new LengthLimit(DEFAULT_QUEUE_SETTINGS);

/** The limit that `settings` ask for; queues without any settings share one. */
export function lengthLimitOf(settings: QueueSettings): LengthLimit {
  return settings === DEFAULT_QUEUE_SETTINGS ? NO_LENGTH_LIMIT : new LengthLimit(settings);
}
