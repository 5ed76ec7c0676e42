// Many durable queues on the real process: npm run bench:queues [-- --queues 10000]
// What a queue with one message costs in memory and on disk; whether moving such messages out of a log file stalls the
// event loop; and one message to many queues at once.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { processMemory } from "../src/perf/process-usage.ts";
import { LeveretProcess } from "../test/process/leveret-process.ts";
import { endWithUs } from "./left-behind.ts";

const { values } = parseArgs({
  options: {
    queues: { type: "string", default: "10000" },
    targets: { type: "string", default: "1000" },
    seconds: { type: "string", default: "5" },
  },
});

const STALL_MS_MAX = 50;
const MEMORY_BYTES_PER_QUEUE_MAX = 10_240;
const DISK_BYTES_PER_QUEUE_MAX = 4_096;
const FANOUT_RATE_MIN = 200;
const BODY = Buffer.alloc(1_024, "x");
/** Publishes under way at once. */
const WINDOW = 256;
/** Enough to use both buffers of the log. */
const WARM_UP_MESSAGES = 30_000;
/** Enough to fill several log files of the smallest sizes. */
const RECYCLING_BYTES = 120e6;

const queueCount = Number(values.queues);
const targetCount = Number(values.targets);
const folder = mkdtempSync(join(tmpdir(), "leveret-queues-"));
endWithUs(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const dataDirectory = join(folder, "data");
let missed = 0;

function verdict(isRight: boolean, text: string): void {
  console.log(`${isRight ? "ok  " : "!!  "}${text}`);
  if (!isRight) missed++;
}

async function start(): Promise<LeveretProcess> {
  process.env.NODE_OPTIONS = `--require ${fileURLToPath(new URL("loop-watch.cjs", import.meta.url))}`;
  const ports = ["--amqp-port", "0", "--http-port", "0"];
  const broker = LeveretProcess.start(...ports, "--data-dir", dataDirectory);
  endWithUs(() => broker.signal("SIGKILL"));
  delete process.env.NODE_OPTIONS;
  await broker.printed("Server startup complete");
  return broker;
}

/** The worst delay of the broker's loop since the last call. */
async function worstDelayMs(broker: LeveretProcess): Promise<number> {
  const before = broker.stderr.length;
  broker.signal("SIGUSR2");
  for (;;) {
    const said = /loop delay ([\d.]+) ms/.exec(broker.stderr.slice(before));
    if (said !== null) return Number(said[1]);
    await sleep(5);
  }
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1_024).toFixed(1)} KiB`;
}

function resident(broker: LeveretProcess): number {
  return processMemory(broker.processId as number)?.residentBytes ?? 0;
}

/** Bytes of all files but the log's, which are made beforehand and used again, and the reserve. */
function bytesOnDisk(directory = dataDirectory): number {
  let sum = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && entry.name !== "log") sum += bytesOnDisk(path);
    else if (entry.isFile() && entry.name !== "reserve") sum += statSync(path).blocks * 512;
  }
  return sum;
}

/** Publishes `count` messages with confirms, WINDOW at once; `target` names exchange and key of each. */
async function publishMany(
  channel: ConfirmChannel,
  count: number,
  target: (index: number) => readonly [exchange: string, key: string],
): Promise<void> {
  let open = 0;
  let wake: (() => void) | undefined;
  for (let i = 0; i < count; i++) {
    if (open >= WINDOW) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    open++;
    const [exchange, key] = target(i);
    channel.publish(exchange, key, BODY, { persistent: true }, () => {
      open--;
      wake?.();
    });
  }
  await channel.waitForConfirms();
}

async function client(broker: LeveretProcess): Promise<[ChannelModel, ConfirmChannel]> {
  const connection = await connect({ port: await broker.port("amqp") });
  connection.on("error", (error: Error) =>
    console.log(`!!  ${error.message} ${broker.stderr} ${broker.stdout}`),
  );
  return [connection, await connection.createConfirmChannel()];
}

async function oneMessageEach(broker: LeveretProcess, channel: ConfirmChannel): Promise<void> {
  // Buffers of the log and code are touched once, however many queues there are: they are no queue's cost.
  await channel.assertQueue("traffic", { durable: true });
  await channel.consume("traffic", () => {}, { noAck: true });
  await publishMany(channel, WARM_UP_MESSAGES, () => ["", "traffic"]);
  await sleep(1_500);
  const memoryBefore = resident(broker);
  await worstDelayMs(broker);
  await inGroups(queueCount, (i) => channel.assertQueue(`one-${i}`, { durable: true }));
  console.log(`    ${queueCount} queues declared, worst delay ${await worstDelayMs(broker)} ms`);
  await publishMany(channel, queueCount, (i) => ["", `one-${i}`]);
  const memory = (resident(broker) - memoryBefore) / queueCount - BODY.length;
  console.log(`    one message in each, worst delay ${await worstDelayMs(broker)} ms`);
  // Other traffic fills log files: what lies in them must be moved out before they are used again.
  const count = Math.ceil(RECYCLING_BYTES / BODY.length);
  await publishMany(channel, count, () => ["", "traffic"]);
  await sleep(2_000);
  const stall = await worstDelayMs(broker);
  verdict(
    memory <= MEMORY_BYTES_PER_QUEUE_MAX,
    `memory: ${kibibytes(memory)} a queue beyond its message, allowed 10 KiB`,
  );
  verdict(
    stall <= STALL_MS_MAX,
    `log files used again: worst delay ${stall} ms, allowed ${STALL_MS_MAX} ms`,
  );
}

async function restart(broker: LeveretProcess): Promise<LeveretProcess> {
  // An orderly stop removes what only passed through.
  broker.signal("SIGTERM");
  await broker.exitCode();
  const disk = bytesOnDisk() / queueCount - BODY.length;
  verdict(
    disk <= DISK_BYTES_PER_QUEUE_MAX,
    `disk: ${kibibytes(disk)} a queue beyond its message, allowed 4 KiB`,
  );
  const between = await start();
  await between.kill();
  const killedMs = performance.now();
  const next = await start();
  console.log(`    ready ${Math.round(performance.now() - killedMs)} ms after a kill`);
  const [connection, channel] = await client(next);
  const { messageCount } = await channel.checkQueue(`one-${queueCount - 1}`);
  verdict(messageCount === 1, "every queue and message is back");
  await connection.close();
  return next;
}

async function fanout(broker: LeveretProcess, channel: ConfirmChannel): Promise<void> {
  await channel.assertExchange("all", "fanout", { durable: true });
  await inGroups(targetCount, (i) => channel.assertQueue(`all-${i}`, { durable: true }));
  await inGroups(targetCount, (i) => channel.bindQueue(`all-${i}`, "all", ""));
  await worstDelayMs(broker);
  const untilMs = performance.now() + Number(values.seconds) * 1_000;
  const startedMs = performance.now();
  const logBefore = writtenBytes(broker);
  let count = 0;
  while (performance.now() < untilMs) {
    await publishMany(channel, WINDOW, () => ["all", ""]);
    count += WINDOW;
  }
  const rate = count / ((performance.now() - startedMs) / 1_000);
  const stall = await worstDelayMs(broker);
  const perMessage = (writtenBytes(broker) - logBefore) / count;
  verdict(
    rate >= FANOUT_RATE_MIN,
    `1 KiB to ${targetCount} queues: ${Math.round(rate)} publishes a second, at least ${FANOUT_RATE_MIN}`,
  );
  const share = Math.round(perMessage / targetCount);
  console.log(`    written: ${Math.round(perMessage)} B a publish, ${share} B a queue`);
  verdict(stall <= STALL_MS_MAX, `worst delay ${stall} ms, allowed ${STALL_MS_MAX} ms`);
  const { messageCount } = await channel.checkQueue(`all-${targetCount - 1}`);
  verdict(messageCount === count, `${messageCount} of ${count} messages are in the last queue`);
}

/** Bytes the process has given to the system to write, log and segments together. */
function writtenBytes(broker: LeveretProcess): number {
  return processWrites(broker.processId as number);
}

function processWrites(pid: number): number {
  const text = readFileSync(`/proc/${pid}/io`, "utf8");
  return Number(/wchar: (\d+)/.exec(text)?.[1]);
}

async function inGroups(
  count: number,
  act: (index: number) => PromiseLike<unknown>,
): Promise<void> {
  for (let from = 0; from < count; from += 100) {
    const group = Array.from({ length: Math.min(100, count - from) }, (_, i) => act(from + i));
    await Promise.all(group);
  }
}

let broker = await start();
try {
  const [connection, channel] = await client(broker);
  if (queueCount > 0) {
    await oneMessageEach(broker, channel);
    await connection.close();
    broker = await restart(broker);
  }
  const [, second] = await client(broker);
  await fanout(broker, second);
} finally {
  await broker.kill();
  rmSync(folder, { recursive: true, force: true });
}
console.log(missed === 0 ? "every bound is kept" : `${missed} bounds are missed`);
process.exit(missed === 0 ? 0 : 1);
