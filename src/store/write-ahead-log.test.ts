import { describe, expect, it } from "vitest";
import { EntryKind } from "../broker/ports.ts";
import { StoreWorld } from "./testing/store-world.ts";

/** A log on a disk every call of which takes that long, with a write under way that has just begun. */
async function openWriting(callMs: number) {
  const world = new StoreWorld(1, { random: () => 1, latencyMaxMs: callMs });
  const { log } = (await world.open()).store;
  world.clock.runFor(20 * callMs);
  const settle = () => {
    log.append(EntryKind.settle, 24);
    log.commit();
  };
  /** All that has been appended is on the disk `ms` from now, and not before. */
  const expectDurableIn = (ms: number) => {
    const { position } = log;
    world.clock.runFor(ms - 1);
    expect(log.durablePosition).toBeLessThan(position);
    world.clock.runFor(2);
    expect(log.durablePosition).toBe(position);
  };
  log.append(EntryKind.definition, 24);
  log.commit();
  return { world, log, settle, expectDurableIn };
}

describe("WriteAheadLog", () => {
  it("writes at once when a write ends what nobody waits for, if that came 50 ms ago", async () => {
    const { world, settle, expectDurableIn } = await openWriting(100);
    world.clock.runFor(1);
    settle();
    expectDurableIn(199);
  });

  it("counts those 50 ms from its arrival and not from the end of the write before", async () => {
    const { world, settle, expectDurableIn } = await openWriting(20);
    world.clock.runFor(10);
    settle();
    world.clock.runFor(1);
    settle();
    expectDurableIn(69);
  });

  it("lets what came after a write had begun wait for more", async () => {
    const { world, log, settle, expectDurableIn } = await openWriting(20);
    world.clock.runFor(10);
    settle();
    // Takes the settlement with it when the first write ends.
    log.append(EntryKind.definition, 24);
    log.commit();
    world.clock.runFor(15);
    settle();
    expectDurableIn(69);
  });
});
