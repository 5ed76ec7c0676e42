// hot path: runs per message
// Follows the sequence numbers of every publisher as one consumer sees them.

import { PUBLISHERS_MAX } from "./message-stamp.ts";
import type { Tally } from "./tally.ts";

export class SequenceCheck {
  readonly #run: number;
  /** The consumer gets every message of its queue, so a skipped number is a lost message. */
  readonly #isAlone: boolean;
  readonly #tally: Tally;
  /** Last sequence number seen of each publisher; grows with the highest publisher met. */
  #last = new Uint32Array(16);

  constructor(run: number, isAlone: boolean, tally: Tally) {
    this.#run = run;
    this.#isAlone = isAlone;
    this.#tally = tally;
  }

  /** `origin` as in message-stamp.ts. Answers whether the message is one of this run. */
  see(origin: number, sequence: number, isRedelivered: boolean): boolean {
    if ((origin & 0xffff) !== this.#run) return false;
    const publisher = origin >>> 16;
    if (publisher >= this.#last.length) this.#grow(publisher);
    const last = this.#last[publisher]!;
    this.#last[publisher] = sequence;
    if (sequence !== (last + 1) >>> 0) this.#unexpected(publisher, last, sequence, isRedelivered);
    return true;
  }

  #unexpected(publisher: number, last: number, sequence: number, isRedelivered: boolean): void {
    // Sequence numbers begin again at 0 after 2^32: less than half of that ahead is ahead.
    const ahead = (sequence - last) >>> 0;
    if (ahead > 0 && ahead < 0x8000_0000) {
      if (this.#isAlone) this.#tally.gaps += ahead - 1;
      return;
    }
    this.#last[publisher] = last;
    if (isRedelivered) this.#tally.redelivered++;
    else this.#tally.reordered++;
  }

  #grow(publisher: number): void {
    const grown = new Uint32Array(Math.min(PUBLISHERS_MAX + 1, (publisher + 1) * 2));
    grown.set(this.#last);
    this.#last = grown;
  }
}
