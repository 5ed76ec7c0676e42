import { expect, it } from "vitest";
import { EntryKind } from "../broker/ports.ts";
import type { Clock } from "../env/env.ts";
import { Memory } from "../lib/memory.ts";
import { MemoryLog } from "./memory-log.ts";

class TurnByTurn implements Clock {
  readonly #turns: (() => void)[] = [];
  nowMs = () => 0;
  monotonicMs = () => 0;
  setTimer = () => ({});
  clearTimer() {}
  nextTurn(onTurn: () => void): void {
    this.#turns.push(onTurn);
  }
  turn(): void {
    for (const run of this.#turns.splice(0)) run();
  }
}

const memory = new Memory({ arenaBytes: 16 * 1_048_576 });

function newLog(retain = false) {
  const clock = new TurnByTurn();
  const log = new MemoryLog({ memory, clock, retain });
  const durable: number[] = [];
  log.handler = { onDurable: (x) => durable.push(x), onRelieved() {}, onFailed() {} };
  return { clock, log, durable };
}

it("answers a turn after commit, never within it", () => {
  const { clock, log, durable } = newLog();
  log.append(EntryKind.settle, 24);
  clock.turn();
  expect(durable).toEqual([]);
  log.commit();
  expect(log.durablePosition).toBe(0);
  const committed = log.position;
  log.append(EntryKind.settle, 20);
  clock.turn();
  expect(durable).toEqual([committed]);
  expect(log.durablePosition).toBe(committed);
  log.commit();
  clock.turn();
  expect(durable).toEqual([committed, log.position]);
  expect(log.position).toBe(2 * (8 + 24));
});

it("says nothing when nothing was appended", () => {
  const { clock, log, durable } = newLog();
  log.commit();
  clock.turn();
  expect(durable).toEqual([]);
});

it("never runs out of room and always gives aligned room", () => {
  const { log } = newLog();
  const region = memory.logBuffers[0];
  for (let i = 0; i < 3_000; i++) {
    const at = log.append(EntryKind.publish, 1_001);
    expect(at % 8).toBe(0);
    expect(at).toBeGreaterThanOrEqual(region.at);
    expect(at + 1_001).toBeLessThanOrEqual(region.at + region.lengthBytes);
  }
});

it("replays what it retained, with the positions entries started at", () => {
  const { log } = newLog(true);
  const u8 = memory.arena.u8;
  u8.fill(1, log.append(EntryKind.settle, 24)).fill(0, memory.logBuffers[0].at + 24);
  const second = log.position;
  u8.fill(2, log.append(EntryKind.part, 3), memory.logBuffers[0].at + 27);
  const heard: unknown[] = [];
  log.replay({
    congested: false,
    onEntry(kind, at, lengthBytes, position) {
      heard.push([kind, u8[at], lengthBytes, position]);
      return true;
    },
  });
  expect(heard).toEqual([
    [EntryKind.settle, 1, 24, 0],
    [EntryKind.part, 2, 3, second],
  ]);
});
