// Random histories of the store alone, crashed anywhere. After each crash the table must be one it has been, and not
// older than what was confirmed.

import { expect, it } from "vitest";
import type { Failure } from "../env/fake-disk.ts";
import { StoreWorld } from "./testing/store-world.ts";

interface Moment {
  readonly position: number;
  readonly state: string;
}

type Opened = Awaited<ReturnType<StoreWorld["open"]>>;

/** Changes the table at random for a while; answers every state it was in. */
async function live(
  world: StoreWorld,
  { store, ledger }: Opened,
  steps: number,
  stepMs = () => world.random.fraction() * 1.5,
): Promise<Moment[]> {
  const { random } = world;
  const moments: Moment[] = [{ position: store.log.position, state: ledger.state }];
  for (let step = 0; step < steps; step++) {
    for (let i = random.integer(6); i > 0; i--) {
      const key = random.integer(20);
      if (random.chance(0.2)) ledger.delete(store, key);
      else ledger.set(store, key, random.chance(0.05) ? 9_000 : random.integer(400), step & 255);
      moments.push({ position: store.log.position, state: ledger.state });
    }
    if (random.chance(0.7)) store.log.commit();
    if (random.chance(0.02)) store.wantCheckpoint();
    world.clock.runFor(stepMs());
    await new Promise((resolve) => setImmediate(resolve));
  }
  return moments;
}

function check(seed: number, moments: readonly Moment[], confirmed: number, after: Opened): void {
  const allowed = moments.filter(({ position }) => position >= confirmed).map((x) => x.state);
  const older = moments.filter(({ position }) => position <= confirmed).at(-1)?.state;
  const { state, wrong } = after.ledger;
  if (wrong.length > 0) throw new Error(`seed ${seed}: wrong bytes: ${wrong[0]}`);
  if (allowed.includes(state) || state === older) return;
  throw new Error(`seed ${seed}: a table that never was, or is too old: ${state.slice(0, 300)}`);
}

async function history(seed: number): Promise<void> {
  const world = new StoreWorld(seed);
  const { random } = world;
  let opened = await world.open();
  for (let round = 0; round < 4; round++) {
    const moments = await live(world, opened, 5 + random.integer(60));
    const confirmed = opened.store.log.durablePosition;
    world.crash();
    opened = await world.open();
    check(seed, moments, confirmed, opened);
  }
  expect(world.notices.filter((x) => x.includes("damaged"))).toEqual([]);
}

it("is never found with less than was confirmed, nor with anything that never was", async () => {
  for (let seed = 1; seed <= 60; seed++) await history(seed);
}, 60_000);

const FULL = { reserveBytes: 200_000 };

/** Somebody else's file takes all but some blocks, goes again, and the store is killed in between. */
async function fullDiskHistory(seed: number): Promise<void> {
  const world = new StoreWorld(seed);
  const { random } = world;
  world.disk.totalBytes = 3_000_000;
  const fill = () => {
    const { disk } = world;
    const fillerBytes = disk.files().includes("filler") ? disk.bytesOf("filler").length : 0;
    const roomBytes = Math.max(0, fillerBytes + disk.freeBytes - 4_096 * random.integer(20));
    disk.allocate("filler", roomBytes).catch(() => {});
  };
  const relieve = () => world.disk.unlink("filler").catch(() => {});
  // Long enough at times for what is tried again later.
  const stepMs = () => {
    if (random.chance(0.05)) fill();
    if (random.chance(0.01)) relieve();
    return random.fraction() * (random.chance(0.1) ? 100 : 1.5);
  };
  let opened = await world.open(FULL);
  for (let round = 0; round < 4; round++) {
    const moments = await live(world, opened, 5 + random.integer(150), stepMs);
    const confirmed = opened.store.log.durablePosition;
    world.crash();
    if (random.chance(0.5)) await world.done(relieve());
    opened = await world.open(FULL);
    check(seed, moments, confirmed, opened);
  }
  await world.done(relieve());
  world.clock.runFor(2_000);
  await world.done(opened.store.log.flush());
  expect(world.notices.filter((x) => x.includes("damaged"))).toEqual([]);
}

it("is found no other way where the disk is full now and then", async () => {
  for (let seed = 1; seed <= 60; seed++) await fullDiskHistory(seed);
}, 60_000);

it("survives each disk call failing in turn", async () => {
  for (const how of ["EIO", "ENOSPC", "short", "crash"] as const satisfies readonly Failure[]) {
    let failedAtAll = 0;
    for (let call = 1; call < 400; call += 7) {
      if (await fails(call, how)) failedAtAll++;
    }
    expect(failedAtAll, how).toBeGreaterThan(15);
  }
}, 60_000);

/** One history in which the call with that number fails; answers whether the history came that far. */
async function fails(call: number, how: Failure): Promise<boolean> {
  const world = new StoreWorld(call);
  world.disk.failure = { call, how };
  let opened: Opened | undefined;
  let stopped = false;
  try {
    opened = await Promise.race([world.open(), crashOf(world)]);
  } catch {
    // Refusing to start is right when the disk fails.
  }
  const empty = [{ position: 0, state: "" }];
  let moments: Moment[] = empty;
  let confirmed = 0;
  if (opened !== undefined) {
    opened.store.log.handler.onFailed = () => {
      stopped = true;
    };
    moments = await live(world, opened, 40);
    confirmed = opened.store.log.durablePosition;
  }
  const reached = world.disk.callCount >= call;
  world.crash();
  check(call, moments, confirmed, await world.open());
  expect(stopped).toBe(stopped && how === "EIO");
  return reached;
}

function crashOf(world: StoreWorld): Promise<undefined> {
  return new Promise((resolve) => {
    world.disk.onCrash = () => resolve(undefined);
  });
}
