// The process beside which readers of a stream are measured, and its clients: it reads a file that is in the system's
// cache and writes it to every socket. Run by itself (by `floorOf`) it is that process.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { endWithUs } from "./left-behind.ts";

/** What it writes to one socket at a time. */
const WRITE_BYTES = 65_536;
/** What a client of it reads at a time. */
const READ_BYTES = 65_536;
/** Of an acknowledgement, as a basic.ack has them. */
const ACK_BYTES = 21;
/** More acknowledgements than one read of a client is worth. */
const ACKS_MAX = 64;
const SETTLE_MS = 1_000;

/** What one round has shown, in bytes of bodies. */
export interface Figures {
  readonly perSecond: number;
  /** Of the process that serves. */
  readonly perCpuSecond: number;
  /** Of the clients, which are this process. */
  readonly perClientCpuSecond: number;
  readonly residentMiB: number;
}

/** How far the process may be ahead of a client, which says so each time it has got `ackEveryBytes`. */
export interface Window {
  readonly windowBytes: number;
  readonly ackEveryBytes: number;
}

const [path, window] = process.argv.slice(2);
if (process.argv[1] === fileURLToPath(import.meta.url) && path !== undefined) {
  serve(path, window === undefined ? undefined : (JSON.parse(window) as Window));
}

/** Bytes a second that `readers` sockets get of a file of `fileBytes`; without a window as much as they take. */
export async function floorOf(
  readers: number,
  seconds: number,
  fileBytes: number,
  bound?: Window,
): Promise<Figures> {
  const file = join(tmpdir(), `leveret-readers-${process.pid}`);
  writeFileSync(file, Buffer.alloc(fileBytes, 7));
  const args = [file, ...(bound === undefined ? [] : [JSON.stringify(bound)])];
  const server: ChildProcess = fork(fileURLToPath(import.meta.url), args, {
    execArgv: process.execArgv,
  });
  const forget = endWithUs(() => {
    server.kill("SIGKILL");
    rmSync(file);
  });
  const [port] = (await once(server, "message")) as [number];
  const received = { bytes: 0 };
  const buffer = Buffer.alloc(READ_BYTES);
  const sockets = Array.from({ length: readers }, () => reading(port, buffer, received, bound));
  await sleep(SETTLE_MS);
  const pid = server.pid as number;
  const [startedMs, before, cpuBefore] = [performance.now(), received.bytes, cpuSeconds(pid)];
  const ownBefore = cpuSeconds(process.pid);
  await sleep(seconds * 1_000);
  const bytes = received.bytes - before;
  const figures = {
    perSecond: (1_000 * bytes) / (performance.now() - startedMs),
    perCpuSecond: bytes / (cpuSeconds(pid) - cpuBefore),
    perClientCpuSecond: bytes / (cpuSeconds(process.pid) - ownBefore),
    residentMiB: peakMiB(pid),
  };
  for (const socket of sockets) socket.destroy();
  server.kill("SIGKILL");
  forget();
  rmSync(file);
  return figures;
}

export function peakMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024);
}

/** Ticks are 10 ms on Linux. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** A client that throws away what it gets. */
function reading(port: number, buffer: Buffer, received: { bytes: number }, bound?: Window) {
  const acks = Buffer.alloc(ACK_BYTES * ACKS_MAX);
  let owed = 0;
  const callback = (bytes: number): boolean => {
    received.bytes += bytes;
    if (bound === undefined) return true;
    owed += bytes;
    const count = Math.floor(owed / bound.ackEveryBytes);
    owed -= count * bound.ackEveryBytes;
    if (count > 0) socket.write(acks.subarray(0, ACK_BYTES * count));
    return true;
  };
  const onread = { buffer, callback };
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
  return socket.on("error", () => {});
}

/** Each socket gets the file from its beginning, again and again, as fast as it takes it. */
function serve(from: string, bound: Window | undefined): void {
  const file = openSync(from, "r");
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) =>
    feed(accepted, file, bound),
  );
  server.listen(0, "127.0.0.1", 10_000, () =>
    process.send?.((server.address() as AddressInfo).port),
  );
  process.once("exit", () => closeSync(file));
}

function feed(accepted: Socket, file: number, bound: Window | undefined): void {
  // Node has no public way to accept a socket with a read buffer of our own.
  const carrier = accepted as unknown as { _handle: unknown };
  const handle = carrier._handle;
  carrier._handle = null;
  const buffer = Buffer.alloc(WRITE_BYTES);
  let offset = 0;
  let allowedBytes = bound?.windowBytes ?? Number.POSITIVE_INFINITY;
  let isWaiting = false;
  const next = (): void => {
    if (socket.destroyed) return;
    isWaiting = allowedBytes <= 0;
    if (isWaiting) return;
    const length = Math.min(buffer.length, allowedBytes);
    const read = readSync(file, buffer, 0, length, offset);
    offset = read < length ? 0 : offset + read;
    allowedBytes -= read;
    socket.write(buffer.subarray(0, Math.max(read, 1)), next);
  };
  const callback = (bytes: number): boolean => {
    allowedBytes += (bytes / ACK_BYTES) * (bound?.ackEveryBytes ?? 0);
    if (isWaiting) next();
    return true;
  };
  const onread = { buffer: Buffer.alloc(READ_BYTES), callback };
  const options = { handle, onread } as unknown as ConstructorParameters<typeof Socket>[0];
  const socket = new Socket(options);
  socket.on("error", () => {});
  socket.resume();
  next();
}
