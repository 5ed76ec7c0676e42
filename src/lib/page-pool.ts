// Pages of four sizes, carved from one stretch of the arena.
// The lowest free address is always handed out first, so that memory once touched is touched again
// and the process stays as small as its busiest moment, not as large as its history.

import type { Address } from "./arena.ts";
import { assert } from "./assert.ts";

export const TINY_PAGE_BYTES = 2_048;
export const SMALL_PAGE_BYTES = 4_096;
export const MEDIUM_PAGE_BYTES = 65_536;
export const LARGE_PAGE_BYTES = 1_048_576;

export type PageSizeBytes =
  | typeof TINY_PAGE_BYTES
  | typeof SMALL_PAGE_BYTES
  | typeof MEDIUM_PAGE_BYTES
  | typeof LARGE_PAGE_BYTES;

/** What `allocate` answers when no page of that size is left. */
export const NO_PAGE: Address = -1;

const FULL = 0xffff;

/** Medium pages that are split into pages of one smaller size. */
class SplitPages {
  readonly sizeBytes: number;
  /** All pages of a medium page in use. */
  readonly full: number;
  /** Per medium page: a bit for each of its pages in use; 0 when it is not split, or not so. */
  readonly used: Uint32Array;
  /** Per large page: a bit for each medium page that is split so and still has a free page. */
  readonly free: Uint16Array;
  /** No large page below this index can serve the size. */
  hint = 0;

  constructor(sizeBytes: number, largeCount: number) {
    this.sizeBytes = sizeBytes;
    this.full = 2 ** (MEDIUM_PAGE_BYTES / sizeBytes) - 1;
    this.used = new Uint32Array(largeCount * 16);
    this.free = new Uint16Array(largeCount);
  }
}

/**
 * A large page is split into 16 medium ones and a medium page into 16 small or 32 tiny ones when needed,
 * and joined again as soon as all of them are free.
 */
export class PagePool {
  readonly sizeBytes: number;
  readonly #from: Address;
  /** Per large page: a bit for each medium page in use (FULL also when it is given out whole). */
  readonly #mediumUsed: Uint16Array;
  readonly #small: SplitPages;
  readonly #tiny: SplitPages;
  #usedBytes = 0;
  #peakBytes = 0;
  /** No large page below these indexes can serve the size they stand for. */
  #largeHint = 0;
  #mediumHint = 0;

  /** `from` and `sizeBytes` are multiples of 1 MiB. */
  constructor(from: Address, sizeBytes: number) {
    assert(from % LARGE_PAGE_BYTES === 0, "a pool starts at a large page");
    assert(sizeBytes % LARGE_PAGE_BYTES === 0, "a pool is made of large pages");
    const largeCount = sizeBytes / LARGE_PAGE_BYTES;
    this.#from = from;
    this.sizeBytes = sizeBytes;
    this.#mediumUsed = new Uint16Array(largeCount);
    this.#small = new SplitPages(SMALL_PAGE_BYTES, largeCount);
    this.#tiny = new SplitPages(TINY_PAGE_BYTES, largeCount);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The most that was ever in use: what of the arena the system had to commit. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  get freeBytes(): number {
    return this.sizeBytes - this.#usedBytes;
  }

  /** A page of that size, or NO_PAGE. Its bytes are whatever its last owner left there. */
  allocate(size: PageSizeBytes): Address {
    const page =
      size === LARGE_PAGE_BYTES
        ? this.#allocateLarge()
        : size === MEDIUM_PAGE_BYTES
          ? this.#allocateMedium()
          : this.#allocateSplit(size === SMALL_PAGE_BYTES ? this.#small : this.#tiny);
    if (page !== NO_PAGE) {
      this.#usedBytes += size;
      if (this.#usedBytes > this.#peakBytes) this.#peakBytes = this.#usedBytes;
    }
    return page;
  }

  /** Gives back a page that `allocate` handed out with the same size. */
  free(page: Address, size: PageSizeBytes): void {
    const offset = page - this.#from;
    assert(offset >= 0 && offset < this.sizeBytes, "the page belongs to this pool");
    assert(offset % size === 0, "the page is aligned to its size");
    const large = Math.floor(offset / LARGE_PAGE_BYTES);
    if (size === LARGE_PAGE_BYTES) {
      assert(this.#mediumUsed[large] === FULL, "the large page was in use");
      this.#mediumUsed[large] = 0;
    } else if (size === MEDIUM_PAGE_BYTES) {
      this.#freeMedium(large, (offset / MEDIUM_PAGE_BYTES) & 15);
    } else {
      this.#freeSplit(size === SMALL_PAGE_BYTES ? this.#small : this.#tiny, large, offset);
    }
    this.#usedBytes -= size;
    if (large < this.#mediumHint) this.#mediumHint = large;
    if (large < this.#small.hint) this.#small.hint = large;
    if (large < this.#tiny.hint) this.#tiny.hint = large;
    if (large < this.#largeHint) this.#largeHint = large;
  }

  #allocateLarge(): Address {
    const used = this.#mediumUsed;
    let large = this.#largeHint;
    while (large < used.length && used[large] !== 0) large++;
    this.#largeHint = large;
    if (large === used.length) return NO_PAGE;
    used[large] = FULL;
    return this.#from + large * LARGE_PAGE_BYTES;
  }

  #allocateMedium(): Address {
    const used = this.#mediumUsed;
    let large = this.#mediumHint;
    while (large < used.length && used[large] === FULL) large++;
    this.#mediumHint = large;
    if (large === used.length) return NO_PAGE;
    const bits = used[large] as number;
    const index = lowestZeroBit(bits);
    used[large] = bits | (1 << index);
    return this.#from + large * LARGE_PAGE_BYTES + index * MEDIUM_PAGE_BYTES;
  }

  #allocateSplit(split: SplitPages): Address {
    const { free, used, full } = split;
    let large = split.hint;
    while (large < free.length && free[large] === 0 && this.#mediumUsed[large] === FULL) large++;
    split.hint = large;
    if (large === free.length) return NO_PAGE;
    let medium: number;
    if (free[large] !== 0) {
      medium = large * 16 + lowestZeroBit(~(free[large] as number));
    } else {
      const bits = this.#mediumUsed[large] as number;
      const index = lowestZeroBit(bits);
      this.#mediumUsed[large] = bits | (1 << index);
      free[large] = 1 << index;
      medium = large * 16 + index;
    }
    const bits = used[medium] as number;
    const index = lowestZeroBit(bits);
    const now = (bits | (1 << index)) >>> 0;
    used[medium] = now;
    if (now === full) free[large] = (free[large] as number) & ~(1 << (medium & 15));
    return this.#from + medium * MEDIUM_PAGE_BYTES + index * split.sizeBytes;
  }

  #freeMedium(large: number, index: number): void {
    const bits = this.#mediumUsed[large] as number;
    assert((bits & (1 << index)) !== 0, "the medium page was in use");
    const medium = large * 16 + index;
    const isWhole = this.#small.used[medium] === 0 && this.#tiny.used[medium] === 0;
    assert(isWhole, "the medium page was not split");
    this.#mediumUsed[large] = bits & ~(1 << index);
  }

  #freeSplit(split: SplitPages, large: number, offset: number): void {
    const { free, used } = split;
    const medium = Math.floor(offset / MEDIUM_PAGE_BYTES);
    const bit = 1 << ((offset % MEDIUM_PAGE_BYTES) / split.sizeBytes);
    const bits = used[medium] as number;
    assert((bits & bit) !== 0, "the page was in use");
    const now = (bits & ~bit) >>> 0;
    used[medium] = now;
    const mediumBit = 1 << (medium & 15);
    if (now === 0) {
      free[large] = (free[large] as number) & ~mediumBit;
      this.#mediumUsed[large] = (this.#mediumUsed[large] as number) & ~mediumBit;
    } else {
      free[large] = (free[large] as number) | mediumBit;
    }
  }
}

/** Index of the lowest 0 bit of a number that has one among its 32. */
function lowestZeroBit(bits: number): number {
  const inverted = ~bits;
  return 31 - Math.clz32(inverted & -inverted);
}
