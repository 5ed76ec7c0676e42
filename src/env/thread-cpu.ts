// How much processor this thread had: of a busy machine, or a process with many threads, the clock tells nothing.

import { readFileSync } from "node:fs";
import { cpuUsage } from "node:process";

type ThreadCpuUsage = (() => { user: number; system: number }) | undefined;

/** Nanoseconds this thread ran, then those it waited (Linux). */
const SCHEDULER_FILE = "/proc/thread-self/schedstat";

/** From Node.js 23.9 on. */
const threadCpuUsage = (process as { threadCpuUsage?: ThreadCpuUsage }).threadCpuUsage;

/** Milliseconds of processor this thread has had; of the whole process where the system can't tell them apart. */
export function threadCpuMs(): number {
  if (threadCpuUsage !== undefined) return totalMs(threadCpuUsage());
  try {
    return Number.parseInt(readFileSync(SCHEDULER_FILE, "latin1"), 10) / 1_000_000;
  } catch {
    return totalMs(cpuUsage());
  }
}

function totalMs({ user, system }: { user: number; system: number }): number {
  return (user + system) / 1_000;
}
