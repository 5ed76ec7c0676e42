// Who may publish now. Publishers are held back before memory or the log runs out; consumers go on draining.

import type { Memory } from "../lib/memory.ts";

/** A connection that stopped reading in front of a basic.publish. */
export interface HeldPublisher {
  /** Owned by Flow. */
  inFlow: boolean;
  /** It holds deliveries that are not acknowledged: its acknowledgements free memory, so it is held last. */
  readonly holdsUnacked: boolean;
  resumePublishing(): void;
}

/** This part of the pages is kept for connections holding unacknowledged deliveries. */
const UNACKED_SHARE = 1 / 16;
/** And this part for what is on its way already. */
const LAST_SHARE = 1 / 64;

export interface FlowSources {
  /** A memory or disk alarm is set. */
  readonly alarmed: () => boolean;
  /** More waits for the disk than publishers may add to. */
  readonly congested: () => boolean;
}

export class Flow {
  readonly #memory: Memory;
  readonly #sources: FlowSources;
  #held: HeldPublisher[] = [];
  #closed = false;

  constructor(memory: Memory, sources: FlowSources) {
    this.#memory = memory;
    this.#sources = sources;
  }

  /** False: `publisher` must stop reading and call `hold`. */
  mayPublish(publisher: HeldPublisher): boolean {
    if (this.#closed) return false;
    const pages = this.#memory.pages;
    const free = pages.freeBytes;
    if (free >= pages.sizeBytes * UNACKED_SHARE) return true;
    return publisher.holdsUnacked && free >= pages.sizeBytes * LAST_SHARE;
  }

  get heldCount(): number {
    return this.#held.length;
  }

  hold(publisher: HeldPublisher): void {
    if (publisher.inFlow) return;
    publisher.inFlow = true;
    this.#held.push(publisher);
  }

  /** It is gone. */
  forget(publisher: HeldPublisher): void {
    if (!publisher.inFlow) return;
    publisher.inFlow = false;
    this.#held = this.#held.filter((other) => other !== publisher);
  }

  /** Once per turn: shuts or opens the gate, and lets go whom it no longer holds. */
  update(): void {
    this.#closed = this.#sources.alarmed() || this.#sources.congested();
    if (this.#held.length === 0 || this.#closed) return;
    const held = this.#held;
    this.#held = [];
    for (const publisher of held) {
      // Each that is let go may use up what there is: the next one is asked anew.
      if (this.mayPublish(publisher)) {
        publisher.inFlow = false;
        publisher.resumePublishing();
      } else {
        this.#held.push(publisher);
      }
    }
  }
}
