// The live line: on a terminal it is written over itself, elsewhere every line stays.

/** Where lines go; process.stdout is one. */
export interface LineOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR_LINE = "\r\u001b[2K";

export class Terminal {
  readonly #output: LineOutput;
  #hasLiveLine = false;

  constructor(output: LineOutput) {
    this.#output = output;
  }

  /** A line that the next one may replace. */
  live(text: string): void {
    if (this.#output.isTTY !== true) {
      this.line(text);
      return;
    }
    const width = (this.#output.columns ?? 80) - 1;
    this.#output.write(`${CLEAR_LINE}${text.slice(0, width)}`);
    this.#hasLiveLine = true;
  }

  /** A line that stays; the live line before it stays too. */
  line(text: string): void {
    this.#output.write(`${this.#hasLiveLine ? "\n" : ""}${text}\n`);
    this.#hasLiveLine = false;
  }
}
