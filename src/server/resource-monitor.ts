// Watches memory and free disk space, and holds publishers back while either is short.

import type { Broker } from "../broker/broker.ts";
import type { Alarms } from "../broker/flow/alarms.ts";
import type { Config } from "../config/table.ts";
import type { Clock, TimerHandle } from "../env/env.ts";
import type { ProcessFacts } from "../env/process-facts.ts";

/** A share of the machine's memory, or bytes. */
export type Limit = { readonly relative: number } | { readonly absolute: number };

export interface ResourceMonitorOptions {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly facts: ProcessFacts;
  readonly intervalMs: number;
  /** Undefined: nothing is on disk. */
  readonly dataDirectory: string | undefined;
  readonly totalMemoryBytes: number | undefined;
  readonly memoryLimit: Limit;
  readonly diskLimit: Limit;
}

/** A disk with less than this above its limit is looked at more often: it may be full within the usual interval. */
const NEAR_BYTES = 2_147_483_648;
const NEAR_INTERVAL_MS = 100;

/** What this monitor says of an alarm, beside what others say. */
const SOURCE = "monitor";

export class ResourceMonitor {
  readonly #options: ResourceMonitorOptions;
  memoryLimit: Limit;
  diskLimit: Limit;
  watchesDisk = true;
  #timer: TimerHandle | undefined = undefined;

  constructor(options: ResourceMonitorOptions) {
    this.#options = options;
    this.memoryLimit = options.memoryLimit;
    this.diskLimit = options.diskLimit;
  }

  get totalMemoryBytes(): number {
    return this.#options.totalMemoryBytes ?? this.#options.facts.totalMemoryBytes();
  }
  get memoryLimitBytes(): number {
    return this.#bytes(this.memoryLimit);
  }
  get diskLimitBytes(): number {
    return this.#bytes(this.diskLimit);
  }

  #bytes(limit: Limit): number {
    return "absolute" in limit
      ? limit.absolute
      : Math.floor(limit.relative * this.totalMemoryBytes);
  }

  start(): void {
    const { clock, intervalMs } = this.#options;
    const isNear = this.check() < NEAR_BYTES;
    const afterMs = isNear ? Math.min(intervalMs, NEAR_INTERVAL_MS) : intervalMs;
    this.#timer = clock.setTimer(afterMs, () => this.start());
  }

  stop(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  /** Looks now. Answers how much may still be written; infinite when the disk is not watched. */
  check(): number {
    const { alarms, facts, dataDirectory } = this.#options;
    const memoryIsShort = facts.residentBytes() > this.memoryLimitBytes;
    if (memoryIsShort) alarms.set("memory", "memory is above its high watermark", SOURCE);
    else alarms.clear("memory", SOURCE);
    const leftBytes =
      this.watchesDisk && dataDirectory !== undefined
        ? facts.diskFreeBytes(dataDirectory) - this.diskLimitBytes
        : Number.POSITIVE_INFINITY;
    if (leftBytes < 0) alarms.set("disk", "free disk space is below its limit", SOURCE);
    else alarms.clear("disk", SOURCE);
    return leftBytes;
  }
}

/** The monitor a configuration asks for. */
export function newMonitor(config: Config, broker: Broker, facts: ProcessFacts): ResourceMonitor {
  const { resources, node } = config;
  return new ResourceMonitor({
    clock: broker.clock,
    alarms: broker.alarms,
    facts,
    intervalMs: resources.memoryMonitorIntervalMs,
    dataDirectory: node.inMemory ? undefined : node.dataDirectory,
    totalMemoryBytes: resources.totalMemoryBytes,
    ...limitsOf(config),
  });
}

/** Whether a key of the configuration is about the limits of this file. */
export function isLimitKey(key: string): boolean {
  return key.startsWith("vm_memory_high_watermark") || key.startsWith("disk_free_limit");
}

/** Limits of a changed configuration. */
export function applyLimits(monitor: ResourceMonitor, config: Config): void {
  const { memoryLimit, diskLimit } = limitsOf(config);
  monitor.memoryLimit = memoryLimit;
  monitor.diskLimit = diskLimit;
  monitor.check();
}

function limitsOf({ resources }: Config): {
  readonly memoryLimit: Limit;
  readonly diskLimit: Limit;
} {
  const {
    memoryWatermarkBytes,
    memoryWatermarkRelative,
    diskFreeLimitBytes,
    diskFreeLimitRelative,
  } = resources;
  return {
    memoryLimit:
      memoryWatermarkBytes === undefined
        ? { relative: memoryWatermarkRelative }
        : { absolute: memoryWatermarkBytes },
    diskLimit:
      diskFreeLimitRelative === undefined
        ? { absolute: diskFreeLimitBytes }
        : { relative: diskFreeLimitRelative },
  };
}
