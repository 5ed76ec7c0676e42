// A file used with promises: at start, in checkpoints, when log files are prepared. Never on the data path.

import { type Disk, DiskError, type File, type FileHandler, type OpenOptions } from "../env/env.ts";
import type { Address } from "../lib/arena.ts";

interface Waiting {
  resolve(lengthBytes: number): void;
  reject(error: DiskError): void;
}

export class ColdFile implements FileHandler {
  #file: File | undefined = undefined;
  #lastToken = 0;
  readonly #waiting = new Map<number, Waiting>();

  private constructor() {}

  static async open(disk: Disk, path: string, options: OpenOptions): Promise<ColdFile> {
    const cold = new ColdFile();
    cold.#file = await disk.open(path, options, cold);
    return cold;
  }

  /** Reads until `lengthBytes` are there or the file ends; answers how many. */
  async read(at: Address, lengthBytes: number, offset: number): Promise<number> {
    let done = 0;
    while (done < lengthBytes) {
      const from = done;
      const got = await this.#call((file, token) =>
        file.read(token, at + from, lengthBytes - from, offset + from),
      );
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  async write(at: Address, lengthBytes: number, offset: number): Promise<void> {
    let done = 0;
    while (done < lengthBytes) {
      const from = done;
      done += await this.#call((file, token) =>
        file.write(token, at + from, lengthBytes - from, offset + from),
      );
    }
  }

  async sync(): Promise<void> {
    await this.#call((file, token) => file.sync(token));
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  onDone(token: number, lengthBytes: number): void {
    this.#take(token).resolve(lengthBytes);
  }

  onFailed(token: number, error: DiskError): void {
    this.#take(token).reject(error);
  }

  #call(start: (file: File, token: number) => void): Promise<number> {
    const file = this.#file;
    if (file === undefined) return Promise.reject(new DiskError("EBADF", "the file is closed"));
    const token = ++this.#lastToken;
    return new Promise((resolve, reject) => {
      this.#waiting.set(token, { resolve, reject });
      start(file, token);
    });
  }

  #take(token: number): Waiting {
    const waiting = this.#waiting.get(token) as Waiting;
    this.#waiting.delete(token);
    return waiting;
  }
}
