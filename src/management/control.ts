// What may be done to the node itself, and what it tells about itself: the server does it, the API asks for it.

export interface LogEntry {
  readonly number: number;
  readonly timeMs: number;
  readonly level: string;
  readonly category: string;
  readonly text: string;
}

export interface LogFeed {
  linesAfter(after: number, limit: number): readonly LogEntry[];
  listen(listener: { onLine(line: LogEntry): void }): void;
  forget(listener: { onLine(line: LogEntry): void }): void;
}

/** One setting with its value as text. */
export interface EffectiveSetting {
  readonly key: string;
  readonly value: string;
  /** Where it was written; null = it is the default. */
  readonly source: string | null;
  readonly live: boolean;
  readonly description: string;
}

/** A watermark to be set; exactly one field is there. */
export interface Watermark {
  readonly absolute?: number;
  readonly relative?: number;
}

export interface NodeControl {
  readonly logs: LogFeed;
  /** Begins to stop the node; the answer still leaves. */
  stop(): void;
  /** Lets new clients in or keeps them out. */
  setAccepting(accepting: boolean): void;
  setMemoryWatermark(watermark: Watermark): void;
  setDiskFreeLimit(limit: Watermark): void;
  monitorDisk(monitored: boolean): void;
  /** False for a level or category there is none of. */
  setLogLevel(level: string, category: string | undefined): boolean;
  rotateLogs(): void;
  collectGarbage(): void;
  settings(): readonly EffectiveSetting[];
}
