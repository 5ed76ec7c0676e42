// A queue that can drop a message whose key it has seen before.

import type { Json } from "../journal/journaling.ts";
import type { FieldTable } from "../message/field-table.ts";
import type { Publication } from "../message/publication.ts";
import type { QueueContext } from "../queue/context.ts";
import { Enqueued, type QueueDefinition } from "../queue/queue.ts";
import { WorkQueue } from "../queue/work-queue.ts";
import type { EffectiveSettings } from "../settings/effective.ts";
import { DUPLICATES_MAX, duplicateRules } from "./rules.ts";
import { type DuplicateRules, DuplicateWindow } from "./window.ts";

/** Keeps all keys and finds none: no header has this name. */
const RULES_UNKNOWN: DuplicateRules = { sizeMax: DUPLICATES_MAX, ttlMs: undefined, header: "" };

/** What it needs beside what every queue needs. */
export interface DuplicateParts {
  headersOf(publication: Publication): FieldTable;
  /** Keys for the log. */
  recordKeys(queue: QueueDefinition, keys: readonly Json[]): void;
}

export class DeduplicatingQueue extends WorkQueue {
  /** Undefined while its arguments and policy do not ask for it. */
  duplicates: DuplicateWindow | undefined = undefined;
  readonly #context: QueueContext;
  readonly #parts: DuplicateParts;

  constructor(
    context: QueueContext,
    definition: QueueDefinition,
    settings: EffectiveSettings,
    parts: DuplicateParts,
  ) {
    super(context, definition, settings);
    this.#context = context;
    this.#parts = parts;
    this.#applyRules(settings);
  }

  override applySettings(settings: EffectiveSettings): void {
    super.applySettings(settings);
    this.#applyRules(settings);
  }

  #applyRules({ values }: EffectiveSettings): void {
    const rules = duplicateRules(values);
    if (rules === undefined) this.duplicates = undefined;
    else if (this.duplicates === undefined) this.duplicates = this.#newWindow(rules);
    else this.duplicates.rules = rules;
  }

  #newWindow(rules: DuplicateRules): DuplicateWindow {
    const { definition } = this;
    const isLogged = definition.durable && definition.owner === undefined;
    const log = (keys: readonly Json[]) => this.#parts.recordKeys(definition, keys);
    return new DuplicateWindow(this.#context, rules, isLogged ? log : undefined);
  }

  /** Whether a policy makes it drop duplicates is not known before all of the log is read. */
  restoreKeys(keys: readonly Json[]): void {
    this.duplicates ??= this.#newWindow(RULES_UNKNOWN);
    this.duplicates.restore(keys);
  }

  /** Each message has its key looked up. */
  override get takesRows(): boolean {
    return this.duplicates === undefined && super.takesRows;
  }

  override publish(publication: Publication): Enqueued {
    const { duplicates } = this;
    return duplicates === undefined
      ? super.publish(publication)
      : this.#publishOnce(publication, duplicates);
  }

  #publishOnce(publication: Publication, duplicates: DuplicateWindow): Enqueued {
    const headers = this.#parts.headersOf(publication);
    const key = duplicates.keyOf(headers);
    if (key === undefined) return super.publish(publication);
    if (duplicates.hasSeen(key, headers)) {
      this.counters.duplicates++;
      return Enqueued.dropped;
    }
    const outcome = super.publish(publication);
    if (outcome === Enqueued.refused || outcome === Enqueued.noMemory) duplicates.forget(key);
    return outcome;
  }
}
