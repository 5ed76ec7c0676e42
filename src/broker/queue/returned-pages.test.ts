// Messages that are not read from the head on, more of them than memory holds: those that came back from a consumer, and
// those somebody looks at.

import { expect, test } from "vitest";
import { Memory } from "../../lib/memory.ts";
import { LARGE_PAGE_BYTES } from "../../lib/page-pool.ts";
import { createQueue } from "./create-queue.ts";
import { FakePager } from "./fake-pager.ts";
import { consumerOf, createFixture, definitionOf, NotingTarget, settingsOf } from "./fixture.ts";
import { Outcome } from "./queue.ts";

const MESSAGES = 700;
const BODY_BYTES = 60_000;

function longQueue(messages = MESSAGES, bodyBytes = BODY_BYTES) {
  const memory = new Memory({ arenaBytes: 32 * 1_048_576 });
  const pager = new FakePager(memory.arena);
  const fixture = createFixture({ memory, pager });
  const queue = createQueue(fixture.context, definitionOf(), settingsOf());
  const pass = () => {
    fixture.clock.runTurns();
    pager.answer();
    fixture.clock.advance(100);
  };
  for (let i = 0; i < messages; i++) {
    queue.publish(fixture.publication(`${i} `.padEnd(bodyBytes, "x")));
    pass();
  }
  return { ...fixture, memory, queue, pass };
}

test("looking at them all leaves no more in memory than there was", () => {
  const { context, queue, pass } = longQueue();
  const before = context.pageBudget.residentBytes;
  let seen = 0;
  let isOver = false;
  queue.inspection.browse({
    onMessage: () => ++seen > 0,
    onEnd: () => {
      isOver = true;
    },
  });
  for (let i = 0; i < 300 && !isOver; i++) pass();
  expect(seen).toBe(MESSAGES);
  for (let i = 0; i < 10; i++) pass();
  expect(context.pageBudget.residentBytes).toBeLessThanOrEqual(before + LARGE_PAGE_BYTES);
});

test("a page that becomes smaller on its way out has left as a whole", () => {
  const { context, memory, queue, pass } = longQueue(400, 1_000);
  const target = new NotingTarget(memory);
  const consumer = consumerOf(queue, target);
  queue.consume(consumer);
  pass();
  expect(target.notes).toHaveLength(400);
  for (const { sequence, location, bytes, deliveryCount } of target.notes) {
    if (sequence % 50 === 0) continue;
    queue.settle(consumer, sequence, location, bytes, Outcome.accept, deliveryCount);
  }
  for (const pages of context.pageBudget.owners()) pages.sendOutAll();
  expect(context.pageBudget.leavingBytes).toBeGreaterThan(0);
  pass();
  expect(context.pageBudget.leavingBytes).toBe(0);
});

test("they are all given out again, though nobody acknowledges any", () => {
  const { memory, queue, pass } = longQueue();
  for (let round = 0; round < 3; round++) {
    const target = new NotingTarget(memory);
    const consumer = consumerOf(queue, target);
    queue.consume(consumer);
    for (let i = 0; i < 300 && target.notes.length < MESSAGES; i++) pass();
    expect(target.notes.map(({ body }) => Number.parseInt(body, 10))).toEqual(
      Array.from({ length: MESSAGES }, (_, i) => i),
    );
    queue.cancel(consumer);
    for (const { sequence, location, bytes, deliveryCount } of target.notes) {
      queue.settle(consumer, sequence, location, bytes, Outcome.returned, deliveryCount);
    }
  }
});
