// Calls on segments, a few at a time: the log shares the system's threads with them and must not wait in line.
// Reads go first, because a consumer waits for them. On a full disk pages get only what the log and checkpoints
// leave, which free more.

import { type Clock, DiskError } from "../env/env.ts";
import type { Segment, SegmentCall } from "./segment.ts";

const CALLS_MAX = 3;
const OPEN_FILES_MAX = 48;

interface Submitted {
  readonly segment: Segment;
  readonly call: SegmentCall;
}

export class IoQueue {
  readonly #clock: Clock;
  readonly #mayWrite: (lengthBytes: number) => boolean;
  readonly #reads: Submitted[] = [];
  readonly #others: Submitted[] = [];
  readonly #open = new Set<Segment>();
  #active = 0;
  #writing = 0;
  /** Called when no write is under way. */
  readonly #waiting: (() => void)[] = [];
  #uses = 0;

  /** `mayWrite`: false where the disk is full and has no such room for pages. */
  constructor(clock: Clock, mayWrite: (lengthBytes: number) => boolean) {
    this.#clock = clock;
    this.#mayWrite = mayWrite;
  }

  get isIdle(): boolean {
    return this.#active === 0 && this.#reads.length === 0 && this.#others.length === 0;
  }

  submit(segment: Segment, call: SegmentCall): void {
    (call.kind === "read" ? this.#reads : this.#others).push({ segment, call });
    this.#pump();
  }

  /** Resolves when no write is under way. Those that wait in line may begin afterwards. */
  whenNoneWrites(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#writing === 0) resolve();
      else this.#waiting.push(resolve);
    });
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
      const { kind, lengthBytes } = next.call;
      if (kind === "write" && !this.#mayWrite(lengthBytes)) this.#refuse(next);
      else this.#start(next);
    }
  }

  /** As the disk would: later. */
  #refuse({ segment, call }: Submitted): void {
    const error = new DiskError("ENOSPC", `the disk is full: ${segment.path} gets no more`);
    this.#clock.nextTurn(() => call.onFailed(error));
  }

  #start({ segment, call }: Submitted): void {
    this.#active++;
    if (call.kind === "write") this.#writing++;
    segment.lastUse = ++this.#uses;
    this.#open.add(segment);
    segment.call({
      kind: call.kind,
      at: call.at,
      lengthBytes: call.lengthBytes,
      offset: call.offset,
      onDone: () => {
        this.#ended(call);
        call.onDone();
      },
      onFailed: (error: DiskError) => {
        this.#ended(call);
        call.onFailed(error);
      },
    });
  }

  #ended({ kind }: SegmentCall): void {
    this.#active--;
    if (kind === "write") this.#writing--;
    if (this.#writing === 0) for (const resolve of this.#waiting.splice(0)) resolve();
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
