// For tests of the store alone: a table of numbered values that lives by the store's rules. Every change is one log
// entry, a checkpoint is the whole table, and after a crash the table must be one it has really been.

import {
  type CheckpointSource,
  EntryKind,
  type EntrySink,
  type ReplayHandler,
} from "../../broker/ports.ts";
import type { Memory } from "../../lib/memory.ts";
import type { Store } from "../store.ts";

const DELETED = 0xffffffff;

export class Ledger implements CheckpointSource, ReplayHandler {
  readonly #memory: Memory;
  /** Length and seed of each value. */
  readonly values = new Map<number, string>();
  readonly congested = false;
  /** Entries heard in replay that were not what was written. */
  readonly wrong: string[] = [];
  entriesHeard = 0;
  /** So many entries are refused for want of memory. */
  refusals = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  definitionsVersion = 0;
  // biome-ignore lint/correctness/useYield: there is nothing to write
  *writeOutBefore(): Generator<void, boolean> {
    return true;
  }
  *prepareCapture(): Generator<void, void> {}
  // biome-ignore lint/correctness/useYield: nothing waits to be written
  *findLowestLogPosition(): Generator<void, number> {
    return Number.POSITIVE_INFINITY;
  }

  // biome-ignore lint/correctness/useYield: there is little to export
  *exportDefinitions(): Generator<void, string> {
    return JSON.stringify([...this.values.keys()]);
  }

  /** The table as one text, to be compared. */
  get state(): string {
    return [...this.values]
      .sort(([a], [b]) => a - b)
      .map(([key, value]) => `${key}=${value}`)
      .join(" ");
  }

  set(store: Store, key: number, lengthBytes: number, seed: number): void {
    this.values.set(key, `${lengthBytes}/${seed}`);
    this.definitionsVersion++;
    write(
      store.log.append(EntryKind.definition, 16 + lengthBytes),
      this.#memory.arena,
      key,
      lengthBytes,
      seed,
    );
  }

  delete(store: Store, key: number): void {
    this.values.delete(key);
    this.definitionsVersion++;
    write(store.log.append(EntryKind.definition, 16), this.#memory.arena, key, 0, DELETED);
  }

  // biome-ignore lint/correctness/useYield: it is all one slice
  *capture(sink: EntrySink): Generator<void, void> {
    for (const [key, value] of this.values) {
      const [lengthBytes, seed] = value.split("/").map(Number) as [number, number];
      const at = sink.append(EntryKind.definition, 16 + lengthBytes);
      write(at, sink, key, lengthBytes, seed);
    }
  }

  onEntry(_kind: EntryKind, at: number, lengthBytes: number): boolean {
    if (this.refusals > 0) {
      this.refusals--;
      return false;
    }
    this.entriesHeard++;
    const { u8, view } = this.#memory.arena;
    const key = view.getFloat64(at, true);
    const seed = view.getUint32(at + 8, true);
    if (seed === DELETED) {
      this.values.delete(key);
      return true;
    }
    const length = view.getUint32(at + 12, true);
    this.values.set(key, `${length}/${seed}`);
    if (length !== lengthBytes - 16) this.wrong.push(`length of ${key}`);
    for (let i = 0; i < length; i++) {
      if (u8[at + 16 + i] === ((seed + i) & 255)) continue;
      this.wrong.push(`byte ${i} of ${key}`);
      break;
    }
    return true;
  }
}

function write(
  at: number,
  { u8, view }: { readonly u8: Uint8Array; readonly view: DataView },
  key: number,
  lengthBytes: number,
  seed: number,
): void {
  view.setFloat64(at, key, true);
  view.setUint32(at + 8, seed, true);
  view.setUint32(at + 12, lengthBytes, true);
  for (let i = 0; i < lengthBytes; i++) u8[at + 16 + i] = seed + i;
}
