// A long backlog of persistent messages on the real process: npm run bench:backlog [-- --messages 100000000 --size 16]
// Fills a durable queue, kills the broker, measures how soon it is back, drains the queue, and compares rates with
// those of a short queue. `--check`: only what does not depend on the machine, for npm test.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { figureText } from "../src/perf/compare.ts";
import { planFrom } from "../src/perf/load-options.ts";
import { type LoadResult, LoadRun, type Sample } from "../src/perf/load-run.ts";
import { parseCount, parseSize } from "../src/perf/option-values.ts";
import type { LoadPlan } from "../src/perf/plan.ts";
import { processMemory } from "../src/perf/process-usage.ts";
import { LeveretProcess } from "../test/process/leveret-process.ts";
import { endWithUs } from "./left-behind.ts";
import { usualFlags } from "./usual-flags.ts";

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "2000000" },
    size: { type: "string", default: "16" },
    /** Where the data directory is made; it is removed afterwards. */
    directory: { type: "string", default: tmpdir() },
    check: { type: "boolean", default: false },
  },
});

const MEMORY_BYTES_MAX = 150e6;
const READY_MS_MAX = 3_000;
const RATE_SHARE_MIN = 0.8;
/** The short queue for comparison: this part of the long one, within these bounds. */
const SHORT_SHARE = 0.1;
const SHORT_MIN = 200_000;
const SHORT_MAX = 2_000_000;

const messages = parseCount(values.messages);
const sizeBytes = parseSize(values.size);
const short = Math.min(SHORT_MAX, Math.max(SHORT_MIN, Math.floor(messages * SHORT_SHARE)));
const folder = mkdtempSync(join(values.directory, "leveret-backlog-"));
endWithUs(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const faults: string[] = [];
let passed = 0;
let peakBytes = 0;

function verdict(isRight: boolean, text: string): void {
  console.log(`${isRight ? "ok  " : "!!  "}${text}`);
  if (isRight) passed++;
  else faults.push(text);
}

async function start(): Promise<LeveretProcess> {
  const ports = ["--amqp-port", "0", "--http-port", "0"];
  const broker = LeveretProcess.start(...ports, "--data-dir", join(folder, "data"));
  endWithUs(() => broker.signal("SIGKILL"));
  await broker.printed("Server startup complete");
  return broker;
}

async function planFor(broker: LeveretProcess, queue: string, count: number): Promise<LoadPlan> {
  const pid = broker.processId as number;
  const uri = `amqp://guest:guest@127.0.0.1:${await broker.port("amqp")}`;
  const flags = { confirm: "4096", qos: "4000", multiAckEvery: "1000", flag: ["persistent"] };
  const plan = planFrom({
    ...usualFlags({ uri, pid }),
    ...{
      ...flags,
      queue,
      size: String(sizeBytes),
      pmessages: String(count),
      cmessages: String(count),
    },
  });
  const forEver = Number.POSITIVE_INFINITY;
  return { ...plan, id: queue, runNumber: 1, warmUpSeconds: 0, seconds: forEver };
}

/** Publishes only. */
function fill(plan: LoadPlan, onSample?: (sample: Sample) => void): Promise<LoadResult> {
  const consume = { ...plan.consume, connections: 0 };
  const queues = { ...plan.queues, remove: false };
  return new LoadRun({ ...plan, consume, queues }, onSample).execute();
}

/** Consumes only, and removes the queue. */
function drain(plan: LoadPlan, onSample?: (sample: Sample) => void): Promise<LoadResult> {
  const publish = { ...plan.publish, connections: 0 };
  const queues = { ...plan.queues, purge: false };
  return new LoadRun({ ...plan, publish, queues }, onSample).execute();
}

/** Looks at the broker's memory; `phase` says so on the terminal. */
function note(broker: LeveretProcess, phase?: string): number {
  const memory = processMemory(broker.processId as number);
  peakBytes = Math.max(peakBytes, memory?.peakBytes ?? 0);
  if (phase !== undefined) {
    const megabytes = (bytes = 0): number => Math.round(bytes / 1e6);
    const now = megabytes(memory?.residentBytes);
    console.log(`    ${phase}: ${now} MB, ${megabytes(memory?.peakBytes)} MB at most so far`);
  }
  return memory?.residentBytes ?? 0;
}

function rate({ counts, seconds }: LoadResult): number {
  return Math.max(counts.published, counts.received) / seconds;
}

function progress(name: string, broker: LeveretProcess): (sample: Sample) => void {
  let shownAt = 0;
  return ({ seconds, counts, sinceSeconds }) => {
    const resident = note(broker);
    if (values.check || seconds - shownAt < 10) return;
    shownAt = seconds;
    const now = Math.max(counts.published, counts.received) / sinceSeconds;
    const megabytes = Math.round(resident / 1e6);
    console.log(`    ${name}: ${Math.round(seconds)} s, ${figureText(now)}/s, ${megabytes} MB`);
  };
}

function checkOrder(name: string, result: LoadResult, count: number): void {
  const { gaps, reordered, redelivered, counts } = result;
  const isRight = gaps === 0 && reordered === 0 && counts.received === count;
  verdict(
    isRight,
    `${name}: ${counts.received} of ${count} drained, ${gaps} gaps, ${reordered} out of order, ${redelivered} redelivered`,
  );
}

async function main(): Promise<void> {
  let broker = await start();
  note(broker, "started");
  const shortPlan = await planFor(broker, "short", short);
  const shortFill = rate(await fill(shortPlan));
  const shortDrain = await drain(shortPlan);
  checkOrder("short queue", shortDrain, short);

  const plan = await planFor(broker, "backlog", messages);
  const longFill = rate(await fill(plan, progress("enqueue", broker)));
  note(broker, "filled");
  await broker.kill();
  const killedMs = performance.now();
  broker = await start();
  const readyMs = performance.now() - killedMs;

  note(broker, "started again");
  const again = await planFor(broker, "backlog", messages);
  const longDrain = await drain(again, progress("drain", broker));
  note(broker, "drained");
  checkOrder("backlog", longDrain, messages);
  const stopMs = performance.now();
  broker.signal("SIGTERM");
  await broker.exitCode();
  report(shortFill, rate(shortDrain), longFill, rate(longDrain), readyMs);
  if (!values.check) console.log(`    stopped in ${Math.round(performance.now() - stopMs)} ms`);
}

function report(
  shortFill: number,
  shortDrain: number,
  longFill: number,
  longDrain: number,
  readyMs: number,
): void {
  const memory = Math.round(peakBytes / 1e6);
  verdict(peakBytes <= MEMORY_BYTES_MAX, `whole process: ${memory} MB at most, allowed 150 MB`);
  const share = (long: number, brief: number): string =>
    `${figureText(long)}/s, of a short queue ${figureText(brief)}/s: ${Math.round((100 * long) / brief)} %`;
  const lines: [boolean, string][] = [
    [longFill >= RATE_SHARE_MIN * shortFill, `enqueue ${share(longFill, shortFill)}`],
    [longDrain >= RATE_SHARE_MIN * shortDrain, `drain ${share(longDrain, shortDrain)}`],
    [readyMs <= READY_MS_MAX, `ready ${Math.round(readyMs)} ms after the kill, allowed 3,000 ms`],
  ];
  for (const [isRight, text] of lines) {
    if (values.check) console.log(`    ${text}`);
    else verdict(isRight, text);
  }
}

console.log(`${messages} persistent messages of ${sizeBytes} B in one durable queue`);
try {
  await main();
} catch (error) {
  faults.push(String(error));
  console.log(`!!  ${error instanceof Error ? error.stack : error}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${faults.length} failed, 0 skipped`);
process.exit(faults.length === 0 ? 0 : 1);
