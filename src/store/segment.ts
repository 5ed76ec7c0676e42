// One segment file: pages one behind the other. Opened when there is something to do, closed when others need the
// file handle; what is in it is known by the page table alone.

import type { QueueNumber } from "../broker/numbers.ts";
import { type Disk, DiskError, type File, type FileHandler } from "../env/env.ts";
import type { Address } from "../lib/arena.ts";

/** A call on a segment that is waiting or under way. */
export interface SegmentCall {
  readonly kind: "write" | "read" | "sync";
  readonly at: Address;
  readonly lengthBytes: number;
  readonly offset: number;
  onDone(): void;
  onFailed(error: DiskError): void;
}

export class Segment implements FileHandler {
  readonly number: number;
  readonly path: string;
  readonly durable: boolean;
  /** The only queue whose pages it takes, or undefined: pages of all. */
  readonly queue: QueueNumber | undefined;
  readonly #disk: Disk;
  readonly #header: Uint8Array;
  #file: File | undefined = undefined;
  #opening = false;
  #closing = false;
  #exists: boolean;
  #lastToken = 0;
  readonly #calls = new Map<number, { readonly call: SegmentCall; done: number }>();
  readonly #waiting: SegmentCall[] = [];
  /** Where the next page goes. */
  sizeBytes: number;
  liveBytes = 0;
  livePages = 0;
  /** Nothing is added any more. */
  sealed: boolean;
  /** A checkpoint on disk, or one being written, names it. */
  named = false;
  /** Something was written since the last sync. */
  dirty = false;
  /** Rises with use. */
  lastUse = 0;

  constructor(options: {
    readonly disk: Disk;
    readonly number: number;
    readonly path: string;
    readonly durable: boolean;
    readonly queue: QueueNumber | undefined;
    /** Undefined for a new one; otherwise what the file holds already. */
    readonly existingBytes: number | undefined;
    /** What a new file starts with. */
    readonly header: Uint8Array;
  }) {
    this.#disk = options.disk;
    this.number = options.number;
    this.path = options.path;
    this.durable = options.durable;
    this.queue = options.queue;
    this.#exists = options.existingBytes !== undefined;
    this.sealed = this.#exists;
    this.#header = options.header;
    this.sizeBytes = options.existingBytes ?? options.header.length;
  }

  /** Room for `lengthBytes` more; answers where. It counts as live until `forget`. */
  reserve(lengthBytes: number): number {
    const offset = this.sizeBytes;
    this.sizeBytes += lengthBytes;
    this.livePages++;
    this.liveBytes += lengthBytes;
    return offset;
  }

  forget(lengthBytes: number): void {
    this.livePages--;
    this.liveBytes -= lengthBytes;
  }

  /** As damage names it, within the data directory. */
  get file(): string {
    return this.path.split("/").slice(-2).join("/");
  }

  get exists(): boolean {
    return this.#exists;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  get isBusy(): boolean {
    return this.#calls.size > 0 || this.#waiting.length > 0 || this.#opening;
  }

  call(call: SegmentCall): void {
    if (this.#file === undefined) {
      this.#waiting.push(call);
      void this.#open();
    } else {
      this.#start(this.#file, call);
    }
  }

  /** Gives the file handle up, as soon as nothing is under way. */
  close(): void {
    this.#closing = this.isBusy;
    if (this.#closing) return;
    this.#file?.close();
    this.#file = undefined;
  }

  onDone(token: number, lengthBytes: number): void {
    const entry = this.#calls.get(token) as { readonly call: SegmentCall; done: number };
    const { call } = entry;
    entry.done += lengthBytes;
    const isShort = call.kind !== "sync" && entry.done < call.lengthBytes;
    if (isShort && lengthBytes > 0) {
      this.#issue(this.#file as File, token, call, entry.done);
      return;
    }
    this.#calls.delete(token);
    if (this.#closing) this.close();
    if (isShort) call.onFailed(new DiskError("EEOF", `${this.path} ends too early`));
    else call.onDone();
  }

  onFailed(token: number, error: DiskError): void {
    const { call } = this.#calls.get(token) as { readonly call: SegmentCall };
    this.#calls.delete(token);
    if (this.#closing) this.close();
    call.onFailed(error);
  }

  async #open(): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    try {
      if (!this.#exists) await this.#disk.replaceFile(this.path, this.#header);
      this.#exists = true;
      const options = { write: true, create: false, synced: false };
      this.#file = await this.#disk.open(this.path, options, this);
    } catch (error) {
      this.#opening = false;
      const failure = error instanceof DiskError ? error : new DiskError("EIO", String(error));
      for (const call of this.#waiting.splice(0)) call.onFailed(failure);
      return;
    }
    this.#opening = false;
    for (const call of this.#waiting.splice(0)) this.#start(this.#file, call);
  }

  #start(file: File, call: SegmentCall): void {
    const token = ++this.#lastToken;
    this.#calls.set(token, { call, done: 0 });
    this.#issue(file, token, call, 0);
  }

  #issue(file: File, token: number, call: SegmentCall, done: number): void {
    const { kind, at, lengthBytes, offset } = call;
    if (kind === "sync") file.sync(token);
    else file[kind](token, at + done, lengthBytes - done, offset + done);
  }
}
