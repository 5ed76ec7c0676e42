// hot path: runs per message
// What one connection has to send: slabs of the arena, borrowed only while there is output, one write per turn.

import type { Socket } from "../env/env.ts";
import type { Address, Arena } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import type { Memory } from "../lib/memory.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  NO_PAGE,
  type PagePool,
  type PageSizeBytes,
  SMALL_PAGE_BYTES,
} from "../lib/page-pool.ts";

/** Deliveries stop when this much waits for one socket; replies may go beyond it by what one turn answers. */
export const OUTPUT_PENDING_BYTES_MAX = 1_048_576;
/** Deliveries start again when no more than this waits. */
const OUTPUT_RESUME_BYTES = OUTPUT_PENDING_BYTES_MAX / 2;
/** Deliveries leave this part of the output pool to replies. */
const REPLY_SHARE = 1 / 8;

interface Slab {
  readonly at: Address;
  readonly size: PageSizeBytes;
  used: number;
}

export interface OutputOwner {
  /** The socket took enough that deliveries may go on. */
  onOutputRoom(): void;
  /** There is no memory left for a reply: the connection can't be served. */
  onOutputExhausted(): void;
  /** There are bytes for this turn's flush. */
  onOutput(): void;
}

/** One connection's output. `reserve` and `commit` per frame, `flush` once per turn. */
export class Output {
  readonly arena: Arena;
  readonly #pool: PagePool;
  readonly #socket: Socket;
  readonly #owner: OutputOwner;
  /** All outputs of this memory that have found none, in the order they came. */
  readonly #waitingForMemory: Set<Output>;
  /** Being filled; its bytes are after those of `#waiting`. */
  #slab: Slab | undefined = undefined;
  /** Full slabs behind the one in flight, oldest first. */
  readonly #waiting: Slab[] = [];
  #inFlight: Slab | undefined = undefined;
  #pendingBytes = 0;
  /** A delivery found no room since the last `onOutputRoom`. */
  #starved = false;
  #closed = false;
  #endWhenSent = false;
  /** What the last busy turn filled: the next slab is taken in that size at once. */
  #sizeHint: PageSizeBytes = SMALL_PAGE_BYTES;
  /** Bytes the socket was given, ever. */
  sentBytes = 0;
  /** Pieces committed, ever: about the number of frames. */
  sentFrames = 0;

  constructor(memory: Memory, socket: Socket, owner: OutputOwner) {
    this.arena = memory.arena;
    this.#pool = memory.output;
    this.#waitingForMemory = waitersOf(memory.output);
    this.#socket = socket;
    this.#owner = owner;
  }

  /** Bytes written but not taken by the system yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Room for one more delivery; when false, `onOutputRoom` will follow. */
  get writable(): boolean {
    if (this.#pendingBytes < OUTPUT_PENDING_BYTES_MAX && !this.#closed) {
      if (this.#hasMemory()) return true;
      this.#waitingForMemory.add(this);
    }
    this.#starved = true;
    return false;
  }

  /** A delivery may take a whole slab, and the rest is still enough for replies. */
  #hasMemory(): boolean {
    const pool = this.#pool;
    return pool.freeBytes >= pool.sizeBytes * REPLY_SHARE + LARGE_PAGE_BYTES;
  }

  /**
   * `lengthBytes` in a row (at most 1 MiB), to be filled and then announced with `commit`.
   * NO_PAGE when the connection is closed or no memory is left (the owner has been told).
   */
  reserve(lengthBytes: number): Address {
    const slab = this.#slab;
    if (slab !== undefined && slab.size - slab.used >= lengthBytes) return slab.at + slab.used;
    return this.#makeRoom(lengthBytes);
  }

  /** The first `lengthBytes` of what `reserve` gave are filled now. */
  commit(lengthBytes: number): void {
    const slab = this.#slab;
    assert(slab !== undefined, "bytes are committed to a slab");
    if (slab.used === 0) this.#owner.onOutput();
    slab.used += lengthBytes;
    this.sentFrames++;
    this.#pendingBytes += lengthBytes;
  }

  /** Hands the socket what it can take. Once per turn, and by `onSent`. */
  flush(): void {
    while (this.#inFlight === undefined && !this.#closed) {
      const slab = this.#waiting.shift() ?? this.#takeFilled();
      if (slab === undefined) break;
      this.#send(slab);
    }
    if (this.#endWhenSent && this.#pendingBytes === 0) this.#socket.end();
  }

  /** The socket's `onSent`. */
  onSent(): void {
    const slab = this.#inFlight;
    if (slab === undefined) return;
    this.#inFlight = undefined;
    this.#sent(slab);
    this.flush();
  }

  /** Ends the socket as soon as everything so far has left. */
  end(): void {
    this.#endWhenSent = true;
    this.flush();
  }

  /** The socket is gone: gives everything back. */
  close(): void {
    this.#closed = true;
    const slabs = [this.#inFlight, this.#slab, ...this.#waiting];
    for (const slab of slabs) if (slab !== undefined) this.#pool.free(slab.at, slab.size);
    this.#inFlight = undefined;
    this.#slab = undefined;
    this.#waiting.length = 0;
    this.#pendingBytes = 0;
    this.#waitingForMemory.delete(this);
    this.#wakeWaiting();
  }

  #takeFilled(): Slab | undefined {
    const slab = this.#slab;
    if (slab === undefined || slab.used === 0) return undefined;
    this.#slab = undefined;
    this.#sizeHint = slab.size;
    if (slab.used * 8 < slab.size && slab.size !== SMALL_PAGE_BYTES) {
      this.#sizeHint = slab.size === LARGE_PAGE_BYTES ? MEDIUM_PAGE_BYTES : SMALL_PAGE_BYTES;
    }
    return slab;
  }

  #send(slab: Slab): void {
    this.sentBytes += slab.used;
    if (this.#socket.write(slab.at, slab.used, 0)) this.#sent(slab);
    else this.#inFlight = slab;
  }

  #sent(slab: Slab): void {
    this.#pendingBytes -= slab.used;
    this.#pool.free(slab.at, slab.size);
    if (this.#starved && this.#pendingBytes <= OUTPUT_RESUME_BYTES && !this.#closed) {
      // Behind those who have waited longer.
      if (this.#waitingForMemory.size > 0) this.#waitingForMemory.add(this);
      else this.#goOn();
    }
    this.#wakeWaiting();
  }

  #goOn(): void {
    this.#starved = false;
    this.#waitingForMemory.delete(this);
    this.#owner.onOutputRoom();
  }

  /** Memory was given back: who has found none for longest goes on; with plenty of it all do. */
  #wakeWaiting(): void {
    const waiting = this.#waitingForMemory;
    if (waiting.size === 0 || !this.#hasMemory()) return;
    const isPlenty = this.#pool.freeBytes >= this.#pool.sizeBytes / 2;
    let count = isPlenty ? waiting.size : 1;
    for (const output of waiting) {
      if (count-- === 0) return;
      waiting.delete(output);
      if (output.#pendingBytes <= OUTPUT_RESUME_BYTES) output.#goOn();
    }
  }

  #makeRoom(lengthBytes: number): Address {
    if (this.#closed) return NO_PAGE;
    const slab = this.#slab;
    let size: PageSizeBytes = this.#sizeHint;
    if (slab !== undefined) {
      size = slab.size === SMALL_PAGE_BYTES ? MEDIUM_PAGE_BYTES : LARGE_PAGE_BYTES;
      // A slab that can grow is copied into a larger one: still one write per turn.
      if (slab.size !== LARGE_PAGE_BYTES && this.#grow(slab, fitting(size, lengthBytes))) {
        return this.reserve(lengthBytes);
      }
      this.#slab = undefined;
      if (slab.used === 0) this.#pool.free(slab.at, slab.size);
      else this.#waiting.push(slab);
      this.flush();
    }
    const least = fitting(SMALL_PAGE_BYTES, lengthBytes);
    // Where memory is short a reply takes what it needs, not what its connection used to fill.
    return this.#borrow(this.#hasMemory() ? fitting(size, lengthBytes) : least, least);
  }

  #grow(slab: Slab, size: PageSizeBytes): boolean {
    const at = this.#pool.allocate(size);
    if (at === NO_PAGE) return false;
    this.arena.copy(at, slab.at, slab.used);
    this.#pool.free(slab.at, slab.size);
    this.#slab = { at, size, used: slab.used };
    return true;
  }

  /** A slab of `wanted` bytes, or where there is none of `least`. */
  #borrow(wanted: PageSizeBytes, least: PageSizeBytes): Address {
    let size = wanted;
    let at = this.#pool.allocate(size);
    if (at === NO_PAGE && size > least) {
      size = least;
      at = this.#pool.allocate(size);
    }
    if (at === NO_PAGE) {
      this.#owner.onOutputExhausted();
      return NO_PAGE;
    }
    this.#slab = { at, size, used: 0 };
    return at;
  }
}

const waiters = new WeakMap<PagePool, Set<Output>>();

function waitersOf(pool: PagePool): Set<Output> {
  let set = waiters.get(pool);
  if (set === undefined) {
    set = new Set();
    waiters.set(pool, set);
  }
  return set;
}

/** The smallest slab from `size` up that holds `lengthBytes`. */
function fitting(size: PageSizeBytes, lengthBytes: number): PageSizeBytes {
  assert(lengthBytes <= LARGE_PAGE_BYTES, "a frame fits a slab");
  if (lengthBytes <= size) return size;
  return lengthBytes <= MEDIUM_PAGE_BYTES ? MEDIUM_PAGE_BYTES : LARGE_PAGE_BYTES;
}
