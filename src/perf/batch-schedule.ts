// The batches of one publisher: one for each size it publishes in turn.

import { type BatchPlace, MessageBatch, type MessageShape } from "./message-batch.ts";
import type { PublishPlan } from "./plan.ts";
import type { StepSchedule } from "./step-schedule.ts";

export class BatchSchedule {
  readonly #batches: readonly MessageBatch[];
  readonly #sizes: StepSchedule | undefined;

  constructor(
    shape: MessageShape,
    place: BatchPlace,
    { sizes, batchBytes }: Pick<PublishPlan, "sizes" | "batchBytes">,
  ) {
    this.#sizes = sizes;
    const all = sizes?.steps.map(({ value }) => value) ?? [shape.sizeBytes];
    this.#batches = all.map(
      (sizeBytes) => new MessageBatch({ ...shape, sizeBytes }, place, batchBytes),
    );
  }

  at(elapsedSeconds: number): MessageBatch {
    return this.#batches[this.#sizes?.indexAt(elapsedSeconds) ?? 0] as MessageBatch;
  }
}
