// A stream on a manual clock, with a pager that takes its time: who is given what, and what goes.

import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Memory } from "../../lib/memory.ts";
import { Gates } from "../flow/gates.ts";
import { Turn } from "../flow/turn.ts";
import type { FieldValue } from "../message/field-table.ts";
import { longString } from "../message/field-table.ts";
import type { Consumer, ConsumerOptions } from "../queue/consumer.ts";
import { FakePager } from "../queue/fake-pager.ts";
import {
  consumerOf,
  createFixture,
  definitionOf,
  type Fixture,
  NotingTarget,
  settingsOf,
} from "../queue/fixture.ts";
import { Enqueued, Outcome, type QueueDefinition } from "../queue/queue.ts";
import { queueTypes } from "../queue/types.ts";
import type { QueueSettings } from "../settings/queue-settings.ts";
import { StreamPageCache } from "./page-cache.ts";
import { StreamQueue } from "./stream-queue.ts";

const definition = definitionOf({
  name: "s",
  durable: true,
  type: queueTypes.stream as QueueDefinition["type"],
});

let fixture: Fixture;
let memory: Memory;
let pager: FakePager;
let cache: StreamPageCache;
let stream: StreamQueue;

function begin(values: Partial<QueueSettings> = {}): void {
  memory = new Memory({ arenaBytes: 32 * 1_048_576 });
  pager = new FakePager(memory.arena);
  const base = createFixture({ memory, pager });
  const turn = new Turn(base.clock);
  const gates = new Gates(turn);
  cache = new StreamPageCache(memory.pages, turn, base.context.timers);
  const context = { ...base.context, turn, gates, streamPages: cache };
  turn.hooks = {
    commitLog: () => void gates.endTurn(base.journal.position),
    releaseGates: () => gates.release(base.journal.position),
  };
  fixture = { ...base, turn, context };
  stream = new StreamQueue(context, definition, settingsOf(values));
}

function publish(body: string): void {
  expect(stream.publish(fixture.publication(body))).toBe(Enqueued.accepted);
}

function publishMany(count: number, sizeBytes: number): void {
  const from = stream.lastSequence;
  for (let i = 0; i < count; i++) publish(`${from + i} `.padEnd(sizeBytes, "x"));
}

/** Runs turns until neither the loop nor the disk has anything to do. */
function settleDown(): void {
  for (let i = 0; i < 1_000; i++) {
    fixture.clock.runTurns();
    if (pager.pendingCount === 0) return;
    pager.answer();
  }
  throw new Error("it never comes to rest");
}

interface Reading {
  readonly target: NotingTarget;
  readonly consumer: Consumer;
}

function read(
  consumerArguments: Record<string, FieldValue> = {},
  changes: Partial<ConsumerOptions> = {},
): Reading {
  const target = new NotingTarget(memory);
  const consumer = consumerOf(stream, target, {
    prefetchMax: 100_000,
    ...changes,
    arguments: new Map(Object.entries(consumerArguments)),
  });
  stream.consume(consumer);
  return { target, consumer };
}

const offsets = ({ target }: Reading) => target.notes.map(({ sequence }) => sequence - 1);
const from = (offset: number | string): Record<string, FieldValue> => ({
  "x-stream-offset":
    typeof offset === "string" ? longString(offset) : { type: "l", value: BigInt(offset) },
});

function settle({ consumer, target }: Reading, count: number, outcome: Outcome): void {
  for (const { sequence, location, bytes } of target.notes.splice(0, count)) {
    stream.settle(consumer, sequence, location, bytes, outcome);
  }
}

/** What is in memory and can leave goes. */
function forgetPages(): void {
  for (const owner of cache.owners()) owner.sendOutAll();
  settleDown();
  for (const owner of cache.owners()) owner.sendOutAll();
  settleDown();
}

beforeEach(() => begin());

it("is looked through without holding the turn while a page comes from disk", () => {
  publishMany(4_000, 300);
  settleDown();
  forgetPages();
  let looks = 0;
  vi.spyOn(fixture.clock, "monotonicMs").mockImplementation(() => {
    if (++looks > 10_000) throw new Error("it does not wait");
    return looks / 100;
  });
  const seen: number[] = [];
  let ended = false;
  stream.inspection.browse({
    onMessage: ({ sequence }) => seen.push(sequence) > 0,
    onEnd: () => {
      ended = true;
    },
  });
  settleDown();
  expect(ended).toBe(true);
  expect(seen).toHaveLength(4_000);
});

describe("where a reader begins", () => {
  it("first, last, next, at an offset, at one that is still to come", () => {
    for (const body of ["a", "b", "c"]) publish(body);
    settleDown();
    const readings = ["first", "last", "next", 1, 4].map((offset) => read(from(offset)));
    const implicit = read();
    settleDown();
    for (const body of ["d", "e"]) publish(body);
    settleDown();
    expect(readings.map(offsets)).toEqual([[0, 1, 2, 3, 4], [2, 3, 4], [3, 4], [1, 2, 3, 4], [4]]);
    expect(offsets(implicit)).toEqual([3, 4]);
  });

  it("at the first message of a time or an age", () => {
    publish("old");
    fixture.clock.advance(3_600_000);
    const seconds = BigInt(Math.floor(fixture.clock.wallMs / 1_000));
    publish("new");
    settleDown();
    const byTime = read({ "x-stream-offset": { type: "T", value: seconds } });
    const byAge = read(from("30m"));
    const byLongAge = read(from("2h"));
    settleDown();
    expect(byTime.target.bodies).toEqual(["new"]);
    expect(byAge.target.bodies).toEqual(["new"]);
    expect(byLongAge.target.bodies).toEqual(["old", "new"]);
  });

  it("behind what is tracked under its name", () => {
    for (const body of ["a", "b", "c", "d"]) publish(body);
    settleDown();
    const name = { "x-stream-consumer-name": longString("app") };
    const one = read({ ...from("first"), ...name });
    settleDown();
    // The second one is left open: the third one counts only behind it.
    const [a, b, c] = one.target.notes;
    for (const note of [a, c]) {
      stream.settle(one.consumer, note?.sequence ?? 0, 0, 1, Outcome.accept);
    }
    expect(stream.stream.query(0, "app")).toBe(0);
    stream.settle(one.consumer, b?.sequence ?? 0, 0, 1, Outcome.accept);
    expect(stream.stream.query(0, "app")).toBe(2);
    fixture.clock.runTurns();
    expect(fixture.journal.tracked).toEqual([{ kind: 0, name: "app", value: 2 }]);
    stream.cancel(one.consumer);
    const again = read(name);
    settleDown();
    expect(again.target.bodies).toEqual(["d"]);
  });
});

describe("reading", () => {
  it("waits for credit and gives every reader everything", () => {
    publishMany(50, 10);
    const slow = read(from("first"), { prefetchMax: 10 });
    const fast = read(from("first"));
    settleDown();
    expect(offsets(slow)).toHaveLength(10);
    expect(offsets(fast)).toHaveLength(50);
    settle(slow, 5, Outcome.requeue);
    settleDown();
    expect(offsets(slow).at(-1)).toBe(14);
    expect(stream.depth.ready).toBe(50);
  });

  it("sees nothing before the log has it", () => {
    let durable = 0;
    fixture.turn.hooks = {
      commitLog() {},
      releaseGates: () => (fixture.context.gates as Gates).release(durable),
    };
    const reading = read(from("first"));
    fixture.journal.position = 100;
    publish("a");
    settleDown();
    expect(reading.target.bodies).toEqual([]);
    expect(stream.stream.committedOffset).toBeUndefined();
    durable = 100;
    fixture.turn.schedule();
    settleDown();
    expect(reading.target.bodies).toEqual(["a"]);
    expect(stream.stream.committedOffset).toBe(0);
  });

  it("sees nothing of a transaction before its last entry, whatever others log before that", () => {
    const gates = fixture.context.gates as Gates;
    const { journal } = fixture;
    let durable = 0;
    fixture.turn.hooks = {
      commitLog: () => void gates.endTurn(journal.position),
      releaseGates: () => gates.release(durable),
    };
    const reading = read(from("first"));
    journal.position = 100;
    journal.isInTransaction = true;
    publish("a");
    fixture.turn.appendGathered();
    journal.isInTransaction = false;
    journal.position = 300;
    durable = 299;
    settleDown();
    expect(reading.target.bodies).toEqual([]);
    durable = 300;
    fixture.turn.schedule();
    settleDown();
    expect(reading.target.bodies).toEqual(["a"]);
  });

  it("reads a page once for all readers that want it", () => {
    publishMany(4_000, 1_000);
    settleDown();
    forgetPages();
    const before = pager.reads;
    const readings = Array.from({ length: 20 }, () => read(from("first")));
    settleDown();
    for (const reading of readings) expect(offsets(reading)).toHaveLength(4_000);
    expect(pager.reads - before).toBe([...cache.owners()][0]?.count);
  });

  it("passes over a page that is lost, and goes on behind it", () => {
    publishMany(300, 1_000);
    settleDown();
    forgetPages();
    pager.lose(2);
    const reading = read(from("first"));
    settleDown();
    const got = offsets(reading);
    expect(got.length).toBeLessThan(300);
    expect(got.length + stream.counters.lost).toBe(300);
    expect(got.at(-1)).toBe(299);
  });

  it("lets one reader of a name have it all, and the next one take over", () => {
    const group = {
      "x-single-active-consumer": { type: "t", value: true } as const,
      "x-stream-consumer-name": longString("app"),
    };
    const one = read({ ...from("first"), ...group });
    const two = read({ ...from("first"), ...group });
    for (const body of ["a", "b", "c"]) publish(body);
    settleDown();
    expect(one.target.bodies).toEqual(["a", "b", "c"]);
    expect(two.target.bodies).toEqual([]);
    settle(one, 2, Outcome.accept);
    stream.cancel(one.consumer);
    settleDown();
    expect(two.target.bodies).toEqual(["c"]);
  });

  it("refuses others beside an exclusive reader", () => {
    read({}, { exclusive: true });
    expect(() => read()).toThrow("in exclusive use");
  });
});

describe("what goes", () => {
  it("drops whole segments by size, and never the last one", () => {
    begin({ segmentBytesMax: 20_000, maxLengthBytes: 50_000 });
    publishMany(200, 1_000);
    settleDown();
    expect(stream.stream.sizeBytes).toBeLessThanOrEqual(50_000);
    expect(stream.stream.segmentCount).toBeGreaterThan(1);
    const { firstOffset } = stream.stream;
    expect(fixture.journal.settled.at(-1)?.to).toBe(firstOffset);
    const reading = read(from("first"));
    settleDown();
    expect(offsets(reading)[0]).toBe(firstOffset);
    expect(offsets(reading)).toHaveLength(200 - firstOffset);
    stream.applySettings(settingsOf({ segmentBytesMax: 20_000, maxLengthBytes: 1 }));
    settleDown();
    expect(stream.stream.segmentCount).toBe(1);
    expect(stream.depth.ready).toBeGreaterThan(0);
  });

  it("drops segments by age when their time has come", () => {
    begin({ maxAgeMs: 60_000 });
    publish("a");
    fixture.clock.advance(40_000);
    publish("b");
    settleDown();
    expect(stream.stream.segmentCount).toBe(2);
    fixture.clock.advance(61_000);
    expect(stream.stream.segmentCount).toBe(1);
    const reading = read(from("first"));
    settleDown();
    expect(reading.target.bodies).toEqual(["b"]);
  });

  it("moves a slow reader to what is left", () => {
    begin({ segmentBytesMax: 20_000, maxLengthBytes: 50_000 });
    publishMany(10, 1_000);
    const reading = read(from("first"), { prefetchMax: 1 });
    settleDown();
    publishMany(200, 1_000);
    settleDown();
    settle(reading, 1, Outcome.accept);
    settleDown();
    expect(offsets(reading)).toEqual([stream.stream.firstOffset]);
  });

  it("gives all memory and all pages back when it is deleted", () => {
    const used = memory.pages.usedBytes;
    publishMany(3_000, 1_000);
    const reading = read(from("first"));
    settleDown();
    forgetPages();
    stream.delete("deleted");
    settleDown();
    expect(memory.pages.usedBytes).toBe(used);
    expect(pager.keptCount).toBe(0);
    expect(reading.target.cancelled).toEqual([reading.consumer]);
  });
});

it("is a list to every reader, whatever happens to its pages", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.record({ publish: fc.integer({ min: 1, max: 80 }) }),
          fc.record({ read: fc.nat(500) }),
          fc.record({ settle: fc.nat(100) }),
          fc.constant({ forget: true }),
          fc.constant({ cancel: true }),
        ),
        { maxLength: 30 },
      ),
      (steps) => {
        begin();
        let readings: { readonly reading: Reading; readonly begins: number }[] = [];
        for (const step of steps) {
          if ("publish" in step) publishMany(step.publish, 600);
          else if ("read" in step) {
            readings.push({
              reading: read(from(step.read), { prefetchMax: 40 }),
              begins: step.read,
            });
          } else if ("settle" in step) {
            for (const { reading } of readings) {
              const { target, consumer } = reading;
              for (const { sequence } of target.notes.slice(
                -Math.min(step.settle, consumer.unackedCount),
              )) {
                stream.settle(consumer, sequence, 0, 0, Outcome.accept);
              }
            }
          } else if ("forget" in step) forgetPages();
          else {
            const first = readings[0];
            if (first !== undefined) stream.cancel(first.reading.consumer);
            readings = readings.slice(1);
          }
          settleDown();
          for (const { reading, begins } of readings) {
            const got = offsets(reading);
            expect(got).toEqual(got.map((_, i) => begins + i));
            const isDone = begins + got.length >= stream.lastSequence;
            expect(isDone || reading.consumer.unackedCount === 40).toBe(true);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});
