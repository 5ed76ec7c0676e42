// One micro-benchmark: something small, repeated, with its cost per operation and the garbage it makes.

import { constants, PerformanceObserver } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";

export interface MicroCase {
  readonly name: string;
  /** Sets up and answers a function that does `count` operations. */
  prepare(): { readonly count: number; readonly round: () => void };
}

export interface MicroResult {
  readonly name: string;
  /** CPU time: waiting for a processor that others use does not count. The best of the rounds. */
  readonly nanoseconds: number;
  /** Minor collections per million operations: 0 means that nothing is allocated. */
  readonly scavengesPerMillion: number;
}

const WARM_UP_ROUNDS = 5;

/** Measures one case over so many rounds. */
export async function runMicroCase(each: MicroCase, rounds: number): Promise<MicroResult> {
  const { count, round } = each.prepare();
  for (let index = 0; index < WARM_UP_ROUNDS; index++) round();
  let scavenges = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
      if (kind === constants.NODE_PERFORMANCE_GC_MINOR) scavenges++;
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  let best = Number.POSITIVE_INFINITY;
  for (let index = 0; index < rounds; index++) {
    const from = process.cpuUsage();
    round();
    const { user, system } = process.cpuUsage(from);
    best = Math.min(best, ((user + system) * 1e3) / count);
  }
  await nextTurn();
  await nextTurn();
  observer.disconnect();
  return {
    name: each.name,
    nanoseconds: best,
    scavengesPerMillion: (scavenges / (count * rounds)) * 1e6,
  };
}
