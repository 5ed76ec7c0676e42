// Sends published messages through the bare relay and measures what it costs: the yardstick for a broker's bytes.

import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageBatch } from "../src/perf/message-batch.ts";
import { monotonicUs } from "../src/perf/monotonic.ts";
import { processCpuSeconds } from "../src/perf/process-usage.ts";

export interface RelayOutcome {
  readonly bytesPerSecond: number;
  readonly bytesPerCpuSecond: number;
}

const shape = {
  exchange: "",
  routingKey: "perf",
  varyKey: false,
  mandatory: false,
  properties: {},
  randomBody: false,
};
const place = { channel: 1, frameMax: 131_072, run: 1, publisher: 0 };
const BATCH_BYTES = 65_536;

/** Bytes of one message as a publisher puts them on the wire. */
export function publishedBytes(sizeBytes: number): number {
  return new MessageBatch({ ...shape, sizeBytes }, place, 0).strideBytes;
}

/** Runs messages of that size through the relay at `port` for `seconds`. */
export async function loadRelay(
  port: number,
  pid: number,
  sizeBytes: number,
  seconds: number,
): Promise<RelayOutcome> {
  const received = { bytes: 0 };
  const sink = await openSink(port, received);
  const source = await openSource(port, sizeBytes);
  await sleep(500);
  const from = { bytes: received.bytes, cpu: processCpuSeconds(pid) ?? 0, us: monotonicUs() };
  await sleep(seconds * 1e3);
  const bytes = received.bytes - from.bytes;
  const cpuSeconds = (processCpuSeconds(pid) ?? 0) - from.cpu;
  const wallSeconds = (monotonicUs() - from.us) / 1e6;
  source.destroy();
  await sleep(100);
  sink.destroy();
  await sleep(100);
  return { bytesPerSecond: bytes / wallSeconds, bytesPerCpuSecond: bytes / cpuSeconds };
}

function openSink(port: number, received: { bytes: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const callback = (length: number): boolean => {
      received.bytes += length;
      return true;
    };
    const onread = { buffer: new Uint8Array(1 << 20), callback };
    const socket = connect({ port, host: "127.0.0.1", onread }, () => {
      socket.write("S");
      setTimeout(() => resolve(socket), 100);
    });
    socket.on("error", reject);
  });
}

function openSource(port: number, sizeBytes: number): Promise<Socket> {
  const batch = new MessageBatch({ ...shape, sizeBytes }, place, BATCH_BYTES);
  const bytes = batch.fill(batch.capacity, 1, 0);
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      const send = (): void => {
        if (socket.destroyed) return;
        socket.write(bytes);
        if (socket.writableLength === 0) setImmediate(send);
        else socket.once("drain", send);
      };
      socket.write("P");
      send();
      resolve(socket);
    });
    socket.on("error", () => {});
  });
}
