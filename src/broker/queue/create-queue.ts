// The one place that knows which class a queue type is made of.

import { DeduplicatingQueue, type DuplicateParts } from "../duplicates/deduplicating-queue.ts";
import type { EffectiveSettings } from "../settings/effective.ts";
import { StreamQueue } from "../stream/stream-queue.ts";
import type { QueueContext } from "./context.ts";
import type { Queue, QueueDefinition } from "./queue.ts";
import { WorkQueue } from "./work-queue.ts";

/** Makes the queue that `definition.type` stands for. */
export function createQueue(
  context: QueueContext,
  definition: QueueDefinition,
  settings: EffectiveSettings,
  duplicates?: DuplicateParts,
): Queue {
  if (!definition.type.traits.settlesRemove) return new StreamQueue(context, definition, settings);
  return duplicates === undefined
    ? new WorkQueue(context, definition, settings)
    : new DeduplicatingQueue(context, definition, settings, duplicates);
}
