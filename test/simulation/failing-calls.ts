// npm run test:simulation:calls [-- --call 17 --how EIO]
// One session again and again: in the n-th run the n-th call of the disk fails, until a run meets no failure. Each kind
// of failure has its own round. After each run the disk is crashed and the broker that comes back is checked.

import { parseArgs } from "node:util";
import type { Failure } from "../../src/env/fake-disk.ts";
import { check, Violation } from "./checks.ts";
import { Clients, type Profile } from "./clients.ts";
import { Life, World } from "./life.ts";
import { Model } from "./model.ts";

const { values } = parseArgs({
  options: {
    call: { type: "string" },
    how: { type: "string" },
    seed: { type: "string" },
    "failures-max": { type: "string", default: "5" },
  },
});

const SEEDS = values.seed === undefined ? [3, 8] : [Number(values.seed)];
const STEPS = 30;
const IMAGES_PER_RUN = 2;
const kinds: readonly Failure[] = ["EIO", "ENOSPC", "short", "crash"];
const profile: Profile = {
  bodySizeMax: 3_000,
  largeBodies: true,
  publishesPerStep: 12,
  drains: false,
};
/** Small enough to be used again within the session. */
const logFileSizes = { smallestBytes: 32_768, largestBytes: 65_536 };
/** Not the header of a file that is being made. */
const BATCH_WRITE = /^write \S+log-\d+ (?!0 )/;
/** Longer than a full disk is left alone. */
const RECOVERY_MS = 3_000;

let [passed, failed, stopped] = [0, 0, 0];
const startedMs = performance.now();
for (const seed of SEEDS) {
  for (const how of kinds) {
    if (values.how !== undefined && values.how !== how) continue;
    for (let call = Number(values.call ?? 1); failed < Number(values["failures-max"]); call++) {
      const wasMet = await attempt(seed, call, how);
      if (!wasMet || values.call !== undefined) break;
    }
  }
}
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
console.log(`${stopped} of these stopped the broker, as they must; ${seconds} s`);
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** Answers whether the run came that far. */
async function attempt(seed: number, call: number, how: Failure): Promise<boolean> {
  try {
    const wasMet = await run(seed, call, how);
    passed++;
    return wasMet;
  } catch (error) {
    failed++;
    console.log(`call ${call}, ${how}: ${error instanceof Error ? error.stack : error}`);
    console.log(`  npm run test:simulation:calls -- --seed ${seed} --call ${call} --how ${how}`);
    return true;
  }
}

async function run(seed: number, call: number, how: Failure): Promise<boolean> {
  const world = new World(seed, logFileSizes);
  const { disk } = world;
  disk.failure = { call, how };
  let what = "";
  disk.onCall = (call) => {
    if (disk.callCount + 1 === disk.failure?.call) what = call;
  };
  const model = new Model();
  const life = await Life.start(world).catch((error: unknown) => {
    if (disk.callCount < call) throw error;
    return undefined;
  });
  const confirmed = life === undefined ? 0 : await live(life, model, call, how);
  // A second write might succeed and mean nothing: whatever the first one left is not known.
  if (how === "EIO" && BATCH_WRITE.test(what) && life !== undefined && life.failure === undefined) {
    throw new Violation(`goes on after a failed "${what}"`);
  }
  if (how === "ENOSPC" && life?.failure !== undefined && BATCH_WRITE.test(what)) {
    throw new Violation(`a full disk stops it: ${life.failure}`);
  }
  const wasMet = disk.callCount >= call;
  for (const image of Array.from({ length: IMAGES_PER_RUN }, () => world.possibleImage())) {
    world.use(image);
    const next = await Life.start(world);
    if (life === undefined) refuseContents(next);
    else await check(next, model, confirmed);
  }
  return wasMet;
}

/** Answers up to where everything was confirmed. */
async function live(life: Life, model: Model, call: number, how: Failure): Promise<number> {
  const { disk } = life.world;
  let crashed = false;
  disk.onCrash = () => {
    crashed = true;
  };
  const clients = new Clients(life, model, profile);
  for (let step = 0; step < STEPS && life.failure === undefined && !crashed; step++) {
    await clients.step();
    // As a protocol does after input.
    life.broker.turn.schedule();
    await life.pass(3);
    clients.afterTurn();
  }
  const { journal } = life.broker;
  if (crashed) return journal.durablePosition;
  if (life.failure === undefined) {
    await life.pass(how === "ENOSPC" ? RECOVERY_MS : 100);
    clients.afterTurn();
  }
  if (life.failure !== undefined) {
    stopped++;
    await refuseConfirms(life);
  } else if (!crashed && disk.callCount >= call && journal.durablePosition < journal.position) {
    throw new Violation(`nothing is confirmed any more after ${how}, and nobody says why`);
  }
  return journal.durablePosition;
}

/** The log has failed: it says why, and what comes later never counts as safe. */
async function refuseConfirms(life: Life): Promise<void> {
  const { journal } = life.broker;
  if (!/could not be (written|synced)/.test(life.failure ?? "")) {
    throw new Violation(`a reason that explains nothing: ${life.failure}`);
  }
  const before = journal.durablePosition;
  life.messages.publish(life.access, {
    exchange: "",
    routingKey: "nowhere",
    body: new Uint8Array(8),
    properties: {},
  });
  await life.pass(RECOVERY_MS);
  if (journal.durablePosition !== before) {
    throw new Violation("something is confirmed after the log has failed");
  }
}

function refuseContents({ access, report }: Life): void {
  if (report.damage.length > 0) throw new Violation(`damage: ${JSON.stringify(report.damage)}`);
  if (access.vhost.queues.size > 0) throw new Violation("queues that nobody declared");
}
