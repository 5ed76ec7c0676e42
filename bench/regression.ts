// Are the hot files slower, or less careful with memory, than at the last commit? npm run bench:check
// The micro-benchmarks run in turn from the working tree and from a checkout of the last commit (of the one before
// when nothing is changed), so that what else the machine does hits both. Warns; it fails only when there was nothing to compare.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { MicroResult } from "./micro/micro-case.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    /** What to compare with; by default the last commit. */
    base: { type: "string" },
  },
});

/** Slower by more than this is worth a look; best-of-n differs by less from run to run. */
const SLOWER_SHARE_MAX = 0.1;
/** More minor collections per million operations than before: somebody allocates per message. */
const SCAVENGES_MORE_MAX = 2;

const root = fileURLToPath(new URL("..", import.meta.url));

function git(...args: string[]): string {
  return execFileSync("git", ["-C", root, ...args], { encoding: "utf8" }).trim();
}

/** Runs all micro-benchmarks of a tree once, in a process of its own. */
function measure(tree: string): MicroResult[] {
  const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
  const args = [tsx, join(tree, "bench", "micro.ts"), "--json", "--only", values.only];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the micro-benchmarks of ${tree} failed: ${stderr}`);
  return JSON.parse(stdout) as MicroResult[];
}

/** Keeps the best figures of each case. */
function keepBest(best: Map<string, MicroResult>, results: readonly MicroResult[]): void {
  for (const result of results) {
    const before = best.get(result.name);
    best.set(result.name, {
      name: result.name,
      nanoseconds: Math.min(result.nanoseconds, before?.nanoseconds ?? Number.POSITIVE_INFINITY),
      scavengesPerMillion: Math.min(
        result.scavengesPerMillion,
        before?.scavengesPerMillion ?? Number.POSITIVE_INFINITY,
      ),
    });
  }
}

function report(
  now: ReadonlyMap<string, MicroResult>,
  then: ReadonlyMap<string, MicroResult>,
): void {
  let warnings = 0;
  for (const { name, nanoseconds, scavengesPerMillion } of now.values()) {
    const before = then.get(name);
    const figures = `${nanoseconds.toFixed(1)} ns, ${scavengesPerMillion.toFixed(1)} scavenges/M`;
    if (before === undefined) {
      console.log(`${name}: ${figures} (new)`);
      continue;
    }
    const change = nanoseconds / before.nanoseconds - 1;
    const percent = `${change >= 0 ? "+" : ""}${(change * 100).toFixed(1)} %`;
    const isSlower = change > SLOWER_SHARE_MAX;
    const allocates = scavengesPerMillion > before.scavengesPerMillion + SCAVENGES_MORE_MAX;
    if (isSlower || allocates) warnings++;
    console.log(
      `${isSlower || allocates ? "WARNING " : ""}${name}: ${figures} (${percent}, ` +
        `was ${before.scavengesPerMillion.toFixed(1)} scavenges/M)`,
    );
  }
  console.log(warnings === 0 ? "nothing is slower than it was" : `${warnings} to look at`);
}

const isChanged = git("status", "--porcelain") !== "";
const base = git("rev-parse", values.base ?? (isChanged ? "HEAD" : "HEAD~1"));
const directory = mkdtempSync(join(tmpdir(), "leveret-base-"));
const tree = join(directory, "tree");
git("worktree", "add", "--detach", "--force", tree, base);
try {
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  const now = new Map<string, MicroResult>();
  const then = new Map<string, MicroResult>();
  for (let round = 0; round < Number(values.rounds); round++) {
    keepBest(now, measure(root));
    keepBest(then, measure(tree));
  }
  console.log(`compared with ${base.slice(0, 10)}`);
  if (now.size === 0) {
    console.error(`no case has "${values.only}" in its name: nothing was compared`);
    process.exitCode = 1;
  } else {
    report(now, then);
  }
} finally {
  git("worktree", "remove", "--force", tree);
  rmSync(directory, { recursive: true, force: true });
}
