// The real clock and real randomness.

import { randomFillSync, randomInt } from "node:crypto";
import type { Clock, Random, TimerHandle } from "./env.ts";

/** Node counts delays in 32 bits; longer ones would fire at once. */
const DELAY_MS_MAX = 2_147_483_647;

export const nodeClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (afterMs: number, onTimer: () => void): TimerHandle =>
    setTimeout(onTimer, Math.min(Math.ceil(afterMs), DELAY_MS_MAX)),
  clearTimer: (timer: TimerHandle): void => clearTimeout(timer as NodeJS.Timeout),
  nextTurn: (onTurn: () => void): void => {
    setImmediate(onTurn);
  },
};

export const nodeRandom: Random = {
  fill: (into: Uint8Array): void => {
    randomFillSync(into);
  },
  integer: (bound: number): number => randomInt(bound),
};
