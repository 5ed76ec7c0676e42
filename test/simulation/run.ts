// npm run test:simulation [-- --images 20000 | --seed 5 | --from 1 --to 100]
// Runs histories of a simulated broker until so many crash images have been looked at. A seed that fails prints the
// command that repeats it.

import { parseArgs } from "node:util";
import { runHistory } from "./history.ts";

const { values } = parseArgs({
  options: {
    images: { type: "string", default: "20000" },
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    to: { type: "string" },
    "images-per-crash": { type: "string", default: "8" },
    "failures-max": { type: "string", default: "5" },
  },
});

const imagesPerCrash = Number(values["images-per-crash"]);
const first = Number(values.seed ?? values.from);
const last = Number(values.seed ?? values.to ?? Number.POSITIVE_INFINITY);
const imagesWanted =
  values.to === undefined && values.seed === undefined ? Number(values.images) : Infinity;
const failuresMax = Number(values["failures-max"]);
const startedMs = performance.now();
let images = 0;
let passed = 0;
let failed = 0;

for (let seed = first; seed <= last && images < imagesWanted && failed < failuresMax; seed++) {
  try {
    const result = await runHistory({ seed, imagesPerCrash });
    images += result.images;
    passed++;
    if (values.seed !== undefined) console.log(`trace ${result.trace}`);
  } catch (error) {
    failed++;
    console.log(`seed ${seed} fails: ${error instanceof Error ? error.stack : error}`);
    console.log(`  npm run test:simulation -- --seed ${seed}`);
  }
}
const seconds = (performance.now() - startedMs) / 1000;
console.log(
  `${images} crash images in ${seconds.toFixed(1)} s, ${(images / seconds).toFixed(0)} per second`,
);
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
