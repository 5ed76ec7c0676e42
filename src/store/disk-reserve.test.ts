import { expect, it } from "vitest";
import type { PageOwner } from "../broker/ports.ts";
import { MEDIUM_PAGE_BYTES } from "../lib/page-pool.ts";
import type { Store } from "./store.ts";
import { DIRECTORY, StoreWorld } from "./testing/store-world.ts";

const RESERVE_BYTES = 100_000;
const RESERVE = `${DIRECTORY}/reserve`;
const RESERVE_FOR_LOG = `${DIRECTORY}/reserve-for-log`;
/** Both together, with the part of the log: whole blocks. */
const LOG_PART_BYTES = 61_440;
const PART_BYTES = RESERVE_BYTES - LOG_PART_BYTES;

/** Virtual time passes, and promises are kept meanwhile. */
function pass(world: StoreWorld, ms: number): Promise<void> {
  return world.done(new Promise((resolve) => void world.clock.setTimer(ms, () => resolve())));
}

/** Somebody else takes all but `leftBytes`. */
function fill(world: StoreWorld, leftBytes: number): Promise<void> {
  const { disk } = world;
  return world.done(disk.allocate("filler", disk.totalBytes - disk.usedBytes - leftBytes));
}

function expectReserve(world: StoreWorld): void {
  expect(world.disk.bytesOf(RESERVE)).toHaveLength(PART_BYTES);
  expect(world.disk.bytesOf(RESERVE_FOR_LOG)).toHaveLength(LOG_PART_BYTES);
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
  expectReserve(world);
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
  expectReserve(world);
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
  expectReserve(world);
});

it("leaves a small disk alone", async () => {
  const world = new StoreWorld(12);
  world.disk.totalBytes = 600_000;
  await world.open({ reserveBytes: RESERVE_BYTES });
  await pass(world, 500);
  const bytes = [RESERVE, RESERVE_FOR_LOG].map((path) => world.disk.bytesOf(path).length);
  expect(bytes).toEqual([Math.floor(600_000 / 16) - 20_480, 20_480]);
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
  expect(freeBytes).toBeGreaterThan(PART_BYTES / 2);
});

/** Pages are written as fast as the disk takes them, and tried again for ever when it does not. */
function writePagesForEver(world: StoreWorld, store: Store): void {
  const at = world.memory.pages.allocate(MEDIUM_PAGE_BYTES);
  const again = () => void world.clock.setTimer(5, write);
  const owner: PageOwner = {
    pagesHoldRecords: false,
    onPageWritten: again,
    onPageFailed: again,
    onPageRead() {},
    onPageDamaged() {},
  };
  const write = () => store.pager.write(owner, 0, 1, at, 8_192, true);
  for (let i = 0; i < 4; i++) again();
}

it("is the log's and the checkpoint's, whoever else writes and wherever the log stands", async () => {
  for (let written = 0; written < 24; written++) {
    const { world, store, ledger, told } = await worldWithReserve();
    const set = async (key: number, lengthBytes: number) => {
      ledger.set(store, key, lengthBytes, key);
      store.log.commit();
      await pass(world, 10);
    };
    for (let key = 0; key < written; key++) await set(key, 400);
    await fill(world, 40_000);
    writePagesForEver(world, store);
    await pass(world, 500);
    expect(told).toEqual([true]);
    const { checkpointNumber } = store;
    // What was in hand at that moment, longer than what is left anywhere else, and what consumers settle later.
    ledger.set(store, 100, 28_000, 1);
    ledger.delete(store, 100);
    for (let key = 200; key < 206; key++) await set(key, 400);
    await pass(world, 1_000);
    expect(store.log.durablePosition).toBe(store.log.position);
    store.wantCheckpoint();
    await pass(world, 1_000);
    expect(store.checkpointNumber).toBeGreaterThan(checkpointNumber);
    expect(told).toEqual([true]);
    world.crash("nothing");
    const again = await world.open({ reserveBytes: RESERVE_BYTES });
    expect(again.ledger.state).toBe(ledger.state);
    expect(again.report.damage).toEqual([]);
  }
});

it("takes what is in hand when the log finds the disk full", async () => {
  const { world, store, ledger, told } = await worldWithReserve();
  await fill(world, 0);
  // Longer than what is left anywhere else, and there before the next log file can be.
  for (let key = 0; key < 3; key++) {
    ledger.set(store, 100, 28_000, key);
    ledger.delete(store, 100);
    ledger.set(store, key, 100, key);
    store.log.commit();
    await pass(world, 2);
  }
  await pass(world, 1_000);
  expect(told).toEqual([true]);
  expect(store.log.durablePosition).toBe(store.log.position);
  world.crash("nothing");
  const again = await world.open({ reserveBytes: RESERVE_BYTES });
  expect(again.ledger.state).toBe(ledger.state);
  expect(again.report.damage).toEqual([]);
});

it("is not needed to leave a log file for the next one", async () => {
  const world = new StoreWorld(14);
  world.disk.totalBytes = 2_000_000;
  const { store, ledger } = await world.open();
  await pass(world, 500);
  await fill(world, 0);
  // One block each: the first file ends at a whole one.
  for (let key = 0; key < 24; key++) {
    ledger.set(store, key, 400, key);
    store.log.commit();
    await pass(world, 10);
  }
  await pass(world, 1_000);
  expect(store.log.durablePosition).toBe(store.log.position);
  expect(world.disk.freeBytes).toBe(0);
  world.crash("nothing");
  const again = await world.open();
  expect(again.ledger.state).toBe(ledger.state);
  expect(again.report.damage).toEqual([]);
});
