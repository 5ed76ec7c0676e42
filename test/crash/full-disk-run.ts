// A broker's lives on a disk that other files fill up while clients work: killed while not a byte is left, started
// again on the full disk or once there is room, and compared with what clients know.

import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { LeveretProcess } from "../process/leveret-process.ts";
import { bodyOf, idOf } from "./bodies.ts";
import { Chance } from "./chance.ts";
import { readPlace } from "./reading.ts";
import { shapes } from "./shapes.ts";
import { type Known, knownOf, MARKER_QUEUE, publishConfirmed, Workload } from "./workload.ts";

/** Kinds of queue that grow no further than their consumers let them. */
const SHAPES = ["classic", "large", "rejected", "fanout", "quorum"];
const START_MS_MAX = 20_000;
/** A broker whose disk has room again says so within some seconds. */
const ROOM_MS_MAX = 20_000;
/** Everything is filled in a second or two, and drained in as much. */
const DRAIN_MS_MAX = 60_000;
const FILLED_QUEUE = "filled";
const FILLING_BYTES = 8_192;
const FILLING_WINDOW = 200;
/** No confirm for so long: nothing goes any more. */
const SILENCE_MS = 2_000;
const CHUNK_BYTES = 1_048_576;
const BLOCK_BYTES = 4_096;

export interface FullDiskOptions {
  readonly kills: number;
  readonly seed: number;
  /** On a small file system that nobody else uses. */
  readonly directory: string;
}

export class FullDiskRun {
  readonly #options: FullDiskOptions;
  readonly #chance: Chance;
  readonly #ballast: Ballast;
  readonly #known: Known[] = [];
  #lastId = 0;
  #running: LeveretProcess | undefined = undefined;
  kills = 0;
  confirmed = 0;
  /** Lives in which the broker noticed that nothing is left. */
  noticed = 0;
  /** Starts without a byte to spare, and how many of them were refused: nobody had left a reserve. */
  fullStarts = 0;
  refusedStarts = 0;
  /** Messages that filled the disk by themselves. */
  drained = 0;

  constructor(options: FullDiskOptions) {
    this.#options = options;
    this.#chance = new Chance(options.seed);
    this.#ballast = new Ballast(`${options.directory}/ballast`);
  }

  /** Rejects with what is wrong. */
  async run(): Promise<void> {
    let broker = await this.#start();
    await this.#declare(await broker.port("amqp"));
    while (this.kills < this.#options.kills) {
      await this.#live(broker);
      if (this.#chance.happens(0.5)) this.#ballast.give();
      broker = this.#ballast.isTaken ? await this.#startFull() : await this.#start();
      await this.#compare(broker);
      if (!this.#ballast.isTaken) continue;
      this.#ballast.give();
      await this.#confirmsAgain(broker);
    }
    await this.#fillAndDrain(broker);
  }

  /** Ends whatever still runs. */
  async end(): Promise<void> {
    await this.#running?.kill();
  }

  async #start(): Promise<LeveretProcess> {
    const place = ["--data-dir", `${this.#options.directory}/data`];
    const ports = ["--amqp-port", "0", "--http-port", "0"];
    // Publishers go on until nothing is left, not until little is.
    const limit = ["--set", "disk_free_limit.absolute=1"];
    const broker = LeveretProcess.start(...ports, ...place, ...limit);
    this.#running = broker;
    await within(START_MS_MAX, "a start", broker.printed("Server startup complete"));
    return broker;
  }

  /** With nothing at all for the lock it can only say so, and start when there is room. */
  async #startFull(): Promise<LeveretProcess> {
    this.fullStarts++;
    try {
      return await this.#start();
    } catch (error) {
      if (!(error as Error).message.includes("no space left on device")) throw error;
      this.refusedStarts++;
      this.#ballast.give();
      return this.#start();
    }
  }

  async #declare(port: number): Promise<void> {
    const connection = await connect({ port });
    connection.on("error", () => {});
    const channel = await connection.createChannel();
    await channel.assertQueue(MARKER_QUEUE, { durable: true, maxLength: 1 });
    for (const shape of shapes.filter(({ name }) => SHAPES.includes(name))) {
      await shape.declare(channel);
      this.#known.push(knownOf(shape));
    }
    await connection.close();
  }

  /** Clients work, the disk fills up, and the broker is killed. */
  async #live(broker: LeveretProcess): Promise<void> {
    const chance = this.#chance;
    const exited = broker.exitCode().then((code) => {
      if (code !== null) throw new Error(`the broker ended by itself (${code}): ${broker.stderr}`);
    });
    const workload = new Workload({
      ...{ port: await broker.port("amqp"), httpPort: await broker.port("http"), chance },
      ...{ known: this.#known, nextId: () => ++this.#lastId, isHeavy: true },
    });
    const started = workload.start().catch(() => {});
    await sleep(chance.between(0, 400));
    this.#ballast.take(chance.pick([0, 0, 1, 16, 256, 1_024]) * BLOCK_BYTES);
    await sleep(chance.between(0, 1_000));
    const isRelieved = chance.happens(0.2);
    if (isRelieved) {
      this.#ballast.give();
      await sleep(chance.between(0, 1_500));
    }
    await Promise.all([broker.kill(), exited]);
    this.kills++;
    workload.end();
    await started;
    // Replies that had left the broker are still on their way to callbacks.
    await sleep(20);
    if (workload.faults.length > 0) throw new Error(workload.faults.slice(0, 20).join("\n"));
    this.confirmed += workload.confirmedCount;
    if (broker.stdout.includes("the disk is full")) this.noticed++;
  }

  async #compare(broker: LeveretProcess): Promise<void> {
    const [amqp, http] = [await broker.port("amqp"), await broker.port("http")];
    const faults: string[] = [];
    for (const ledger of this.#known.flatMap(({ ledgers }) => ledgers)) {
      faults.push(...ledger.compare(await readPlace({ amqp, http }, ledger.place)));
    }
    if (faults.length > 0) throw new Error(faults.slice(0, 20).join("\n"));
  }

  /** What waits in a queue fills the disk, up to the last byte: consumers alone must make room again. */
  async #fillAndDrain(broker: LeveretProcess): Promise<void> {
    await within(ROOM_MS_MAX, "the reserve", this.#reserveIsThere());
    const confirmed = await publishUntilFull(await broker.port("amqp"));
    const connection = await connect({ port: await broker.port("amqp") });
    connection.on("error", () => {});
    const channel = await connection.createChannel();
    const lost = new Set(confirmed);
    await channel.consume(FILLED_QUEUE, (message) => {
      if (message === null) return;
      lost.delete(idOf(message.content));
      channel.ack(message);
    });
    for (const startedMs = performance.now(); lost.size > 0; await sleep(20)) {
      if (performance.now() - startedMs < DRAIN_MS_MAX) continue;
      throw new Error(`${lost.size} of ${confirmed.length} confirmed messages never come`);
    }
    await this.#confirmsAgain(broker).catch((error: Error) => {
      throw new Error(
        `${error.message}: ${this.#files()}; the broker: ${broker.stdout.slice(-2_000)}`,
      );
    });
    await connection.close();
    await broker.kill();
    this.drained = confirmed.length;
  }

  /** What lies on the disk, as people want to know it when something is wrong. */
  #files(): string {
    const { directory } = this.#options;
    const { bavail, bsize } = statfsSync(directory);
    const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
    const sizes = names.map((name) => [name, statSync(`${directory}/${name}`)] as const);
    const files = sizes
      .filter(([, stat]) => stat.isFile())
      .map(([name, { size, blocks }]) => `${name} ${size} (${blocks * 512})`);
    return `${bavail * bsize} bytes free, ${files.join(", ")}`;
  }

  /** A broker that was started on a full disk takes it once there is room. */
  async #reserveIsThere(): Promise<void> {
    const path = `${this.#options.directory}/data/reserve`;
    const sizeBytes = () => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    // It grows while it is taken.
    for (let seen = -1; seen !== sizeBytes() || seen === 0; await sleep(200)) seen = sizeBytes();
  }

  /** There is room again: the same process takes messages. */
  async #confirmsAgain(broker: LeveretProcess): Promise<void> {
    const connection = await connect({ port: await broker.port("amqp") });
    connection.on("error", () => {});
    const channel = await connection.createConfirmChannel();
    await within(ROOM_MS_MAX, "a confirm once there is room", publishConfirmed(channel));
    await connection.close();
  }
}

/** Publishes until no confirm comes any more; answers what was confirmed. */
async function publishUntilFull(port: number): Promise<number[]> {
  const connection = await connect({ port });
  connection.on("error", () => {});
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(FILLED_QUEUE, { durable: true });
  const confirmed: number[] = [];
  let open = 0;
  let lastMs = performance.now();
  for (let id = 1; performance.now() - lastMs < SILENCE_MS; await sleep(1)) {
    for (; open < FILLING_WINDOW; id++) {
      const mine = id;
      open++;
      const body = bodyOf(mine, FILLING_BYTES);
      channel.sendToQueue(FILLED_QUEUE, body, { persistent: true }, (error) => {
        if (error) return;
        open--;
        confirmed.push(mine);
        lastMs = performance.now();
      });
    }
  }
  return confirmed;
}

/** A file that takes all that is free. */
class Ballast {
  readonly #path: string;
  isTaken = false;

  constructor(path: string) {
    this.#path = path;
  }

  take(exceptBytes: number): void {
    const file = openSync(this.#path, "w");
    let sizeBytes = 0;
    for (let step = CHUNK_BYTES; step >= BLOCK_BYTES; ) {
      const written = writeUnlessFull(file, step);
      sizeBytes += written;
      if (written < step) step /= 2;
    }
    ftruncateSync(file, Math.max(0, sizeBytes - exceptBytes));
    closeSync(file);
    this.isTaken = true;
  }

  give(): void {
    rmSync(this.#path, { force: true });
    this.isTaken = false;
  }
}

const filling = Buffer.alloc(CHUNK_BYTES, 1);

/** How many bytes there was room for. */
function writeUnlessFull(file: number, lengthBytes: number): number {
  try {
    return writeSync(file, filling, 0, lengthBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return 0;
    throw error;
  }
}

async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const late = sleep(limitMs, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`${what} takes more than ${limitMs} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    ended.abort();
    late.catch(() => {});
  }
}
