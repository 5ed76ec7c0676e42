// `leveret config check` and `leveret config show`.

import { ConfigError } from "../config/config-error.ts";
import { effectiveSettings } from "../server/control.ts";
import { loadConfigFiles } from "./config-files.ts";

/** RabbitMQ's (sysexits') code. */
const EXIT_CONFIG = 78;

/** Answers the exit code. */
export function checkConfig(file: string | undefined): number {
  return withConfig(file, ({ config, warnings }) => {
    for (const warning of warnings) process.stdout.write(`warning: ${warning}\n`);
    const files = config.files.length === 0 ? "no file; defaults apply" : config.files.join(", ");
    process.stdout.write(`The configuration is right (${files}).\n`);
  });
}

export function showConfig(): number {
  return withConfig(undefined, ({ config }) => {
    for (const { key, value, source } of effectiveSettings(config)) {
      process.stdout.write(`${key} = ${value}${source === null ? "" : `    # ${source}`}\n`);
    }
  });
}

function withConfig(
  configFile: string | undefined,
  use: (loaded: ReturnType<typeof loadConfigFiles>) => void,
): number {
  try {
    use(loadConfigFiles({ configFile }));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT_CONFIG;
  }
}
