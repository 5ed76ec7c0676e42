// `npm test`: on any clone, installs and builds what is stale, then runs every suite of suites.mjs.
// The last line is "N passed, M failed, K skipped"; the exit code is 0 only when nothing failed.
// `npm test -- unit golden` runs the suites whose names contain one of the words.

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { ensurePackages } from "./debian-packages.mjs";
import { checkNode, ensureBuilt, ensureInstalled, root } from "./set-up.mjs";
import { suites } from "./suites.mjs";

const COUNTS = /^(\d+) passed, (\d+) failed, (\d+) skipped$/gm;
/** What a suite says about parts it can't run here; shown even when all is well. */
const SKIPS = /^skipped: .*$/gm;
/** Suites mostly wait for each other's processes: two at once keep two cores busy. */
const PARALLEL = Math.max(1, Math.min(4, availableParallelism()));

const words = process.argv.slice(2);
const chosen = suites.filter(
  ({ script }) => words.length === 0 || words.some((word) => script.includes(word)),
);
const total = { passed: 0, failed: 0, skipped: 0 };

checkNode();
ensureInstalled();
await ensureBuilt();
const packages = ensurePackages([...new Set(chosen.flatMap((suite) => suite.packages ?? []))]);

const together = chosen.filter(({ isTimed }) => !isTimed);
// Those that wait for packages come last, so that the others don't wait with them.
together.sort((a, b) => (a.packages ? 1 : 0) - (b.packages ? 1 : 0));
await Promise.all(Array.from({ length: PARALLEL }, () => work(together)));
await work(chosen.filter(({ isTimed }) => isTimed));

const { passed, failed, skipped } = total;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

async function work(waiting) {
  for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
    await runSuite(suite);
  }
}

async function runSuite(suite) {
  if (suite.packages !== undefined) {
    const { missing, why } = await packages;
    const lacking = suite.packages.filter((name) => missing.includes(name));
    // The suite still runs and skips what it cannot try; this line says why.
    if (lacking.length > 0) console.log(`${suite.script}: skipped: ${why}`);
  }
  const startedMs = performance.now();
  const { output, exitCode, timedOut } = await runScript(suite);
  const counts = countsOf(suite, output, exitCode);
  for (const key of Object.keys(total)) total[key] += counts[key];
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const verdict = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  for (const line of new Set(output.match(SKIPS))) console.log(`${suite.script}: ${line}`);
  // Its own count is left out: only our last line may look like that.
  if (counts.failed > 0) console.log(`\n${output.replace(COUNTS, "").trimEnd()}`);
  const late = timedOut ? ` (ended after its budget of ${suite.budgetSeconds} s)` : "";
  console.log(`${suite.script}: ${verdict}${late} [${seconds} s]`);
}

function countsOf({ isCheck }, output, exitCode) {
  if (isCheck) {
    return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
  }
  const last = [...output.matchAll(COUNTS)].at(-1);
  if (last === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const [passed, failed, skipped] = last.slice(1).map(Number);
  // A suite that ends badly has failed, whatever it counted.
  return { passed, failed: exitCode === 0 ? failed : Math.max(1, failed), skipped };
}

/** Runs an npm script in a process group of its own, so that nothing it started outlives it. */
function runScript({ script, budgetSeconds }) {
  return new Promise((resolve) => {
    const npm = process.env.npm_execpath;
    const [command, args] = npm?.endsWith(".js") ? [process.execPath, [npm]] : ["npm", []];
    const child = spawn(command, [...args, "run", "--silent", script], {
      cwd: root,
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
    });
    let output = "";
    let timedOut = false;
    const hear = (bytes) => {
      output += bytes;
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    const timer = setTimeout(() => {
      timedOut = true;
      end(child);
    }, budgetSeconds * 1000);
    const onSignal = () => {
      end(child);
      process.exit(130);
    };
    process.once("SIGINT", onSignal);
    process.once("SIGTERM", onSignal);
    child.on("close", (exitCode) => {
      clearTimeout(timer);
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
      resolve({ output, exitCode: timedOut ? 1 : (exitCode ?? 1), timedOut });
    });
  });
}

function end(child) {
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
