// Facts about this process and the machine under it, for the API, the metrics and the alarms.

import { readdirSync, readFileSync, statfsSync } from "node:fs";
import { chmod, rm } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { LoopDelay, nodeLoopWatch } from "./loop-delay.ts";

/** Where Linux lists what a process has open. */
const OPEN_FILES_DIRECTORY = "/proc/self/fd";

export interface ProcessFacts {
  readonly processId: number;
  readonly processorCount: number;
  /** "Node.js v24.1.0". */
  readonly platform: string;
  residentBytes(): number;
  /** What a container may use, or the machine has. */
  totalMemoryBytes(): number;
  /** Free bytes of the file system that holds `directory`; infinite when nobody can tell. */
  diskFreeBytes(directory: string): number;
  openFileCount(): number;
  /** Voluntary and not, since the start. */
  contextSwitchCount(): number;
  fileCountMax(): number;
  /** Where memory went, in bytes. `arenaBytes`: size of the fixed memory for messages. */
  memoryParts(arenaBytes: number): Readonly<Record<string, number>>;
  /** How late the event loop runs, in ms; `worst` since the last call of `resetLoopDelay`. */
  loopDelayMs(): { readonly last: number; readonly worst: number };
  resetLoopDelay(): void;
}

export function nodeProcessFacts(): ProcessFacts {
  const delay = new LoopDelay(nodeLoopWatch());
  const fileCountMax = readFileLimit();
  return {
    processId: process.pid,
    processorCount: availableParallelism(),
    platform: `Node.js ${process.version}`,
    residentBytes: () => process.memoryUsage.rss(),
    totalMemoryBytes: () => constrainedMemory() ?? totalmem(),
    diskFreeBytes: freeBytes,
    openFileCount,
    contextSwitchCount: () => {
      const { voluntaryContextSwitches, involuntaryContextSwitches } = process.resourceUsage();
      return voluntaryContextSwitches + involuntaryContextSwitches;
    },
    fileCountMax: () => fileCountMax,
    memoryParts: (arenaBytes) => {
      const { heapTotal, external, arrayBuffers, rss } = process.memoryUsage();
      const binary = Math.max(0, arrayBuffers - arenaBytes);
      const native = Math.max(0, external - arrayBuffers - arenaBytes);
      // Of the arena only what has been touched is in memory.
      const arena = Math.min(arenaBytes, Math.max(0, rss - heapTotal - binary - native));
      const other = Math.max(0, rss - heapTotal - binary - native - arena);
      return { heap: heapTotal, binary, native, arena, other_system: other };
    },
    loopDelayMs: () => ({ last: delay.medianMs, worst: delay.worstMs }),
    resetLoopDelay: () => delay.reset(),
  };
}

/** The limit a container sets; undefined without one. */
function constrainedMemory(): number | undefined {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 && limit < totalmem() ? limit : undefined;
}

function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Number.MAX_SAFE_INTEGER;
  }
}

function openFileCount(): number {
  try {
    return readdirSync(OPEN_FILES_DIRECTORY).length;
  } catch {
    return 0;
  }
}

/** The soft limit of open files; a common one where the system does not tell. */
function readFileLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return Number(line?.[1] ?? 1_024);
  } catch {
    return 1_024;
  }
}

const OWNER_ONLY = 0o600;

/** Makes a file readable and writable for its owner alone. */
export function protectFile(path: string): Promise<void> {
  return chmod(path, OWNER_ONLY);
}

/** Removes a file if it is there. */
export function removeFile(path: string): Promise<void> {
  return rm(path, { force: true });
}
