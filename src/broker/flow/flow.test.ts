import { expect, test } from "vitest";
import { Memory } from "../../lib/memory.ts";
import { LARGE_PAGE_BYTES } from "../../lib/page-pool.ts";
import { FANOUT_MIN, Flow, type HeldPublisher } from "./flow.ts";

const ARENA_BYTES = 64 * 1_048_576;

class Publisher implements HeldPublisher {
  inFlow = false;
  readonly holdsUnacked = false;
  resumed = 0;
  onAlarm(): void {}
  resumePublishing(): void {
    this.resumed++;
  }
}

function world() {
  const memory = new Memory({ arenaBytes: ARENA_BYTES });
  let turns = 0;
  const flow = new Flow(memory, {
    alarmed: () => false,
    congested: () => false,
    canPageOut: () => true,
    setMemoryAlarm() {},
    wantTurn: () => void turns++,
  });
  return { memory, flow, publisher: new Publisher(), turns: () => turns };
}

test("messages to very many queues are spread over turns", () => {
  const { flow, publisher, turns } = world();
  flow.onFanout(1_000, 1_100);
  expect([flow.mayPublish(publisher), turns()]).toEqual([true, 0]);
  flow.onFanout(1_000, 1_100);
  // A turn is asked for: the publisher that is held now might be the only one there is.
  expect([flow.mayPublish(publisher), turns()]).toEqual([false, 1]);
  flow.hold(publisher);
  flow.update();
  expect([flow.mayPublish(publisher), publisher.resumed]).toEqual([true, 1]);
});

test("a publisher to many queues waits until there is memory for all of them", () => {
  const { memory, flow, publisher } = world();
  const { pages } = memory;
  const taken: number[] = [];
  const reserveBytes = pages.sizeBytes / 16;
  while (pages.freeBytes > reserveBytes + 2 * LARGE_PAGE_BYTES) {
    taken.push(pages.allocate(LARGE_PAGE_BYTES));
  }
  flow.onFanout(FANOUT_MIN, 1_100);
  expect(flow.mayPublish(publisher)).toBe(true);
  flow.onFanout(1_000, 1_100);
  expect(flow.mayPublish(publisher)).toBe(false);
  for (const page of taken.splice(0, 3)) pages.free(page, LARGE_PAGE_BYTES);
  expect(flow.mayPublish(publisher)).toBe(true);
});

test("it never waits for more than queues give up by themselves", () => {
  const { memory, flow, publisher } = world();
  flow.onFanout(1_000_000, 1_100);
  flow.update();
  const { pages } = memory;
  while (pages.freeBytes - LARGE_PAGE_BYTES >= pages.sizeBytes / 4)
    pages.allocate(LARGE_PAGE_BYTES);
  expect(flow.mayPublish(publisher)).toBe(true);
});
