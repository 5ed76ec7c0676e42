// One broker's many lives: it is started, compared with what clients know, worked with, and killed.

import { cpSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { LeveretProcess } from "../process/leveret-process.ts";
import { Chance } from "./chance.ts";
import { Definitions } from "./definitions.ts";
import { chooseEnding } from "./endings.ts";
import { readPlace, readQueues } from "./reading.ts";
import { type Shape, shapes } from "./shapes.ts";
import { TRANSACTION_QUEUE, Transactions } from "./transactions.ts";
import { type Known, knownOf, MARKER_QUEUE, Workload } from "./workload.ts";

const RECOVERY_KILLS_MAX = 3;
/** So often nearly all that waits lies on disk, and comes back from there. */
const LITTLE_MEMORY_SHARE = 0.25;
const LITTLE_MEMORY = [
  ...["--set", "leveret.memory.arena=32MiB"],
  ...["--set", "leveret.memory.resident=100KiB"],
];
/** Mostly the clients are at work before the end is near; else it may come while they connect. */
const CLIENTS_FIRST_SHARE = 0.85;

export interface CrashRunOptions {
  readonly kills: number;
  readonly seed: number;
  /** The data directory; made by the broker. */
  readonly directory: string;
  /** Where to keep a copy of the data directory as each crash left it. */
  readonly imageDirectory: string | undefined;
  readonly onLife: (text: string) => void;
}

export class CrashRun {
  readonly #options: CrashRunOptions;
  readonly #chance: Chance;
  #known: Known[] = [];
  readonly #transactions: Transactions;
  readonly #definitions: Definitions;
  #lastId = 0;
  #running: LeveretProcess | undefined = undefined;
  #startMs = 400;
  kills = 0;
  comparisons = 0;
  confirmed = 0;
  copies = 0;
  conversions = 0;
  longestRecoveryMs = 0;
  /** How often each ending happened. */
  readonly endings = new Map<string, number>();
  /** Shapes this broker does not have. */
  readonly missing: string[] = [];

  constructor(options: CrashRunOptions) {
    this.#options = options;
    this.#chance = new Chance(options.seed);
    this.#transactions = new Transactions(this.#chance, () => ++this.#lastId);
    this.#definitions = new Definitions(this.#chance);
  }

  get lost(): number {
    return this.#known.flatMap(({ ledgers }) => ledgers).reduce((sum, { lost }) => sum + lost, 0);
  }
  get transactions(): number {
    return this.#transactions.committed;
  }
  get definitions(): number {
    return this.#definitions.done;
  }

  /** Rejects with what is wrong. */
  async run(): Promise<void> {
    let broker = await this.#start();
    await this.#declare(await broker.port("amqp"));
    while (this.kills < this.#options.kills) {
      await this.#live(broker);
      await this.#killInRecovery();
      broker = await this.#start();
      await this.#compare(broker);
    }
    // An orderly end must lose nothing either.
    broker.signal("SIGTERM");
    await broker.exitCode();
    broker = await this.#start();
    await this.#compare(broker);
    await broker.kill();
  }

  async #start(): Promise<LeveretProcess> {
    const broker = this.#spawn();
    await broker.printed("Server startup complete");
    this.#startMs = performance.now() - broker.startedMs;
    this.longestRecoveryMs = Math.max(this.longestRecoveryMs, this.#startMs);
    return broker;
  }

  #spawn(): LeveretProcess {
    const ports = ["--amqp-port", "0", "--http-port", "0"];
    const memory = this.#chance.happens(LITTLE_MEMORY_SHARE) ? LITTLE_MEMORY : [];
    const place = ["--data-dir", this.#options.directory];
    this.#running = LeveretProcess.start(...ports, ...place, ...memory);
    return this.#running;
  }

  /** Ends whatever still runs. */
  async end(): Promise<void> {
    await this.#running?.kill();
  }

  async #declare(port: number): Promise<void> {
    const connection = await connect({ port });
    connection.on("error", () => {});
    const channel = await connection.createChannel();
    await channel.assertQueue(TRANSACTION_QUEUE, { durable: true });
    await channel.assertQueue(MARKER_QUEUE, { durable: true, maxLength: 1 });
    await channel.close();
    for (const shape of shapes) {
      if (await isThere(port, shape)) {
        this.#known.push(knownOf(shape));
      } else {
        this.missing.push(shape.name);
      }
    }
    await connection.close();
  }

  /** Clients work until the broker ends, one way or another. */
  async #live(broker: LeveretProcess): Promise<void> {
    const chance = this.#chance;
    const ending = chooseEnding(chance);
    const [port, httpPort] = [await broker.port("amqp"), await broker.port("http")];
    const workload = new Workload({
      ...{ port, httpPort, chance, known: this.#known, nextId: () => ++this.#lastId },
      isHeavy: ending.needsHeavyLoad ?? chance.happens(0.2),
    });
    const exited = broker.exitCode().then((code) => {
      if (code !== null && code !== 0)
        throw new Error(`the broker ended by itself (${code}): ${broker.stderr}`);
    });
    const started = workload.start().catch(() => {});
    const working = [this.#transactions.run(port), this.#definitions.run(port, httpPort)];
    if (chance.happens(CLIENTS_FIRST_SHARE)) await started;
    await Promise.all([ending.run(broker, chance, this.#options.directory), exited]);
    workload.end();
    await Promise.all([started, ...working]);
    // Replies that had left the broker are still on their way to callbacks.
    await sleep(20);
    if (workload.faults.length > 0) throw new Error(workload.faults.slice(0, 20).join("\n"));
    this.confirmed += workload.confirmedCount;
    this.copies += workload.copies;
    this.conversions += workload.conversions;
    this.#count(ending.name);
    if (ending.name !== "stopped in order") this.kills++;
    this.#options.onLife(`${ending.name}, ${workload.confirmedCount} confirmed`);
  }

  async #killInRecovery(): Promise<void> {
    const chance = this.#chance;
    const { directory, imageDirectory } = this.#options;
    if (imageDirectory !== undefined) {
      rmSync(imageDirectory, { recursive: true, force: true });
      const isFile = (path: string): boolean => !path.endsWith(".sock");
      cpSync(directory, imageDirectory, { recursive: true, filter: isFile });
    }
    for (let i = 0; i < RECOVERY_KILLS_MAX && chance.happens(0.3); i++) {
      const broker = this.#spawn();
      await sleep(chance.between(0, Math.ceil(this.#startMs)));
      await broker.kill();
      this.kills++;
      this.#count("killed in recovery");
    }
  }

  async #compare(broker: LeveretProcess): Promise<void> {
    const [port, httpPort] = [await broker.port("amqp"), await broker.port("http")];
    const faults: string[] = await this.#definitions.compare(httpPort);
    const [waiting] = await readQueues(port, [TRANSACTION_QUEUE]);
    faults.push(...this.#transactions.compare(waiting ?? []));
    const ledgers = this.#known.flatMap((known) => known.ledgers);
    await Promise.all(
      ledgers.map(async (ledger) => {
        const ports = { amqp: port, http: httpPort };
        const isLate = (id: number, atMs: number) => ledger.isLate(id, atMs);
        const found = await readPlace(ports, ledger.place, isLate);
        faults.push(...ledger.compare(found));
      }),
    );
    if (faults.length === 0) await this.#renew(port);
    this.comparisons++;
    if (faults.length > 0) throw new Error(faults.slice(0, 20).join("\n"));
  }

  /** What has become a stream stays one: another queue takes its name. */
  async #renew(port: number): Promise<void> {
    const connection = await connect({ port });
    connection.on("error", () => {});
    const channel = await connection.createChannel();
    for (const { shape, ledgers } of this.#known) {
      for (const ledger of ledgers.filter(({ place }) => place.becomesStream === true)) {
        for (const queue of ledger.place.queues) await channel.deleteQueue(queue);
        ledger.deleted();
        await shape.declare(channel);
      }
    }
    await connection.close();
  }

  #count(name: string): void {
    this.endings.set(name, (this.endings.get(name) ?? 0) + 1);
  }
}

/** Declares it; false when this broker has no such queues. */
async function isThere(port: number, shape: Shape): Promise<boolean> {
  const connection = await connect({ port });
  connection.on("error", () => {});
  try {
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    await shape.declare(channel);
    return (await shape.isThere?.(channel)) ?? true;
  } catch {
    return false;
  } finally {
    await connection.close().catch(() => {});
  }
}
