import { expect, test } from "vitest";
import { Peek } from "./backlog.ts";
import { PendingGets } from "./pending-gets.ts";
import type { Getter } from "./queue.ts";

function getter(): Getter & { isGone: boolean } {
  return { noAck: false, isGone: false, onGot() {}, onEmpty() {} };
}

test("who has gone while a page was read gets nothing, and the message is the next one's", () => {
  const given: Getter[] = [];
  const empty: Getter[] = [];
  let peek: Peek = Peek.out;
  const gets = new PendingGets({
    peekForGet: () => peek,
    giveTo: (one) => void given.push(one),
    giveNothing: (one) => void empty.push(one),
  });
  const [first, second] = [getter(), getter()];
  gets.answer(first);
  gets.answer(second);
  first.isGone = true;
  gets.answerWaiting();
  expect([given, empty, gets.count]).toEqual([[], [], 2]);
  peek = Peek.found;
  gets.answerWaiting();
  expect([given, empty, gets.count]).toEqual([[second], [first], 0]);
});
