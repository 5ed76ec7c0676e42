import { describe, expect, it } from "vitest";
import { DIRECTORY, StoreWorld } from "./testing/store-world.ts";

/** A store whose next write of the log fails, and has been asked for. */
async function openWithFailingLog(seed: number) {
  const world = new StoreWorld(seed);
  const { store, ledger } = await world.open();
  world.clock.runFor(100);
  const failures: string[] = [];
  store.log.handler.onFailed = (reason) => failures.push(reason);
  ledger.set(store, 1, 10, 1);
  world.disk.failure = { call: world.disk.callCount + 1, how: "EIO" };
  store.log.commit();
  return { world, store, ledger, failures };
}

describe("Store", () => {
  it("makes a directory, and finds what was durable when it was killed", async () => {
    const world = new StoreWorld(1);
    const { store, ledger, report } = await world.open();
    expect(report).toMatchObject({ isNew: true, torn: false, damage: [] });
    for (let key = 0; key < 50; key++) ledger.set(store, key, key * 20, key);
    ledger.delete(store, 7);
    const told: number[] = [];
    store.log.handler.onDurable = (position) => told.push(position);
    store.log.commit();
    world.clock.runFor(20);
    expect(told).toEqual([store.log.position]);
    expect(store.log.durablePosition).toBe(store.log.position);

    world.crash("nothing");
    const again = await world.open();
    expect(again.ledger.state).toBe(ledger.state);
    expect(again.ledger.wrong).toEqual([]);
    expect(again.report).toMatchObject({ isNew: false, stoppedOrderly: false, torn: false });
    expect(again.store.log.position).toBe(store.log.position);
    expect(world.notices).toEqual([]);
  });

  it("tells an entry again until there is memory for it, and gives up when there never is", async () => {
    const world = new StoreWorld(1);
    const { store, ledger } = await world.open();
    for (let key = 0; key < 5; key++) ledger.set(store, key, key * 20, key);
    store.log.commit();
    world.clock.runFor(100);
    world.crash("nothing");
    const again = await world.open({}, 3);
    expect(again.ledger.state).toBe(ledger.state);
    expect(again.ledger.entriesHeard).toBe(5);
    world.crash("nothing");
    await expect(world.open({}, Number.POSITIVE_INFINITY)).rejects.toThrow("too little memory");
  });

  it("removes what a crash left of files that were being made, and says nothing of it", async () => {
    const world = new StoreWorld(15);
    const { store, ledger } = await world.open();
    ledger.set(store, 1, 20, 1);
    await world.done(store.close());
    const left = ["checkpoint.new", "definitions.json.new", "segments/segment-00000007.new"];
    for (const name of left) await world.done(world.disk.allocate(`${DIRECTORY}/${name}`, 100));
    world.crash("everything");
    const again = await world.open();
    expect(again.ledger.state).toBe(ledger.state);
    expect(world.disk.files().filter((name) => name.endsWith(".new"))).toEqual([]);
    expect(world.notices).toEqual([]);
  });

  it("needs no log after an orderly stop", async () => {
    const world = new StoreWorld(2);
    const { store, ledger } = await world.open();
    for (let key = 0; key < 50; key++) ledger.set(store, key, 100, key);
    await world.done(store.close());
    const again = await world.open();
    expect(again.ledger.state).toBe(ledger.state);
    expect(again.report).toMatchObject({ stoppedOrderly: true, blockCount: 0 });
    again.ledger.set(again.store, 99, 5, 5);
    await world.done(again.store.close());
    const third = await world.open();
    expect(third.ledger.state).toBe(again.ledger.state);
    expect(
      JSON.parse(new TextDecoder().decode(world.disk.bytesOf(`${DIRECTORY}/definitions.json`))),
    ).toHaveLength(51);
  });

  it("writes what nobody waits for within 50 ms, and what somebody waits for at once", async () => {
    const world = new StoreWorld(3);
    const { store } = await world.open();
    world.clock.runFor(200);
    store.log.append(2, 24);
    store.log.commit();
    world.clock.runFor(49);
    expect(store.log.durablePosition).toBe(0);
    world.clock.runFor(3);
    expect(store.log.durablePosition).toBe(32);
    store.log.append(5, 24);
    store.log.commit();
    world.clock.runFor(2);
    expect(store.log.durablePosition).toBe(64);
  });

  it("takes into the next batch whatever arrived during a write", async () => {
    const world = new StoreWorld(4);
    const { store, ledger } = await world.open();
    const told: number[] = [];
    store.log.handler.onDurable = (position) => told.push(position);
    ledger.set(store, 1, 10, 1);
    store.log.commit();
    const first = store.log.position;
    for (let key = 2; key < 40; key++) {
      ledger.set(store, key, 10, 1);
      store.log.commit();
    }
    world.clock.runFor(20);
    expect(told).toEqual([first, store.log.position]);
  });

  it("uses old log files again and keeps the disk small", async () => {
    const world = new StoreWorld(5);
    const { store, ledger } = await world.open();
    for (let round = 0; store.log.position < 4_000_000; round++) {
      for (let i = 0; i < 20; i++) ledger.set(store, (round * 20 + i) % 300, 500, round & 255);
      store.log.commit();
      world.clock.runFor(2);
      // Promises of checkpoints and file preparation go on between the rounds.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await world.done(store.log.flush());
    await world.done(new Promise<void>((resolve) => void world.clock.setTimer(500, resolve)));
    expect(store.checkpointNumber).toBeGreaterThan(10);
    expect(world.disk.usedBytes).toBeLessThan(1_500_000);
    world.crash();
    const again = await world.open();
    expect(again.ledger.state).toBe(ledger.state);
    expect(again.ledger.wrong).toEqual([]);
    expect(again.ledger.entriesHeard).toBeLessThan(2_000);
  });

  it("makes log files no larger than a small share of the disk", async () => {
    const world = new StoreWorld(16);
    world.disk.totalBytes = 3_000_000;
    const { store, ledger } = await world.open();
    const seen = new Set<number>();
    for (let round = 0; store.log.position < 500_000; round++) {
      for (let i = 0; i < 3; i++) ledger.set(store, i, 500, round & 255);
      store.log.commit();
      world.clock.runFor(2);
      await new Promise((resolve) => setImmediate(resolve));
      for (const name of world.disk.files()) {
        if (name.startsWith(`${DIRECTORY}/log/`)) seen.add(world.disk.bytesOf(name).length);
      }
    }
    // Twice the first one's size, by the load alone; the mark of a file that has been left lies behind its end.
    expect(Math.max(...seen)).toBeLessThan(100_000);
  });

  it("tells a write that was cut off behind another one from damage", async () => {
    const world = new StoreWorld(9);
    let { store, ledger, report } = await world.open();
    const path = world.disk.files().find((name) => name.includes("/log/")) as string;
    const write = async (seed: number) => {
      for (let key = 0; key < 6; key++) ledger.set(store, key, 3_000, seed);
      store.log.commit();
      await world.done(store.log.whenDurable(store.log.position));
    };
    /** Only \`bytes[from, to)\` of the file were never written. */
    const crashWithout = async (from: number, to = Number.POSITIVE_INFINITY) => {
      world.crash("everything");
      world.disk.setBytes(path, world.disk.bytesOf(path).slice().fill(0, from, to));
      ({ store, ledger, report } = await world.open());
    };
    await write(1);
    const blockBytes = new DataView(world.disk.bytesOf(path).buffer).getUint32(4_096 + 8, true);
    // Of the first write a part is there, of the second only what comes behind its beginning.
    const firstEnd = 4_096 + 2 * blockBytes;
    await crashWithout(firstEnd);
    expect(report).toMatchObject({ torn: true, damage: [] });
    const { state } = ledger;
    world.clock.runFor(20);
    const secondAt = store.log.place.offset;
    await write(2);
    await crashWithout(secondAt, secondAt + 2 * 4_096);
    expect(report).toMatchObject({ torn: true, damage: [] });
    expect(ledger.state).toBe(state);
  });

  it("says so when the log can't be written, and then nothing is durable any more", async () => {
    const { world, store, ledger, failures } = await openWithFailingLog(6);
    world.clock.runFor(100);
    expect(failures).toEqual([expect.stringContaining("the log could not be written: EIO")]);
    ledger.set(store, 2, 10, 1);
    store.log.commit();
    world.clock.runFor(1_000);
    expect(store.log.durablePosition).toBe(0);
  });

  it("closes after the log has failed, and when it fails while somebody waits for it", async () => {
    for (const failsFirst of [true, false]) {
      const { world, store, failures } = await openWithFailingLog(8);
      if (failsFirst) world.clock.runFor(100);
      await world.done(store.close());
      expect(failures).toHaveLength(1);
      await expect(store.log.flush()).rejects.toThrow("the log could not be written: EIO");
    }
  });

  it("waits for room on a full disk and goes on", async () => {
    const world = new StoreWorld(7);
    const { store, ledger } = await world.open();
    let full = 0;
    store.log.onDiskFull = () => full++;
    world.clock.runFor(100);
    ledger.set(store, 1, 10, 1);
    world.disk.failure = { call: world.disk.callCount + 1, how: "ENOSPC", lasting: true };
    store.log.commit();
    world.clock.runFor(2_500);
    expect(full).toBeGreaterThan(1);
    expect(store.log.durablePosition).toBe(0);
    world.disk.failure = undefined;
    world.clock.runFor(1_100);
    expect(store.log.durablePosition).toBe(store.log.position);
  });

  it("gives its reserve up for a start when the disk has no room to lock it", async () => {
    const world = new StoreWorld(10);
    const reserveBytes = 65_536;
    const first = await world.open({ reserveBytes });
    first.ledger.set(first.store, 1, 10, 1);
    await world.done(first.store.log.flush());
    await world.done(new Promise<void>((resolve) => void world.clock.setTimer(100, resolve)));
    expect(world.disk.files()).toContain(`${DIRECTORY}/reserve`);

    const isFull = { call: 1, how: "ENOSPC", only: /^lock / } as const;
    world.crash("everything");
    world.disk.failure = isFull;
    const calls: string[] = [];
    world.disk.onCall = (what) => calls.push(what);
    const { ledger } = await world.open({ reserveBytes });
    expect(ledger.state).toBe(first.ledger.state);
    expect(calls).toContain(`unlink ${DIRECTORY}/reserve`);

    world.crash("everything");
    world.disk.removeFile(`${DIRECTORY}/reserve`);
    world.disk.failure = isFull;
    await expect(world.open({ reserveBytes })).rejects.toMatchObject({ code: "ENOSPC" });
  });
});
