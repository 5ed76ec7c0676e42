// Numbers kept under names beside a stream: how far a reader has come, and the last publishing id of a publisher.

import type { LogGatherer, Turn } from "../flow/turn.ts";
import type { QueueNumber } from "../numbers.ts";

/** What a name stands for. The numbers are on disk. */
export const TrackedKind = {
  /** The offset of the last message a reader is done with. */
  offset: 0,
  /** The last publishing id of a publisher. */
  publisher: 1,
} as const;
export type TrackedKind = (typeof TrackedKind)[keyof typeof TrackedKind];

/** `value` of a name that is forgotten. */
export const FORGOTTEN = -1;

/** Names of one kind; the one that was not used for the longest goes for a new one. */
export const TRACKED_NAMES_MAX = 10_000;

export interface TrackingJournal {
  track(queue: QueueNumber, kind: TrackedKind, name: string, value: number): void;
}

export class OffsetTracking implements LogGatherer {
  inTurnLog = false;
  /** An offset that is known for messages whose settlement is not would pass them over. */
  readonly followsTransactions = true;
  readonly #turn: Turn;
  readonly #journal: TrackingJournal;
  readonly #queue: QueueNumber;
  readonly #values: readonly [Map<string, number>, Map<string, number>] = [new Map(), new Map()];
  /** Not logged yet. */
  readonly #changed: readonly [Set<string>, Set<string>] = [new Set(), new Set()];

  constructor(turn: Turn, journal: TrackingJournal, queue: QueueNumber) {
    this.#turn = turn;
    this.#journal = journal;
    this.#queue = queue;
  }

  get(kind: TrackedKind, name: string): number | undefined {
    return this.#values[kind].get(name);
  }

  entries(kind: TrackedKind): Iterable<readonly [string, number]> {
    return this.#values[kind];
  }

  /** Keeps the number; what was kept in a turn is logged at its end. */
  store(kind: TrackedKind, name: string, value: number): void {
    this.restore(kind, name, value);
    this.#changed[kind].add(name);
    this.#turn.appendLater(this);
  }

  /** False when there was nothing under the name. */
  forget(kind: TrackedKind, name: string): boolean {
    if (!this.#values[kind].has(name)) return false;
    this.store(kind, name, FORGOTTEN);
    return true;
  }

  /** What the log says. */
  restore(kind: TrackedKind, name: string, value: number): void {
    const values = this.#values[kind];
    values.delete(name);
    if (value === FORGOTTEN) return;
    values.set(name, value);
    if (values.size <= TRACKED_NAMES_MAX) return;
    const [oldest] = values.keys();
    this.forget(kind, oldest as string);
  }

  appendGathered(): void {
    for (const kind of [TrackedKind.offset, TrackedKind.publisher]) {
      for (const name of this.#changed[kind]) {
        const value = this.#values[kind].get(name) ?? FORGOTTEN;
        this.#journal.track(this.#queue, kind, name, value);
      }
      this.#changed[kind].clear();
    }
  }
}
