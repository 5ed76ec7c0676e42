// Calls on segments, a few at a time: the log shares the system's threads with them and must not wait in line.
// Reads go first, because a consumer waits for them.

import type { DiskError } from "../env/env.ts";
import type { Segment, SegmentCall } from "./segment.ts";

const CALLS_MAX = 3;
const OPEN_FILES_MAX = 48;

interface Submitted {
  readonly segment: Segment;
  readonly call: SegmentCall;
}

export class IoQueue {
  readonly #reads: Submitted[] = [];
  readonly #others: Submitted[] = [];
  readonly #open = new Set<Segment>();
  #active = 0;
  #uses = 0;

  get isIdle(): boolean {
    return this.#active === 0 && this.#reads.length === 0 && this.#others.length === 0;
  }

  submit(segment: Segment, call: SegmentCall): void {
    (call.kind === "read" ? this.#reads : this.#others).push({ segment, call });
    this.#pump();
  }

  closeAll(): void {
    for (const segment of this.#open) segment.close();
    this.#open.clear();
  }

  /** The segment's file is about to be removed. */
  forget(segment: Segment): void {
    segment.close();
    this.#open.delete(segment);
  }

  #pump(): void {
    while (this.#active < CALLS_MAX) {
      const next = this.#reads.shift() ?? this.#others.shift();
      if (next === undefined) return;
      this.#active++;
      this.#start(next);
    }
  }

  #start({ segment, call }: Submitted): void {
    segment.lastUse = ++this.#uses;
    this.#open.add(segment);
    segment.call({
      kind: call.kind,
      at: call.at,
      lengthBytes: call.lengthBytes,
      offset: call.offset,
      onDone: () => {
        this.#ended();
        call.onDone();
      },
      onFailed: (error: DiskError) => {
        this.#ended();
        call.onFailed(error);
      },
    });
  }

  #ended(): void {
    this.#active--;
    if (this.#open.size > OPEN_FILES_MAX) this.#closeOldest();
    this.#pump();
  }

  #closeOldest(): void {
    let oldest: Segment | undefined;
    for (const segment of this.#open) {
      if (segment.isBusy) continue;
      if (oldest === undefined || segment.lastUse < oldest.lastUse) oldest = segment;
    }
    if (oldest !== undefined) this.forget(oldest);
  }
}
