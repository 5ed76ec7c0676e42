// What the core asks of the journal. The journal itself (journal.ts) turns these calls into log entries.

import type { Address } from "../../lib/arena.ts";
import type { Publication } from "../message/publication.ts";
import type { BodyReference, LogPosition } from "../numbers.ts";
import type { Queue } from "../queue/queue.ts";
import type { MoveJournal } from "../routing/travel.ts";

/** A JSON value; numbers are exact within 2^53, larger ones are written as text. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export interface DefinitionJournal extends MoveJournal {
  /** The highest transaction number given out; checkpoints keep it, replay sets it. */
  lastTransaction: number;
  /** Just behind the last entry: what a reply waits for. */
  readonly position: LogPosition;
  /** Everything before this is safe. */
  readonly durablePosition: LogPosition;
  /** What is published and settled until `endTransaction` holds together. All of it happens in one turn. */
  beginTransaction(): void;
  endTransaction(): void;
  /**
   * Logs one message for the first `count` of `targets`; each target's `lastSequence` is the message's place there.
   * Runs per message: nothing is kept of `targets`.
   */
  publish(publication: Publication, targets: readonly Queue[], count: number): void;
  /** Logs some bytes of a large body that arrives. */
  part(
    reference: BodyReference,
    bodySizeBytes: number,
    offset: number,
    at: Address,
    lengthBytes: number,
  ): void;
  /** Logs a change of topology, users or settings. `kind` and `object` come back through `Broker.applyDefinition`. */
  define(kind: string, object: JsonObject): void;
}

/** Keeps nothing: for brokers that restart empty, and for replay. */
export class NoJournal implements DefinitionJournal {
  lastTransaction = 0;
  readonly position = 0;
  readonly durablePosition = 0;
  readonly congested = false;
  beginMove(): void {}
  endMove(): void {}
  cancelMove(): void {}
  beginTransaction(): void {}
  endTransaction(): void {}
  publish(): void {}
  part(): void {}
  define(_kind: string, _object: JsonObject): void {}
}
