// How many ready messages and bytes a queue may hold, and what happens to the one too many.

import type { Overflow, QueueSettings } from "../settings/queue-settings.ts";

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
