import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../env/fake-clock.ts";
import { Memory } from "../../lib/memory.ts";
import { atOnce } from "../../lib/slices.ts";
import { TimerWheel } from "../../lib/timer-wheel.ts";
import type { PageHandle, PageOwner, Pager } from "../ports.ts";
import { PagedBodies } from "./paged-bodies.ts";

const MIB = 1_048_576;

/** Keeps pages in a map and answers a millisecond later. */
class SlowPager implements Pager {
  readonly capacityBytes = 1e12;
  readonly pages = new Map<PageHandle, Uint8Array>();
  readonly #clock: FakeClock;
  readonly #memory: Memory;
  #last = 0;
  damaged: PageHandle | undefined = undefined;
  refuseWrites = false;

  constructor(clock: FakeClock, memory: Memory) {
    this.#clock = clock;
    this.#memory = memory;
  }
  write(owner: PageOwner, token: number, _queue: number, at: number, lengthBytes: number): void {
    const handle = ++this.#last;
    this.#clock.setTimer(1, () => {
      if (this.refuseWrites) return owner.onPageFailed(token, "disk full");
      this.pages.set(handle, this.#memory.arena.u8.slice(at, at + lengthBytes));
      owner.onPageWritten(token, handle);
    });
  }
  read(owner: PageOwner, token: number, page: PageHandle, at: number, lengthBytes: number): void {
    this.#clock.setTimer(1, () => {
      this.#memory.arena.u8.set((this.pages.get(page) as Uint8Array).subarray(0, lengthBytes), at);
      if (page === this.damaged) owner.onPageDamaged(token, 0, 8);
      owner.onPageRead(token);
    });
  }
  release(page: PageHandle): void {
    if (!this.pages.delete(page)) throw new Error("released twice");
  }
}

let clock: FakeClock;
let memory: Memory;
let pager: SlowPager;
let bodies: PagedBodies;
let parts: { reference: number; offset: number; length: number }[];
let position: number;
let shortCount: number;

beforeEach(() => {
  shortCount = 0;
  clock = new FakeClock();
  memory = new Memory({ arenaBytes: 64 * MIB, copyMethod: "copyWithin" });
  pager = new SlowPager(clock, memory);
  parts = [];
  position = 0;
  bodies = new PagedBodies({
    memory,
    pager,
    timers: new TimerWheel(clock),
    onMemoryShort: () => void shortCount++,
    journal: {
      get position() {
        return position;
      },
      part(reference, _size, offset, _at, length) {
        parts.push({ reference, offset, length });
        position += length;
      },
    },
  });
});

/** Feeds a body of `sizeBytes` in frames; byte i is (i * 7 + seed) & 255. */
function arrive(sizeBytes: number, seed: number, persistent = true): number {
  const reference = bodies.begin(sizeBytes, persistent);
  for (let offset = 0; offset < sizeBytes; ) offset += feed(reference, offset, sizeBytes, seed);
  return reference;
}

function feed(reference: number, offset: number, sizeBytes: number, seed: number): number {
  const length = Math.min(131_064, sizeBytes - offset);
  const at = memory.read.at;
  for (let i = 0; i < length; i++) memory.arena.u8[at + i] = (offset + i) * 7 + seed;
  expect(bodies.append(reference, at, length)).toBe(true);
  clock.runFor(1);
  return length;
}

function check(reference: number, sizeBytes: number, seed: number): void {
  for (let offset = 0; offset < sizeBytes; ) {
    let chunk = bodies.chunk(reference, offset);
    if (chunk === undefined) {
      let loaded = false;
      bodies.whenLoaded(reference, offset, () => {
        loaded = true;
      });
      clock.runUntil(() => loaded);
      chunk = bodies.chunk(reference, offset);
    }
    if (chunk === undefined) throw new Error("loaded, yet not there");
    for (let i = 0; i < chunk.lengthBytes; i += 997) {
      expect(memory.arena.u8[chunk.at + i]).toBe(((offset + i) * 7 + seed) & 255);
    }
    offset += chunk.lengthBytes;
  }
}

describe("PagedBodies", () => {
  it("keeps more bodies than memory, and gives every byte back", () => {
    const sizes = [70_000, 3 * MIB, 40 * MIB, 130_000, 65_537, 30 * MIB, 600_000];
    const references = sizes.map((size, i) => arrive(size, i));
    clock.runFor(100);
    expect(memory.pages.usedBytes).toBeLessThan(12 * MIB);
    for (const [i, reference] of references.entries()) check(reference, sizes[i] as number, i);
    for (const reference of references) bodies.release(reference, 1);
    clock.runFor(100);
    expect(memory.pages.usedBytes).toBe(0);
    expect(pager.pages.size).toBe(0);
    expect(bodies.count).toBe(0);
  });

  it("logs bodies of persistent messages as they arrive, and no others", () => {
    const logged = arrive(300_000, 1);
    arrive(300_000, 2, false);
    expect(parts.every((x) => x.reference === logged)).toBe(true);
    expect(parts.map((x) => x.offset)).toEqual([0, 131_064, 262_128]);
    expect(parts.reduce((sum, x) => sum + x.length, 0)).toBe(300_000);
  });

  it("needs the log until its pages are written, and tells checkpoints where they are", () => {
    const first = arrive(300_000, 1);
    const firstEnd = position;
    const second = bodies.begin(2 * MIB, true);
    feed(second, 0, 2 * MIB, 2);
    expect(bodies.lowestLogPosition).toBe(0);
    atOnce(bodies.writeOutBefore(firstEnd));
    clock.runFor(10);
    expect(bodies.lowestLogPosition).toBe(firstEnd);
    const facts = [...bodies.facts()];
    expect(facts.map((x) => [x.reference, x.sizeBytes])).toEqual([[first, 300_000]]);
    expect(facts[0]?.pages.reduce((sum, x) => sum + x.lengthBytes, 0)).toBe(300_000);
    atOnce(bodies.writeOutBefore(position));
    clock.runFor(10);
    expect(bodies.lowestLogPosition).toBe(Number.POSITIVE_INFINITY);
    for (let offset = 131_064; offset < 2 * MIB; ) offset += feed(second, offset, 2 * MIB, 2);
    check(second, 2 * MIB, 2);
  });

  it("begins many writes in slices, and leaves out what goes meanwhile", () => {
    const all = Array.from({ length: 600 }, (_, i) => arrive(1_000, i));
    const writing = bodies.writeOutBefore(position);
    let slices = 1;
    while (writing.next().done !== true) {
      slices++;
      const last = all.pop();
      if (last !== undefined) bodies.release(last, 1);
    }
    expect(slices).toBe(3);
    clock.runFor(10);
    expect(bodies.lowestLogPosition).toBe(Number.POSITIVE_INFINITY);
    expect([...bodies.facts()]).toHaveLength(all.length);
  });

  it("comes back from a checkpoint and the log behind it", () => {
    const kept = arrive(2 * MIB, 5);
    atOnce(bodies.writeOutBefore(position));
    clock.runFor(10);
    const facts = [...bodies.facts()];
    const again = new PagedBodies({
      memory,
      pager,
      timers: new TimerWheel(clock),
      journal: { position: 0, part() {} },
    });
    for (const body of facts) again.restore(body);
    const garbage = 77;
    again.restorePart(garbage, 100, 0, memory.read.at, 100, 5);
    // The log tells of bytes the checkpoint knows already, and of more.
    again.restorePart(kept, 2 * MIB, MIB, memory.read.at, 1_000, 5);
    again.restoreReference(kept);
    again.restored();
    expect(again.count).toBe(1);
    expect(again.lastReference).toBe(garbage);
    expect(again.isLost(kept)).toBe(false);
    bodies = again;
    check(kept, 2 * MIB, 5);
  });

  it("knows bodies that are lost", () => {
    bodies.restoreReference(9);
    bodies.restoreReference(10);
    bodies.restoreReference(11);
    bodies.restorePart(10, 200, 100, memory.read.at, 100, 5);
    // The message may be heard of before its body.
    bodies.restorePart(11, 100, 0, memory.read.at, 100, 5);
    bodies.restored();
    expect([9, 10, 11, 12].map((x) => bodies.isLost(x))).toEqual([true, true, false, true]);
    const damaged = arrive(20 * MIB, 1);
    clock.runFor(10);
    pager.damaged = 1;
    for (let offset = 0; offset < 20 * MIB; offset += MIB) {
      bodies.whenLoaded(damaged, offset, () => {});
      clock.runFor(5);
    }
    expect(bodies.isLost(damaged)).toBe(true);
  });

  it("waits when the disk takes nothing, and goes on when it does", () => {
    pager.refuseWrites = true;
    const reference = arrive(20 * MIB, 3);
    clock.runFor(1_000);
    expect(memory.pages.usedBytes).toBeGreaterThanOrEqual(20 * MIB);
    pager.refuseWrites = false;
    clock.runFor(1_000);
    expect(memory.pages.usedBytes).toBeLessThan(10 * MIB);
    check(reference, 20 * MIB, 3);
  });

  it("asks others for memory when there is none to read into", () => {
    const reference = arrive(40 * MIB, 3);
    clock.runFor(100);
    let offset = 0;
    while (bodies.chunk(reference, offset) !== undefined) offset += MIB;
    const held: number[] = [];
    for (;;) {
      const at = memory.pages.allocate(4_096);
      if (at < 0) break;
      held.push(at);
    }
    let isLoaded = false;
    bodies.whenLoaded(reference, offset, () => {
      isLoaded = true;
    });
    expect(shortCount).toBe(1);
    clock.runFor(1_000);
    expect(isLoaded).toBe(false);
    expect(shortCount).toBeGreaterThan(2);
    for (const at of held) memory.pages.free(at, 4_096);
    clock.runFor(1_000);
    expect(isLoaded).toBe(true);
  });

  it("forgets a body that is on its way to the disk", () => {
    const reference = arrive(20 * MIB, 3);
    bodies.release(reference, 1);
    clock.runFor(100);
    expect(memory.pages.usedBytes).toBe(0);
    expect(pager.pages.size).toBe(0);
  });
});
