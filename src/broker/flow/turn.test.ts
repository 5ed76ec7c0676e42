import { expect, test } from "vitest";
import { FakeClock } from "../../env/fake-clock.ts";
import { type LogGatherer, Turn } from "./turn.ts";

class Gatherer implements LogGatherer {
  inTurnLog = false;
  readonly followsTransactions: boolean;
  readonly #log: string[];
  readonly #name: string;

  constructor(log: string[], name: string, followsTransactions: boolean) {
    this.#log = log;
    this.#name = name;
    this.followsTransactions = followsTransactions;
  }

  appendGathered(): void {
    this.#log.push(this.#name);
  }
}

test("keys of a transaction's messages come behind its end, settlements before it", () => {
  const log: string[] = [];
  const clock = new FakeClock();
  const turn = new Turn(clock);
  const [keys, settlements] = [
    new Gatherer(log, "keys", true),
    new Gatherer(log, "settlements", false),
  ];
  turn.appendLater(keys);
  turn.owesEntries = true;
  turn.appendLater(settlements);
  turn.appendGathered(true);
  log.push("the end");
  expect([turn.owesEntries, turn.hasGathered]).toEqual([true, true]);
  // Gathered again in the same turn: still once.
  turn.appendLater(keys);
  clock.runFor(1);
  expect(log).toEqual(["settlements", "the end", "keys"]);
  expect([turn.owesEntries, turn.hasGathered]).toEqual([false, false]);
});
