// Where traces are written, as a small interface: management knows no disk.

export interface TraceFile {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface TraceFiles {
  /** Opens a file for appending; throws when it cannot be written. */
  open(name: string): TraceWriter;
  list(): Promise<readonly TraceFile[]>;
  /** The text of a file, in pieces; undefined when there is none of that name. */
  read(name: string): Promise<AsyncIterable<string> | undefined>;
  /** False when there is none of that name. */
  remove(name: string): Promise<boolean>;
}

export interface TraceWriter {
  write(text: string): void;
  close(): void;
}
