import fc from "fast-check";
import { expect, test } from "vitest";
import { EntryKind } from "../broker/ports.ts";
import { Arena } from "../lib/arena.ts";
import { Memory } from "../lib/memory.ts";
import { forEachEntry, positionBehind, readBlock } from "./block.ts";
import { type Batch, LogBuffers } from "./log-buffers.ts";

const ARENA_BYTES = 16 * 1_048_576;
const arena = new Arena({ sizeBytes: ARENA_BYTES });
const id = { low: 1, high: 2 };

/** Entries of a batch, once each, and the positions of those that lie in it twice. */
function contentOf(batch: Batch): { readonly entries: number[]; readonly copied: Set<number> } {
  const entries: number[] = [];
  const copied = new Set<number>();
  const end = batch.at + batch.usedBytes;
  let position = batch.firstPosition;
  for (let at = batch.at; at < end; ) {
    const block = readBlock(arena.u8, arena.view, id, at, end);
    if (block === undefined || block === "short") throw new Error(`no block at ${at - batch.at}`);
    forEachEntry(arena.view, at, block, (_kind, _at, _length, entryPosition) => {
      if (block.isCopy) copied.add(entryPosition);
      else entries.push(entryPosition);
    });
    if (!block.isCopy) expect(block.position).toBe(position);
    position = positionBehind(block);
    at += block.lengthBytes;
    expect(block.isLast).toBe(at === end);
  }
  return { entries, copied };
}

test("entries of any kind and length fit, in order; definitions of up to 60 KB lie there twice", () => {
  const entry = fc.record({
    isDefinition: fc.boolean(),
    lengthBytes: fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 0, max: 70_000 }),
      fc.integer({ min: 400_000, max: 983_040 }),
    ),
  });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 60 }), (list) => {
      const memory = new Memory({ arenaBytes: ARENA_BYTES, arena });
      const buffers = new LogBuffers(memory, id);
      buffers.begin({ position: 0, batch: 0, crcBefore: 0 });
      const appended: number[] = [];
      const mustBeCopied: number[] = [];
      const found: number[] = [];
      const copied = new Set<number>();
      const drain = () => {
        for (let batch = buffers.take(); batch !== undefined; batch = buffers.take()) {
          const content = contentOf(batch);
          found.push(...content.entries);
          for (const position of content.copied) copied.add(position);
          buffers.written(batch);
        }
      };
      for (const { isDefinition, lengthBytes } of list) {
        const isCopied = isDefinition && lengthBytes <= 60_000;
        if (isCopied) mustBeCopied.push(buffers.position);
        appended.push(buffers.position);
        buffers.append(isDefinition ? EntryKind.definition : EntryKind.part, lengthBytes);
        if (buffers.waitingBytes > 1_500_000) drain();
      }
      drain();
      expect(found).toEqual(appended);
      for (const position of mustBeCopied) expect(copied.has(position)).toBe(true);
    }),
    { numRuns: 60 },
  );
});
