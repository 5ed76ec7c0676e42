import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Arena, type CopyMethod } from "./arena.ts";
import { copyModule } from "./copy-module.ts";

const SIZE_BYTES = 131_072;

describe.each<CopyMethod>(["wasm", "copyWithin"])("Arena with %s", (copyMethod) => {
  const arena = new Arena({ sizeBytes: SIZE_BYTES, copyMethod });

  test("uses the copy method asked for, and its views see the same bytes", () => {
    expect(arena.copyMethod).toBe(copyMethod);
    arena.view.setUint16(10, 0x4142);
    expect(arena.u8[10]).toBe(0x41);
    expect(arena.buffer.latin1Slice(10, 12)).toBe("AB");
    expect(arena.buffer.utf8Write("ä", 10, 2)).toBe(2);
    expect(arena.view.getUint16(10)).toBe(0xc3a4);
  });

  test("copies few bytes like copyWithin at any distance", () => {
    const bytes = Uint8Array.from({ length: 600 }, (_, index) => (index * 37) ^ (index >> 3));
    for (let length = 0; length <= 140; length++) {
      for (const [to, from] of [
        [0, 300],
        [300, 0],
        [200, 201],
        [201, 200],
        [210, 200],
        [200, 217],
        [240, 200],
      ]) {
        arena.u8.set(bytes);
        const model = bytes.slice().copyWithin(to!, from!, from! + length);
        arena.copy(to!, from!, length);
        expect(
          Buffer.compare(arena.u8.subarray(0, 600), model),
          `${length} from ${from} to ${to}`,
        ).toBe(0);
      }
    }
  });

  test("copies like copyWithin, overlapping or not", () => {
    const place = fc.nat(SIZE_BYTES - 1);
    fc.assert(
      fc.property(place, place, fc.nat(5000), fc.nat(), (to, from, wanted, seed) => {
        const length = Math.min(wanted, SIZE_BYTES - to, SIZE_BYTES - from);
        for (let i = 0; i < length; i++) arena.u8[from + i] = seed + i;
        const model = arena.u8.slice().copyWithin(to, from, from + length);
        arena.copy(to, from, length);
        expect(Buffer.compare(arena.u8, model)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

test("the size is a positive multiple of 64 KiB", () => {
  for (const sizeBytes of [0, -65_536, 1000, 65_537]) {
    expect(() => new Arena({ sizeBytes })).toThrow(RangeError);
  }
});

test("where there is no SIMD, the module without it copies", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const module = new WebAssembly.Module(copyModule(1, false));
  const { exports } = new WebAssembly.Instance(module, { arena: { memory } });
  const bytes = new Uint8Array(memory.buffer);
  bytes.set([1, 2, 3, 4]);
  (exports.copy as Arena["copy"])(1, 0, 3);
  expect([...bytes.subarray(0, 5)]).toEqual([1, 1, 2, 3, 0]);
});
