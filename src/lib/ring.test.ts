import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssertionError } from "./assert.ts";
import { NumberRing, Ring } from "./ring.ts";

const steps = fc.array(fc.oneof({ weight: 3, arbitrary: fc.nat(1000) }, fc.constant("shift")), {
  maxLength: 300,
});

describe("Ring", () => {
  test("behaves like an array used as a queue", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), (list, capacity) => {
        const ring = new Ring<number>(capacity);
        const numbers = new NumberRing(capacity);
        const model: number[] = [];
        for (const step of list) {
          if (typeof step === "number") {
            ring.push(step);
            numbers.push(step);
            model.push(step);
          } else {
            if (model.length > 0) expect(numbers.shift()).toBe(model[0]);
            expect(ring.shift()).toBe(model.shift());
          }
          expect(ring.length).toBe(model.length);
          expect(numbers.length).toBe(model.length);
          expect(ring.peek()).toBe(model[0]);
        }
        expect([...ring]).toEqual(model);
        for (let i = 0; i < model.length; i++) expect(numbers.at(i)).toBe(model[i]);
        expect(ring.at(model.length)).toBeUndefined();
        expect(ring.at(-1)).toBeUndefined();
      }),
    );
  });

  test("pop takes the newest, clear empties", () => {
    const ring = new Ring<string>(2);
    for (const item of ["a", "b", "c"]) ring.push(item);
    ring.shift();
    expect(ring.pop()).toBe("c");
    expect(ring.pop()).toBe("b");
    expect(ring.pop()).toBeUndefined();
    ring.push("d");
    ring.clear();
    expect(ring.shift()).toBeUndefined();
  });
});

describe("NumberRing", () => {
  test("set overwrites in place, and reading past the ends is a broken invariant", () => {
    const ring = new NumberRing(1);
    expect(() => ring.shift()).toThrow(AssertionError);
    expect(() => ring.peek()).toThrow(AssertionError);
    ring.push(1);
    ring.push(2);
    ring.set(1, 7);
    expect(ring.at(1)).toBe(7);
    expect(() => ring.at(2)).toThrow(AssertionError);
    expect(() => ring.set(-1, 0)).toThrow(AssertionError);
    ring.clear();
    expect(ring.length).toBe(0);
  });
});
