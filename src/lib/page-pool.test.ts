import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssertionError } from "./assert.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  NO_PAGE,
  PagePool,
  type PageSizeBytes,
  SMALL_PAGE_BYTES,
  TINY_PAGE_BYTES,
} from "./page-pool.ts";

const FROM = 3 * LARGE_PAGE_BYTES;
const sizes = [TINY_PAGE_BYTES, SMALL_PAGE_BYTES, MEDIUM_PAGE_BYTES, LARGE_PAGE_BYTES] as const;

/** Per tiny page: the size of the page it is in use by, or 0. */
class Model {
  readonly used: Uint32Array;
  constructor(sizeBytes: number) {
    this.used = new Uint32Array(sizeBytes / TINY_PAGE_BYTES);
  }
  mark(page: number, size: number, inUse: boolean): void {
    const from = (page - FROM) / TINY_PAGE_BYTES;
    for (let i = from; i < from + size / TINY_PAGE_BYTES; i++) {
      expect(this.used[i]).toBe(inUse ? 0 : size);
      this.used[i] = inUse ? size : 0;
    }
  }
  /** The size fits somewhere, aligned; a medium page is never split into pages of two sizes. */
  fits(size: number): boolean {
    const count = size / TINY_PAGE_BYTES;
    for (let i = 0; i < this.used.length; i += count) {
      if (this.used.subarray(i, i + count).some((by) => by !== 0)) continue;
      const medium = i - (i % IN_MEDIUM);
      const others = this.used.subarray(medium, medium + IN_MEDIUM);
      if (size >= MEDIUM_PAGE_BYTES || others.every((by) => by === 0 || by === size)) return true;
    }
    return false;
  }
}

const IN_MEDIUM = MEDIUM_PAGE_BYTES / TINY_PAGE_BYTES;

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...sizes).map((size) => ({ kind: "take", size })) },
    { weight: 2, arbitrary: fc.nat().map((index) => ({ kind: "free", size: index })) },
  ),
  { maxLength: 400 },
);

describe("PagePool", () => {
  test("pages never overlap, are aligned, and are refused only when there is no room", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const pool = new PagePool(FROM, 2 * LARGE_PAGE_BYTES);
        const model = new Model(pool.sizeBytes);
        const taken: { page: number; size: PageSizeBytes }[] = [];
        let used = 0;
        for (const step of list) {
          if (step.kind === "take") {
            const size = step.size as PageSizeBytes;
            const page = pool.allocate(size);
            if (page === NO_PAGE) {
              expect(model.fits(size)).toBe(false);
              continue;
            }
            expect((page - FROM) % size).toBe(0);
            model.mark(page, size, true);
            taken.push({ page, size });
            used += size;
          } else if (taken.length > 0) {
            const [entry] = taken.splice(step.size % taken.length, 1);
            if (entry === undefined) continue;
            pool.free(entry.page, entry.size);
            model.mark(entry.page, entry.size, false);
            used -= entry.size;
          }
          expect(pool.usedBytes).toBe(used);
          expect(pool.freeBytes).toBe(pool.sizeBytes - used);
        }
        for (const entry of taken) pool.free(entry.page, entry.size);
        expect(pool.allocate(LARGE_PAGE_BYTES)).toBe(FROM);
        expect(pool.allocate(LARGE_PAGE_BYTES)).toBe(FROM + LARGE_PAGE_BYTES);
      }),
      { numRuns: 100 },
    );
  });

  test("the lowest free address comes first, and the peak is remembered", () => {
    const pool = new PagePool(FROM, 2 * LARGE_PAGE_BYTES);
    const pages = [0, 1, 2, 3].map(() => pool.allocate(SMALL_PAGE_BYTES));
    expect(pages).toEqual([0, 1, 2, 3].map((i) => FROM + i * SMALL_PAGE_BYTES));
    pool.free(FROM + SMALL_PAGE_BYTES, SMALL_PAGE_BYTES);
    expect(pool.allocate(SMALL_PAGE_BYTES)).toBe(FROM + SMALL_PAGE_BYTES);
    expect(pool.allocate(MEDIUM_PAGE_BYTES)).toBe(FROM + MEDIUM_PAGE_BYTES);
    for (const page of pages) pool.free(page, SMALL_PAGE_BYTES);
    expect(pool.peakBytes).toBe(4 * SMALL_PAGE_BYTES + MEDIUM_PAGE_BYTES);
    expect(pool.usedBytes).toBe(MEDIUM_PAGE_BYTES);
  });

  test("a page freed twice, with another size or of another pool is a broken invariant", () => {
    const pool = new PagePool(FROM, LARGE_PAGE_BYTES);
    const page = pool.allocate(SMALL_PAGE_BYTES);
    expect(() => pool.free(page, MEDIUM_PAGE_BYTES)).toThrow(AssertionError);
    expect(() => pool.free(page, LARGE_PAGE_BYTES)).toThrow(AssertionError);
    pool.free(page, SMALL_PAGE_BYTES);
    expect(() => pool.free(page, SMALL_PAGE_BYTES)).toThrow(AssertionError);
    expect(() => pool.free(0, SMALL_PAGE_BYTES)).toThrow(AssertionError);
    expect(() => pool.free(FROM + 1, SMALL_PAGE_BYTES)).toThrow(AssertionError);
  });
});
