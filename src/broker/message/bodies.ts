// Large bodies as protocols see them: filled while they arrive, referred to by records, read in chunks.

import type { Address } from "../../lib/arena.ts";
import type { BodyReference } from "../numbers.ts";

/** A stretch of a body that is in memory; valid until the current turn ends. */
export interface BodyChunk {
  readonly at: Address;
  readonly lengthBytes: number;
}

export interface Bodies {
  /**
   * A new body of that announced size, with one reference that belongs to the caller. Nothing is allocated yet.
   * The body of a persistent message goes to the log as it arrives.
   */
  begin(sizeBytes: number, isPersistent: boolean): BodyReference;
  /** The next bytes have arrived; false when there is no memory for them. */
  append(body: BodyReference, from: Address, lengthBytes: number): boolean;
  retain(body: BodyReference, count: number): void;
  /** So many more queues keep transient messages: while there are any, every body goes to the log. */
  keepTransient(queues: number): void;
  /** With its last reference a body goes. */
  release(body: BodyReference, count: number): void;
  /** The bytes from `offset` on, as far as they lie in a row; undefined while they are not in memory. */
  chunk(body: BodyReference, offset: number): BodyChunk | undefined;
  /** Where the whole body lies, if it does so in a row and in memory; NO_PAGE otherwise. */
  wholeAt(body: BodyReference): Address;
  /** Reads what `chunk` could not give and calls back when it can. */
  whenLoaded(body: BodyReference, offset: number, onLoaded: () => void): void;
  /** Some of its bytes are gone for good (damage): it can't be delivered. */
  isLost(body: BodyReference): boolean;
  /** Replay: a restored message refers to it. */
  restoreReference(body: BodyReference): void;
}
