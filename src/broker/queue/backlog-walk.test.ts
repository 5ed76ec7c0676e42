import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Memory } from "../../lib/memory.ts";
import type { Sequence } from "../numbers.ts";
import type { Browser } from "./backlog-walk.ts";
import { createQueue } from "./create-queue.ts";
import { FakePager } from "./fake-pager.ts";
import {
  consumerOf,
  createFixture,
  definitionOf,
  NotingTarget,
  noteOf,
  settingsOf,
} from "./fixture.ts";
import { type Delivery, Outcome, type Queue } from "./queue.ts";
import type { TakenMessage } from "./queue-inspection.ts";

interface Seen {
  readonly taken?: TakenMessage;
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
    queue.inspection.browse(browser, from);
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

  it("does not show what was accepted in one go, whose bodies are given up", () => {
    const world = setUp();
    const { queue, publication, clock, memory, bodies } = world;
    const emptyBytes = memory.pages.usedBytes;
    for (const body of ["a", "b", "c", "d", "e", "f"]) {
      const message = publication(body, { external: body > "b" });
      queue.publish(message);
      if (message.bodyReference >= 0) bodies.release(message.bodyReference, 1);
    }
    const target = new NotingTarget(memory);
    queue.consume(consumerOf(queue, target));
    clock.runTurns();
    const [, b] = target.notes;
    if (b === undefined) throw new Error("deliveries expected");
    expect(bodies.count).toBe(4);
    queue.settle(b.consumer, b.sequence, b.location, 4 * b.bytes, Outcome.accept, 0, 4);
    clock.runTurns();
    expect(walk(world).map(({ isReady }) => isReady)).toEqual([false, false]);
    expect(queue.depth).toMatchObject({ unacknowledged: 2, unacknowledgedBytes: 2 });
    expect(bodies.count).toBe(1);
    for (const at of [0, 5]) settle(queue, target.notes[at]!, Outcome.accept);
    expect(memory.pages.usedBytes).toBe(emptyBytes);
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
      { numRuns: 25 },
    );
  });
});

/** What a walk has shown, with what `takeAway` needs. */
function shown({ queue, clock }: ReturnType<typeof setUp>): TakenMessage[] {
  const all: TakenMessage[] = [];
  let ended = false;
  queue.inspection.browse({
    onMessage({ sequence, location, record }) {
      all.push({ sequence, location, bytes: record.bodySizeBytes, persistent: record.persistent });
      return true;
    },
    onEnd: () => {
      ended = true;
    },
  });
  while (!ended) clock.runTurns();
  return all;
}

describe("a walk that comes to a page on disk", () => {
  function pagedOut() {
    const memory = new Memory({ arenaBytes: 32 * 1_048_576 });
    const pager = new FakePager(memory.arena);
    const fixture = createFixture({ memory, pager });
    const queue = createQueue(fixture.context, definitionOf(), settingsOf());
    for (let i = 0; i < 4_000; i++) queue.publish(fixture.publication(`${i}`.padEnd(300)));
    for (const pages of fixture.context.pageBudget.owners()) pages.sendOutAll();
    pager.answer();
    const seen: string[] = [];
    let ended = false;
    let looks = 0;
    // A walk that asks again and again never lets go of the turn.
    vi.spyOn(fixture.clock, "monotonicMs").mockImplementation(() => {
      if (++looks > 10_000) throw new Error("it does not wait");
      return looks / 100;
    });
    queue.inspection.browse({
      onMessage(delivery) {
        seen.push(noteOf(memory, undefined as never, delivery).body);
        return true;
      },
      onEnd() {
        ended = true;
      },
    });
    return { ...fixture, queue, pager, seen, hasEnded: () => ended };
  }

  it("sleeps until it has been read", () => {
    const { clock, pager, seen, hasEnded } = pagedOut();
    for (let i = 0; i < 100 && !hasEnded(); i++) {
      clock.runTurns();
      pager.answer();
    }
    expect(hasEnded()).toBe(true);
    expect(seen.map(Number)).toEqual(Array.from({ length: 4_000 }, (_, i) => i));
    expect(pager.reads).toBeGreaterThan(3);
  });

  it.each([
    ["lost", 0],
    ["deleted", 1],
    ["purged", 2],
  ])("ends when the page is %s meanwhile", (_what, how) => {
    const { clock, pager, queue, hasEnded } = pagedOut();
    clock.runTurns();
    if (how === 0) for (let handle = 1; handle < 100; handle++) pager.lose(handle);
    else if (how === 1) queue.delete("deleted");
    else queue.purge();
    for (let i = 0; i < 100; i++) {
      clock.runTurns();
      pager.answer();
    }
    expect(hasEnded()).toBe(true);
  });
});

describe("a message taken away", () => {
  it("is gone, and nothing else is, wherever it was", () => {
    const choice = fc.double({ min: 0, max: 0.999, noNaN: true });
    const shares = fc.array(fc.tuple(choice, choice), { maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), shares, (count, steps) => {
        const world = setUp();
        const { queue, publication, clock, memory } = world;
        for (let i = 0; i < count; i++) queue.publish(publication(`${i}`.padEnd(300)));
        const target = new NotingTarget(memory);
        const consumer = consumerOf(queue, target, { prefetchMax: 30 });
        queue.consume(consumer);
        clock.runTurns();
        const live = Array.from({ length: count }, (_, i) => i);
        for (const [back, away] of steps) {
          // One delivery comes back, which the next in turn replaces; one message is taken from anywhere.
          const [note] = target.notes.splice(Math.floor(back * target.notes.length), 1);
          queue.pause();
          if (note !== undefined) settle(queue, note, Outcome.requeue);
          const all = shown(world);
          const index = Math.floor(away * all.length);
          const chosen = all[index];
          if (chosen === undefined) break;
          const isOut = target.notes.some(({ sequence }) => sequence === chosen.sequence);
          expect(queue.inspection.takeAway(chosen)).toBe(!isOut);
          if (!isOut) live.splice(index, 1);
          expect(queue.inspection.takeAway(chosen)).toBe(false);
          expect(queue.depth.ready + queue.depth.unacknowledged).toBe(live.length);
          queue.resume();
          clock.runTurns();
        }
        for (const note of target.notes.splice(0)) settle(queue, note, Outcome.requeue);
        queue.cancel(consumer);
        const drain = new NotingTarget(memory);
        queue.consume(consumerOf(queue, drain, { noAck: true }));
        for (let i = 0; i < 5; i++) clock.runTurns();
        expect(drain.bodies.map(Number).sort((a, b) => a - b)).toEqual(live);
        expect(queue.depth).toMatchObject({ ready: 0, unacknowledged: 0, readyBytes: 0 });
        expect(memory.pages.usedBytes).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});

function settle(queue: Queue, note: NotingTarget["notes"][number], outcome: Outcome): void {
  const { consumer, sequence, location, bytes, deliveryCount } = note;
  queue.settle(consumer, sequence, location, bytes, outcome, deliveryCount);
}
