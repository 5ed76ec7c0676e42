// One process per data directory. The lock is a file lock.N that names its owner by process id and start time, so
// that a lock left behind by a crash, or an id used again by another process, holds nobody up.
// The highest N counts and is never removed: who finds its owner gone makes N+1, which only one can.

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { DiskError } from "./env.ts";

interface Owner {
  readonly pid: number;
  /** When the process started, in the system's own words; "" where they can't be had. */
  readonly started: string;
}

const NAME = /^lock\.(\d{1,15})$/;
const FREE = "free\n";
const TRIES_MAX = 100;
const RETRY_MS = 20;
/** Between making the file and naming the owner in it lies a moment; after this, its maker is dead. */
const UNNAMED_MS_MAX = 2_000;

/** Rejects with code ELOCKED while a living process has the directory. */
export async function lockDirectory(directory: string): Promise<{ release(): Promise<void> }> {
  const mine = `${JSON.stringify({ pid: process.pid, started: await startOf(process.pid) })}\n`;
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    const highest = Math.max(0, ...(await lockNumbers(directory)));
    const owner = highest === 0 ? "free" : await ownerOf(lockPath(directory, highest));
    if (owner === "unnamed") {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    } else if (owner !== "free") {
      throw new DiskError("ELOCKED", `${directory} is in use by process ${owner.pid}`);
    } else if (await take(directory, highest + 1, mine)) {
      const path = lockPath(directory, highest + 1);
      return { release: () => fs.writeFile(path, FREE) };
    }
  }
  throw new DiskError("ELOCKED", `${directory} is being locked by another process`);
}

/** The process that has the directory now, without touching anything; undefined when none has. */
export async function lockHolder(directory: string): Promise<number | undefined> {
  const highest = Math.max(0, ...(await lockNumbers(directory)));
  const owner = highest === 0 ? "free" : await ownerOf(lockPath(directory, highest));
  return typeof owner === "object" ? owner.pid : undefined;
}

/** Makes lock.N, if it is ours to make, and removes the lower ones. */
async function take(directory: string, number: number, text: string): Promise<boolean> {
  const path = lockPath(directory, number);
  try {
    await fs.writeFile(path, text, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    // Made, and no room to name its owner: others would wait for that.
    await fs.rm(path, { force: true });
    throw error;
  }
  const others = (await lockNumbers(directory)).filter((other) => other !== number);
  if (others.some((other) => other > number)) {
    // What was seen is old: others have had this number and more since.
    await fs.unlink(path);
    return false;
  }
  await Promise.all(others.map((other) => fs.rm(lockPath(directory, other), { force: true })));
  return true;
}

async function lockNumbers(directory: string): Promise<number[]> {
  const names = await fs.readdir(directory);
  return names.map((name) => Number(NAME.exec(name)?.[1] ?? 0)).filter((number) => number > 0);
}

function lockPath(directory: string, number: number): string {
  return join(directory, `lock.${number}`);
}

/** The living owner; "free" when there is none. */
async function ownerOf(path: string): Promise<Owner | "free" | "unnamed"> {
  let text: string;
  let changedMs: number;
  try {
    text = await fs.readFile(path, "utf8");
    changedMs = (await fs.stat(path)).mtimeMs;
  } catch (error) {
    // Another one was quicker and has removed it: look again.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "unnamed";
    throw error;
  }
  if (!text.endsWith("\n")) {
    return Date.now() - changedMs < UNNAMED_MS_MAX ? "unnamed" : "free";
  }
  const owner = parse(text);
  return owner !== undefined && (await isAlive(owner)) ? owner : "free";
}

function parse(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner>;
    if (typeof owner.pid !== "number" || typeof owner.started !== "string") return undefined;
    return { pid: owner.pid, started: owner.started };
  } catch {
    return undefined;
  }
}

async function isAlive(owner: Owner): Promise<boolean> {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const started = await startOf(owner.pid);
  return owner.started === "" || started === "" || started === owner.started;
}

/** Start time of a process on Linux, "gone" for a dead one not yet buried, "" where it can't be told. */
async function startOf(pid: number): Promise<string> {
  const text = await read(`/proc/${pid}/stat`);
  if (text === "") return "";
  // The name in parentheses may hold anything; the fields behind it are: state, 18 more, start time in ticks.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z") return "gone";
  // Start times count from boot, so they repeat after one.
  return `${(await read("/proc/sys/kernel/random/boot_id")).trim()} ${fields[19]}`;
}

async function read(path: string): Promise<string> {
  return fs.readFile(path, "utf8").catch(() => "");
}
