// One line for people at a time. What writes it (terminal, JSON, files, the log exchange) is chosen by whoever starts.

export type LogLevel = "debug" | "info" | "warning" | "error";

/** What a line is about; levels can be set for each. */
export type LogCategory =
  | "node"
  | "connection"
  | "channel"
  | "queue"
  | "storage"
  | "management"
  | "user";

export interface Log {
  write(level: LogLevel, category: LogCategory, text: string): void;
}

/** For embedded brokers: nothing is said unless asked for. */
export const silentLog: Log = { write() {} };
