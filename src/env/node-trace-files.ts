// Trace files in a directory of their own.

import { createReadStream, createWriteStream, mkdirSync } from "node:fs";
import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";

/** Bytes that may wait for a slow disk; what comes on top is left out of the file. */
const WAITING_BYTES_MAX = 8_388_608;

export class NodeTraceFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  open(name: string) {
    mkdirSync(this.#directory, { recursive: true });
    const stream = createWriteStream(this.#path(name), { flags: "a", mode: 0o600 });
    // A full disk ends the trace, not the broker.
    stream.on("error", () => stream.destroy());
    return {
      write(text: string) {
        if (stream.writableLength < WAITING_BYTES_MAX) stream.write(text);
      },
      close: () => void stream.end(),
    };
  }

  async list() {
    const names = await readdir(this.#directory).catch(() => []);
    const files = await Promise.all(
      names.map(async (name) => ({ name, sizeBytes: (await stat(this.#path(name))).size })),
    );
    return files.filter(({ name }) => isName(name));
  }

  async read(name: string): Promise<AsyncIterable<string> | undefined> {
    if (!isName(name) || (await stat(this.#path(name)).catch(() => undefined)) === undefined)
      return undefined;
    return createReadStream(this.#path(name), "utf8") as AsyncIterable<string>;
  }

  async remove(name: string): Promise<boolean> {
    if (!isName(name)) return false;
    return unlink(this.#path(name)).then(
      () => true,
      () => false,
    );
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

/** Names of ours: nothing that leads out of the directory. */
function isName(name: string): boolean {
  return /^[\w.-]{1,110}\.log$/.test(name);
}
