import { expect, it } from "vitest";
import { DIRECTORY, StoreWorld } from "./testing/store-world.ts";

const RESERVE_BYTES = 100_000;
const RESERVE = `${DIRECTORY}/reserve`;

/** Virtual time passes, and promises are kept meanwhile. */
function pass(world: StoreWorld, ms: number): Promise<void> {
  return world.done(new Promise((resolve) => void world.clock.setTimer(ms, () => resolve())));
}

/** Somebody else takes all but `leftBytes`. */
function fill(world: StoreWorld, leftBytes: number): Promise<void> {
  const { disk } = world;
  return world.done(disk.allocate("filler", disk.totalBytes - disk.usedBytes - leftBytes));
}

async function worldWithReserve() {
  const world = new StoreWorld(11);
  world.disk.totalBytes = 2_000_000;
  const { store, ledger } = await world.open({ reserveBytes: RESERVE_BYTES });
  const told: boolean[] = [];
  store.onDiskFull = (isFull) => told.push(isFull);
  await pass(world, 500);
  return { world, store, ledger, told };
}

it("keeps a reserve, gives it up on a full disk, goes on writing, and takes it back", async () => {
  const { world, store, ledger, told } = await worldWithReserve();
  expect(world.disk.bytesOf(RESERVE)).toHaveLength(RESERVE_BYTES);
  // Not a byte is left: log files have their space already, the next one would not.
  await fill(world, 0);
  for (let key = 0; told.length === 0 && key < 500; key++) {
    ledger.set(store, key, 400, key);
    store.log.commit();
    await pass(world, 10);
  }
  expect(told).toEqual([true]);
  await pass(world, 500);
  expect(world.disk.files()).not.toContain(RESERVE);
  expect(world.notices.join()).toContain("the disk is full");

  // What nobody promised yet is written all the same.
  ledger.set(store, 1_000, 40, 1);
  store.log.commit();
  await pass(world, 500);
  expect(store.log.durablePosition).toBe(store.log.position);

  await world.done(world.disk.unlink("filler"));
  await pass(world, 3_000);
  expect(told).toEqual([true, false]);
  expect(world.disk.bytesOf(RESERVE)).toHaveLength(RESERVE_BYTES);
  world.crash("nothing");
  const again = await world.open({ reserveBytes: RESERVE_BYTES });
  expect(again.ledger.state).toBe(ledger.state);
});

it("is taken when a broker that was started on a full disk has room", async () => {
  const world = new StoreWorld(13);
  world.disk.totalBytes = 2_000_000;
  const { store } = await world.open({ reserveBytes: 0 });
  await fill(world, RESERVE_BYTES);
  await world.done(store.close());
  await world.open({ reserveBytes: RESERVE_BYTES });
  await pass(world, 3_000);
  expect(world.disk.files()).not.toContain(RESERVE);
  await world.done(world.disk.unlink("filler"));
  await pass(world, 3_000);
  expect(world.disk.bytesOf(RESERVE)).toHaveLength(RESERVE_BYTES);
});

it("leaves a small disk alone", async () => {
  const world = new StoreWorld(12);
  world.disk.totalBytes = 600_000;
  await world.open({ reserveBytes: RESERVE_BYTES });
  await pass(world, 500);
  expect(world.disk.bytesOf(RESERVE)).toHaveLength(Math.floor(600_000 / 16));
});

it("a log file that could not be made holds on to nothing", async () => {
  const { world, store, ledger, told } = await worldWithReserve();
  await fill(world, 30_000);
  for (let key = 0; told.length === 0 && key < 500; key++) {
    ledger.set(store, key, 400, key);
    store.log.commit();
    await pass(world, 10);
  }
  await pass(world, 300);
  const { freeBytes } = await world.done(world.disk.space());
  expect(freeBytes).toBeGreaterThan(RESERVE_BYTES / 2);
});
