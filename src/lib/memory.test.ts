import { expect, test } from "vitest";
import { AssertionError } from "./assert.ts";
import { Memory, READ_BYTES, READ_SLACK_BYTES } from "./memory.ts";
import { LARGE_PAGE_BYTES } from "./page-pool.ts";

test.each([16, 32, 256])(
  "an arena of %i MiB is divided without overlap and without rest",
  (mib) => {
    const memory = new Memory({ arenaBytes: mib * LARGE_PAGE_BYTES });
    const pages = memory.pages.allocate(LARGE_PAGE_BYTES);
    const output = memory.output.allocate(LARGE_PAGE_BYTES);
    const regions = [
      { at: 0, lengthBytes: READ_SLACK_BYTES },
      memory.read,
      ...memory.logBuffers,
      { at: output, lengthBytes: memory.output.sizeBytes },
      { at: pages, lengthBytes: memory.pages.sizeBytes },
    ].sort((a, b) => a.at - b.at);
    for (let i = 1; i < regions.length; i++) {
      const before = regions[i - 1];
      if (before !== undefined) {
        expect(regions[i]?.at).toBeGreaterThanOrEqual(before.at + before.lengthBytes);
      }
    }
    expect(memory.read.at).toBe(READ_SLACK_BYTES);
    expect(memory.read.lengthBytes).toBe(READ_BYTES);
    const last = regions.at(-1);
    expect((last?.at ?? 0) + (last?.lengthBytes ?? 0)).toBe(memory.arena.sizeBytes);
    expect(memory.pages.sizeBytes).toBeGreaterThanOrEqual(memory.arena.sizeBytes / 2);
  },
);

test("an arena that is too small or not made of whole pages is a broken invariant", () => {
  expect(() => new Memory({ arenaBytes: 15 * LARGE_PAGE_BYTES })).toThrow(AssertionError);
  expect(() => new Memory({ arenaBytes: 16 * LARGE_PAGE_BYTES + 65_536 })).toThrow(AssertionError);
});
