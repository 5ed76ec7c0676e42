// Configurations for tests: from `key=value` settings alone, without a file, an environment or a disk.

import { loadConfig } from "./load.ts";
import type { Config } from "./table.ts";

/** Throws ConfigError as `loadConfig` does. */
export function configWith(...settings: string[]): Config {
  const { config } = loadConfig({
    flags: { configFile: "none", settings },
    env: {},
    readFile: () => undefined,
    listDirectory: () => [],
    isDirectory: () => false,
  } as never);
  return config;
}
