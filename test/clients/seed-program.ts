// Programs out of the five documents the product answers to, run as they are written (see python/run_block.py).

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../shared/seeds/", import.meta.url));
const runner = fileURLToPath(new URL("./python/run_block.py", import.meta.url));
/** The Debian packages belong to this one. */
const PYTHON = "/usr/bin/python3";
const LIMIT_MS = 15_000;

/** Why the programs can't be run here, or "" when they can. */
export function missingForSeeds(): string {
  if (!existsSync(folder)) return "the documents are not beside this checkout";
  return existsSync(PYTHON) ? "" : `${PYTHON} is not there`;
}

export interface SeedOptions {
  /** Python that makes the names a fragment uses. */
  readonly before?: string;
  /** Python that looks at what the program left behind. */
  readonly after?: string;
}

/** A running program. */
export class SeedProgram {
  output = "";
  #hasEnded = false;
  readonly #process: ChildProcess;
  readonly #waiting = new Set<() => void>();

  /** `places` like "000:587": document and the line its block begins at. Several blocks make one program. */
  constructor(port: number, places: readonly string[], options: SeedOptions = {}) {
    const words = ["-u", runner, "--port", String(port)];
    if (options.before !== undefined) words.push("--before", options.before);
    if (options.after !== undefined) words.push("--after", options.after);
    this.#process = spawn(PYTHON, [...words, ...places.map(pathOf)], {
      stdio: ["ignore", "pipe", "pipe"],
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

  /** Interrupts it as a person at the keyboard would. */
  async stop(): Promise<void> {
    if (!this.#hasEnded) this.#process.kill("SIGINT");
    await this.#until(() => this.#hasEnded);
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

function pathOf(place: string): string {
  const [document = "", line = ""] = place.split(":");
  const name = readdirSync(folder).find((file) => file.startsWith(`${document}_`));
  if (name === undefined) throw new Error(`no document ${document}`);
  return `${join(folder, name)}:${line}`;
}
