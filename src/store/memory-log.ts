// A log that forgets: for brokers that need not survive their process, and with `retain` for tests.
// It keeps every promise of the Log contract except the one about power cuts, and answers one turn later,
// so that nothing above it can come to rely on an answer in the same turn.

import { padded8 } from "../broker/message/record.ts";
import { EntryKind, type Log, type LogHandler, type ReplayHandler } from "../broker/ports.ts";
import type { Clock } from "../env/env.ts";
import type { Address } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import type { Memory } from "../lib/memory.ts";
import { ENTRY_HEADER_BYTES } from "./format.ts";

const kinds = new Set<number>(Object.values(EntryKind));

export interface MemoryLogOptions {
  readonly memory: Memory;
  readonly clock: Clock;
  /** Keeps a copy of every entry, for `replay`. Grows without bound: only for tests. */
  readonly retain?: boolean;
}

interface RetainedEntry {
  readonly kind: EntryKind;
  readonly bytes: Uint8Array;
  readonly position: number;
}

export class MemoryLog implements Log {
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #retained: RetainedEntry[] | undefined;
  /** The entry appended last, not copied yet: its caller is still filling it. */
  #fresh:
    | { readonly kind: EntryKind; readonly at: Address; readonly lengthBytes: number }
    | undefined;
  #used = 0;
  #committed = 0;
  #answerScheduled = false;
  readonly #answer = () => this.#tellDurable();
  position = 0;
  durablePosition = 0;
  readonly congested = false;
  handler: LogHandler = { onDurable() {}, onRelieved() {}, onFailed() {} };

  constructor(options: MemoryLogOptions) {
    this.#memory = options.memory;
    this.#clock = options.clock;
    this.#retained = options.retain ? [] : undefined;
  }

  append(kind: EntryKind, lengthBytes: number): Address {
    assert(kinds.has(kind), "the kind of entry is known");
    this.#keepFresh();
    const region = this.#memory.logBuffers[0];
    const wholeBytes = padded8(lengthBytes);
    assert(wholeBytes <= region.lengthBytes, "an entry fits into the log buffer");
    if (this.#used + wholeBytes > region.lengthBytes) this.#used = 0;
    const at = region.at + this.#used;
    this.#used += wholeBytes;
    this.position += ENTRY_HEADER_BYTES + wholeBytes;
    if (this.#retained !== undefined) this.#fresh = { kind, at, lengthBytes };
    return at;
  }

  commit(): void {
    this.#keepFresh();
    this.#committed = this.position;
    if (this.#answerScheduled || this.#committed === this.durablePosition) return;
    this.#answerScheduled = true;
    this.#clock.nextTurn(this.#answer);
  }

  /** Tells `handler` everything that was appended so far. Only with `retain`. */
  replay(handler: ReplayHandler): void {
    this.#keepFresh();
    assert(this.#retained !== undefined, "the log keeps its entries");
    for (const { kind, bytes, position } of this.#retained) {
      const region = this.#memory.logBuffers[1];
      this.#memory.arena.u8.set(bytes, region.at);
      const isTaken = handler.onEntry(kind, region.at, bytes.length, position);
      assert(isTaken, "there is memory for what came from memory");
    }
  }

  #tellDurable(): void {
    this.#answerScheduled = false;
    this.durablePosition = this.#committed;
    this.handler.onDurable(this.durablePosition);
    if (this.#committed !== this.durablePosition) this.commit();
  }

  #keepFresh(): void {
    const fresh = this.#fresh;
    if (fresh === undefined) return;
    this.#fresh = undefined;
    this.#retained?.push({
      kind: fresh.kind,
      bytes: this.#memory.arena.u8.slice(fresh.at, fresh.at + fresh.lengthBytes),
      position: this.position - ENTRY_HEADER_BYTES - padded8(fresh.lengthBytes),
    });
  }
}
