// What the API may do to the node: the server's own hands.

import { LOG_CATEGORIES, SEVERITIES, type Severity } from "../config/sections/logging.ts";
import type { Config } from "../config/table.ts";
import { configValue, placedRows } from "../config/table.ts";
import type { Logger } from "../logging/logger.ts";
import type { EffectiveSetting, NodeControl, Watermark } from "../management/control.ts";
import type { OpenListener } from "./listeners.ts";
import type { Limit, ResourceMonitor } from "./resource-monitor.ts";
import { withoutSecrets } from "./shown-url.ts";

export interface ControlParts {
  /** The configuration with what was taken over since the start. */
  readonly applied: () => Config;
  readonly logger: Logger;
  readonly monitor: ResourceMonitor;
  readonly listeners: () => readonly OpenListener[];
  /** Begins to stop the process. */
  readonly requestStop: () => void;
  readonly setAccepting: (accepting: boolean) => void;
}

export function serverControl(parts: ControlParts): NodeControl {
  const { logger, monitor } = parts;
  return {
    logs: logger,
    stop: parts.requestStop,
    setAccepting: parts.setAccepting,
    setMemoryWatermark: (watermark) => {
      monitor.memoryLimit = limitOf(watermark);
      monitor.check();
    },
    setDiskFreeLimit: (limit) => {
      monitor.diskLimit = limitOf(limit);
      monitor.check();
    },
    monitorDisk: (monitored) => {
      monitor.watchesDisk = monitored;
      monitor.check();
    },
    setLogLevel: (level, category) => {
      if (!SEVERITIES.includes(level as Severity)) return false;
      const isKnown =
        category === undefined || (LOG_CATEGORIES as readonly string[]).includes(category);
      if (isKnown) logger.setLevel(level as Severity, category);
      return isKnown;
    },
    rotateLogs: () => logger.reopen(),
    collectGarbage: () => (globalThis as { gc?: () => void }).gc?.(),
    settings: () => effectiveSettings(parts.applied()),
  };
}

function limitOf({ absolute, relative }: Watermark): Limit {
  return absolute === undefined ? { relative: relative ?? 0 } : { absolute };
}

/** Every row of the configuration table with its value; secrets stay masked. */
export function effectiveSettings(config: Config): readonly EffectiveSetting[] {
  return placedRows.map((placed) => {
    const { row } = placed;
    const key = row.patterns[0]!;
    const origin = config.origins.get(key);
    return {
      key,
      value: withoutSecrets(row.show(configValue(config, placed))),
      source:
        origin === undefined
          ? null
          : `${origin.line === undefined ? "" : `line ${origin.line} of `}${origin.source}`,
      live: row.live,
      description: row.doc,
    };
  });
}
