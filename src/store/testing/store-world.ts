// A store on a fake disk in virtual time, to be crashed and opened again.

import { FakeClock } from "../../env/fake-clock.ts";
import { type CrashKind, FakeDisk, type FakeDiskOptions } from "../../env/fake-disk.ts";
import { SeededRandom } from "../../env/fake-random.ts";
import { Arena } from "../../lib/arena.ts";
import { Memory } from "../../lib/memory.ts";
import { Store, type StoreOptions } from "../store.ts";
import { Ledger } from "./ledger.ts";

const ARENA_BYTES = 16 * 1_048_576;
/** One for all worlds of a test file: they live one after the other. */
const arena = new Arena({ sizeBytes: ARENA_BYTES });

export const DIRECTORY = "data";

export class StoreWorld {
  clock = new FakeClock();
  readonly random: SeededRandom;
  memory = new Memory({ arenaBytes: ARENA_BYTES, arena });
  readonly notices: string[] = [];
  disk: FakeDisk;

  constructor(seed: number, disk: Partial<FakeDiskOptions> = {}) {
    this.random = new SeededRandom(seed);
    this.disk = new FakeDisk({
      arena: this.memory.arena,
      random: () => this.random.fraction(),
      schedule: (afterMs, run) => void this.clock.setTimer(afterMs, run),
      ...disk,
    });
  }

  /** The power goes and comes back. */
  crash(kind?: CrashKind): void {
    // With the clock all timers of the dead process go.
    this.clock = new FakeClock(this.clock.nowMs());
    this.memory = new Memory({ arenaBytes: ARENA_BYTES, arena });
    this.disk = this.disk.crash({}, kind);
  }

  done<T>(promise: Promise<T>): Promise<T> {
    return this.clock.drive(promise);
  }

  options(changes: Partial<StoreOptions> = {}): StoreOptions {
    return {
      disk: this.disk,
      clock: this.clock,
      random: this.random,
      memory: this.memory,
      directory: DIRECTORY,
      logFileSizes: { smallestBytes: 65_536, largestBytes: 131_072 },
      segmentBytes: 262_144,
      onNotice: (text) => this.notices.push(text),
      ...changes,
    };
  }

  /** A store with an empty ledger that has heard what was there, and refused so many entries at first. */
  async open(changes: Partial<StoreOptions> = {}, refusals = 0) {
    const store = await this.done(Store.open(this.options(changes)));
    const ledger = new Ledger(this.memory);
    ledger.refusals = refusals;
    const report = await this.done(store.replay(ledger));
    store.begin(ledger);
    return { store, ledger, report };
  }
}
