// npm run test:damage [-- --case 4711]
// Damages stores in every way there is, one at a time, and demands that each is found, named and kept local.

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type DamageCase, files, flips, pages, truncations, writtenBytes } from "./cases.ts";
import { type KnownStore, largePlan, makeStore, pagedPlan, smallPlans } from "./stores.ts";
import { judge } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    /** Only this one. */
    case: { type: "string" },
    workers: { type: "string", default: String(Math.min(2, availableParallelism())) },
    /** Every so many-th case only: how workers share. */
    worker: { type: "string" },
    "failures-max": { type: "string", default: "10" },
  },
});

const SMALL_BYTES_MAX = 8_192;
const UNWRITTEN_EVERY = 4_099;
const SAMPLED_EVERY = 61;
const PAGES_MAX = 300;
const INSPECTED_EVERY = 8;
const AGAIN_EVERY = 97;

const startedMs = performance.now();
const isAlone = values.case !== undefined || Number(values.workers) === 1;
if (values.worker !== undefined || isAlone) await work(Number(values.worker ?? 0));
else await share();

async function work(worker: number): Promise<void> {
  const stride = isAlone ? 1 : Number(values.workers);
  let [number, passed, failed] = [0, 0, 0];
  for await (const [store, damage] of everything()) {
    number++;
    const isMine =
      values.case === undefined ? number % stride === worker : number === Number(values.case);
    if (!isMine) continue;
    // Not in step with the workers, nor with bits.
    const inspected = values.case !== undefined || (number * 7) % 61 < 61 / INSPECTED_EVERY;
    const again = values.case !== undefined || number % AGAIN_EVERY < 2;
    try {
      await judge(store, damage, { inspected, again });
      passed++;
    } catch (error) {
      failed++;
      console.log(`${store.name}: ${damage.name}: ${error instanceof Error ? error.stack : error}`);
      console.log(`  npm run test:damage -- --case ${number}`);
      if (failed >= Number(values["failures-max"])) break;
    }
  }
  if (isAlone) report(passed, failed);
  else console.log(`counts ${passed} ${failed}`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function* everything(): AsyncGenerator<readonly [KnownStore, DamageCase]> {
  for (const plan of [largePlan, pagedPlan, ...smallPlans]) {
    const store = await makeStore(plan);
    const cases = [files(store), pages(store, PAGES_MAX)];
    if (plan === pagedPlan) cases.push(flips(store, SAMPLED_EVERY, SAMPLED_EVERY));
    if (smallPlans.includes(plan)) {
      cases.push(flips(store, 1, UNWRITTEN_EVERY), truncations(store));
      const bytes = writtenBytes(store);
      if (bytes > SMALL_BYTES_MAX) throw new Error(`${plan.name} is not small: ${bytes} bytes`);
    }
    for (const each of cases) for (const damage of each) yield [store, damage];
  }
}

function report(passed: number, failed: number): void {
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`${passed + failed} damaged stores in ${seconds.toFixed(1)} s`);
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
}

/** Splits the cases among processes and adds up what they say. */
async function share(): Promise<void> {
  const count = Number(values.workers);
  const outputs = await Promise.all(Array.from({ length: count }, (_, i) => start(i)));
  let [passed, failed] = [0, 0];
  for (const output of outputs) {
    const counts = /^counts (\d+) (\d+)$/m.exec(output);
    passed += Number(counts?.[1] ?? 0);
    // A worker that ends without a count has failed.
    failed += Number(counts?.[2] ?? 1);
  }
  report(passed, failed);
  process.exitCode = failed === 0 ? 0 : 1;
}

function start(worker: number): Promise<string> {
  const words = ["--worker", String(worker), "--workers", values.workers];
  const limits = ["--failures-max", values["failures-max"]];
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [...process.execArgv, program, ...words, ...limits], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (bytes: Buffer) => {
    output += bytes;
    process.stdout.write(String(bytes).replace(/^counts.*\n?/gm, ""));
  });
  return new Promise((resolve) => child.on("close", () => resolve(output)));
}
