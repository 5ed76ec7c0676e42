// npm run test:simulation [-- --images 20000 | --seed 5 | --from 1 --to 100]
// Runs histories of a simulated broker until so many crash images have been looked at. A seed that fails prints the
// command that repeats it.

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runConversionHistory } from "./conversions.ts";
import { fixedSeeds } from "./fixed-seeds.ts";
import { runHistory } from "./history.ts";
import { runEndedWaitHistory, runRetryHistory } from "./retries.ts";
import { runScheduleHistory } from "./scheduled.ts";
import { runSessionHistory } from "./sessions.ts";
import { runStreamHistory } from "./streams.ts";
import { runWireHistory } from "./wire.ts";

const { values } = parseArgs({
  options: {
    /** Stop after so many. */
    images: { type: "string", default: "20000" },
    /** Only this one, with its trace. */
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    to: { type: "string" },
    "images-per-crash": { type: "string", default: "8" },
    "failures-max": { type: "string", default: "5" },
    workers: { type: "string", default: String(Math.min(2, availableParallelism())) },
    /** Every so many-th seed only: how workers share. */
    stride: { type: "string", default: "1" },
  },
});

interface Outcome {
  images: number;
  passed: number;
  failed: number;
}

/** Every so many-th seed has a history of these too, and every fixed one. */
const also = [
  { every: 3, run: runStreamHistory },
  { every: 5, run: runScheduleHistory },
  { every: 6, run: runConversionHistory },
  { every: 4, run: runRetryHistory },
  { every: 8, run: runEndedWaitHistory },
  { every: 3, run: runWireHistory },
  { every: 6, run: runSessionHistory },
];

const COMPARED_EVERY = 3;
const startedMs = performance.now();
const workers = values.seed === undefined ? Number(values.workers) : 1;
const isWorker = values.stride !== "1";
const outcome = workers > 1 && !isWorker ? await share() : await run();
if (!isWorker) {
  const seconds = (performance.now() - startedMs) / 1000;
  const rate = (outcome.images / seconds).toFixed(0);
  console.log(`${outcome.images} crash images in ${seconds.toFixed(1)} s, ${rate} per second`);
}
console.log(`${outcome.passed} passed, ${outcome.failed} failed, 0 skipped`);
process.exitCode = outcome.failed === 0 ? 0 : 1;

async function run(): Promise<Outcome> {
  const sum: Outcome = { images: 0, passed: 0, failed: 0 };
  for (const seed of seeds()) {
    if (sum.images >= imagesWanted() || sum.failed >= Number(values["failures-max"])) break;
    try {
      const imagesPerCrash = Number(values["images-per-crash"]);
      const result = await runHistory({ seed, imagesPerCrash });
      sum.images += result.images;
      for (const { every, run: runOther } of also) {
        if (seed % every !== 0 && values.seed === undefined && !fixedSeeds.includes(seed)) continue;
        sum.images += (await runOther({ seed, imagesPerCrash })).images;
      }
      sum.passed++;
      if (isCompared(seed)) await compareTraces(seed, imagesPerCrash, result.trace);
    } catch (error) {
      sum.failed++;
      console.log(`seed ${seed} fails: ${error instanceof Error ? error.stack : error}`);
      console.log(`  npm run test:simulation -- --seed ${seed}`);
      if (!fixedSeeds.includes(seed)) console.log("  fixed-seeds.ts should have it from now on");
    }
  }
  if (isWorker) console.log(`images ${sum.images}`);
  return sum;
}

/** Seeds that are run twice: one that was asked for, and in every run some of the fixed ones. */
function isCompared(seed: number): boolean {
  return values.seed !== undefined || fixedSeeds.indexOf(seed) % COMPARED_EVERY === 0;
}

/** The same seed must do the same again. */
async function compareTraces(seed: number, imagesPerCrash: number, trace: string): Promise<void> {
  const again = await runHistory({ seed, imagesPerCrash });
  if (again.trace !== trace) throw new Error(`its trace is ${trace} once and ${again.trace} then`);
  if (values.seed !== undefined) console.log(`trace ${trace}, twice`);
}

function imagesWanted(): number {
  return values.to === undefined && values.seed === undefined
    ? Number(values.images)
    : Number.POSITIVE_INFINITY;
}

function* seeds(): Generator<number> {
  if (values.seed !== undefined) {
    yield Number(values.seed);
    return;
  }
  const from = Number(values.from);
  const to = Number(values.to ?? Number.POSITIVE_INFINITY);
  const stride = Number(values.stride);
  if (values.to === undefined && from === 1) yield* fixedSeeds;
  for (let seed = from; seed <= to; seed += stride) yield seed;
}

/** Splits the seeds among processes and adds up what they say. */
async function share(): Promise<Outcome> {
  const sum: Outcome = { images: 0, passed: 0, failed: 0 };
  await Promise.all(
    Array.from({ length: workers }, async (_, i) => {
      const output = await worker(i);
      const counts = /^(\d+) passed, (\d+) failed/m.exec(output);
      sum.images += Number(/^images (\d+)$/m.exec(output)?.[1] ?? 0);
      sum.passed += Number(counts?.[1] ?? 0);
      // A worker that ends without a count has failed.
      sum.failed += Number(counts?.[2] ?? 1);
    }),
  );
  return sum;
}

function worker(index: number): Promise<string> {
  const own = {
    ...values,
    from: String(Number(values.from) + index),
    images: String(Math.ceil(Number(values.images) / workers)),
    stride: String(workers),
    workers: "1",
  };
  const words = Object.entries(own).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [...process.execArgv, program, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (bytes: Buffer) => {
    output += bytes;
    process.stdout.write(String(bytes).replace(/^(images|\d+ passed).*\n?/gm, ""));
  });
  return new Promise((resolve) => child.on("close", () => resolve(output)));
}
