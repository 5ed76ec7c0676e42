// hot path: runs per message
// How much is in a queue: ready, unacknowledged and dead, messages and bytes of bodies, of these persistent.

import type { QueueDepth } from "./queue.ts";

export interface PagedOut {
  readonly count: number;
  /** Of messages that are ready; the others' are not known. */
  readonly bytes: number;
}

export interface DeadLetters {
  readonly count: number;
  readonly bytes: number;
}

/** All that a queue holds. */
export function messagesIn({ ready, unacknowledged, deadLetters }: QueueDepth): number {
  return ready + unacknowledged + deadLetters;
}

export function bytesIn(depth: QueueDepth): number {
  return depth.readyBytes + depth.unacknowledgedBytes + depth.deadLettersBytes;
}

export class DepthFigures {
  readyBytes = 0;
  unackedCount = 0;
  unackedBytes = 0;
  #readyPersistent = 0;
  #readyPersistentBytes = 0;
  #unackedPersistent = 0;
  #unackedPersistentBytes = 0;

  /** `out`: what of it lies in pages that are not in memory. */
  describe(ready: number, out: PagedOut, deadLetters: DeadLetters): QueueDepth {
    return {
      ready,
      unacknowledged: this.unackedCount,
      readyBytes: this.readyBytes,
      unacknowledgedBytes: this.unackedBytes,
      deadLetters: deadLetters.count,
      deadLettersBytes: deadLetters.bytes,
      persistent: this.#readyPersistent + this.#unackedPersistent,
      persistentBytes: this.#readyPersistentBytes + this.#unackedPersistentBytes,
      inMemory: ready + this.unackedCount - out.count,
      inMemoryBytes: this.readyBytes + this.unackedBytes - out.bytes,
    };
  }

  /** A message is ready now. */
  onReady(bytes: number, persistent: boolean): void {
    this.readyBytes += bytes;
    if (!persistent) return;
    this.#readyPersistent++;
    this.#readyPersistentBytes += bytes;
  }

  /** A ready message was taken out, or as many. */
  onTaken(bytes: number, persistent: boolean, count = 1): void {
    this.readyBytes -= bytes;
    if (!persistent) return;
    this.#readyPersistent -= count;
    this.#readyPersistentBytes -= bytes;
  }

  /** They are out with a client now. */
  onOut(bytes: number, persistent: boolean, count = 1): void {
    this.unackedCount += count;
    this.unackedBytes += bytes;
    if (!persistent) return;
    this.#unackedPersistent += count;
    this.#unackedPersistentBytes += bytes;
  }

  /** The client has settled it, or as many. */
  onSettled(bytes: number, persistent: boolean, count = 1): void {
    this.unackedCount -= count;
    this.unackedBytes -= bytes;
    if (!persistent) return;
    this.#unackedPersistent -= count;
    this.#unackedPersistentBytes -= bytes;
  }

  /** There is so much less ready than was thought. */
  onRecounted(bytes: number, persistent: number, persistentBytes: number): void {
    this.readyBytes -= bytes;
    this.#readyPersistent -= persistent;
    this.#readyPersistentBytes -= persistentBytes;
  }

  /** So many messages, all persistent, came back after a restart. */
  onRestored(count: number, bytes: number): void {
    this.readyBytes += bytes;
    this.#readyPersistent += count;
    this.#readyPersistentBytes += bytes;
  }

  /** Nothing is ready any more. */
  onPurged(): void {
    this.readyBytes = 0;
    this.#readyPersistent = 0;
    this.#readyPersistentBytes = 0;
  }
}
