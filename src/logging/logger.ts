// The log: levels per category, several outputs, and the last lines kept for whoever asks.

import { SEVERITIES, type Severity } from "../config/sections/logging.ts";
import type { Clock } from "../env/env.ts";
import type { Log, LogCategory, LogLevel } from "./log.ts";

/** One line as it was written. */
export interface LogLine {
  /** Counts lines from 1. */
  readonly number: number;
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly category: string;
  readonly text: string;
}

/** Where lines go. `level` undefined = the logger's own levels decide. */
export interface LogOutput {
  /** Which output of the configuration it is. */
  readonly kind: "console" | "file";
  level: Severity | undefined;
  write(line: LogLine): void;
  /** Starts a new file, for outputs that have one. */
  reopen?(): void;
  close?(): void;
}

export interface LogListener {
  onLine(line: LogLine): void;
}

/** Lines kept in memory for the web pages and `log_tail`. */
const KEPT_LINES = 1_000;

export class Logger implements Log {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #outputs: LogOutput[] = [];
  readonly #listeners = new Set<LogListener>();
  readonly #kept: LogLine[] = [];
  readonly #categories = new Map<string, Severity>();
  #level: Severity;
  #lastNumber = 0;

  constructor(clock: Pick<Clock, "nowMs">, level: Severity = "info") {
    this.#clock = clock;
    this.#level = level;
  }

  addOutput(output: LogOutput): void {
    this.#outputs.push(output);
  }

  /** Forgets the levels of categories and sets those of outputs. */
  resetLevels(outputs: Readonly<Record<LogOutput["kind"], Severity | undefined>>): void {
    this.#categories.clear();
    for (const output of this.#outputs) output.level = outputs[output.kind];
  }

  /** Of one category, or of everything that has no level of its own. */
  setLevel(level: Severity, category?: string): void {
    if (category === undefined) this.#level = level;
    else this.#categories.set(category, level);
  }

  /** Whether lines of that level and category are taken at all. */
  takes(level: LogLevel, category: LogCategory): boolean {
    return reaches(level, this.#categories.get(category) ?? this.#level);
  }

  write(level: LogLevel, category: LogCategory, text: string): void {
    if (!this.takes(level, category)) return;
    const line: LogLine = {
      number: ++this.#lastNumber,
      timeMs: this.#clock.nowMs(),
      level,
      category,
      text,
    };
    this.#kept.push(line);
    if (this.#kept.length > KEPT_LINES) this.#kept.shift();
    for (const output of this.#outputs) {
      if (output.level === undefined || reaches(level, output.level)) output.write(line);
    }
    for (const listener of this.#listeners) listener.onLine(line);
  }

  /** The last lines with a higher number than `after`, oldest first, `limit` at most. */
  linesAfter(after: number, limit: number): readonly LogLine[] {
    return this.#kept.filter(({ number }) => number > after).slice(-limit);
  }

  listen(listener: LogListener): void {
    this.#listeners.add(listener);
  }

  forget(listener: LogListener): void {
    this.#listeners.delete(listener);
  }

  reopen(): void {
    for (const output of this.#outputs) output.reopen?.();
  }

  close(): void {
    for (const output of this.#outputs) output.close?.();
  }
}

function reaches(level: LogLevel, wanted: Severity): boolean {
  return SEVERITIES.indexOf(level) >= SEVERITIES.indexOf(wanted) && wanted !== "none";
}

/** A line in RabbitMQ's plain form. */
export function plainText({ timeMs, level, text }: LogLine): string {
  const time = new Date(timeMs).toISOString().replace("T", " ").replace("Z", "000+00:00");
  return `${time} [${level}] <0.0.0> ${text}`;
}
