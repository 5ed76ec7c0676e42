import { describe, expect, test } from "vitest";
import { AssertionError } from "../lib/assert.ts";
import { Memory } from "../lib/memory.ts";
import { DiskError, type FileHandler } from "./env.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeEnv } from "./fake-env.ts";
import { SeededRandom } from "./fake-random.ts";

const memory = new Memory({ arenaBytes: 16 * 1_048_576 });

describe("FakeClock", () => {
  test("runs timers by time, then by the order they were set in, and turns after what is due now", () => {
    const clock = new FakeClock(1000);
    const log: string[] = [];
    clock.setTimer(20, () => log.push(`b ${clock.nowMs()}`));
    clock.setTimer(10, () => {
      log.push(`a ${clock.nowMs()}`);
      clock.nextTurn(() => log.push(`turn ${clock.nowMs()}`));
      clock.setTimer(0, () => log.push("same time"));
    });
    clock.setTimer(20, () => log.push("c"));
    clock.clearTimer(clock.setTimer(15, () => log.push("never")));
    clock.runFor(19);
    expect(log).toEqual(["a 1010", "same time", "turn 1010"]);
    expect(clock.monotonicMs()).toBe(19);
    clock.runFor(100);
    expect(log.slice(3)).toEqual(["b 1020", "c"]);
  });

  test("a jump of the wall clock does not move monotonic time", () => {
    const clock = new FakeClock(1000);
    clock.jumpWall(-400);
    expect(clock.nowMs()).toBe(600);
    expect(clock.monotonicMs()).toBe(0);
  });

  test("runUntil says when the condition never holds", () => {
    const clock = new FakeClock();
    let due = false;
    clock.setTimer(50, () => {
      due = true;
    });
    clock.runUntil(() => due);
    expect(clock.monotonicMs()).toBe(50);
    expect(() => clock.runUntil(() => false, 10)).toThrow(AssertionError);
  });

  test("drive lets promises and virtual time take turns", async () => {
    const clock = new FakeClock();
    const slow = async () => {
      for (let i = 0; i < 3; i++) {
        await new Promise<void>((resolve) => clock.setTimer(10, resolve));
      }
      return clock.monotonicMs();
    };
    expect(await clock.drive(slow())).toBe(30);
    await expect(clock.drive(new Promise(() => {}), 10)).rejects.toThrow(AssertionError);
    await expect(clock.drive(Promise.reject(new Error("mine")))).rejects.toThrow("mine");
  });
});

describe("SeededRandom", () => {
  test("comes again with its seed and spreads evenly", () => {
    const a = new SeededRandom(7);
    const b = new SeededRandom(7);
    const counts = new Array(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const value = a.integer(10);
      expect(b.integer(10) === value).toBe(true);
      counts[value]++;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
    const bytes = new Uint8Array(8);
    new SeededRandom(1).fill(bytes);
    const others = new Uint8Array(8);
    new SeededRandom(2).fill(others);
    expect(bytes).not.toEqual(others);
  });
});

describe("FakeDisk", () => {
  const run = async () => {
    const env = new FakeEnv({ seed: 3, memory });
    const { clock, disk } = env;
    await disk.makeDirectory("data/log");
    const done: string[] = [];
    const handler: FileHandler = {
      onDone: (token, length) => done.push(`${token}:${length}`),
      onFailed: (token, error) => done.push(`${token}:${error.code}`),
    };
    const file = await disk.open(
      "data/log/1",
      { write: true, create: true, synced: true },
      handler,
    );
    return { env, clock, disk, done, file };
  };

  test("writes, reads and lists", async () => {
    const { clock, disk, done, file } = await run();
    memory.arena.u8.set([1, 2, 3, 4], 0);
    file.write(1, 0, 4, 2);
    clock.runFor(10);
    file.read(2, 100, 10, 4);
    clock.runFor(10);
    file.sync(3);
    clock.runFor(10);
    expect(done).toEqual(["1:4", "2:2", "3:0"]);
    expect([...memory.arena.u8.subarray(100, 102)]).toEqual([3, 4]);
    expect([...(await disk.readFile("data/log/1"))]).toEqual([0, 0, 1, 2, 3, 4]);
    expect(await disk.list("data")).toEqual(["log"]);
    await disk.rename("data/log/1", "data/log/2");
    expect(await disk.list("data/log")).toEqual(["2"]);
    expect(await disk.stat("data/log/1")).toBeUndefined();
    await expect(disk.readFile("data/log/1")).rejects.toThrow(DiskError);
    await expect(disk.allocate("elsewhere/1", 10)).rejects.toThrow(DiskError);
  });

  test("notices that bytes on their way were touched", async () => {
    const { clock, file } = await run();
    file.write(1, 0, 4, 0);
    memory.arena.u8[2] = (memory.arena.u8[2] as number) + 1;
    expect(() => clock.runFor(10)).toThrow("bytes on their way to disk are not touched");
  });

  test("a directory is locked once", async () => {
    const { disk } = await run();
    const lock = await disk.lock("data");
    await expect(disk.lock("data")).rejects.toMatchObject({ code: "ELOCKED" });
    await lock.release();
    await disk.lock("data");
  });
});
