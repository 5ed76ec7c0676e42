import { describe, expect, it } from "vitest";
import { createQueue } from "./create-queue.ts";
import {
  consumerOf,
  createFixture,
  definitionOf,
  type Note,
  NotingTarget,
  noteOf,
  settingsOf,
  TakingTarget,
} from "./fixture.ts";
import { Enqueued, type Getter, Outcome, type Queue } from "./queue.ts";

function settle(queue: Queue, note: Note, outcome: Outcome = Outcome.accept) {
  queue.settle(
    note.consumer,
    note.sequence,
    note.location,
    note.bytes,
    outcome,
    note.deliveryCount,
  );
}

function setUp(values = {}, definition = {}) {
  const fixture = createFixture();
  const queue = createQueue(fixture.context, definitionOf(definition), settingsOf(values));
  const target = new NotingTarget(fixture.memory);
  const publish = (...bodies: string[]) => {
    for (const body of bodies)
      expect(queue.publish(fixture.publication(body))).toBe(Enqueued.accepted);
  };
  return { ...fixture, queue, target, publish };
}

describe("WorkQueue", () => {
  it("delivers in order, in a later turn, and owns no memory when it is empty", () => {
    const { queue, target, publish, clock, memory } = setUp();
    publish("a", "b", "c");
    queue.consume(consumerOf(queue, target));
    expect(target.bodies).toEqual([]);
    clock.runTurns();
    expect(target.bodies).toEqual(["a", "b", "c"]);
    expect(queue.depth).toMatchObject({ ready: 0, unacknowledged: 3, unacknowledgedBytes: 3 });
    for (const note of target.notes) settle(queue, note);
    expect(queue.depth).toMatchObject({ ready: 0, unacknowledged: 0, unacknowledgedBytes: 0 });
    expect(memory.pages.usedBytes).toBe(0);
  });

  it("hands over at once what nobody acknowledges, in order, without storing it", () => {
    const { queue, publish, clock, memory } = setUp();
    const taking = new TakingTarget(memory);
    publish("a");
    queue.consume(consumerOf(queue, taking, { noAck: true, tag: "one" }));
    queue.consume(consumerOf(queue, taking, { noAck: true, tag: "two" }));
    publish("b");
    expect(taking.handedOver).toBe(0);
    clock.runTurns();
    publish("c", "d", "e");
    expect(taking.bodies).toEqual(["a", "b", "c", "d", "e"]);
    expect(taking.notes.map((note) => note.consumer.tag)).toEqual([
      ...["one", "two", "one", "two", "one"],
    ]);
    expect(taking.handedOver).toBe(3);
    expect(memory.pages.usedBytes).toBe(0);
    expect(queue.counters).toMatchObject({ published: 5, deliveredNoAck: 5 });
    expect(queue.depth).toMatchObject({ ready: 0, readyBytes: 0, unacknowledged: 0 });
  });

  it.each([
    ["another consumer acknowledges", {}, { acknowledges: true }],
    ["the queue has a length limit", { maxLength: 5 }, {}],
    ["the output is full", {}, { full: true }],
    ["the queue is paused", {}, { paused: true }],
    ["it is kept in the log", {}, { logged: true }],
  ])("stores a message all the same when %s", (_, values, how: Record<string, boolean>) => {
    const { queue, target, publication, memory } = setUp(values, { durable: true });
    const taking = new TakingTarget(memory);
    queue.consume(consumerOf(queue, taking, { noAck: true }));
    if (how.acknowledges) queue.consume(consumerOf(queue, target));
    if (how.full) taking.writable = false;
    if (how.paused) queue.pause();
    expect(queue.publish(publication("a", { persistent: how.logged === true }))).toBe(
      Enqueued.accepted,
    );
    expect(taking.handedOver).toBe(0);
    expect(queue.depth.ready).toBe(1);
  });

  it("keeps to the prefetch limit and goes on when deliveries are settled", () => {
    const { queue, target, publish, clock } = setUp();
    queue.consume(consumerOf(queue, target, { prefetchMax: 2 }));
    publish("a", "b", "c", "d");
    clock.runTurns();
    expect(target.bodies).toEqual(["a", "b"]);
    settle(queue, target.notes[0] as Note);
    clock.runTurns();
    expect(target.bodies).toEqual(["a", "b", "c"]);
  });

  it("serves consumers in strict rotation, and higher priorities first while they have credit", () => {
    const { queue, target, publish, clock } = setUp();
    const low = [1, 2, 3].map((n) => consumerOf(queue, target, { tag: `low${n}` }));
    const high = consumerOf(queue, target, { tag: "high", priority: 5, prefetchMax: 2 });
    for (const consumer of [...low, high]) queue.consume(consumer);
    publish(..."abcdefgh");
    clock.runTurns();
    expect(target.notes.map((note) => note.consumer.tag)).toEqual([
      ...["high", "high"],
      ...["low1", "low2", "low3", "low1", "low2", "low3"],
    ]);
  });

  it("passes over a consumer whose output is full until it is woken", () => {
    const { queue, target, publish, clock, memory } = setUp();
    const slow = new NotingTarget(memory);
    slow.writable = false;
    const slowConsumer = consumerOf(queue, slow);
    queue.consume(slowConsumer);
    queue.consume(consumerOf(queue, target, { prefetchMax: 1 }));
    publish("a", "b");
    clock.runTurns();
    expect(target.bodies).toEqual(["a"]);
    slow.writable = true;
    queue.wake(slowConsumer);
    clock.runTurns();
    expect(slow.bodies).toEqual(["b"]);
  });

  it("gives nothing to a consumer that is held, until it is woken", () => {
    const { queue, target, publish, clock } = setUp();
    const consumer = consumerOf(queue, target);
    consumer.held = true;
    queue.consume(consumer);
    publish("a");
    clock.runTurns();
    expect(target.bodies).toEqual([]);
    consumer.held = false;
    queue.wake(consumer);
    clock.runTurns();
    expect(target.bodies).toEqual(["a"]);
  });

  it("puts returned messages back to their old place, redelivered", () => {
    const { queue, target, publish, clock } = setUp();
    const consumer = consumerOf(queue, target, { prefetchMax: 3 });
    queue.consume(consumer);
    publish(..."abcde");
    clock.runTurns();
    queue.cancel(consumer);
    for (const note of [...target.notes].reverse()) settle(queue, note, Outcome.requeue);
    const next = consumerOf(queue, target);
    queue.consume(next);
    clock.runTurns();
    expect(target.notes.slice(3).map((note) => [note.body, note.redelivered])).toEqual([
      ["a", true],
      ["b", true],
      ["c", true],
      ["d", false],
      ["e", false],
    ]);
    expect(queue.counters.redelivered).toBe(3);
  });

  it("delivers higher priorities first and caps them at the declared maximum", () => {
    const { queue, target, clock, publication } = setUp({ maxPriority: 3 });
    for (const [body, priority] of [
      ["low", 0],
      ["none", undefined],
      ["top", 9],
      ["mid", 2],
      ["top too", 3],
    ] as const) {
      queue.publish(publication(body, priority === undefined ? {} : { priority }));
    }
    queue.consume(consumerOf(queue, target));
    clock.runTurns();
    expect(target.bodies).toEqual(["top", "top too", "mid", "low", "none"]);
  });

  it("answers gets with what remains, and empty", () => {
    const { queue, publish, memory } = setUp();
    publish("a", "b");
    const heard: string[] = [];
    const getter: Getter = {
      noAck: true,
      onGot: (_queue, delivery, readyAfter) =>
        heard.push(`${noteOf(memory, undefined as never, delivery).body} ${readyAfter}`),
      onEmpty: () => heard.push("empty"),
    };
    for (let i = 0; i < 3; i++) queue.get(getter);
    expect(heard).toEqual(["a 1", "b 0", "empty"]);
    expect(queue.counters).toMatchObject({ gotNoAck: 2, getEmpty: 1 });
    expect(memory.pages.usedBytes).toBe(0);
  });

  it("purges what is ready and leaves what is out", () => {
    const { queue, target, publish, clock, memory } = setUp();
    const consumer = consumerOf(queue, target, { prefetchMax: 4 });
    queue.consume(consumer);
    publish(..."abcdefgh");
    clock.runTurns();
    queue.cancel(consumer);
    settle(queue, target.notes[1] as Note, Outcome.requeue);
    settle(queue, target.notes[2] as Note, Outcome.requeue);
    expect(queue.purge()).toBe(6);
    expect(queue.depth).toMatchObject({ ready: 0, readyBytes: 0, unacknowledged: 2 });
    publish("i");
    settle(queue, target.notes[0] as Note);
    settle(queue, target.notes[3] as Note, Outcome.requeue);
    queue.consume(consumerOf(queue, target, { noAck: true }));
    clock.runTurns();
    expect(target.bodies.slice(4)).toEqual(["d", "i"]);
    expect(memory.pages.usedBytes).toBe(0);
  });

  it("keeps order over many pages of every size", () => {
    const { queue, target, publication, clock, memory } = setUp();
    const count = 40_000;
    for (let i = 0; i < count; i++) queue.publish(publication(`${i}`.padEnd(i % 300, ".")));
    expect(memory.pages.usedBytes).toBeGreaterThan(4 * 1_048_576);
    queue.consume(consumerOf(queue, target, { noAck: true }));
    clock.runTurns();
    expect(target.notes.map((note) => Number.parseInt(note.body, 10))).toEqual(
      Array.from({ length: count }, (_, i) => i),
    );
    expect(memory.pages.usedBytes).toBe(0);
  });

  it("refuses a message when no memory is left, and takes messages again when some is free", () => {
    const { queue, publication } = setUp();
    const body = "x".repeat(60_000);
    let taken = 0;
    while (queue.publish(publication(body)) === Enqueued.accepted) taken++;
    expect(taken).toBeGreaterThan(200);
    expect(queue.depth.ready).toBe(taken);
    queue.purge();
    expect(queue.publish(publication(body))).toBe(Enqueued.accepted);
  });

  it("refuses a second consumer where one is exclusive, in RabbitMQ's words", () => {
    const { queue, target } = setUp();
    const exclusive = consumerOf(queue, target, { exclusive: true });
    queue.consume(exclusive);
    expect(() => queue.consume(consumerOf(queue, target))).toThrow(
      "queue 'q' in vhost '/' in exclusive use",
    );
    queue.cancel(exclusive);
    queue.consume(consumerOf(queue, target));
    expect(() => queue.consume(consumerOf(queue, target, { exclusive: true }))).toThrow(
      "in exclusive use",
    );
  });

  it("asks for its end when the last consumer of an auto-delete queue goes", () => {
    const { queue, target, unused } = setUp({}, { autoDelete: true });
    const consumers = [consumerOf(queue, target), consumerOf(queue, target)];
    for (const consumer of consumers) queue.consume(consumer);
    queue.cancel(consumers[0] as never);
    expect(unused).toEqual([]);
    queue.cancel(consumers[1] as never);
    expect(unused).toEqual([{ queue, reason: "auto-delete" }]);
  });

  it("tells consumers when it is deleted, frees its memory and ignores late settlements", () => {
    const { queue, target, publish, clock, memory } = setUp();
    const consumer = consumerOf(queue, target, { prefetchMax: 1 });
    queue.consume(consumer);
    publish("a", "b");
    clock.runTurns();
    queue.delete("deleted");
    expect(target.cancelled).toEqual([consumer]);
    expect(memory.pages.usedBytes).toBe(0);
    settle(queue, target.notes[0] as Note);
    expect(consumer.unackedCount).toBe(0);
  });

  it("delivers nothing while paused", () => {
    const { queue, target, publish, clock } = setUp();
    queue.consume(consumerOf(queue, target));
    queue.pause();
    publish("a");
    clock.runTurns();
    expect(target.bodies).toEqual([]);
    queue.resume();
    clock.runTurns();
    expect(target.bodies).toEqual(["a"]);
  });

  it("holds a reference to each large body until its message is gone, whichever way it goes", () => {
    const { queue, target, publication, clock, bodies } = setUp();
    const consumer = consumerOf(queue, target, { prefetchMax: 6 });
    queue.consume(consumer);
    for (let i = 0; i < 10; i++) {
      const message = publication("large".repeat(1000), { external: true });
      queue.publish(message);
      bodies.release(message.bodyReference, 1);
      queue.publish(publication("small"));
    }
    clock.runTurns();
    queue.cancel(consumer);
    expect(bodies.count).toBe(10);
    const [first, , second, , third] = target.notes as Note[];
    settle(queue, first as Note);
    settle(queue, second as Note, Outcome.discard);
    expect(bodies.count).toBe(8);
    settle(queue, third as Note, Outcome.requeue);
    queue.purge();
    expect(bodies.count).toBe(0);
    const last = publication("large", { external: true });
    queue.publish(last);
    bodies.release(last.bodyReference, 1);
    queue.delete("deleted");
    expect(bodies.count).toBe(0);
  });

  it("lets a few messages nobody acknowledges hold little memory when it gets short", () => {
    const { queue, target, publication, clock, memory } = setUp();
    queue.consume(consumerOf(queue, target));
    const kept: Note[] = [];
    const pool = memory.pages;
    // Every thousandth message is never acknowledged: without moving them each would hold on to a whole page.
    for (let i = 0; i < 200_000; i++) {
      expect(queue.publish(publication(`${i}`.padEnd(200, ".")))).toBe(Enqueued.accepted);
      if (i % 1000 !== 999) continue;
      clock.runTurns();
      for (const note of target.notes.splice(0)) {
        if (note.body.startsWith(`${i}.`)) kept.push(note);
        else settle(queue, note);
      }
      clock.advance(100);
    }
    expect(queue.depth.unacknowledged).toBe(200);
    expect(pool.usedBytes).toBeLessThan(pool.sizeBytes * 0.8);
    for (const note of kept) settle(queue, note, Outcome.requeue);
    clock.runTurns();
    expect(target.notes.map((note) => [note.body, note.redelivered])).toEqual(
      kept.map((note) => [note.body, true]),
    );
    for (const note of target.notes) settle(queue, note);
    expect(pool.usedBytes).toBe(0);
  });

  it("logs settlements of persistent messages in durable queues as ranges", () => {
    const { queue, target, publication, clock, journal } = setUp({}, { durable: true, number: 7 });
    queue.consume(consumerOf(queue, target));
    for (let i = 1; i <= 10; i++) queue.publish(publication("m", { persistent: i !== 6 }));
    clock.runTurns();
    for (const note of target.notes) settle(queue, note);
    clock.runTurns();
    expect(journal.settled).toEqual([
      { queue: 7, from: 1, to: 5 },
      { queue: 7, from: 7, to: 10 },
    ]);
  });
});
