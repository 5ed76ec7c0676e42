// npm run test:simulation:bugs: plants each bug into a copy of the source and demands that the simulation finds it.

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type PlantedBug, plantedBugs } from "./planted-bugs.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SEEDS_MAX = 1_000;
const word = process.argv[2];
const waiting = plantedBugs.filter(({ name }) => word === undefined || name.includes(word));
let passed = 0;
let failed = 0;

await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;

async function work(): Promise<void> {
  for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
    const startedMs = performance.now();
    const found = await find(bug);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    if (found === undefined) failed++;
    else passed++;
    console.log(`${bug.name}: ${found ?? `NOT FOUND in ${SEEDS_MAX} seeds`} [${seconds} s]`);
  }
}

/** How the bug showed itself. */
async function find(bug: PlantedBug): Promise<string | undefined> {
  const copy = mkdtempSync(join(tmpdir(), "leveret-planted-"));
  try {
    for (const name of ["src", "test/simulation", "package.json", "tsconfig.json"]) {
      cpSync(join(root, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    plant(bug, copy);
    const output = await simulate(copy, bug);
    return /^(?:seed \d+ fails|call \d+, \w+): .*/m.exec(output)?.[0].slice(0, 160);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function plant({ name, file, find: piece, replace }: PlantedBug, copy: string): void {
  const path = join(copy, file);
  const source = readFileSync(path, "utf8");
  if (source.split(piece).length !== 2) {
    throw new Error(`"${name}" can't be planted: ${file} does not hold its piece exactly once`);
  }
  writeFileSync(
    path,
    source.replace(piece, () => replace),
  );
}

function simulate(copy: string, { inFailingCalls, firstSeed = 1 }: PlantedBug): Promise<string> {
  const script = inFailingCalls ? "failing-calls.ts" : "run.ts";
  const words = ["--import", "tsx", `test/simulation/${script}`];
  const seedsFrom = (seed: number) => ["--from", String(seed), "--to", String(seed + SEEDS_MAX)];
  const limits = inFailingCalls
    ? ["--failures-max", "1"]
    : [...["--workers", "1", "--failures-max", "1"], ...seedsFrom(firstSeed)];
  const child = spawn(process.execPath, [...words, ...limits], { cwd: copy });
  let output = "";
  child.stdout.on("data", (bytes) => {
    output += bytes;
  });
  child.stderr.on("data", (bytes) => {
    output += bytes;
  });
  return new Promise((resolve) => child.on("close", () => resolve(output)));
}
