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
/**
 * Where less than this part of the pool is free, memory is short: a connection whose last bytes are under way gets no
 * more, and others small slabs only. Hundreds of clients that do not read hold up nobody else so.
 */
const AMPLE_SHARE = 3 / 8;
/** And below this only small messages leave, to who has taken all so far: thousands that do not read. */
const SCARCE_SHARE = 1 / 4;

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
  readonly #ampleBytes: number;
  readonly #socket: Socket;
  readonly #owner: OutputOwner;
  readonly #waiters: Waiters;
  /** Being filled; its bytes are after those of `#waiting`. */
  #slab: Slab | undefined = undefined;
  /** Full slabs behind the one in flight, oldest first. */
  readonly #waiting: Slab[] = [];
  #inFlight: Slab | undefined = undefined;
  #pendingBytes = 0;
  /** The socket took the last write at once. */
  #takesAll = true;
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
    const { sizeBytes } = memory.output;
    // Of a small pool it is more: a connection may take two slabs.
    const leastBytes = sizeBytes * REPLY_SHARE + 2 * LARGE_PAGE_BYTES;
    this.#ampleBytes = Math.max(sizeBytes * AMPLE_SHARE, leastBytes);
    this.#waiters = waitersOf(memory.output);
    this.#socket = socket;
    this.#owner = owner;
  }

  /** Bytes written but not taken by the system yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Room for one more delivery; when false, `onOutputRoom` will follow. */
  get writable(): boolean {
    const isBelowBound = this.#pendingBytes < OUTPUT_PENDING_BYTES_MAX && !this.#closed;
    if (isBelowBound && this.hasAmpleMemory) return true;
    // While bytes are under way it is their leaving that makes room.
    if (isBelowBound && !this.#isUnderWay()) {
      if (this.#hasMemory()) return true;
      this.#wait();
    }
    this.#starved = true;
    return false;
  }

  /** Others would hardly miss what this connection takes. */
  get hasAmpleMemory(): boolean {
    return this.#pool.freeBytes >= this.#ampleBytes;
  }

  #isUnderWay(): boolean {
    return this.#inFlight !== undefined || this.#waiting.length > 0;
  }

  /** What a connection with nothing under way may take, and the rest is still enough for replies. */
  #hasMemory(): boolean {
    const { freeBytes, sizeBytes } = this.#pool;
    if (freeBytes < sizeBytes * REPLY_SHARE + LARGE_PAGE_BYTES) return false;
    const usedBytes = this.#slab === undefined ? 0 : this.#slab.used;
    if (freeBytes >= sizeBytes * SCARCE_SHARE)
      return usedBytes < MEDIUM_PAGE_BYTES - SMALL_PAGE_BYTES;
    return this.#takesAll && usedBytes < SMALL_PAGE_BYTES / 2;
  }

  /** The largest slab that is taken without need. */
  #slabMax(): PageSizeBytes {
    if (this.hasAmpleMemory) return LARGE_PAGE_BYTES;
    const isScarce = this.#pool.freeBytes < this.#pool.sizeBytes * SCARCE_SHARE;
    return isScarce ? SMALL_PAGE_BYTES : MEDIUM_PAGE_BYTES;
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

  /** The first `lengthBytes` of what `reserve` gave are filled now, with so many pieces. */
  commit(lengthBytes: number, pieces = 1): void {
    const slab = this.#slab;
    assert(slab !== undefined, "bytes are committed to a slab");
    if (slab.used === 0) this.#owner.onOutput();
    slab.used += lengthBytes;
    this.sentFrames += pieces;
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

  /** What lies elsewhere can be written from there once `flush` has written what was said before. */
  get takesLent(): boolean {
    return this.#takesAll && !this.#isUnderWay() && !this.#closed;
  }

  /**
   * Writes `lengthBytes` from `from`, which lie in a large page of the output pool; there must be nothing else to
   * write. True: the system has taken them all. False: they are under way, and the page is this output's to give back.
   */
  writeLent(page: Address, from: Address, lengthBytes: number, pieces: number): boolean {
    assert(this.#pendingBytes === 0, "lent bytes are written when nothing waits before them");
    this.sentBytes += lengthBytes;
    this.sentFrames += pieces;
    this.#takesAll = this.#socket.write(from, lengthBytes, 0);
    if (this.#takesAll) return true;
    this.#pendingBytes = lengthBytes;
    this.#inFlight = { at: page, size: LARGE_PAGE_BYTES, used: lengthBytes };
    this.#waitNoMore();
    return false;
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
    this.#waitNoMore();
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
    this.#takesAll = this.#socket.write(slab.at, slab.used, 0);
    if (this.#takesAll) {
      this.#sent(slab);
    } else {
      this.#inFlight = slab;
      this.#waitNoMore();
    }
  }

  #sent(slab: Slab): void {
    this.#pendingBytes -= slab.used;
    this.#pool.free(slab.at, slab.size);
    if (this.#starved && this.#pendingBytes <= OUTPUT_RESUME_BYTES && !this.#closed) {
      // Behind those who have waited longer, unless there is not enough for them.
      const { forMuch, forLittle } = this.#waiters;
      const isTurnOfOthers = this.#mayOneGoOn(forMuch) || this.#mayOneGoOn(forLittle);
      if (this.#mayGoOn() && !isTurnOfOthers) this.#goOn();
      else if (!this.#isUnderWay()) this.#wait();
    }
    this.#wakeWaiting();
  }

  #wait(): void {
    const { forMuch, forLittle } = this.#waiters;
    (this.#takesAll ? forLittle : forMuch).add(this);
  }

  #mayOneGoOn(waiting: Set<Output>): boolean {
    for (const output of waiting) return output.#mayGoOn();
    return false;
  }

  #waitNoMore(): void {
    this.#waiters.forMuch.delete(this);
    this.#waiters.forLittle.delete(this);
  }

  #goOn(): void {
    this.#starved = false;
    this.#waitNoMore();
    this.#owner.onOutputRoom();
  }

  /** Memory was given back: those who have found none for longest go on, as many as it is enough for. */
  #wakeWaiting(): void {
    const { forMuch, forLittle } = this.#waiters;
    if (forMuch.size === 0 && forLittle.size === 0) return;
    const { freeBytes, sizeBytes } = this.#pool;
    const spareBytes = freeBytes - sizeBytes * SCARCE_SHARE;
    const count = this.hasAmpleMemory ? Infinity : 1 + Math.max(0, spareBytes / MEDIUM_PAGE_BYTES);
    wake(forLittle, count);
    wake(forMuch, count);
  }

  /** For `wake`. */
  goOnIfPossible(): boolean {
    if (!this.#mayGoOn()) return false;
    this.#goOn();
    return true;
  }

  #mayGoOn(): boolean {
    if (this.#isUnderWay()) return this.#pendingBytes <= OUTPUT_RESUME_BYTES && this.hasAmpleMemory;
    return this.hasAmpleMemory || this.#hasMemory();
  }

  #makeRoom(lengthBytes: number): Address {
    if (this.#closed) return NO_PAGE;
    const slab = this.#slab;
    let size: PageSizeBytes = this.#sizeHint;
    if (slab !== undefined) {
      size = slab.size === SMALL_PAGE_BYTES ? MEDIUM_PAGE_BYTES : LARGE_PAGE_BYTES;
      // A slab that can grow is copied into a larger one: still one write per turn.
      const mayGrow = slab.size !== LARGE_PAGE_BYTES && size <= this.#slabMax();
      if (mayGrow && this.#grow(slab, fitting(size, lengthBytes))) return this.reserve(lengthBytes);
      this.#slab = undefined;
      if (slab.used === 0) this.#pool.free(slab.at, slab.size);
      else this.#waiting.push(slab);
      this.flush();
    }
    const least = fitting(SMALL_PAGE_BYTES, lengthBytes);
    // Where memory is short it takes what it needs, not what its connection used to fill.
    const wanted = Math.min(size, this.#slabMax()) as PageSizeBytes;
    return this.#borrow(fitting(wanted, lengthBytes), least);
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

/** All outputs of one memory that have found none, in the order they came. */
interface Waiters {
  /** Whose sockets did not take all of the last write. */
  readonly forMuch: Set<Output>;
  readonly forLittle: Set<Output>;
}

const waiters = new WeakMap<PagePool, Waiters>();

function waitersOf(pool: PagePool): Waiters {
  let both = waiters.get(pool);
  if (both === undefined) {
    both = { forMuch: new Set(), forLittle: new Set() };
    waiters.set(pool, both);
  }
  return both;
}

/** Lets up to `count` of them go on, until there is not enough for the next one. */
function wake(waiting: Set<Output>, count: number): void {
  let left = Math.min(count, waiting.size);
  for (const output of waiting) {
    if (left < 1 || !output.goOnIfPossible()) return;
    left--;
  }
}

/** The smallest slab from `size` up that holds `lengthBytes`. */
function fitting(size: PageSizeBytes, lengthBytes: number): PageSizeBytes {
  assert(lengthBytes <= LARGE_PAGE_BYTES, "a frame fits a slab");
  if (lengthBytes <= size) return size;
  return lengthBytes <= MEDIUM_PAGE_BYTES ? MEDIUM_PAGE_BYTES : LARGE_PAGE_BYTES;
}
