// Where logs go, in which form, and how much.

import { type ConfigRow, named, one, optional, parseEntry } from "../row.ts";
import { boolean, integer, oneOf, path, size, text, type ValueType } from "../value-types.ts";

/** RabbitMQ's names, in rising severity; `none` lets nothing through. */
export const SEVERITIES = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
  "none",
] as const;
export type Severity = (typeof SEVERITIES)[number];
export const level: ValueType<Severity> = oneOf(...SEVERITIES);

/** What log lines are about; each has its own level. */
export const LOG_CATEGORIES = [
  "channel",
  "connection",
  "queue",
  "user",
  "vhost",
  "management",
  "storage",
  "federation",
  "feature_flags",
  "ldap",
  "mirroring",
  "osiris",
  "prelaunch",
  "ra",
  "shovel",
  "upgrade",
] as const;

const formatter = oneOf("plaintext", "json");

/** A file's name, or `false` for no file. */
const file: ConfigRow<string | undefined> = {
  patterns: ["log.file"],
  typeName: "file name, or `false`",
  defaultValue: undefined,
  doc: "Log file inside `log.dir`.",
  live: false,
  read(entries) {
    const name = parseEntry(entries.at(-1)!, text);
    return name === "false" ? undefined : name === "true" ? "leveret.log" : name;
  },
  show: (value) => value ?? "false",
};

export const loggingRows = {
  console: one("log.console", boolean, true, "Log to standard output."),
  consoleLevel: optional(
    "log.console.level",
    level,
    "Level of the console; unset = `log.default.level`.",
    { live: true },
  ),
  consoleFormatter: optional(
    "log.console.formatter",
    formatter,
    "`plaintext` or `json`; unset = readable text on a terminal, JSON otherwise.",
  ),
  directory: optional(
    "log.dir",
    path,
    "Directory of the log file; unset = `logs` in the data directory.",
  ),
  file,
  fileLevel: optional("log.file.level", level, "Level of the file.", { live: true }),
  fileFormatter: one("log.file.formatter", formatter, "plaintext", "Form of the file."),
  fileRotationSizeBytes: optional(
    "log.file.rotation.size",
    size,
    "Start a new file when it has this size.",
  ),
  fileRotationCount: optional(
    "log.file.rotation.count",
    integer(0),
    "How many old files are kept.",
  ),
  fileRotationDate: optional(
    "log.file.rotation.date",
    text,
    "When a new file starts, such as `$D0` for every midnight.",
  ),
  exchange: one(
    "log.exchange",
    boolean,
    false,
    "Publish log lines to the exchange `amq.rabbitmq.log`.",
  ),
  exchangeLevel: optional("log.exchange.level", level, "Level of that exchange.", { live: true }),
  defaultLevel: one(
    "log.default.level",
    level,
    "info",
    "Level of everything that has none of its own.",
    { live: true, aliases: ["log.level"] },
  ),
  categoryLevels: named("log.$category.level", level, "Level of one category.", {
    names: LOG_CATEGORIES,
    live: true,
  }),
} as const;
