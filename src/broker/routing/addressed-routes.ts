// hot path: runs per message
// Routes found by the bytes that ask for them, so that a publisher whose routing keys vary needs no strings made of
// them: [exchange: shortstr][routing key: shortstr], for one view of the vhost.

import type { Address, Arena } from "../../lib/arena.ts";
import type { Route } from "./route.ts";

/** An address finds its set of so many slots by its hash. */
const WAYS = 4;
const SET_COUNT = 1_024;
const SLOT_COUNT = SET_COUNT * WAYS;
/** Longer addresses are not kept. */
const WORDS_MAX = 16;
const ADDRESS_BYTES_MAX = WORDS_MAX * 4;

/** At most 4,096 routes; a new one takes the place of another with a similar hash. */
export class AddressedRoutes {
  readonly #view: DataView;
  readonly #u8: Uint8Array;
  /** Nothing is taken up before the first route is kept. */
  #words = new Int32Array(0);
  #lengths = new Int32Array(0);
  #viewers = new Float64Array(0);
  readonly #routes: (Route | undefined)[] = [];
  #isEmpty = true;
  /** Whose turn it is to go, in each set. */
  #next = new Uint8Array(0);

  constructor(arena: Arena) {
    this.#view = arena.view;
    this.#u8 = arena.u8;
  }

  /** The route that `viewer` was given for the address of `lengthBytes` at `at`, if it is still right. */
  find(viewer: number, at: Address, lengthBytes: number): Route | undefined {
    if (this.#isEmpty || lengthBytes > ADDRESS_BYTES_MAX) return undefined;
    const first = this.#setOf(at, lengthBytes) * WAYS;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#lengths[slot] !== lengthBytes || this.#viewers[slot] !== viewer) continue;
      if (!this.#isAt(slot, at, lengthBytes)) continue;
      const route = this.#routes[slot];
      return route?.isCurrent() ? route : undefined;
    }
    return undefined;
  }

  keep(viewer: number, at: Address, lengthBytes: number, route: Route): void {
    if (lengthBytes > ADDRESS_BYTES_MAX) return;
    if (this.#words.length === 0) this.#takeMemory();
    this.#isEmpty = false;
    const slot = this.#slotFor(viewer, at, lengthBytes);
    const words = this.#words;
    const from = slot * WORDS_MAX;
    const count = lengthBytes >> 2;
    for (let i = 0; i < count; i++) words[from + i] = this.#view.getInt32(at + i * 4);
    if (count < WORDS_MAX) words[from + count] = this.#tail(at, lengthBytes);
    this.#lengths[slot] = lengthBytes;
    this.#viewers[slot] = viewer;
    this.#routes[slot] = route;
  }

  /** Forgets all of them. */
  clear(): void {
    if (this.#isEmpty) return;
    this.#isEmpty = true;
    this.#lengths.fill(-1);
    this.#routes.fill(undefined);
  }

  #takeMemory(): void {
    this.#words = new Int32Array(SLOT_COUNT * WORDS_MAX);
    this.#lengths = new Int32Array(SLOT_COUNT).fill(-1);
    this.#viewers = new Float64Array(SLOT_COUNT);
    this.#next = new Uint8Array(SET_COUNT);
    for (let slot = 0; slot < SLOT_COUNT; slot++) this.#routes.push(undefined);
  }

  /** The slot that has the address already, a free one, or the one whose turn it is to go. */
  #slotFor(viewer: number, at: Address, lengthBytes: number): number {
    const set = this.#setOf(at, lengthBytes);
    const first = set * WAYS;
    let free = -1;
    for (let slot = first; slot < first + WAYS; slot++) {
      const length = this.#lengths[slot] as number;
      if (length < 0) free = slot;
      const isSame = length === lengthBytes && this.#viewers[slot] === viewer;
      if (isSame && this.#isAt(slot, at, lengthBytes)) return slot;
    }
    if (free >= 0) return free;
    const turn = this.#next[set] as number;
    this.#next[set] = (turn + 1) % WAYS;
    return first + turn;
  }

  #isAt(slot: number, at: Address, lengthBytes: number): boolean {
    const view = this.#view;
    const words = this.#words;
    const from = slot * WORDS_MAX;
    const count = lengthBytes >> 2;
    for (let i = 0; i < count; i++) {
      if (view.getInt32(at + i * 4) !== words[from + i]) return false;
    }
    return count === WORDS_MAX || words[from + count] === this.#tail(at, lengthBytes);
  }

  #setOf(at: Address, lengthBytes: number): number {
    const view = this.#view;
    const count = lengthBytes >> 2;
    let hash = this.#tail(at, lengthBytes) ^ lengthBytes;
    for (let i = 0; i < count; i++) {
      hash = Math.imul(hash ^ view.getInt32(at + i * 4), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85ebca6b);
    return (hash >>> 16) % SET_COUNT;
  }

  /** The up to three bytes behind the last whole word. */
  #tail(at: Address, lengthBytes: number): number {
    let tail = 0;
    for (let i = lengthBytes & ~3; i < lengthBytes; i++) {
      tail = (tail << 8) | (this.#u8[at + i] as number);
    }
    return tail;
  }
}
