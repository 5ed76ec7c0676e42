// Times one operation and counts the garbage it makes: npx tsx bench/<area>.ts

import { constants, PerformanceObserver } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";

export interface Measurement {
  readonly name: string;
  readonly nanosecondsPerOperation: number;
  /** Minor collections per million operations: 0 means that nothing is allocated. */
  readonly scavengesPerMillion: number;
}

/** Runs `operation` `count` times per round, five rounds after one to warm up, and keeps the median round. */
export async function measure(
  name: string,
  count: number,
  operation: (round: number) => void,
): Promise<Measurement> {
  let scavenges = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
      if (kind === constants.NODE_PERFORMANCE_GC_MINOR) scavenges++;
    }
  });
  runRound(count, operation);
  observer.observe({ entryTypes: ["gc"] });
  const rounds: number[] = [];
  for (let round = 0; round < 5; round++) rounds.push(runRound(count, operation));
  await nextTurn();
  await nextTurn();
  observer.disconnect();
  rounds.sort((a, b) => a - b);
  return {
    name,
    nanosecondsPerOperation: ((rounds[2] as number) / count) * 1e6,
    scavengesPerMillion: (scavenges / (count * 5)) * 1e6,
  };
}

function runRound(count: number, operation: (index: number) => void): number {
  const startedMs = performance.now();
  for (let index = 0; index < count; index++) operation(index);
  return performance.now() - startedMs;
}

export function print(measurements: readonly Measurement[]): void {
  for (const { name, nanosecondsPerOperation, scavengesPerMillion } of measurements) {
    const time = nanosecondsPerOperation.toFixed(1).padStart(10);
    console.log(
      `${name.padEnd(52)} ${time} ns ${scavengesPerMillion.toFixed(2).padStart(8)} scavenges/M`,
    );
  }
}
