// What a run counts. Plain fields, added to by every publisher and consumer of this process, looked at by the reporter.

import { Histogram } from "./histogram.ts";

/** The fields that only ever grow. */
export interface Counts {
  readonly published: number;
  readonly confirmed: number;
  readonly nacked: number;
  readonly returned: number;
  readonly received: number;
  readonly receivedBytes: number;
}

export class Tally implements Counts {
  published = 0;
  /** Published more than two milliseconds after they were due. */
  publishedLate = 0;
  confirmed = 0;
  nacked = 0;
  returned = 0;
  received = 0;
  receivedBytes = 0;
  redelivered = 0;
  /** Sequence numbers that were skipped, where one consumer sees all messages of a queue. */
  gaps = 0;
  /** Messages that came after one with a higher sequence number of the same publisher. */
  reordered = 0;
  /** From publishing to delivery. */
  readonly latency = new Histogram();
  /** From publishing to the broker's confirm. */
  readonly confirmLatency = new Histogram();

  snapshot(): Counts {
    const { published, confirmed, nacked, returned, received, receivedBytes } = this;
    return { published, confirmed, nacked, returned, received, receivedBytes };
  }
}
