// hot path: runs per message
// One consumer of a stream: where it stands, and what it has settled.

import { Ring } from "../../lib/ring.ts";
import type { Sequence } from "../numbers.ts";
import type { Consumer } from "../queue/consumer.ts";
import type { Page } from "../queue/page.ts";
import type { StreamSubscription } from "./subscription.ts";

/** What a reader waits for; kept by the reader set. */
export const Waiting = {
  /** Its turn. */
  turn: 0,
  /** Credit, room in its output, or to become the active one. */
  credit: 1,
  /** A page. */
  page: 2,
  /** Messages to come. */
  messages: 3,
  /** Being served, or gone. */
  nothing: 4,
} as const;
export type Waiting = (typeof Waiting)[keyof typeof Waiting];

export class StreamReader {
  readonly consumer: Consumer;
  readonly subscription: StreamSubscription;
  waiting: Waiting = Waiting.nothing;
  /** The first message it has not been given yet, or passed over. */
  next: Sequence = 1;
  /** Messages stored before this, wall time, are passed over. */
  fromTimestampMs = 0;
  /** Where `next` is, or was, looked for. */
  page: Page | undefined = undefined;
  offset = 0;
  readonly settled: SettledPrefix | undefined;

  constructor(consumer: Consumer, subscription: StreamSubscription) {
    this.consumer = consumer;
    this.subscription = subscription;
    this.settled = subscription.name === undefined ? undefined : new SettledPrefix();
  }

  /** Goes on at `sequence`. */
  moveTo(sequence: Sequence): void {
    this.next = sequence;
    this.page = undefined;
  }
}

/** Up to which message everything given out has been settled, in whatever order. */
export class SettledPrefix {
  readonly #out = new Ring<Sequence>();
  readonly #early = new Set<Sequence>();

  /** Messages come in order. */
  delivered(sequence: Sequence): void {
    this.#out.push(sequence);
  }

  /** Answers the last message of the prefix if it has grown, or 0. */
  settle(sequence: Sequence): Sequence {
    if (this.#out.at(0) !== sequence) {
      this.#early.add(sequence);
      return 0;
    }
    let last: Sequence = 0;
    do last = this.#out.shift() as Sequence;
    while (this.#out.length > 0 && this.#early.delete(this.#out.at(0) as Sequence));
    return last;
  }
}
