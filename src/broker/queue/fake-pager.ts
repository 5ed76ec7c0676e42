// For tests: a pager that takes its time, refuses now and then, and changes or loses bytes on demand.

import type { Address, Arena } from "../../lib/arena.ts";
import type { QueueNumber } from "../numbers.ts";
import { type PageHandle, type PageOwner, type Pager, pageTrailerBytes } from "../ports.ts";

interface Answer {
  readonly isWrite: boolean;
  readonly run: () => void;
}

export class FakePager implements Pager {
  readonly capacityBytes = 1e12;
  readonly #arena: Arena;
  readonly #kept = new Map<PageHandle, Uint8Array>();
  readonly #released = new Map<PageHandle, Uint8Array>();
  #answers: Answer[] = [];
  #lastHandle = 0;
  /** The next so many writes are refused. */
  refusals = 0;
  /** As in a crash: what is released now stays. */
  forgetReleases = false;
  /** Released pages stay until the next checkpoint. */
  hasCheckpoints = false;
  writes = 0;
  reads = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  get keptCount(): number {
    return this.#kept.size;
  }
  get pendingCount(): number {
    return this.#answers.length;
  }

  write(
    owner: PageOwner,
    token: number,
    _queue: QueueNumber,
    at: Address,
    lengthBytes: number,
  ): void {
    this.writes++;
    const before = this.#arena.u8.slice(at, at + lengthBytes);
    this.#arena.u8.fill(0xee, at + lengthBytes, at + lengthBytes + pageTrailerBytes(lengthBytes));
    const run = () => {
      const bytes = this.#arena.u8.slice(at, at + lengthBytes);
      if (!Buffer.from(bytes).equals(before))
        throw new Error("a page was changed while it was written");
      if (this.refusals > 0) {
        this.refusals--;
        owner.onPageFailed(token, "no space");
        return;
      }
      this.#kept.set(++this.#lastHandle, bytes);
      owner.onPageWritten(token, this.#lastHandle);
    };
    this.#answers.push({ isWrite: true, run });
  }

  read(owner: PageOwner, token: number, page: PageHandle, at: Address, lengthBytes: number): void {
    this.reads++;
    const run = () => {
      const bytes = this.#kept.get(page);
      if (bytes === undefined || bytes.length !== lengthBytes) {
        owner.onPageFailed(token, "gone");
        return;
      }
      this.#arena.u8.set(bytes, at);
      owner.onPageRead(token);
    };
    this.#answers.push({ isWrite: false, run });
  }

  release(page: PageHandle): void {
    if (this.forgetReleases) return;
    const bytes = this.#kept.get(page);
    if (bytes === undefined) throw new Error("a page is released once");
    this.#kept.delete(page);
    if (this.hasCheckpoints) this.#released.set(page, bytes);
  }

  /** What was released before is named by nothing any more. */
  onCheckpoint(): void {
    this.#released.clear();
  }

  /** The process ends: what the last checkpoint names is still there, answers that are due never come. */
  crash(): void {
    for (const [page, bytes] of this.#released) this.#kept.set(page, bytes);
    this.#released.clear();
    this.#answers = [];
  }

  /** Loses a page that was written: reading it fails. */
  lose(page: PageHandle): void {
    this.#kept.set(page, new Uint8Array(0));
  }

  /** Answers what was asked so far, in any order `pick` likes (an index below its argument). */
  answer(pick: (count: number) => number = () => 0): void {
    for (let left = this.#answers.length; left > 0; left--) {
      const at = pick(this.#answers.length) % this.#answers.length;
      const [answer] = this.#answers.splice(at, 1);
      answer?.run();
    }
  }
}
