// The real disk in a temporary folder.

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Arena } from "../lib/arena.ts";
import type { DiskError, FileHandler } from "./env.ts";
import { NodeDisk } from "./node-disk.ts";

const arena = new Arena({ sizeBytes: 1_048_576 });
const disk = new NodeDisk(arena);
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leveret-disk-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Hears how calls ended and lets a test wait for them. */
class Ends implements FileHandler {
  readonly ends = new Map<number, number | DiskError>();
  #waiting: (() => void)[] = [];

  onDone(token: number, lengthBytes: number): void {
    this.#end(token, lengthBytes);
  }
  onFailed(token: number, error: DiskError): void {
    this.#end(token, error);
  }
  async of(token: number): Promise<number | DiskError> {
    while (!this.ends.has(token)) await new Promise<void>((go) => this.#waiting.push(go));
    return this.ends.get(token) as number | DiskError;
  }
  #end(token: number, end: number | DiskError): void {
    expect(this.ends.has(token)).toBe(false);
    this.ends.set(token, end);
    for (const go of this.#waiting.splice(0)) go();
  }
}

describe("files", () => {
  test.each([
    [true, { count: 2, bytes: 300 }, 3],
    [false, { count: 2, bytes: 300 }, 1],
  ])("calls are counted (synced: %s)", async (synced, writes, syncs) => {
    const own = new NodeDisk(arena);
    const ends = new Ends();
    const file = await own.open(join(directory, "f"), { write: true, create: true, synced }, ends);
    file.write(1, 0, 100, 0);
    file.write(2, 0, 200, 100);
    await Promise.all([ends.of(1), ends.of(2)]);
    file.sync(3);
    file.read(4, 0, 1_000, 0);
    await Promise.all([ends.of(3), ends.of(4)]);
    file.close();
    expect(own.statistics.write).toMatchObject(writes);
    expect(own.statistics.sync.count).toBe(syncs);
    expect(own.statistics.read).toMatchObject({ count: 1, bytes: 300 });
    for (const { timeMs } of Object.values(own.statistics)) expect(timeMs).toBeGreaterThan(0);
  });

  test.each([true, false])(
    "are written and read by tokens, many at once (synced: %s)",
    async (synced) => {
      const ends = new Ends();
      const options = { write: true, create: true, synced };
      const file = await disk.open(join(directory, "log"), options, ends);
      for (let i = 0; i < 20; i++) {
        arena.u8.fill(i, i * 100, i * 100 + 100);
        file.write(i, i * 100, 100, i * 100);
      }
      for (let i = 0; i < 20; i++) expect(await ends.of(i)).toBe(100);
      file.sync(50);
      expect(await ends.of(50)).toBe(0);
      file.read(60, 500_000, 3000, 1500);
      file.read(61, 600_000, 10, 5000);
      expect(await ends.of(60)).toBe(500);
      expect(await ends.of(61)).toBe(0);
      expect([...arena.u8.subarray(500_000, 500_500)]).toEqual([...arena.u8.subarray(1500, 2000)]);
      file.close();
      file.close();
    },
  );

  test("a call that fails names its token and the system's code", async () => {
    writeFileSync(join(directory, "log"), "x");
    const ends = new Ends();
    const options = { write: false, create: false, synced: false };
    const file = await disk.open(join(directory, "log"), options, ends);
    file.write(7, 0, 1, 0);
    expect(await ends.of(7)).toMatchObject({ name: "DiskError", code: "EBADF" });
    file.close();
  });

  test("closing waits for calls on their way", async () => {
    const ends = new Ends();
    const options = { write: true, create: true, synced: true };
    const file = await disk.open(join(directory, "log"), options, ends);
    file.write(1, 0, 1000, 0);
    file.close();
    expect(await ends.of(1)).toBe(1000);
  });

  test("a missing file is not made unless asked for", async () => {
    const options = { write: true, create: false, synced: false };
    await expect(disk.open(join(directory, "no"), options, new Ends())).rejects.toMatchObject({
      code: "ENOENT",
    });
  });
});

describe("names", () => {
  test("allocate reserves zeroes, keeps what is there, and cuts", async () => {
    const path = join(directory, "log");
    writeFileSync(path, "abc");
    await disk.allocate(path, 3_000_000);
    expect(await disk.stat(path)).toEqual({ sizeBytes: 3_000_000, isDirectory: false });
    const bytes = await disk.readFile(path);
    expect(Buffer.from(bytes.subarray(0, 5)).toString("latin1")).toBe("abc\0\0");
    if (process.platform === "linux") {
      expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(3_000_000);
    }
    await disk.truncate(path, 2);
    expect((await disk.stat(path))?.sizeBytes).toBe(2);
  });

  test("replaceFile leaves the old or the new, and nothing beside it", async () => {
    const path = join(directory, "checkpoint");
    await disk.replaceFile(path, Buffer.from("one"));
    await disk.replaceFile(path, Buffer.from("two"));
    expect(Buffer.from(await disk.readFile(path)).toString()).toBe("two");
    expect(await disk.list(directory)).toEqual(["checkpoint"]);
  });

  test("folders are made for the owner alone; unlink, rename and stat speak the system's codes", async () => {
    const deep = join(directory, "a", "b");
    await disk.makeDirectory(deep);
    await disk.makeDirectory(deep);
    expect(statSync(deep).mode & 0o077).toBe(0);
    expect(await disk.stat(deep)).toMatchObject({ isDirectory: true });
    expect(await disk.stat(join(deep, "no"))).toBeUndefined();
    await expect(disk.unlink(join(deep, "no"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(disk.rename(join(deep, "no"), deep)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(disk.readFile(deep)).rejects.toMatchObject({ code: "EISDIR" });
    await disk.syncDirectory(deep);
    writeFileSync(join(directory, "file"), "");
    await expect(disk.makeDirectory(join(directory, "file"))).rejects.toMatchObject({
      code: "EEXIST",
    });
    await expect(disk.makeDirectory(join(directory, "file", "in"))).rejects.toMatchObject({
      code: "ENOTDIR",
    });
  });

  test.skipIf(process.platform !== "linux")(
    "a folder no system makes is refused at once",
    async () => {
      await expect(disk.makeDirectory("/proc/leveret/data")).rejects.toMatchObject({
        name: "DiskError",
        code: "ENOENT",
      });
    },
  );

  test("space is a plausible share of the whole", async () => {
    const { freeBytes, totalBytes } = await disk.space(directory);
    expect(totalBytes).toBeGreaterThan(0);
    expect(freeBytes).toBeLessThanOrEqual(totalBytes);
  });
});

describe("the directory's lock", () => {
  /** What a process that is gone may have left behind. */
  const leave = (text: string) => {
    for (const name of readdirSync(directory)) rmSync(join(directory, name));
    writeFileSync(join(directory, "lock.41"), text);
  };

  test("is had once, and again after release", async () => {
    const lock = await disk.lock(directory);
    await expect(disk.lock(directory)).rejects.toMatchObject({
      code: "ELOCKED",
      message: `${directory} is in use by process ${process.pid}`,
    });
    await lock.release();
    await (await disk.lock(directory)).release();
  });

  test("one of many that start together gets it, over a dead owner's too", async () => {
    for (const stale of ["free\n", '{"pid":1073741824,"started":"1"}\n', "rubbish\n", ""]) {
      leave(stale);
      for (let round = 0; round < 5; round++) {
        const tries = await Promise.allSettled(
          Array.from({ length: 8 }, () => disk.lock(directory)),
        );
        const locks = tries.filter((outcome) => outcome.status === "fulfilled");
        expect(locks.length).toBe(1);
        expect(readdirSync(directory).length).toBe(1);
        await locks[0]?.value.release();
      }
    }
  });

  test.skipIf(process.platform !== "linux")(
    "is kept by a living process, and lost by one whose id is used again",
    async () => {
      const child = spawn("sleep", ["60"]);
      try {
        leave(`{"pid":${child.pid},"started":""}\n`);
        await expect(disk.lock(directory)).rejects.toMatchObject({ code: "ELOCKED" });
        leave(`{"pid":${child.pid},"started":"another boot 1"}\n`);
        await (await disk.lock(directory)).release();
      } finally {
        child.kill();
      }
    },
  );
});
