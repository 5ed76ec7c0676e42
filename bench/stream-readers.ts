// How fast do thousands of readers get what lies in one stream, beside a process that only reads the same files, which
// are in the system's cache, and writes them to as many sockets? The clients are a process of their own.
// npm run bench:readers [-- --readers 1000,2000 --seconds 10]

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
import { usualFlags } from "./usual-flags.ts";

const { values } = parseArgs({
  options: {
    readers: { type: "string", default: "100,1000,2000" },
    seconds: { type: "string", default: "8" },
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

async function main(): Promise<void> {
  const seconds = Number(values.seconds);
  for (const readers of values.readers.split(",").map(Number)) {
    const floor = await floorOf(readers, seconds);
    const broker = await startLeveret();
    try {
      await store(broker);
      const emptyMiB = residentMiB(broker.pid);
      let peakMiB = emptyMiB;
      const watch = setInterval(() => {
        peakMiB = Math.max(peakMiB, residentMiB(broker.pid));
      }, 250);
      const result = await new LoadRun(
        planFrom({
          ...usualFlags(broker),
          ...{ queue: QUEUE, streamQueue: true, producers: "0", consumers: String(readers) },
          ...{ consumerArgs: "x-stream-offset=first", qos: "1000", multiAckEvery: "200" },
          ...{ time: String(seconds), warmUp: "0", purge: false },
        }),
      ).execute();
      clearInterval(watch);
      const perSecond = (result.counts.received * SIZE_BYTES) / result.seconds;
      const share = ((100 * perSecond) / floor.perSecond).toFixed(0);
      const perCpu = (result.counts.received * SIZE_BYTES) / (result.brokerCpuSeconds ?? 1);
      console.log(
        `${String(readers).padStart(5)} readers: ${megabytes(perSecond)} MB/s of bodies (${megabytes(perCpu)} a CPU ` +
          `second of the broker), ${share} % of ${megabytes(floor.perSecond)} MB/s (${megabytes(floor.perCpuSecond)}) ` +
          "read from the cache and written; " +
          `${emptyMiB} MiB before, ${peakMiB} MiB at most`,
      );
    } finally {
      await broker.stop();
    }
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

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024);
}

// ---- the floor ------------------------------------------------------------------------------------------------------

interface Floor {
  readonly perSecond: number;
  /** Of the server. */
  readonly perCpuSecond: number;
}

/** Ticks are 10 ms on Linux. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Bytes a second that `readers` sockets get from a process that does nothing else. */
async function floorOf(readers: number, seconds: number): Promise<Floor> {
  const path = join(tmpdir(), `leveret-readers-${process.pid}`);
  writeFileSync(path, Buffer.alloc(FLOOR_FILE_BYTES, 7));
  const server: ChildProcess = fork(fileURLToPath(import.meta.url), ["--serve", path], {
    execArgv: process.execArgv,
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
  await sleep(seconds * 1_000);
  const bytes = received - before;
  const perSecond = (1_000 * bytes) / (performance.now() - startedMs);
  const perCpuSecond = bytes / (cpuSeconds(pid) - cpuBefore);
  for (const socket of sockets) socket.destroy();
  server.kill();
  rmSync(path);
  return { perSecond, perCpuSecond };
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
