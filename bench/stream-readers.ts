// How fast do thousands of readers get what lies in one stream, beside a process that only reads the same files, which
// are in the system's cache, and writes them to as many sockets? The clients are a process of their own. Both run in
// turn; what clients cost is said, too, because those of a broker take AMQP apart and acknowledge.
// npm run bench:readers [-- --readers 1000,2000 --seconds 10 --rounds 5]

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { planFrom } from "../src/perf/load-options.ts";
import { LoadRun } from "../src/perf/load-run.ts";
import { type RunningBroker, startLeveret } from "./brokers.ts";
import { endWithUs } from "./left-behind.ts";
import { usualFlags } from "./usual-flags.ts";

const { values } = parseArgs({
  options: {
    readers: { type: "string", default: "100,1000,2000" },
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    /** Internal: be the process that only reads and writes, this file. */
    serve: { type: "string" },
  },
});

const SIZE_BYTES = 1_024;
const STORED = 200_000;
/** What one read of the floor's server takes, as much as a page of a stream. */
const READ_BYTES = 1_048_576;
const FLOOR_FILE_BYTES = STORED * SIZE_BYTES;
const QUEUE = "readers";

if (values.serve !== undefined) serve(values.serve);
else await main();

/** What one round has shown, in bytes of bodies. */
interface Figures {
  readonly perSecond: number;
  /** Of the process that serves. */
  readonly perCpuSecond: number;
  /** Of the clients, which are this process. */
  readonly perClientCpuSecond: number;
  readonly residentMiB: number;
}

async function main(): Promise<void> {
  const seconds = Number(values.seconds);
  for (const readers of values.readers.split(",").map(Number)) {
    const floors: Figures[] = [];
    const brokers: Figures[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      floors.push(await floorOf(readers, seconds));
      brokers.push(await brokerOf(readers, seconds));
    }
    const shares = brokers.map(({ perSecond }, at) => perSecond / floors[at]!.perSecond);
    const cpuShares = brokers.map(
      ({ perCpuSecond }, at) => perCpuSecond / floors[at]!.perCpuSecond,
    );
    console.log(`${readers} readers`);
    console.log(`  broker        ${shown(brokers)}, at most ${most(brokers)} MiB`);
    console.log(`  bare process  ${shown(floors)}, at most ${most(floors)} MiB`);
    console.log(
      `  share         ${percent(shares)} by wall clock, ${percent(cpuShares)} per CPU second`,
    );
  }
}

async function brokerOf(readers: number, seconds: number): Promise<Figures> {
  const broker = await startLeveret();
  try {
    await store(broker);
    const result = await new LoadRun(
      planFrom({
        ...usualFlags(broker),
        ...{ queue: QUEUE, streamQueue: true, producers: "0", consumers: String(readers) },
        ...{ consumerArgs: "x-stream-offset=first", qos: "1000", multiAckEvery: "200" },
        ...{ time: String(seconds), warmUp: "0", purge: false },
      }),
    ).execute();
    const bytes = result.counts.received * SIZE_BYTES;
    return {
      perSecond: bytes / result.seconds,
      perCpuSecond: bytes / (result.brokerCpuSeconds ?? 1),
      perClientCpuSecond: bytes / result.clientCpuSeconds,
      residentMiB: peakMiB(broker.pid),
    };
  } finally {
    await broker.stop();
  }
}

async function store(broker: RunningBroker): Promise<void> {
  const flags = { queue: QUEUE, streamQueue: true, keep: true, pmessages: String(STORED) };
  await new LoadRun(
    planFrom({
      ...{ ...usualFlags(broker), ...flags, consumers: "0", confirm: "256" },
      ...{ flag: ["persistent"], size: String(SIZE_BYTES), warmUp: "0" },
    }),
  ).execute();
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] as number;
}

function range(all: readonly number[], text: (value: number) => string): string {
  return `${text(median(all))} [${text(Math.min(...all))}-${text(Math.max(...all))}]`;
}

function percent(all: readonly number[]): string {
  return `${range(all, (share) => (100 * share).toFixed(0))} %`;
}

function shown(all: readonly Figures[]): string {
  const megabytes = (value: number): string => (value / 1e6).toFixed(0);
  return (
    `${range(
      all.map(({ perSecond }) => perSecond),
      megabytes,
    )} MB/s, ` +
    `${range(
      all.map(({ perCpuSecond }) => perCpuSecond),
      megabytes,
    )} per CPU second of it, ` +
    `${range(
      all.map(({ perClientCpuSecond }) => perClientCpuSecond),
      megabytes,
    )} of its clients`
  );
}

function most(all: readonly Figures[]): number {
  return Math.max(...all.map(({ residentMiB }) => residentMiB));
}

function peakMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024);
}

// ---- the floor ------------------------------------------------------------------------------------------------------

/** Ticks are 10 ms on Linux. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Bytes a second that `readers` sockets get from a process that does nothing else. */
async function floorOf(readers: number, seconds: number): Promise<Figures> {
  const path = join(tmpdir(), `leveret-readers-${process.pid}`);
  writeFileSync(path, Buffer.alloc(FLOOR_FILE_BYTES, 7));
  const server: ChildProcess = fork(fileURLToPath(import.meta.url), ["--serve", path], {
    execArgv: process.execArgv,
  });
  const forget = endWithUs(() => {
    server.kill("SIGKILL");
    rmSync(path);
  });
  const [port] = (await once(server, "message")) as [number];
  let received = 0;
  const buffer = Buffer.alloc(65_536);
  const sockets: Socket[] = [];
  const onread = {
    buffer,
    callback: (bytes: number): boolean => {
      received += bytes;
      return true;
    },
  };
  for (let i = 0; i < readers; i++) {
    sockets.push(connect({ port, host: "127.0.0.1", onread }).on("error", () => {}));
  }
  await sleep(1_000);
  const pid = server.pid as number;
  const [startedMs, before, cpuBefore] = [performance.now(), received, cpuSeconds(pid)];
  const ownBefore = cpuSeconds(process.pid);
  await sleep(seconds * 1_000);
  const bytes = received - before;
  const perSecond = (1_000 * bytes) / (performance.now() - startedMs);
  const perCpuSecond = bytes / (cpuSeconds(pid) - cpuBefore);
  const perClientCpuSecond = bytes / (cpuSeconds(process.pid) - ownBefore);
  const residentMiB = peakMiB(pid);
  for (const socket of sockets) socket.destroy();
  server.kill("SIGKILL");
  forget();
  rmSync(path);
  return { perSecond, perCpuSecond, perClientCpuSecond, residentMiB };
}

/** Each socket gets the file from its beginning, again and again, as fast as it takes it. */
function serve(path: string): void {
  const file = openSync(path, "r");
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {});
    const buffer = Buffer.alloc(READ_BYTES / 16);
    let offset = 0;
    const next = (): void => {
      if (socket.destroyed) return;
      const read = readSync(file, buffer, 0, buffer.length, offset);
      offset = read < buffer.length ? 0 : offset + read;
      socket.write(buffer.subarray(0, Math.max(read, 1)), next);
    };
    next();
  });
  server.listen(0, "127.0.0.1", 10_000, () =>
    process.send?.((server.address() as AddressInfo).port),
  );
  process.once("exit", () => closeSync(file));
}
