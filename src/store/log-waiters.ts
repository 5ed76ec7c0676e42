// Who waits for the log: until some position is on disk, or until nothing is left to write. Checkpoints and closing
// do, now and then; replies and confirms have their gates.

import type { LogPosition } from "../broker/numbers.ts";

interface Waiter {
  resolve(): void;
  reject(reason: Error): void;
}

export class LogWaiters {
  #atPositions: (Waiter & { readonly position: LogPosition })[] = [];
  #idle: Waiter | undefined = undefined;
  #failure: Error | undefined = undefined;

  /** Nothing is written any more: nobody waits from here on. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Somebody waits until nothing is left to write. */
  get wantsIdle(): boolean {
    return this.#idle !== undefined;
  }

  /** Rejects when the log fails before that. */
  until(position: LogPosition): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#atPositions.push({ position, resolve, reject }));
  }

  /** Rejects when the log fails before that. */
  untilIdle(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#idle = { resolve, reject };
    });
  }

  tellDurable(position: LogPosition): void {
    if (this.#atPositions.length === 0) return;
    const reached = this.#atPositions.filter((waiter) => waiter.position <= position);
    this.#atPositions = this.#atPositions.filter((waiter) => waiter.position > position);
    for (const waiter of reached) waiter.resolve();
  }

  tellIdle(): void {
    const idle = this.#idle;
    this.#idle = undefined;
    idle?.resolve();
  }

  fail(reason: string): void {
    if (this.#failure !== undefined) return;
    const failure = new Error(reason);
    this.#failure = failure;
    this.#idle?.reject(failure);
    for (const waiter of this.#atPositions.splice(0)) waiter.reject(failure);
  }
}
