// The real disk. Message bytes go through `NodeFile` (tokens, no promise per call); names and small files through promises.

import {
  close as closeFd,
  constants,
  fdatasync,
  open,
  read as readFd,
  write as writeFd,
} from "node:fs";
import * as fs from "node:fs/promises";
import { dirname } from "node:path";
import type { Address, Arena } from "../lib/arena.ts";
import { type CallStatistics, DiskStatistics } from "./disk-statistics.ts";
import {
  type Disk,
  DiskError,
  type File,
  type FileHandler,
  type FileStat,
  type OpenOptions,
} from "./env.ts";
import { lockDirectory } from "./node-lock.ts";

/** Linux alone makes each write of an O_DSYNC file wait for the disk in one call. */
const HAS_SYNCED_WRITES = process.platform === "linux";
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const ZEROES = new Uint8Array(1_048_576);

export class NodeDisk implements Disk {
  readonly #arena: Arena;
  readonly statistics = new DiskStatistics();

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  async open(path: string, options: OpenOptions, handler: FileHandler): Promise<File> {
    let flags = options.write ? constants.O_RDWR : constants.O_RDONLY;
    if (options.create) flags |= constants.O_CREAT;
    if (options.synced && HAS_SYNCED_WRITES) flags |= constants.O_DSYNC;
    const fd = await told(openFd(path, flags));
    return new NodeFile(this.#arena, fd, handler, this.statistics, options.synced);
  }

  async allocate(path: string, sizeBytes: number): Promise<void> {
    await told(
      withFile(path, constants.O_RDWR | constants.O_CREAT, async (file) => {
        // Written out, not just sized: a hole would be filled, and its metadata written, at each later sync.
        let at = (await file.stat()).size;
        if (at > sizeBytes) await file.truncate(sizeBytes);
        while (at < sizeBytes) {
          const length = Math.min(ZEROES.length, sizeBytes - at);
          at += (await file.write(ZEROES, 0, length, at)).bytesWritten;
        }
        await file.sync();
      }),
    );
  }

  async readFile(path: string): Promise<Uint8Array> {
    return told(fs.readFile(path));
  }

  async replaceFile(path: string, bytes: Uint8Array): Promise<void> {
    const beside = `${path}.new`;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;
    await told(
      withFile(beside, flags, async (file) => {
        await file.writeFile(bytes);
        await file.sync();
      }),
    );
    await this.rename(beside, path);
    await this.syncDirectory(dirname(path));
  }

  async rename(from: string, to: string): Promise<void> {
    await told(fs.rename(from, to));
  }

  async unlink(path: string): Promise<void> {
    await told(fs.unlink(path));
  }

  async list(directory: string): Promise<readonly string[]> {
    return (await told(fs.readdir(directory))).sort();
  }

  async stat(path: string): Promise<FileStat | undefined> {
    try {
      const stat = await fs.stat(path);
      return { sizeBytes: stat.size, isDirectory: stat.isDirectory() };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw diskError(error);
    }
  }

  async makeDirectory(path: string): Promise<void> {
    await told(makeFolders(path));
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows has no such call, and no need for it.
    if (process.platform === "win32") return;
    await told(withFile(path, constants.O_RDONLY, (file) => file.sync()));
  }

  async truncate(path: string, sizeBytes: number): Promise<void> {
    await told(
      withFile(path, constants.O_RDWR, async (file) => {
        await file.truncate(sizeBytes);
        await file.sync();
      }),
    );
  }

  async space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    const facts = await told(fs.statfs(path));
    return { freeBytes: facts.bavail * facts.bsize, totalBytes: facts.blocks * facts.bsize };
  }

  async lock(directory: string): Promise<{ release(): Promise<void> }> {
    return told(lockDirectory(directory));
  }
}

/** One call on its way: a reused object with a callback made once, so that a call costs no closure. */
class Call {
  token = 0;
  kind: CallStatistics | undefined = undefined;
  startMs = 0;
  readonly onSystem: (error: NodeJS.ErrnoException | null, lengthBytes?: number) => void;

  constructor(
    onEnd: (call: Call, error: NodeJS.ErrnoException | null, lengthBytes: number) => void,
  ) {
    this.onSystem = (error, lengthBytes = 0) => onEnd(this, error, lengthBytes);
  }
}

class NodeFile implements File {
  readonly #arena: Arena;
  readonly #fd: number;
  readonly #handler: FileHandler;
  readonly #statistics: DiskStatistics;
  readonly #synced: boolean;
  readonly #idle: Call[] = [];
  #running = 0;
  #closing = false;
  readonly #onEnd = (call: Call, error: NodeJS.ErrnoException | null, lengthBytes: number) => {
    const token = call.token;
    if (error === null) this.#count(call, lengthBytes);
    this.#idle.push(call);
    if (error === null) this.#handler.onDone(token, lengthBytes);
    else this.#handler.onFailed(token, diskError(error));
    this.#running--;
    if (this.#closing && this.#running === 0) this.#closeNow();
  };

  constructor(
    arena: Arena,
    fd: number,
    handler: FileHandler,
    statistics: DiskStatistics,
    synced: boolean,
  ) {
    this.#arena = arena;
    this.#fd = fd;
    this.#handler = handler;
    this.#statistics = statistics;
    this.#synced = synced;
  }

  write(token: number, address: Address, lengthBytes: number, offset: number): void {
    const call = this.#call(token, this.#statistics.write);
    if (!this.#synced || HAS_SYNCED_WRITES) {
      writeFd(this.#fd, this.#arena.u8, address, lengthBytes, offset, call.onSystem);
      return;
    }
    writeFd(this.#fd, this.#arena.u8, address, lengthBytes, offset, (error, writtenBytes) => {
      if (error !== null) call.onSystem(error);
      else fdatasync(this.#fd, (failure) => call.onSystem(failure, writtenBytes));
    });
  }

  read(token: number, address: Address, lengthBytes: number, offset: number): void {
    const call = this.#call(token, this.#statistics.read);
    readFd(this.#fd, this.#arena.u8, address, lengthBytes, offset, call.onSystem);
  }

  sync(token: number): void {
    fdatasync(this.#fd, this.#call(token, this.#statistics.sync).onSystem);
  }

  /** The descriptor goes when the calls on their way have ended. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#running === 0) this.#closeNow();
  }

  #call(token: number, kind: CallStatistics): Call {
    const call = this.#idle.pop() ?? new Call(this.#onEnd);
    call.token = token;
    call.kind = kind;
    call.startMs = performance.now();
    this.#running++;
    return call;
  }

  #count({ kind, startMs }: Call, lengthBytes: number): void {
    const timeMs = performance.now() - startMs;
    kind?.add(lengthBytes, timeMs);
    if (this.#synced && kind === this.#statistics.write) this.#statistics.sync.add(0, timeMs);
  }

  #closeNow(): void {
    closeFd(this.#fd, () => {});
  }
}

/** A bare descriptor: a FileHandle would close itself when it is collected. */
function openFd(path: string, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, flags, FILE_MODE, (error, fd) => (error === null ? resolve(fd) : reject(error)));
  });
}

/** Not mkdir's own `recursive`: where a file system refuses, it tries for ever (as /proc does). */
async function makeFolders(path: string): Promise<void> {
  try {
    await fs.mkdir(path, DIRECTORY_MODE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(path);
    if (code === "EEXIST" && (await fs.stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || parent === path || (await isThere(parent))) throw error;
    await makeFolders(parent);
    await fs.mkdir(path, DIRECTORY_MODE);
  }
}

async function isThere(path: string): Promise<boolean> {
  return fs.stat(path).then(
    () => true,
    () => false,
  );
}

async function withFile(
  path: string,
  flags: number,
  use: (file: fs.FileHandle) => Promise<void>,
): Promise<void> {
  const file = await fs.open(path, flags, FILE_MODE);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

/** System errors become DiskErrors. */
async function told<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw diskError(error);
  }
}

function diskError(error: unknown): DiskError {
  if (error instanceof DiskError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new DiskError(code ?? "UNKNOWN", message);
}
