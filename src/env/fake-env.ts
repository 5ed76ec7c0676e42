// The simulated world: virtual time, seeded chance, sockets and a disk in memory. Same seed, same run.

import type { Memory } from "../lib/memory.ts";
import type { Env } from "./env.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeDisk } from "./fake-disk.ts";
import { FakeNet, type FakeNetOptions } from "./fake-net.ts";
import { SeededRandom } from "./fake-random.ts";

export interface FakeEnvOptions {
  readonly seed: number;
  readonly memory: Memory;
  /** Wall time at the start, ms since 1970. */
  readonly startMs?: number;
  readonly net?: Partial<FakeNetOptions>;
}

export class FakeEnv implements Env {
  readonly seed: number;
  readonly memory: Memory;
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  readonly net: FakeNet;
  readonly disk: FakeDisk;

  constructor(options: FakeEnvOptions) {
    this.seed = options.seed;
    this.memory = options.memory;
    const chance = new SeededRandom(options.seed);
    this.clock = new FakeClock(options.startMs);
    this.random = chance.fork();
    this.net = new FakeNet(this.clock, chance.fork(), options.memory, options.net);
    const { clock } = this;
    const diskChance = chance.fork();
    this.disk = new FakeDisk({
      arena: options.memory.arena,
      random: () => diskChance.fraction(),
      schedule: (afterMs, run) => void clock.setTimer(afterMs, run),
    });
  }
}
