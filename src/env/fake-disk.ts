// A disk for tests, as untrustworthy as the real one is allowed to be: calls take (virtual) time, whatever was not
// synced may be gone, torn or reordered after a crash, calls fail on request, and a failed sync forgets what it
// should have written and says nothing the next time, as Linux does.

import type { Address, Arena } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import {
  type Disk,
  DiskError,
  type File,
  type FileHandler,
  type FileStat,
  type OpenOptions,
} from "./env.ts";
import {
  crashedNames,
  FakeInode,
  type NameChange,
  type SurvivalOfSector,
} from "./fake-disk-state.ts";

export interface FakeDiskOptions {
  /** Where `File` reads and writes. */
  readonly arena: Arena;
  /** From 0 up to but not including 1; seeded. */
  readonly random: () => number;
  /** Runs something later, in an order the seed decides. */
  readonly schedule: (afterMs: number, run: () => void) => void;
  /** The longest a call takes. */
  readonly latencyMaxMs?: number;
  /** Size of the whole disk. */
  readonly totalBytes?: number;
}

/** What becomes of a call that is made to fail. `crash` never answers: the test takes the disk away. */
export type Failure = "EIO" | "ENOSPC" | "short" | "crash";

/** The call with that number (from 1) fails. */
export interface PlannedFailure {
  readonly call: number;
  readonly how: Failure;
  /** So do all from it on. */
  readonly lasting?: boolean;
  /** Not that very call, but the first one from it on with such a description. */
  readonly only?: RegExp;
}

/** How much of what was not synced a crash leaves. */
export type CrashKind = "nothing" | "everything" | "prefix" | "any";
const crashKinds: readonly CrashKind[] = ["nothing", "everything", "prefix", "any", "any"];

export class FakeDisk implements Disk {
  readonly #options: FakeDiskOptions;
  readonly #inodes: Map<string, FakeInode>;
  /** Names as they would be found after a crash that forgets all it may. */
  #durableNames: Map<string, FakeInode>;
  #nameChanges: NameChange[] = [];
  readonly #locked = new Set<string>();
  #dead = false;
  /** Calls so far, of all kinds. */
  callCount = 0;
  failure: PlannedFailure | undefined;
  /** Called when a call is to crash: nothing that was not synced is safe, and the call never answers. */
  onCrash: () => void = () => {};
  /** Hears every call, for traces. */
  onCall: (what: string) => void = () => {};
  totalBytes: number;

  constructor(options: FakeDiskOptions, names: Map<string, FakeInode> = new Map()) {
    this.#options = options;
    this.#inodes = names;
    this.#durableNames = new Map(names);
    this.totalBytes = options.totalBytes ?? 1_000_000_000;
  }

  /** What is left after the power went: a new disk. Nothing this one has not answered yet is ever answered. */
  crash(options: Partial<FakeDiskOptions> = {}, kind?: CrashKind): FakeDisk {
    const left = this.imageAfterCrash(options, kind);
    this.#dead = true;
    return left;
  }

  /** One of the images a crash now could leave. This disk goes on. */
  imageAfterCrash(options: Partial<FakeDiskOptions> = {}, chosen?: CrashKind): FakeDisk {
    const all = { ...this.#options, ...options };
    const { random } = all;
    const kind = chosen ?? (crashKinds[Math.floor(random() * crashKinds.length)] as CrashKind);
    const probability = kind === "nothing" ? 0 : kind === "everything" ? 1 : random();
    let left = kind === "prefix" ? Math.floor(random() * (this.#dirtySectorCount() + 1)) : 0;
    const survives: SurvivalOfSector =
      kind === "prefix" ? () => left-- > 0 : () => random() < probability;
    const names = crashedNames(this.#durableNames, this.#nameChanges, kind, random);
    const inodes = new Map<FakeInode, FakeInode>();
    for (const inode of new Set(names.values()))
      inodes.set(inode, inode.afterCrash(survives, random));
    const after = new Map(
      [...names].map(([name, inode]) => [name, inodes.get(inode) as FakeInode]),
    );
    return new FakeDisk({ ...all, totalBytes: this.totalBytes }, after);
  }

  /** The disk as it is: for images of a stopped store. */
  copy(options: Partial<FakeDiskOptions> = {}): FakeDisk {
    return this.imageAfterCrash(options, "everything");
  }

  /** Names of all files, sorted. */
  files(): string[] {
    return [...this.#inodes]
      .filter(([, inode]) => !inode.isDirectory)
      .map(([name]) => name)
      .sort();
  }

  /** The bytes of a file, to be looked at; `setBytes` and `flipBit` change them. */
  bytesOf(path: string): Uint8Array {
    return this.#file(path).bytes;
  }

  /** Gives a file other bytes, durably. */
  setBytes(path: string, bytes: Uint8Array): void {
    const inode = this.#inodes.get(path) ?? new FakeInode(false);
    inode.truncate(0);
    inode.write(0, bytes);
    inode.sync();
    this.#inodes.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  removeFile(path: string): void {
    this.#inodes.delete(path);
    this.#durableNames.delete(path);
  }

  /** Turns over one bit, as rot does: durably and unnoticed. */
  flipBit(path: string, bit: number): void {
    this.#file(path).flipBit(bit);
  }

  get usedBytes(): number {
    let used = 0;
    for (const inode of new Set(this.#inodes.values())) used += inode.sizeBytes;
    return used;
  }

  open(path: string, options: OpenOptions, handler: FileHandler): Promise<File> {
    return this.#call(`open ${path}`, () => {
      let inode = this.#inodes.get(path);
      if (inode === undefined) {
        if (!options.create) throw noSuchFile(path);
        inode = this.#create(path, false);
      }
      return new FakeFile(this, inode, options, handler, path);
    });
  }

  allocate(path: string, sizeBytes: number): Promise<void> {
    return this.#call(`allocate ${path} ${sizeBytes}`, () => {
      const inode = this.#inodes.get(path) ?? this.#create(path, false);
      this.#checkSpace(sizeBytes - inode.sizeBytes);
      if (sizeBytes < inode.sizeBytes) inode.truncate(sizeBytes);
      else inode.grow(sizeBytes);
    });
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.#call(`readFile ${path}`, () => this.#file(path).bytes.slice());
  }

  async replaceFile(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${path}.new`;
    const inode = await this.#call(`create ${temporary}`, () => {
      const old = this.#inodes.get(temporary);
      old?.truncate(0);
      return old ?? this.#create(temporary, false);
    });
    await this.#call(`write ${temporary}`, () => {
      this.#checkSpace(bytes.length);
      inode.write(0, bytes);
    });
    await this.#call(
      `sync ${temporary}`,
      () => inode.sync(),
      () => inode.failSync(),
    );
    await this.rename(temporary, path);
    await this.syncDirectory(parentOf(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call(`rename ${from} ${to}`, () => {
      const inode = this.#file(from);
      this.#inodes.delete(from);
      this.#inodes.set(to, inode);
      this.#nameChanges.push({ directory: parentOf(to), remove: from, add: to, inode });
    });
  }

  unlink(path: string): Promise<void> {
    return this.#call(`unlink ${path}`, () => {
      const inode = this.#file(path);
      this.#inodes.delete(path);
      this.#nameChanges.push({ directory: parentOf(path), remove: path, add: "", inode });
    });
  }

  list(directory: string): Promise<readonly string[]> {
    return this.#call(`list ${directory}`, () => {
      if (this.#inodes.get(directory)?.isDirectory !== true) throw noSuchFile(directory);
      const prefix = `${directory}/`;
      const names = [...this.#inodes.keys()].filter((name) => name.startsWith(prefix));
      return names
        .map((name) => name.slice(prefix.length))
        .filter((name) => !name.includes("/"))
        .sort();
    });
  }

  stat(path: string): Promise<FileStat | undefined> {
    return this.#call(`stat ${path}`, () => {
      const inode = this.#inodes.get(path);
      if (inode === undefined) return undefined;
      return { sizeBytes: inode.sizeBytes, isDirectory: inode.isDirectory };
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#call(`makeDirectory ${path}`, () => {
      if (!this.#inodes.has(path)) this.#create(path, true);
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#call(`syncDirectory ${path}`, () => {
      const [synced, rest] = [[] as NameChange[], [] as NameChange[]];
      for (const change of this.#nameChanges) {
        (change.directory === named(path) ? synced : rest).push(change);
      }
      this.#durableNames = crashedNames(this.#durableNames, synced, "everything", () => 0);
      this.#nameChanges = rest;
    });
  }

  truncate(path: string, sizeBytes: number): Promise<void> {
    return this.#call(`truncate ${path} ${sizeBytes}`, () => this.#file(path).truncate(sizeBytes));
  }

  space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return this.#call("space", () => ({
      freeBytes: this.freeBytes,
      totalBytes: this.totalBytes,
    }));
  }

  lock(directory: string): Promise<{ release(): Promise<void> }> {
    return this.#call(`lock ${directory}`, () => {
      if (this.#locked.has(directory)) throw new DiskError("ELOCKED", `${directory} is in use`);
      this.#locked.add(directory);
      return { release: () => this.#call("unlock", () => void this.#locked.delete(directory)) };
    });
  }

  /** For FakeFile: counts the call, lets it fail or take its time, and answers what became of it. */
  later(what: string, run: (failure: Failure | undefined) => void): void {
    const failure = this.#nextFailure(what);
    const latencyMs = this.#options.random() * (this.#options.latencyMaxMs ?? 1);
    this.#options.schedule(latencyMs, () => {
      if (this.#dead) return;
      if (failure === "crash") this.onCrash();
      else run(failure);
    });
  }

  get arena(): Arena {
    return this.#options.arena;
  }

  get freeBytes(): number {
    return Math.max(0, this.totalBytes - this.usedBytes);
  }

  #hasSpaceFor(growthBytes: number): boolean {
    return growthBytes <= 0 || growthBytes <= this.freeBytes;
  }

  #nextFailure(what: string): Failure | undefined {
    this.onCall(what);
    const call = ++this.callCount;
    const { failure } = this;
    if (failure === undefined) return undefined;
    if (failure.only !== undefined) {
      if (call < failure.call || !failure.only.test(what)) return undefined;
      this.failure = undefined;
      return failure.how;
    }
    const isNow = call === failure.call || (failure.lasting && call > failure.call);
    return isNow ? failure.how : undefined;
  }

  #call<T>(what: string, run: () => T, onFailure: () => void = () => {}): Promise<T> {
    return new Promise((resolve, reject) => {
      this.later(what, (failure) => {
        // "short" means nothing for calls that are not reads or writes.
        if (failure !== undefined && failure !== "short") {
          onFailure();
          reject(new DiskError(failure, `${failure}: ${what}`));
          return;
        }
        try {
          resolve(run());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #create(path: string, isDirectory: boolean): FakeInode {
    const parent = parentOf(path);
    const isRoot = parent === path || parent === "" || parent === ".";
    if (!isRoot && this.#inodes.get(parent)?.isDirectory !== true) {
      if (!isDirectory) throw noSuchFile(parent);
      this.#create(parent, true);
    }
    const inode = new FakeInode(isDirectory);
    this.#inodes.set(path, inode);
    this.#nameChanges.push({ directory: parent, remove: "", add: path, inode });
    return inode;
  }

  #file(path: string): FakeInode {
    const inode = this.#inodes.get(path);
    if (inode === undefined || inode.isDirectory) throw noSuchFile(path);
    return inode;
  }

  #checkSpace(growthBytes: number): void {
    if (!this.#hasSpaceFor(growthBytes)) throw new DiskError("ENOSPC", "no space left on device");
  }

  #dirtySectorCount(): number {
    let count = 0;
    for (const inode of new Set(this.#inodes.values())) count += inode.dirtySectorCount;
    return count;
  }
}

class FakeFile implements File {
  readonly #disk: FakeDisk;
  readonly #inode: FakeInode;
  readonly #options: OpenOptions;
  readonly #handler: FileHandler;
  readonly #path: string;
  #closed = false;

  constructor(
    disk: FakeDisk,
    inode: FakeInode,
    options: OpenOptions,
    handler: FileHandler,
    path: string,
  ) {
    this.#disk = disk;
    this.#inode = inode;
    this.#options = options;
    this.#handler = handler;
    this.#path = path;
  }

  write(token: number, address: Address, lengthBytes: number, offset: number): void {
    assert(!this.#closed && this.#options.write, "the file is open for writing");
    assert(lengthBytes > 0, "a write has bytes");
    const source = this.#disk.arena.u8;
    // The system may take the bytes at any time until it answers: they must not change.
    const bytes = source.slice(address, address + lengthBytes);
    // A disk that becomes full takes a part.
    const endMax = Math.max(0, this.#inode.sizeBytes + this.#disk.freeBytes - offset);
    const fitting = Math.min(lengthBytes, endMax);
    if (fitting > 0) this.#inode.write(offset, bytes.subarray(0, fitting));
    this.#disk.later(`write ${this.#path} ${offset} ${lengthBytes}`, (failure) => {
      assert(
        Buffer.compare(bytes, source.subarray(address, address + lengthBytes)) === 0,
        `bytes being written to ${this.#path} stay untouched`,
      );
      if (fitting === 0) return this.#failed(token, "ENOSPC");
      const written = failure === "short" ? Math.ceil(fitting / 2) : fitting;
      if (failure !== undefined && failure !== "short") {
        if (this.#options.synced) this.#inode.failSync();
        return this.#failed(token, failure);
      }
      if (this.#options.synced) this.#inode.syncRange(offset, written);
      this.#handler.onDone(token, written);
    });
  }

  read(token: number, address: Address, lengthBytes: number, offset: number): void {
    assert(!this.#closed, "the file is open");
    this.#disk.later(`read ${this.#path} ${offset} ${lengthBytes}`, (failure) => {
      if (failure !== undefined && failure !== "short") return this.#failed(token, failure);
      const { bytes } = this.#inode;
      const there = Math.max(0, Math.min(lengthBytes, bytes.length - offset));
      const length = failure === "short" ? Math.ceil(there / 2) : there;
      this.#disk.arena.u8.set(bytes.subarray(offset, offset + length), address);
      this.#handler.onDone(token, length);
    });
  }

  sync(token: number): void {
    assert(!this.#closed, "the file is open");
    this.#disk.later(`sync ${this.#path}`, (failure) => {
      if (failure !== undefined && failure !== "short") {
        this.#inode.failSync();
        return this.#failed(token, failure);
      }
      this.#inode.sync();
      this.#handler.onDone(token, 0);
    });
  }

  close(): void {
    this.#closed = true;
  }

  #failed(token: number, code: string): void {
    this.#handler.onFailed(token, new DiskError(code, `${code}: ${this.#path}`));
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function named(directory: string): string {
  return directory === "." ? "" : directory;
}

function noSuchFile(path: string): DiskError {
  return new DiskError("ENOENT", `ENOENT: no such file or directory, ${path}`);
}
