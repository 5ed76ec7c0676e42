// One seed: several lives of a broker on one disk, each ended by a crash (or in order), each start checked.

import { adopt, check, Violation } from "./checks.ts";
import { Clients, type Profile } from "./clients.ts";
import { Life, World } from "./life.ts";
import { Model } from "./model.ts";

export interface HistoryOptions {
  readonly seed: number;
  /** Possible disks looked at per crash. */
  readonly imagesPerCrash: number;
}

export interface HistoryResult {
  readonly images: number;
  readonly trace: string;
}

const LIVES = 3;
/** Which calls are made to fail; the first is any. */
const FAILING_CALLS = [
  ...[/^/, /^write data.log/, /^write data.segments/, /^rename/],
  ...[/^sync data.segments.*\d$/, /^sync data.segments.*\d$/],
];

/** Throws what went wrong. */
export async function runHistory({ seed, imagesPerCrash }: HistoryOptions): Promise<HistoryResult> {
  const world = new World(seed);
  const { random } = world;
  const profile = profileOf(world);
  let model = new Model();
  let life = await Life.start(world);
  let images = 0;
  for (let round = 0; round < LIVES; round++) {
    const confirmed = await live(life, model, profile);
    if (random.chance(0.15) && (await stops(life))) {
      world.use(world.disk.copy());
      const stopped = await Life.start(world);
      if (!stopped.report.stoppedOrderly) throw new Violation("an orderly stop left work behind");
      await check(stopped, model, confirmed);
      images++;
      life = stopped;
    } else {
      life = await crashAndCheck(world, model, confirmed, imagesPerCrash);
      images += imagesPerCrash;
    }
    model = await adopt(life, model);
  }
  await new Clients(life, model, profile).drain();
  await life.stop();
  return { images, trace: world.trace.digest };
}

function profileOf({ random }: World): Profile {
  const bodySizeMax = [30, 300, 3_000, 30_000][random.integer(4)] as number;
  return {
    bodySizeMax,
    largeBodies: random.chance(0.2),
    publishesPerStep: bodySizeMax > 3_000 && random.chance(0.7) ? 5 : 20,
    drains: random.chance(0.5),
  };
}

/** Answers up to where everything was confirmed. */
async function live(life: Life, model: Model, profile: Profile): Promise<number> {
  const { random, disk } = life.world;
  const clients = new Clients(life, model, profile);
  if (random.chance(0.2)) {
    const how = (["EIO", "ENOSPC", "short"] as const)[random.integer(3)] as "EIO";
    const only = FAILING_CALLS[random.integer(FAILING_CALLS.length)] as RegExp;
    disk.failure = { call: disk.callCount + 1 + random.integer(60), how, only };
  }
  const steps = 5 + random.integer(60);
  for (let step = 0; step < steps && life.failure === undefined; step++) {
    await clients.step();
    // Towards the end there is hardly time for a write: the crash should meet some of them under way.
    const isHurried = steps - step <= 3;
    const passMs = isHurried ? 0.3 : random.chance(0.1) ? 80 : 2;
    await life.pass(random.fraction() * passMs);
    clients.afterTurn();
  }
  disk.failure = undefined;
  return life.broker.journal.durablePosition;
}

/** Stops it in order; false when it has failed, or does so on the way: then it is as if the power had gone. */
async function stops(life: Life): Promise<boolean> {
  if (life.failure === undefined) await life.stop();
  return life.failure === undefined;
}

/** Looks at several disks that the crash may have left, and goes on with the last one. */
async function crashAndCheck(
  world: World,
  model: Model,
  confirmed: number,
  imagesPerCrash: number,
): Promise<Life> {
  const images = Array.from({ length: imagesPerCrash }, () => world.possibleImage());
  let life: Life | undefined;
  for (const image of images) {
    world.use(image);
    life = await Life.start(world);
    await check(life, model, confirmed);
  }
  return life as Life;
}
