// npm run test:crash [-- --kills 1000 --seed 5 --keep]
// Kills a real broker under real clients again and again, at last on a disk that is full, and demands after each restart
// that nothing that was confirmed is lost. The same seed makes the same plan; timing is never the same.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chosenSeed } from "../chosen-seed.ts";
import { CrashRun } from "./crash-run.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    /** And so many on a disk that is full. */
    "full-disk-kills": { type: "string", default: "6" },
    seed: { type: "string" },
    /** Keeps a copy of the data directory as the last crash left it. */
    keep: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});

/** Lives between two lines that say how far it is. */
const PROGRESS_EVERY = 100;

const seed = Number(values.seed ?? chosenSeed);
const folder = mkdtempSync(join(tmpdir(), "leveret-crash-"));
const run = new CrashRun({
  kills: Number(values.kills),
  seed,
  directory: join(folder, "data"),
  imageDirectory: values.keep ? join(folder, "image") : undefined,
  onLife: (text) => {
    if (values.verbose) console.log(`${run.kills} ${text}`);
    else if (run.comparisons % PROGRESS_EVERY === PROGRESS_EVERY - 1) console.log(progress());
  },
});

const startedMs = performance.now();
// Ended from outside, it leaves no broker behind.
process.once("SIGTERM", () => void run.end().finally(() => process.exit(143)));
let failed = 0;
try {
  await run.run();
} catch (error) {
  failed = 1;
  console.log(`after ${run.kills} kills: ${error instanceof Error ? error.message : error}`);
  console.log(`  npm run test:crash -- --kills ${values.kills} --seed ${seed}`);
  console.log(`  the data directory is kept: ${folder}`);
}
await run.end();
if (failed === 0) rmSync(folder, { recursive: true, force: true });
for (const [name, count] of run.endings) console.log(`${String(count).padStart(5)} ${name}`);
if (run.missing.length > 0) console.log(`skipped: no queues as in ${run.missing.join(", ")}`);
console.log(progress());
const full = await onFullDisk();
failed += full.failed;
const skipped = run.missing.length + full.skipped;
console.log(`${run.comparisons + full.passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 ? 0 : 1);

/** In a process of its own, which mounts the disk. */
async function onFullDisk(): Promise<{ passed: number; failed: number; skipped: number }> {
  const file = fileURLToPath(new URL("full-disk.ts", import.meta.url));
  const args = ["--kills", values["full-disk-kills"], "--seed", String(seed)];
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("SIGTERM", () => child.kill());
  const lines = (await text(child.stdout)).trimEnd().split("\n");
  const last = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(lines.pop() ?? "");
  for (const line of lines) console.log(line);
  if (last === null) return { passed: 0, failed: 1, skipped: 0 };
  return { passed: Number(last[1]), failed: Number(last[2]), skipped: Number(last[3]) };
}

function progress(): string {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  const counts = [
    `${run.confirmed} messages confirmed (${run.copies} duplicates), ${run.lost} lost`,
    ...[`${run.transactions} transactions`, `${run.definitions} definitions`],
    `${run.conversions} conversions`,
  ].join(", ");
  return `seed ${seed}: ${run.kills} kills in ${seconds} s, ${counts}; longest start ${Math.round(run.longestRecoveryMs)} ms`;
}
