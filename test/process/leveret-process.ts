// The program as an operator runs it: started, watched, stopped.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const FREE_PORTS = ["--amqp-port", "0", "--http-port", "0"];

const program = fileURLToPath(new URL("../../dist/leveret.js", import.meta.url));

/** One run of `node dist/leveret.js`. */
export class LeveretProcess {
  readonly #child: ChildProcess;
  readonly startedMs = performance.now();
  stdout = "";
  stderr = "";

  /** Without a command: `start` on free ports, reading no configuration file. */
  constructor(args: readonly string[], options: { readonly cwd?: string } = {}) {
    this.#child = spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.#child.stdout?.on("data", (bytes) => {
      this.stdout += bytes;
    });
    this.#child.stderr?.on("data", (bytes) => {
      this.stderr += bytes;
    });
  }

  /** `start` with ports nobody asked for taken out of the way. */
  static start(...args: string[]): LeveretProcess {
    const quiet = ["--config", "none", "--set", "prometheus.tcp.port=0"];
    return new LeveretProcess(["start", ...quiet, ...args]);
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  /** Waits for a text in what was printed; rejects when the process ends without it. */
  async printed(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      const end = this.#child.exitCode ?? this.#child.signalCode;
      if (end !== null) throw new Error(`ended with ${end}: ${this.stdout}${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** The port behind a line of the banner, such as "amqp" or "http". */
  async port(protocol: string): Promise<number> {
    await this.printed("Server startup complete");
    const line = new RegExp(`^ +${protocol} +\\S+:(\\d+)$`, "m").exec(this.stdout);
    if (line === null) throw new Error(`no ${protocol} in ${this.stdout}`);
    return Number(line[1]);
  }

  /** From now on nobody takes what it prints. */
  stopReading(): void {
    this.#child.stdout?.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Until SIGCONT it does nothing more: threads that are in a system call come out of it first. */
  async freeze(): Promise<void> {
    this.signal("SIGSTOP");
    if (process.platform !== "linux") return;
    const threads = `/proc/${this.#child.pid}/task`;
    const isStopped = (thread: string) =>
      /^\d+ \(.*\) [Tt] /s.test(readFileSync(`${threads}/${thread}/stat`, "utf8"));
    while (!readdirSync(threads).every(isStopped)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** The exit code, once it has ended and everything it printed is here. */
  async exitCode(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await once(this.#child, "close");
    }
    return this.#child.exitCode;
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exitCode();
  }
}
