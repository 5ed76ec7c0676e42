// `leveret perf backlog`: fills the queues with nobody consuming, then drains them, and checks that all is there in order.

import { type LoadResult, LoadRun, type Sample } from "./load-run.ts";
import type { LoadPlan } from "./plan.ts";

export interface BacklogResult {
  readonly messages: number;
  readonly fill: LoadResult;
  readonly drain: LoadResult;
}

/** Publishes `plan.publish.messages` with each publisher, then consumes them all. */
export async function runBacklog(
  plan: LoadPlan,
  onSample: (phase: "fill" | "drain", plan: LoadPlan, sample: Sample) => void,
): Promise<BacklogResult> {
  const messages = plan.publish.messages * plan.publish.connections * plan.publish.channels;
  if (!Number.isFinite(messages)) throw new Error("--pmessages: how large shall the backlog be?");
  const timed = { warmUpSeconds: 0, seconds: Number.POSITIVE_INFINITY };
  const filling: LoadPlan = {
    ...plan,
    ...timed,
    consume: { ...plan.consume, connections: 0 },
    queues: { ...plan.queues, remove: false },
  };
  const fill = await new LoadRun(filling, (sample) => onSample("fill", filling, sample)).execute();
  const consumers = plan.consume.connections * plan.consume.channels;
  const draining: LoadPlan = {
    ...plan,
    ...timed,
    publish: { ...plan.publish, connections: 0 },
    consume: { ...plan.consume, messages: messages / consumers },
    queues: { ...plan.queues, purge: false },
  };
  const drain = await new LoadRun(draining, (sample) =>
    onSample("drain", draining, sample),
  ).execute();
  return { messages, fill, drain };
}
