import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Arena, type CopyMethod } from "./arena.ts";
import { arenaModule } from "./arena-module.ts";

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

  test("copies a row as its pieces one behind the other", () => {
    const stride = fc.nat(200);
    fc.assert(
      fc.property(stride, stride, fc.nat(300), fc.integer({ min: 1, max: 70 }), (...row) => {
        const [toStride, fromStride, length, count] = row;
        for (let i = 0; i < SIZE_BYTES; i++) arena.u8[i] = (i * 37) ^ (i >> 3);
        const model = arena.u8.slice();
        const [to, from] = [70_000, 100];
        for (let i = 0; i < count; i++) {
          const start = from + i * fromStride;
          model.copyWithin(to + i * toStride, start, start + length);
        }
        arena.copyRow(to, toStride, from, fromStride, length, count);
        expect(Buffer.compare(arena.u8, model)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  test("counts pieces that begin alike", () => {
    const at = 1_000;
    const lengths = fc.integer({ min: 8, max: 100 });
    fc.assert(
      fc.property(lengths, fc.nat(50), fc.nat(70), fc.nat(70), fc.nat(99), (...row) => {
        const [length, gap, max, alike, wrongAt] = row;
        const stride = length + gap;
        for (let i = 0; i < 100 * stride; i++) arena.u8[at + i] = i * 7;
        for (let i = 0; i <= alike; i++) {
          for (let offset = 0; offset < length; offset++) {
            arena.u8[at + i * stride + offset] = offset;
          }
        }
        const next = at + (alike + 1) * stride;
        arena.u8.copyWithin(next, at, at + length);
        const place = wrongAt % length;
        arena.u8[next + place] = arena.u8[at + place]! ^ 0x80;
        expect(arena.countAlike(at, stride, length, max)).toBe(Math.min(max, alike));
      }),
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
  const module = new WebAssembly.Module(arenaModule(1, false));
  const { exports } = new WebAssembly.Instance(module, { arena: { memory } });
  const bytes = new Uint8Array(memory.buffer);
  bytes.set([1, 2, 3, 4]);
  (exports.copy as Arena["copy"])(1, 0, 3);
  expect([...bytes.subarray(0, 5)]).toEqual([1, 1, 2, 3, 0]);
});
