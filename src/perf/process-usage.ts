// What a process and the whole machine have used of the processors, read from /proc (Linux; elsewhere nothing is known).

import { readFileSync } from "node:fs";

/** The kernel's clock ticks per second, the same on every Linux Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds a process has used so far, or undefined where that cannot be known. */
export function processCpuSeconds(pid: number): number | undefined {
  const fields = statFields(`/proc/${pid}/stat`);
  if (fields === undefined) return undefined;
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export interface ProcessMemory {
  readonly residentBytes: number;
  readonly peakBytes: number;
}

/** Resident memory of a process, or undefined where that cannot be known. */
export function processMemory(pid: number): ProcessMemory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kilobytes = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
    return { residentBytes: kilobytes("VmRSS") * 1024, peakBytes: kilobytes("VmHWM") * 1024 };
  } catch {
    return undefined;
  }
}

/** CPU seconds all processes of the machine have used so far, or undefined. */
export function machineCpuSeconds(): number | undefined {
  try {
    const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!;
    const [user, nice, system, , , irq, softIrq, steal] = line
      .trim()
      .split(/\s+/)
      .slice(1)
      .map(Number);
    return (user! + nice! + system! + irq! + softIrq! + steal!) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}

/** CPU seconds this process has used so far. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function statFields(path: string): string[] | undefined {
  try {
    const text = readFileSync(path, "utf8");
    // The second field is the program's name in brackets and may hold blanks.
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
