// The log as the configuration asks for it.

import { join } from "node:path";
import type { Config } from "../config/table.ts";
import type { Clock } from "../env/env.ts";
import { Logger } from "./logger.ts";
import { consoleOutput, fileOutput, type LogForm } from "./outputs.ts";

/** `isTerminal`: somebody reads along. Throws when the log directory cannot be written. */
export function newLogger(config: Config, clock: Clock, isTerminal: boolean): Logger {
  const { logging, node } = config;
  const logger = new Logger(clock);
  applyLogLevels(logger, config);
  if (logging.console) {
    const form: LogForm = logging.consoleFormatter ?? (isTerminal ? "pretty" : "json");
    logger.addOutput(consoleOutput(form, logging.consoleLevel));
  }
  if (logging.file !== undefined) {
    logger.addOutput(
      fileOutput({
        directory: logging.directory ?? join(node.dataDirectory, "logs"),
        name: logging.file,
        form: logging.fileFormatter,
        level: logging.fileLevel,
        rotateBytes: logging.fileRotationSizeBytes,
        keepFiles: logging.fileRotationCount,
        daily: logging.fileRotationDate !== undefined,
      }),
    );
  }
  return logger;
}

/** Levels in general and per category. */
export function applyLogLevels(logger: Logger, { logging }: Config): void {
  logger.resetLevels({ console: logging.consoleLevel, file: logging.fileLevel });
  logger.setLevel(logging.defaultLevel);
  for (const [category, level] of logging.categoryLevels) logger.setLevel(level, category);
}
