// What each case must reach at least, and what it is meant to reach. `times`: how many times RabbitMQ's figure, by
// wall clock and per broker CPU second; `relayShare`: bytes per CPU second as a share of the bare relay's.

export interface Bar {
  readonly wallTimes?: number;
  readonly cpuTimes?: number;
  readonly relayShare?: number;
}

export interface Bars {
  readonly floor: Bar;
  readonly goal: Bar;
}

/** By the case's name in src/perf/cases.ts. */
export const bars: Readonly<Record<string, Bars>> = {
  "noack-16": {
    floor: { wallTimes: 25, cpuTimes: 40, relayShare: 0.09 },
    goal: { wallTimes: 50, cpuTimes: 80, relayShare: 0.18 },
  },
  "noack-1k": {
    floor: { wallTimes: 6, cpuTimes: 10, relayShare: 0.28 },
    goal: { wallTimes: 12, cpuTimes: 18, relayShare: 0.45 },
  },
  "noack-16k": {
    floor: { wallTimes: 1.5, cpuTimes: 2, relayShare: 0.45 },
    goal: { wallTimes: 2.3, cpuTimes: 3, relayShare: 0.65 },
  },
  "ack-50": { floor: { wallTimes: 12, cpuTimes: 30 }, goal: { wallTimes: 25, cpuTimes: 60 } },
  "ack-each": { floor: { wallTimes: 12, cpuTimes: 30 }, goal: { wallTimes: 25, cpuTimes: 60 } },
  "durable-publish": { floor: { wallTimes: 6 }, goal: { wallTimes: 12 } },
  "durable-both": { floor: { wallTimes: 5 }, goal: { wallTimes: 8 } },
  "durable-one": { floor: { wallTimes: 1 }, goal: { wallTimes: 1 } },
  "durable-hundred": { floor: { wallTimes: 5 }, goal: { wallTimes: 6 } },
  fifty: { floor: { wallTimes: 20, cpuTimes: 30 }, goal: { wallTimes: 40, cpuTimes: 70 } },
  latency: { floor: { wallTimes: 4 }, goal: { wallTimes: 15 } },
};
