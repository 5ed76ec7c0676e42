// A program of another language that talks to the broker while the test watches what it prints.

import { type ChildProcess, spawn } from "node:child_process";

const LIMIT_MS = 30_000;
const PATIENCE_MS = 3_000;

/** Runs until it ends by itself or is stopped. Orderly programs print ENDED last, python/run_block.py prints RAISED for the others. */
export class Program {
  output = "";
  #hasEnded = false;
  readonly #process: ChildProcess;
  readonly #waiting = new Set<() => void>();

  constructor(command: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#process = spawn(command, words, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    // A command that is not there ends at once, with the reason as its output.
    this.#process.once("error", (error) => {
      this.output += error.message;
      this.#hasEnded = true;
      this.#wake();
    });
    const onText = (text: Buffer) => {
      this.output += String(text);
      this.#wake();
    };
    this.#process.stdout?.on("data", onText);
    this.#process.stderr?.on("data", onText);
    this.#process.once("close", () => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  /** Waits until the program has printed this. */
  async says(expected: RegExp | string): Promise<void> {
    const isSaid = () =>
      typeof expected === "string" ? this.output.includes(expected) : expected.test(this.output);
    await this.#until(() => isSaid() || this.#hasEnded);
    if (!isSaid()) throw new Error(`no ${expected} in:\n${this.output}`);
  }

  /** Waits for an orderly end. */
  async ends(): Promise<string> {
    await this.#until(() => this.#hasEnded);
    if (!this.output.includes("ENDED")) throw new Error(`did not end well:\n${this.output}`);
    return this.output;
  }

  /** Waits for the program to die of this, which is what it does with RabbitMQ too. */
  async raises(expected: RegExp): Promise<void> {
    await this.#until(() => this.#hasEnded);
    const raised = /^RAISED (.*)/ms.exec(this.output)?.[1] ?? "nothing";
    if (!expected.test(raised))
      throw new Error(`raised ${raised}, not ${expected}:\n${this.output}`);
  }

  /** Interrupts it as a person at the keyboard would, and a little later as one who has lost patience. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.#process.kill("SIGINT");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE_MS);
    await this.#until(() => this.#hasEnded);
    clearTimeout(timer);
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#process.kill("SIGKILL");
        reject(new Error(`took too long:\n${this.output}`));
      }, LIMIT_MS);
      const check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}
