// What the tests of a file stand on: a folder of its own, a broker for all of them, or brokers of each.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { FREE_PORTS, LeveretProcess } from "./leveret-process.ts";

/** As guest, where HTTP asks. */
export const AUTHORIZATION = `Basic ${btoa("guest:guest")}`;

/** A folder that is gone when the tests of the file have ended. */
export function ownFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `leveret-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** One broker for all tests of a file, on free ports. */
export class SharedBroker {
  /** Where its data is. */
  readonly folder: string;
  #process: LeveretProcess | undefined;

  constructor(name: string, ...more: readonly string[]) {
    this.folder = ownFolder(name);
    beforeAll(async () => {
      this.#process = LeveretProcess.start(...FREE_PORTS, "--data-dir", this.folder, ...more);
      await this.#process.printed("Server startup complete");
    });
    afterAll(() => this.#process?.kill());
  }

  /** From the first `beforeAll` behind it on. */
  get process(): LeveretProcess {
    if (this.#process === undefined) throw new Error("it starts before the first test");
    return this.#process;
  }

  /** Where its HTTP API is, without a slash at the end. */
  async api(): Promise<string> {
    return `http://127.0.0.1:${await this.process.port("http")}/api`;
  }
}

/** Starts brokers on free ports, which end with the test that has started them. */
export function brokersOfEachTest(): (...more: readonly string[]) => LeveretProcess {
  let running: LeveretProcess[] = [];
  afterEach(async () => {
    await Promise.all(running.map((leveret) => leveret.kill()));
    running = [];
  });
  return (...more) => {
    const leveret = LeveretProcess.start(...FREE_PORTS, ...more);
    running.push(leveret);
    return leveret;
  };
}
