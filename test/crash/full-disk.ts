// tsx test/crash/full-disk.ts [--kills 30 --seed 5 --place DIR]
// Kills a broker whose disk is really full; npm run test:crash does it at its end. The disk is a small one in memory that
// is mounted where nobody else sees it; `--place` names one that is mounted already, which is filled up. At the end the
// broker's own messages fill it, and consumers alone must make room.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chosenSeed } from "../chosen-seed.ts";
import { FullDiskRun } from "./full-disk-run.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "6" },
    seed: { type: "string", default: String(chosenSeed) },
    place: { type: "string" },
  },
});

const SIZE = "96m";

if (values.place === undefined) {
  const place = mkdtempSync(join(tmpdir(), "leveret-full-"));
  process.exitCode = await onDiskOfItsOwn(place);
  rmdirSync(place);
} else {
  process.exitCode = await runAt(values.place);
}

/** Runs this file again in a namespace of its own, where nobody's leave is needed to mount. */
async function onDiskOfItsOwn(place: string): Promise<number> {
  const again = [...process.execArgv, process.argv[1] as string, "--place", place];
  const script = `mount -t tmpfs -o size=${SIZE} leveret-test "$0" && exec "$@"`;
  const asWho = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  const inside = ["--mount", ...asWho, "sh", "-c"];
  const probe = spawnSync("unshare", [...inside, script, place, "true"], { encoding: "utf8" });
  if (probe.status !== 0) {
    const reason = (probe.error?.message ?? probe.stderr).trim().split("\n").at(-1);
    console.log(`skipped: no small disk can be mounted here (${reason})`);
    console.log("0 passed, 0 failed, 1 skipped");
    return 0;
  }
  const run = ["--kills", values.kills, "--seed", values.seed];
  const command = [...inside, script, place, process.execPath, ...again, ...run];
  const child = spawn("unshare", command, { stdio: "inherit" });
  process.once("SIGTERM", () => child.kill());
  const [status] = (await once(child, "exit")) as [number | null];
  return status ?? 1;
}

async function runAt(directory: string): Promise<number> {
  const seed = Number(values.seed);
  const run = new FullDiskRun({ kills: Number(values.kills), seed, directory });
  process.once("SIGTERM", () => void run.end().finally(() => process.exit(143)));
  const startedMs = performance.now();
  let failed = 0;
  try {
    await run.run();
  } catch (error) {
    failed = 1;
    console.log(
      `after ${run.kills} kills: ${error instanceof Error ? error.stack : String(error)}`,
    );
    console.log(`  npx tsx test/crash/full-disk.ts --kills ${values.kills} --seed ${seed}`);
  }
  await run.end();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  console.log(
    `seed ${seed}: ${run.kills} kills on a full disk in ${seconds} s, the broker noticed it in ${run.noticed}, ` +
      `${run.fullStarts} starts on the full disk (${run.refusedStarts} refused), ${run.confirmed} messages confirmed, ` +
      `${run.drained} filled the disk by themselves and were drained`,
  );
  const passed = run.kills + (run.drained > 0 ? 1 : 0);
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  return failed;
}
