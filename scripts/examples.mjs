// `npm run test:examples`: the examples of tests with a broker in them, each with its own framework, as they stand.
// The last line is "N passed, M failed, K skipped".

import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./set-up.mjs";

const cwd = join(root, "examples", "testing");
const tool = (...path) => join(root, "node_modules", ...path);

/** Each says in its own words how many tests passed, failed and were skipped. */
const runs = [
  {
    args: [tool("vitest", "vitest.mjs"), "run", "--root", ".", "--reporter", "json"],
    count(output) {
      const { numPassedTests, numFailedTests, numPendingTests, success } = jsonIn(output);
      return [numPassedTests, Math.max(numFailedTests, success ? 0 : 1), numPendingTests];
    },
  },
  {
    args: [tool("jest", "bin", "jest.js"), "--json", "--ci"],
    count(output) {
      const { numPassedTests, numFailedTests, numPendingTests, success } = jsonIn(output);
      return [numPassedTests, Math.max(numFailedTests, success ? 0 : 1), numPendingTests];
    },
  },
  {
    args: [
      ...["--test-force-exit", "--test-reporter", "tap", "--test"],
      ...["reconnect.test.mjs", "celery/celery.test.mjs"],
    ],
    count: (output) =>
      ["pass", "fail", "skipped"].map((word) =>
        Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(output)?.[1] ?? Number.NaN),
      ),
  },
];

const total = [0, 0, 0];
for (const { args, count } of runs) {
  const { output, errors, exitCode } = await run(args);
  let counts = [0, 1, 0];
  try {
    counts = count(output);
  } catch {
    // It said nothing that could be counted, and has failed.
  }
  if (exitCode !== 0 || counts.some(Number.isNaN))
    counts = [counts[0] || 0, Math.max(1, counts[1] || 0), 0];
  if (counts[1] > 0) console.log(output, errors);
  for (const [index, number] of counts.entries()) total[index] += number;
}
const [passed, failed, skipped] = total;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

function jsonIn(output) {
  return JSON.parse(output.slice(output.indexOf("{")));
}

function run(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const text = { output: "", errors: "" };
    child.stdout.on("data", (bytes) => {
      text.output += bytes;
    });
    child.stderr.on("data", (bytes) => {
      text.errors += bytes;
    });
    child.on("close", (exitCode) => resolve({ ...text, exitCode }));
  });
}
