// Outputs of the log: the console (readable on a terminal, JSON otherwise) and files.

import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import pino, { type DestinationStream } from "pino";
import pretty from "pino-pretty";
import { createStream } from "rotating-file-stream";
import type { Severity } from "../config/sections/logging.ts";
import { type LogLine, type LogOutput, plainText } from "./logger.ts";

export type LogForm = "plaintext" | "json" | "pretty";

/** Our levels among pino's numbers. */
const CUSTOM_LEVELS = { debug: 20, info: 30, warning: 40, error: 50 } as const;

interface Sink extends DestinationStream {
  reopen?(): void;
  end?(): void;
  flushSync?(): void;
}

/** Lines to standard output. */
export function consoleOutput(form: LogForm, level: Severity | undefined): LogOutput {
  // A pipe that is read slowly must not hold up the broker, so that writes are not synchronous.
  const sink: Sink =
    form === "pretty"
      ? pretty({
          colorize: true,
          sync: true,
          translateTime: "SYS:HH:MM:ss.l",
          ignore: "pid,hostname,category",
          messageFormat: "{category}: {msg}",
          customLevels: CUSTOM_LEVELS,
          customColors: { debug: "gray", info: "green", warning: "yellow", error: "red" },
          useOnlyCustomProps: true,
        })
      : pino.destination({ dest: 1, sync: false });
  const output = outputTo("console", sink, form, level);
  // There is nothing to open again at standard output.
  return { ...output, reopen: () => {} };
}

export interface FileOptions {
  readonly directory: string;
  readonly name: string;
  readonly form: LogForm;
  readonly level: Severity | undefined;
  /** A new file begins at this size. */
  readonly rotateBytes: number | undefined;
  /** So many old files are kept. */
  readonly keepFiles: number | undefined;
  /** A new file begins every day. */
  readonly daily: boolean;
}

/** Lines to a file. Throws when the directory cannot be written. */
export function fileOutput(options: FileOptions): LogOutput {
  const { directory, name, form, level, rotateBytes, keepFiles, daily } = options;
  mkdirSync(directory, { recursive: true });
  if (rotateBytes === undefined && !daily) {
    return outputTo("file", fileSink(join(directory, name)), form, level);
  }
  const open = () =>
    createStream(name, {
      path: directory,
      ...(rotateBytes === undefined
        ? {}
        : { size: `${Math.max(1, Math.ceil(rotateBytes / 1024))}K` as const }),
      ...(daily ? { interval: "1d" as const } : {}),
      ...(keepFiles === undefined ? {} : { maxFiles: keepFiles }),
    });
  let stream = open();
  const sink: Sink = {
    write: (text) => void stream.write(text),
    reopen: () => {
      stream.end();
      stream = open();
    },
    end: () => stream.end(),
  };
  return outputTo("file", sink, form, level);
}

/** Opened at once, so that what is written before the process ends early is not lost. */
function fileSink(path: string): Sink {
  const open = () => pino.destination({ fd: openSync(path, "a"), sync: false });
  let destination = open();
  return {
    write: (text) => void destination.write(text),
    reopen: () => {
      destination.end();
      destination = open();
    },
    flushSync: () => destination.flushSync(),
    end: () => destination.end(),
  };
}

function outputTo(
  kind: LogOutput["kind"],
  sink: Sink,
  form: LogForm,
  level: Severity | undefined,
): LogOutput {
  const write =
    form === "plaintext"
      ? (line: LogLine) => void sink.write(`${plainText(line)}\n`)
      : pinoWriter(sink);
  return {
    kind,
    level,
    write,
    reopen: () => sink.reopen?.(),
    close: () => {
      sink.flushSync?.();
      sink.end?.();
    },
  };
}

function pinoWriter(sink: Sink): (line: LogLine) => void {
  const logger = pino(
    {
      base: null,
      level: "debug",
      customLevels: CUSTOM_LEVELS,
      useOnlyCustomLevels: true,
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  return ({ level, timeMs, category, text }) => {
    logger[level]({ time: new Date(timeMs).toISOString(), category }, text);
  };
}
