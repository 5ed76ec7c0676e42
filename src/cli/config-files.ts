// Reads the configuration as the broker would, for commands that must find it.

import { readdirSync, readFileSync } from "node:fs";
import { ConfigError } from "../config/config-error.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";

export interface BrokerPlace {
  readonly dataDirectory: string;
  readonly socketName: string;
}

/** Where a broker started here keeps its data. What is wrong with the configuration is the broker's to say. */
export function readConfiguration(dataDirectory: string | undefined): BrokerPlace {
  try {
    const { config } = loadConfigFiles({ dataDirectory });
    return {
      dataDirectory: config.node.dataDirectory,
      socketName: config.management.unixSocket,
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { dataDirectory: dataDirectory ?? "./leveret-data", socketName: "leveret.sock" };
  }
}

/** The configuration this process would start with. Throws ConfigError. */
export function loadConfigFiles(flags: Parameters<typeof loadConfig>[0]["flags"]): LoadedConfig {
  return loadConfig({ flags, env: process.env, readFile: readFileIfThere, listFiles });
}

/** Undefined when there is no such file; ConfigError when it cannot be read. */
export function readFileIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new ConfigError(`the file ${path} cannot be read: ${(error as Error).message}`);
  }
}

export function listFiles(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
