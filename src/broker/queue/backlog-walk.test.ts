import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Sequence } from "../numbers.ts";
import type { Browser } from "./backlog-walk.ts";
import {
  consumerOf,
  createFixture,
  definitionOf,
  NotingTarget,
  noteOf,
  settingsOf,
} from "./fixture.ts";
import { type Delivery, Outcome, type Queue } from "./queue.ts";
import { createQueue } from "./work-queue.ts";

interface Seen {
  readonly body: string;
  readonly isReady: boolean;
  readonly redelivered: boolean;
}

function setUp(values = {}) {
  const fixture = createFixture();
  const queue = createQueue(fixture.context, definitionOf(), settingsOf(values));
  return { ...fixture, queue };
}

/** Everything a walk sees, in pieces of at most `atOnce`. */
function walk({ queue, memory, clock }: ReturnType<typeof setUp>, atOnce = Infinity): Seen[] {
  const seen: Seen[] = [];
  let from: Sequence | undefined;
  do {
    let count = 0;
    let next: Sequence | undefined | "walking" = "walking";
    const browser: Browser = {
      onMessage(delivery: Delivery, isReady) {
        const { body } = noteOf(memory, undefined as never, delivery);
        seen.push({ body, isReady, redelivered: delivery.redelivered });
        return ++count < atOnce;
      },
      onEnd: (where) => {
        next = where;
      },
    };
    queue.browse(browser, from);
    for (let i = 0; i < 100 && next === "walking"; i++) clock.runTurns();
    if (next === "walking") throw new Error("the walk does not end");
    from = next as Sequence | undefined;
  } while (from !== undefined);
  return seen;
}

const plain = (body: string): Seen => ({ body, isReady: true, redelivered: false });

describe("a walk over a queue", () => {
  it("shows what is ready, what is out and what came back, and changes nothing", () => {
    const world = setUp();
    const { queue, publication, clock, memory } = world;
    for (const body of ["a", "b", "c", "d"]) queue.publish(publication(body));
    const target = new NotingTarget(memory);
    queue.consume(consumerOf(queue, target, { prefetchMax: 3 }));
    clock.runTurns();
    queue.pause();
    const [a, b] = target.notes;
    if (a === undefined || b === undefined) throw new Error("two deliveries expected");
    settle(queue, a, Outcome.accept);
    settle(queue, b, Outcome.requeue);
    const depth = { ...queue.depth };
    expect(walk(world)).toEqual([
      { body: "b", isReady: true, redelivered: true },
      { body: "c", isReady: false, redelivered: false },
      plain("d"),
    ]);
    expect(queue.depth).toEqual(depth);
  });

  it("goes from the highest priority to the lowest, and on where it ended", () => {
    const world = setUp({ maxPriority: 2 });
    for (const [body, priority] of [
      ["a", 0],
      ["b", 2],
      ["c", 1],
      ["d", 2],
    ] as const) {
      world.queue.publish(world.publication(body, { priority }));
    }
    const expected = ["b", "d", "c", "a"].map(plain);
    expect(walk(world)).toEqual(expected);
    expect(walk(world, 1)).toEqual(expected);
  });

  it("sees exactly what is live, whatever was published, settled and given back", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("publish" as const), count: fc.integer({ min: 1, max: 40 }) }),
      fc.record({
        do: fc.constantFrom(Outcome.accept, Outcome.requeue),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 25 }),
        fc.integer({ min: 1, max: 30 }),
        (steps, atOnce) => {
          const world = setUp();
          const { queue, publication, clock, memory } = world;
          const target = new NotingTarget(memory);
          queue.consume(consumerOf(queue, target, { prefetchMax: 20 }));
          const live: number[] = [];
          let published = 0;
          for (const action of steps) {
            if (action.do === "publish") {
              for (let i = 0; i < action.count; i++) {
                live.push(++published);
                queue.publish(publication(`${published}`.padEnd(200)));
              }
            } else if (target.notes.length > 0) {
              const index = Math.floor(action.share * (target.notes.length - 1));
              const [note] = target.notes.splice(index, 1);
              if (note === undefined) continue;
              settle(queue, note, action.do);
              if (action.do === Outcome.accept) live.splice(live.indexOf(Number(note.body)), 1);
            }
            clock.runTurns();
          }
          const out = new Set(target.notes.map(({ body }) => Number(body)));
          queue.pause();
          const seen = walk(world, atOnce);
          expect(seen.map(({ body }) => Number(body))).toEqual(live);
          for (const { body, isReady } of seen) expect(isReady).toBe(!out.has(Number(body)));
        },
      ),
      { numRuns: 60 },
    );
  });
});

function settle(queue: Queue, note: NotingTarget["notes"][number], outcome: Outcome): void {
  const { consumer, sequence, location, bytes, deliveryCount } = note;
  queue.settle(consumer, sequence, location, bytes, outcome, deliveryCount);
}
