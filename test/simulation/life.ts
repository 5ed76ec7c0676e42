// One life of a simulated broker: the real core on the real store, on a clock, a disk and chance that are made up.

import type { User } from "../../src/broker/access/user.ts";
import { openAuthorizer } from "../../src/broker/access/user.ts";
import type { Broker } from "../../src/broker/broker.ts";
import type { Limits } from "../../src/broker/limits.ts";
import { EMPTY_TABLE } from "../../src/broker/message/field-table.ts";
import { VhostAccess } from "../../src/broker/vhost-access.ts";
import { FakeClock } from "../../src/env/fake-clock.ts";
import { type CrashKind, FakeDisk } from "../../src/env/fake-disk.ts";
import { SeededRandom } from "../../src/env/fake-random.ts";
import { Arena } from "../../src/lib/arena.ts";
import { Memory } from "../../src/lib/memory.ts";
import { Messages } from "../../src/protocols/amqp091/messages.ts";
import { createCore } from "../../src/server/core.ts";
import { type Durability, onDisk } from "../../src/server/durability.ts";
import type { LogFileSizes } from "../../src/store/log-files.ts";
import type { RecoveryReport } from "../../src/store/store.ts";
import { fixedSeeds } from "./fixed-seeds.ts";
import { Trace } from "./trace.ts";

const SLICES = 5;
const ARENA_BYTES = 16 * 1_048_576;
/** One for all lives: they come one after the other. */
const arena = new Arena({ sizeBytes: ARENA_BYTES });
export const DIRECTORY = "data";
export const VHOST = "/";

export const anybody: User = { name: "guest", tags: ["administrator"], authorizer: openAuthorizer };

/** What outlives a broker: its disk, the time of day, and the seed's chance. */
export class World {
  readonly random: SeededRandom;
  readonly trace = new Trace();
  readonly notices: string[] = [];
  /** Small ones are used again sooner, large ones let more pages leave memory before the log wants them written. */
  readonly logFileSizes: LogFileSizes;
  /**
   * In every other world messages to two queues share a body already, in most a slice is one queue, and in some there is
   * room for next to no page.
   */
  readonly limits: Partial<Limits>;
  clock = new FakeClock();
  memory = new Memory({ arenaBytes: ARENA_BYTES, arena });
  disk: FakeDisk;

  /** `tickMs`: the disk answers at multiples of it, so that much happens at one moment, in any order. */
  constructor(seed: number, logFileSizes?: LogFileSizes, tickMs = 0) {
    this.random = new SeededRandom(seed);
    const sizes = [16_384, 16_384, 16_384, 131_072, 131_072, 131_072, 2_097_152];
    const smallestBytes = sizes[this.random.integer(sizes.length)] as number;
    this.limits = {
      ...(seed % 2 === 0 ? { copiedBodyQueuesMax: 1, copiedBodyBytesMax: 20 } : {}),
      ...(seed % 3 !== 0 ? { checkpointRowsPerSliceMax: 1 } : {}),
      ...(seed % 7 === 0 && !fixedSeeds.includes(seed) ? { residentPageBytesMax: 20_000 } : {}),
    };
    this.logFileSizes = logFileSizes ?? { smallestBytes, largestBytes: 2 * smallestBytes };
    this.disk = this.#connect(
      new FakeDisk({
        arena,
        random: () => this.random.fraction(),
        schedule: (afterMs, run) => {
          const atMs = tickMs === 0 ? afterMs : Math.round(afterMs / tickMs) * tickMs;
          this.clock.setTimer(atMs, run);
        },
      }),
    );
  }

  /** The process is gone; with it all its timers and memory. */
  #reset(downMs = 0): void {
    this.clock = new FakeClock(this.clock.nowMs() + downMs);
    this.memory = new Memory({ arenaBytes: ARENA_BYTES, arena });
  }

  /** The power goes. */
  crash(kind?: CrashKind): void {
    this.#reset();
    this.disk = this.#connect(this.disk.crash({}, kind));
  }

  /** A disk that could be left if the power went now. Several can be taken. */
  possibleImage(): FakeDisk {
    return this.disk.imageAfterCrash();
  }

  /** Goes on with that disk, after the power was off for a while. */
  use(disk: FakeDisk, downMs = 0): void {
    this.#reset(downMs);
    this.disk = this.#connect(disk);
  }

  #connect(disk: FakeDisk): FakeDisk {
    disk.onCall = (what) => this.trace.add(what);
    return disk;
  }
}

export class Life {
  readonly world: World;
  readonly broker: Broker;
  readonly durability: Durability;
  readonly access: VhostAccess;
  readonly messages: Messages;
  readonly report: RecoveryReport;
  /** Why nothing is confirmed any more. */
  failure: string | undefined = undefined;

  private constructor(
    world: World,
    broker: Broker,
    durability: Durability,
    report: RecoveryReport,
  ) {
    this.world = world;
    this.broker = broker;
    this.durability = durability;
    this.report = report;
    this.messages = new Messages(broker);
    const vhost = broker.addVhost(VHOST);
    const connection = {
      name: "model",
      user: "guest",
      protocol: "model",
      peer: { address: "127.0.0.1", port: 1 },
    };
    this.access = new VhostAccess(broker, vhost, anybody, connection);
  }

  /** Starts a broker on the world's disk. */
  static async start(world: World): Promise<Life> {
    const { clock, random, memory, disk } = world;
    const durability = await clock.drive(
      onDisk({
        ...{ clock, random, memory, disk },
        directory: DIRECTORY,
        logFileSizes: world.logFileSizes,
        segmentBytes: 524_288,
        onNotice: (text) => world.notices.push(text),
      }),
    );
    const broker = createCore({
      ...{ clock, random, memory },
      engine: durability.engine,
      nodeName: "rabbit@simulated",
      limits: world.limits,
      clusterName: "simulated",
    });
    let failure: string | undefined;
    broker.onLogFailed = (reason) => {
      failure = reason;
    };
    const report = (await clock.drive(durability.recover(broker))) as RecoveryReport;
    const life = new Life(world, broker, durability, report);
    life.failure = failure;
    broker.onLogFailed = (reason) => {
      life.failure = reason;
    };
    return life;
  }

  get position(): number {
    return this.broker.journal.position;
  }

  /** Lets `ms` of virtual time pass, and promises go on. */
  async pass(ms: number): Promise<void> {
    // In slices, so that checkpoints and whatever else waits for promises comes about as far as time does.
    for (let slice = 0; slice < SLICES; slice++) {
      this.world.clock.runFor(ms / SLICES);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Stops as an operator would. */
  async stop(): Promise<void> {
    await this.world.clock.drive(this.durability.close());
    this.broker.timers.stop();
    this.broker.turn.stop();
  }

  declare(name: string, durable: boolean, queueArguments = EMPTY_TABLE): void {
    this.access.declareQueue({
      name,
      durable,
      exclusive: false,
      autoDelete: false,
      arguments: queueArguments,
    });
  }
}
