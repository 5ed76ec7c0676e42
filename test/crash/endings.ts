// The ways a broker ends in the crash suite. Each resolves when the process is gone.

import { watch } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { LeveretProcess } from "../process/leveret-process.ts";
import type { Chance } from "./chance.ts";

export interface Ending {
  readonly name: string;
  /** Of a hundred. */
  readonly weight: number;
  /** The log must turn over for it. */
  readonly needsHeavyLoad?: boolean;
  run(broker: LeveretProcess, chance: Chance, directory: string): Promise<void>;
}

/** How long clients work at most before the end. */
const WORK_MS_MAX = 900;
const CHECKPOINT_WAIT_MS = 4_000;

async function work(chance: Chance): Promise<void> {
  // Many short lives: what has just begun is what breaks.
  await sleep(chance.happens(0.3) ? chance.between(0, 80) : chance.between(80, WORK_MS_MAX));
}

export const endings: readonly Ending[] = [
  {
    name: "killed at work",
    weight: 40,
    async run(broker, chance) {
      await work(chance);
      await broker.kill();
    },
  },
  {
    name: "stopped by SIGSTOP, continued, killed",
    weight: 12,
    async run(broker, chance) {
      await work(chance);
      broker.signal("SIGSTOP");
      await sleep(chance.between(20, 400));
      broker.signal("SIGCONT");
      await sleep(chance.between(0, 150));
      await broker.kill();
    },
  },
  {
    name: "killed while stopped by SIGSTOP",
    weight: 8,
    async run(broker, chance) {
      await work(chance);
      broker.signal("SIGSTOP");
      await sleep(chance.between(0, 150));
      await broker.kill();
    },
  },
  {
    name: "killed while stopping in order",
    weight: 14,
    async run(broker, chance) {
      await work(chance);
      broker.signal("SIGTERM");
      await sleep(chance.between(0, 120));
      await broker.kill();
    },
  },
  {
    name: "killed in a checkpoint",
    weight: 20,
    needsHeavyLoad: true,
    async run(broker, chance, directory) {
      await checkpointBegins(directory);
      await sleep(chance.pick([0, 0, 1, 2, 5, 12]));
      await broker.kill();
    },
  },
  {
    name: "stopped in order",
    weight: 6,
    async run(broker, chance) {
      await work(chance);
      broker.signal("SIGTERM");
      await broker.exitCode();
    },
  },
];

/** Resolves when a checkpoint is being written, or when none has come for some seconds. */
function checkpointBegins(directory: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(directory, (_event, name) => {
      if (name?.startsWith("checkpoint") === true) end();
    });
    const timer = setTimeout(end, CHECKPOINT_WAIT_MS);
    function end(): void {
      clearTimeout(timer);
      watcher.close();
      resolve();
    }
  });
}

/** One of the endings by their weights. */
export function chooseEnding(chance: Chance): Ending {
  let left = chance.next() * endings.reduce((sum, { weight }) => sum + weight, 0);
  for (const ending of endings) {
    left -= ending.weight;
    if (left < 0) return ending;
  }
  return endings[0] as Ending;
}
