// A log for tests of those who wait for one: it becomes durable, congested or broken only when the test says so.

import type { LogPosition } from "../../broker/numbers.ts";
import type { EntryKind, Log, LogHandler, ReplayHandler } from "../../broker/ports.ts";
import type { Clock } from "../../env/env.ts";
import type { Address } from "../../lib/arena.ts";
import type { Memory } from "../../lib/memory.ts";
import { MemoryLog } from "../memory-log.ts";

const never: Clock = {
  nowMs: () => 0,
  monotonicMs: () => 0,
  setTimer: () => ({}),
  clearTimer: () => {},
  nextTurn: () => {},
};

export class FakeLog implements Log {
  readonly #entries: MemoryLog;
  durablePosition = 0;
  /** How far `commit` was called. */
  committedPosition = 0;
  congested = false;
  failed = false;
  handler: LogHandler = { onDurable() {}, onRelieved() {}, onFailed() {} };

  constructor(memory: Memory) {
    this.#entries = new MemoryLog({ memory, clock: never, retain: true });
  }

  get position(): LogPosition {
    return this.#entries.position;
  }

  append(kind: EntryKind, lengthBytes: number): Address {
    return this.#entries.append(kind, lengthBytes);
  }

  commit(): void {
    this.#entries.commit();
    this.committedPosition = this.position;
  }

  /** The disk has caught up with what was committed, or with `position` if it is less. */
  makeDurable(position = this.committedPosition): void {
    if (this.failed) return;
    this.durablePosition = Math.min(position, this.committedPosition);
    this.handler.onDurable(this.durablePosition);
  }

  relieve(): void {
    this.congested = false;
    this.handler.onRelieved();
  }

  /** A sync failed: nothing becomes durable any more. */
  fail(reason: string): void {
    this.failed = true;
    this.handler.onFailed(reason);
  }

  replay(handler: ReplayHandler): void {
    this.#entries.replay(handler);
  }
}
