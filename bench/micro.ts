// Micro-benchmarks of what runs per message: npm run bench:micro [-- --only TEXT --rounds N --json]
// Owners of hot files add their cases to the list below.

import { parseArgs } from "node:util";
import { setEngineFlags } from "../src/cli/engine-flags.ts";
import { dataPathCases } from "./micro/data-path.ts";
import { type MicroCase, type MicroResult, runMicroCase } from "./micro/micro-case.ts";
import { streamReaderCases } from "./micro/stream-readers.ts";

const cases: readonly MicroCase[] = [...dataPathCases, ...streamReaderCases];

setEngineFlags();

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "40" },
    json: { type: "boolean", default: false },
  },
});

const results: MicroResult[] = [];
for (const each of cases.filter(({ name }) => name.includes(values.only))) {
  const result = await runMicroCase(each, Number(values.rounds));
  results.push(result);
  if (values.json) continue;
  const nanoseconds = result.nanoseconds.toFixed(1).padStart(9);
  const scavenges = result.scavengesPerMillion.toFixed(2).padStart(8);
  console.log(`${result.name.padEnd(56)} ${nanoseconds} ns ${scavenges} scavenges/M`);
}
if (results.length === 0 && !values.json) {
  console.error(`no case has "${values.only}" in its name`);
  process.exitCode = 1;
}
if (values.json) console.log(JSON.stringify(results));
