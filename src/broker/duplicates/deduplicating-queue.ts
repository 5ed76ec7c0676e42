// A queue that drops a message whose key it has seen before.

import type { FieldTable } from "../field-table.ts";
import type { Json } from "../journaling.ts";
import type { Publication } from "../publication.ts";
import type { QueueContext } from "../queue/context.ts";
import { Enqueued, type QueueDefinition } from "../queue/queue.ts";
import { WorkQueue } from "../queue/work-queue.ts";
import type { EffectiveSettings } from "../settings/effective.ts";
import { type DuplicateRules, DuplicateWindow } from "./window.ts";

/** What it needs beside what every queue needs. */
export interface DuplicateParts {
  headersOf(publication: Publication): FieldTable;
  /** Keys for the log. */
  recordKeys(queue: QueueDefinition, keys: readonly Json[]): void;
}

export class DeduplicatingQueue extends WorkQueue {
  readonly duplicates: DuplicateWindow;
  readonly #parts: DuplicateParts;

  constructor(
    context: QueueContext,
    definition: QueueDefinition,
    settings: EffectiveSettings,
    rules: DuplicateRules,
    parts: DuplicateParts,
  ) {
    super(context, definition, settings);
    const isLogged = definition.durable && definition.owner === undefined;
    const log = (keys: readonly Json[]) => parts.recordKeys(definition, keys);
    this.#parts = parts;
    this.duplicates = new DuplicateWindow(context, rules, isLogged ? log : undefined);
  }

  override publish(publication: Publication): Enqueued {
    const headers = this.#parts.headersOf(publication);
    const key = this.duplicates.keyOf(headers);
    if (key === undefined) return super.publish(publication);
    if (this.duplicates.hasSeen(key, headers)) {
      this.counters.duplicates++;
      return Enqueued.dropped;
    }
    const outcome = super.publish(publication);
    if (outcome === Enqueued.refused || outcome === Enqueued.noMemory) this.duplicates.forget(key);
    return outcome;
  }
}
