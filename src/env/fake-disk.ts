// A disk in memory: every call ends later, in any order, and bytes in flight must not be touched.

import type { Address, Arena } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import {
  type Clock,
  type Disk,
  DiskError,
  type File,
  type FileHandler,
  type FileStat,
  type OpenOptions,
} from "./env.ts";
import type { SeededRandom } from "./fake-random.ts";

/** One file's bytes. */
class Content {
  bytes = new Uint8Array(0);

  write(bytes: Uint8Array, offset: number): void {
    if (offset + bytes.length > this.bytes.length) this.resize(offset + bytes.length);
    this.bytes.set(bytes, offset);
  }

  resize(sizeBytes: number): void {
    const resized = new Uint8Array(sizeBytes);
    resized.set(this.bytes.subarray(0, sizeBytes));
    this.bytes = resized;
  }
}

const LATENCY_MS = 3;
const TOTAL_BYTES = 1e12;

export class FakeDisk implements Disk {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #arena: Arena;
  readonly #files = new Map<string, Content>();
  readonly #directories = new Set<string>(["/", "."]);
  readonly #locked = new Set<string>();

  constructor(clock: Clock, random: SeededRandom, arena: Arena) {
    this.#clock = clock;
    this.#random = random;
    this.#arena = arena;
  }

  async open(path: string, options: OpenOptions, handler: FileHandler): Promise<File> {
    let content = this.#files.get(path);
    if (content === undefined) {
      if (!options.create) throw missing(path);
      this.#parentOf(path);
      content = new Content();
      this.#files.set(path, content);
    }
    return new FakeFile(this.#clock, this.#random, this.#arena, content, handler);
  }

  async allocate(path: string, sizeBytes: number): Promise<void> {
    this.#parentOf(path);
    const content = this.#files.get(path) ?? new Content();
    content.resize(sizeBytes);
    this.#files.set(path, content);
  }

  async readFile(path: string): Promise<Uint8Array> {
    return this.#file(path).bytes.slice();
  }

  async replaceFile(path: string, bytes: Uint8Array): Promise<void> {
    this.#parentOf(path);
    const content = new Content();
    content.write(bytes, 0);
    this.#files.set(path, content);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#files.set(to, this.#file(from));
    this.#files.delete(from);
  }

  async unlink(path: string): Promise<void> {
    this.#file(path);
    this.#files.delete(path);
  }

  async list(directory: string): Promise<readonly string[]> {
    if (!this.#directories.has(directory)) throw missing(directory);
    const prefix = `${directory}/`;
    const names = [...this.#files.keys(), ...this.#directories]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length))
      .filter((name) => name !== "" && !name.includes("/"));
    return names.sort();
  }

  async stat(path: string): Promise<FileStat | undefined> {
    if (this.#directories.has(path)) return { sizeBytes: 0, isDirectory: true };
    const content = this.#files.get(path);
    return content && { sizeBytes: content.bytes.length, isDirectory: false };
  }

  async makeDirectory(path: string): Promise<void> {
    const parts = path.split("/");
    for (let i = 1; i <= parts.length; i++) this.#directories.add(parts.slice(0, i).join("/"));
  }

  async syncDirectory(path: string): Promise<void> {
    if (!this.#directories.has(path)) throw missing(path);
  }

  async truncate(path: string, sizeBytes: number): Promise<void> {
    this.#file(path).resize(sizeBytes);
  }

  async space(): Promise<{ freeBytes: number; totalBytes: number }> {
    let usedBytes = 0;
    for (const content of this.#files.values()) usedBytes += content.bytes.length;
    return { freeBytes: TOTAL_BYTES - usedBytes, totalBytes: TOTAL_BYTES };
  }

  async lock(directory: string): Promise<{ release(): Promise<void> }> {
    if (this.#locked.has(directory)) throw new DiskError("ELOCKED", `${directory} is in use`);
    this.#locked.add(directory);
    return {
      release: async () => {
        this.#locked.delete(directory);
      },
    };
  }

  #file(path: string): Content {
    const content = this.#files.get(path);
    if (content === undefined) throw missing(path);
    return content;
  }

  #parentOf(path: string): void {
    const slash = path.lastIndexOf("/");
    if (slash > 0 && !this.#directories.has(path.slice(0, slash))) throw missing(path);
  }
}

class FakeFile implements File {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #arena: Arena;
  readonly #content: Content;
  readonly #handler: FileHandler;
  #open = true;

  constructor(
    clock: Clock,
    random: SeededRandom,
    arena: Arena,
    content: Content,
    handler: FileHandler,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#arena = arena;
    this.#content = content;
    this.#handler = handler;
  }

  write(token: number, address: Address, lengthBytes: number, offset: number): void {
    const before = this.#arena.u8.slice(address, address + lengthBytes);
    this.#later(() => {
      const now = this.#arena.u8.subarray(address, address + lengthBytes);
      assert(Buffer.compare(now, before) === 0, "bytes on their way to disk are not touched");
      this.#content.write(before, offset);
      this.#handler.onDone(token, lengthBytes);
    });
  }

  read(token: number, address: Address, lengthBytes: number, offset: number): void {
    this.#later(() => {
      const bytes = this.#content.bytes.subarray(offset, offset + lengthBytes);
      this.#arena.u8.set(bytes, address);
      this.#handler.onDone(token, bytes.length);
    });
  }

  sync(token: number): void {
    this.#later(() => this.#handler.onDone(token, 0));
  }

  close(): void {
    this.#open = false;
  }

  #later(run: () => void): void {
    assert(this.#open, "an open file is used");
    this.#clock.setTimer(this.#random.integer(LATENCY_MS + 1), run);
  }
}

function missing(path: string): DiskError {
  return new DiskError("ENOENT", `no such file or directory: ${path}`);
}
