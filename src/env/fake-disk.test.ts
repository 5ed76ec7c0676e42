import { describe, expect, it } from "vitest";
import { Memory } from "../lib/memory.ts";
import { type Disk, DiskError, type File, type FileHandler, type OpenOptions } from "./env.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeDisk } from "./fake-disk.ts";
import { SeededRandom } from "./fake-random.ts";

const memory = new Memory({ arenaBytes: 16 * 1_048_576 });
const cached: OpenOptions = { write: true, create: true, synced: false };
const synced: OpenOptions = { write: true, create: true, synced: true };

class World {
  readonly clock = new FakeClock();
  readonly answers: string[] = [];
  readonly disk: FakeDisk;
  readonly random: SeededRandom;

  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
    this.disk = new FakeDisk({
      arena: memory.arena,
      random: () => this.random.fraction(),
      schedule: (afterMs, run) => void this.clock.setTimer(afterMs, run),
    });
  }

  async done<T>(promise: Promise<T>): Promise<T> {
    return this.clock.drive(promise);
  }

  async open(path: string, options: OpenOptions, disk: Disk = this.disk): Promise<File> {
    const handler: FileHandler = {
      onDone: (token, length) => this.answers.push(`${token}:${length}`),
      onFailed: (token, error) => this.answers.push(`${token}:${error.code}`),
    };
    return this.done(disk.open(path, options, handler));
  }

  /** Writes `length` bytes of `value` and waits. */
  write(file: File, value: number, offset: number, length: number): void {
    memory.arena.u8.fill(value, 0, length);
    file.write(1, 0, length, offset);
    this.clock.runFor(10);
  }

  async bytes(disk: FakeDisk, path: string): Promise<number[]> {
    return [...(await this.done(disk.readFile(path)))];
  }
}

async function withFile(options: OpenOptions, seed = 1) {
  const world = new World(seed);
  await world.done(world.disk.makeDirectory("data"));
  const file = await world.open("data/a", options);
  return { world, disk: world.disk, file };
}

describe("FakeDisk while it works", () => {
  it("writes, reads, lists and renames", async () => {
    const { world, disk, file } = await withFile(cached);
    world.write(file, 7, 2, 3);
    file.read(2, 100, 10, 3);
    file.sync(3);
    world.clock.runFor(10);
    expect(world.answers[0]).toBe("1:3");
    expect(world.answers.slice(1).sort()).toEqual(["2:2", "3:0"]);
    expect([...memory.arena.u8.subarray(100, 102)]).toEqual([7, 7]);
    expect(await world.bytes(disk, "data/a")).toEqual([0, 0, 7, 7, 7]);
    await world.done(disk.rename("data/a", "data/b"));
    expect(await world.done(disk.list("data"))).toEqual(["b"]);
    expect(await world.done(disk.stat("data/a"))).toBeUndefined();
    await expect(world.done(disk.readFile("data/a"))).rejects.toThrow(DiskError);
    await expect(world.done(disk.allocate("elsewhere/a", 10))).rejects.toThrow(DiskError);
  });

  it("notices that bytes on their way were touched", async () => {
    const { world, file } = await withFile(cached);
    file.write(1, 0, 4, 0);
    memory.arena.u8[2] = (memory.arena.u8[2] as number) + 1;
    expect(() => world.clock.runFor(10)).toThrow("stay untouched");
  });

  it("locks a directory once", async () => {
    const { world, disk } = await withFile(cached);
    const lock = await world.done(disk.lock("data"));
    await expect(world.done(disk.lock("data"))).rejects.toMatchObject({ code: "ELOCKED" });
    await world.done(lock.release());
    await world.done(disk.lock("data"));
  });

  it("makes the chosen call fail", async () => {
    const { world, disk, file } = await withFile(cached);
    for (const how of ["EIO", "ENOSPC", "short"] as const) {
      disk.failure = { call: disk.callCount + 1, how };
      world.write(file, 1, 0, 100);
      world.write(file, 1, 0, 100);
    }
    expect(world.answers).toEqual(["1:EIO", "1:100", "1:ENOSPC", "1:100", "1:50", "1:100"]);
    let crashed = false;
    disk.onCrash = () => {
      crashed = true;
    };
    disk.failure = { call: disk.callCount + 1, how: "crash" };
    world.write(file, 1, 0, 100);
    expect(crashed).toBe(true);
    expect(world.answers).toHaveLength(6);
  });

  it("runs out of space", async () => {
    const { world, disk, file } = await withFile(cached);
    disk.totalBytes = 1_000;
    world.write(file, 1, 0, 1_000);
    world.write(file, 2, 900, 101);
    world.write(file, 3, 900, 100);
    world.write(file, 4, 1_000, 1);
    expect(world.answers).toEqual(["1:1000", "1:100", "1:100", "1:ENOSPC"]);
    expect(await world.done(disk.space())).toEqual({ freeBytes: 0, totalBytes: 1_000 });
  });
});

describe("FakeDisk after a crash", () => {
  it("keeps what was written synced, and names that were synced", async () => {
    const { world, disk, file } = await withFile(synced);
    await world.done(disk.syncDirectory(""));
    await world.done(disk.syncDirectory("data"));
    world.write(file, 5, 0, 1_500);
    const after = disk.crash({}, "nothing");
    expect(await world.bytes(after, "data/a")).toEqual(new Array(1_500).fill(5));
  });

  it("may forget a file whose directory was not synced", async () => {
    const { world, disk, file } = await withFile(synced);
    await world.done(disk.syncDirectory(""));
    world.write(file, 5, 0, 10);
    expect(disk.imageAfterCrash({}, "nothing").files()).toEqual([]);
    expect(disk.imageAfterCrash({}, "everything").files()).toEqual(["data/a"]);
  });

  it("keeps any sectors of what was not synced, or those written first", async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const { world, disk, file } = await withFile(cached, seed);
      await world.done(disk.syncDirectory(""));
      await world.done(disk.syncDirectory("data"));
      file.sync(9);
      world.clock.runFor(10);
      world.write(file, 1, 0, 512 * 3);
      const after = disk.crash();
      const bytes = await world.bytes(after, "data/a");
      seen.add([0, 1, 2].map((x) => bytes[x * 512] ?? "-").join(""));
    }
    for (const image of ["---", "111", "100", "110", "010", "001"]) expect(seen).toContain(image);
  });

  it("tears a synced write that has not answered", async () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      const { world, disk, file } = await withFile(synced, seed);
      await world.done(disk.syncDirectory(""));
      await world.done(disk.syncDirectory("data"));
      memory.arena.u8.fill(1, 0, 2_048);
      file.write(1, 0, 2_048, 0);
      const bytes = await world.bytes(disk.crash(), "data/a");
      seen.add(bytes.filter((x) => x === 1).length);
    }
    expect(seen.has(0)).toBe(true);
    expect(seen.has(2_048)).toBe(true);
    expect(seen.size).toBeGreaterThan(3);
  });

  it("forgets what a failed sync should have written, though the next one succeeds", async () => {
    const { world, disk, file } = await withFile(cached);
    await world.done(disk.syncDirectory(""));
    await world.done(disk.syncDirectory("data"));
    world.write(file, 8, 0, 512);
    disk.failure = { call: disk.callCount + 1, how: "EIO" };
    file.sync(2);
    world.clock.runFor(10);
    file.sync(3);
    world.clock.runFor(10);
    expect(world.answers).toEqual(["1:512", "2:EIO", "3:0"]);
    expect(await world.bytes(disk, "data/a")).toEqual(new Array(512).fill(8));
    world.write(file, 9, 512, 512);
    const bytes = await world.bytes(disk.crash({}, "everything"), "data/a");
    expect(bytes.slice(0, 512)).toEqual(new Array(512).fill(0));
    expect(bytes.slice(512)).toEqual(new Array(512).fill(9));
  });

  it("replaces a file wholly or not at all", async () => {
    for (let seed = 0; seed < 100; seed++) {
      const world = new World(seed);
      const { disk } = world;
      await world.done(disk.makeDirectory("data"));
      await world.done(disk.syncDirectory(""));
      await world.done(disk.replaceFile("data/a", new Uint8Array(600).fill(1)));
      void disk.replaceFile("data/a", new Uint8Array(1_200).fill(2));
      for (let i = 0; i < seed % 8; i++) {
        world.clock.runFor(1);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const bytes = await world.bytes(disk.crash(), "data/a");
      const isOld = bytes.length === 600 && bytes.every((x) => x === 1);
      const isNew = bytes.length === 1_200 && bytes.every((x) => x === 2);
      expect(isOld || isNew).toBe(true);
    }
  });

  it("answers nothing any more", async () => {
    const { world, disk, file } = await withFile(cached);
    memory.arena.u8.fill(1, 0, 10);
    file.write(1, 0, 10, 0);
    disk.crash();
    world.clock.runFor(100);
    expect(world.answers).toEqual([]);
  });
});
