import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfirmWindow } from "./confirm-window.ts";
import { Histogram } from "./histogram.ts";

describe("ConfirmWindow", () => {
  test("counts every message once, whatever the order and grouping of confirms", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20), fc.nat(1000), fc.boolean()), { maxLength: 100 }),
        (steps) => {
          const window = new ConfirmWindow(50);
          const latency = new Histogram();
          const open = new Set<number>();
          let last = 0;
          for (const [wish, pick, multiple] of steps) {
            const count = Math.min(wish, window.room);
            window.onPublished(count, 1);
            for (let index = 0; index < count; index++) open.add(++last);
            const tags = [...open];
            if (tags.length === 0) continue;
            const tag = tags[pick % tags.length]!;
            const covered = multiple ? tags.filter((each) => each <= tag) : [tag];
            expect(window.settle(tag, multiple, 2, latency)).toBe(covered.length);
            for (const each of covered) open.delete(each);
            expect(window.outstanding).toBe(open.size);
            const oldest = Math.min(...open, last + 1);
            expect(window.room).toBe(50 - (last - oldest + 1));
          }
          expect(latency.count).toBe(last - open.size);
        },
      ),
    );
  });

  test("a tag confirmed twice counts once, and tag 0 with multiple means all", () => {
    const window = new ConfirmWindow(10);
    const latency = new Histogram();
    window.onPublished(4, 0);
    expect(window.settle(2, false, 0, latency)).toBe(1);
    expect(window.settle(2, false, 0, latency)).toBe(0);
    expect(window.settle(0, true, 0, latency)).toBe(3);
    expect(window.room).toBe(10);
  });

  test("a confirm of what was never sent is an error", () => {
    const window = new ConfirmWindow(10);
    expect(() => window.settle(1, false, 0, new Histogram())).toThrow("never sent");
  });
});
