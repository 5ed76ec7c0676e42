// Messages that were out with a consumer and came back, more of them than memory holds.

import { expect, test } from "vitest";
import { Memory } from "../../lib/memory.ts";
import { createQueue } from "./create-queue.ts";
import { FakePager } from "./fake-pager.ts";
import { consumerOf, createFixture, definitionOf, NotingTarget, settingsOf } from "./fixture.ts";
import { Outcome } from "./queue.ts";

const MESSAGES = 700;
const BODY_BYTES = 60_000;

test("they are all given out again, though nobody acknowledges any", () => {
  const memory = new Memory({ arenaBytes: 32 * 1_048_576 });
  const pager = new FakePager(memory.arena);
  const fixture = createFixture({ memory, pager });
  const queue = createQueue(fixture.context, definitionOf(), settingsOf());
  const pass = () => {
    fixture.clock.runTurns();
    pager.answer();
    fixture.clock.runTurns();
  };
  for (let i = 0; i < MESSAGES; i++) {
    queue.publish(fixture.publication(`${i} `.padEnd(BODY_BYTES, "x")));
    pass();
  }
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
