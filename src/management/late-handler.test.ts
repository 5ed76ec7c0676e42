import { expect, test } from "vitest";
import type { IncomingMessage, ServerResponse } from "../env/http.ts";
import { type Handler, LateHandler } from "./late-handler.ts";

const request = {} as IncomingMessage;
const answered: number[] = [];
const response = () => {
  const made = {
    writeHead: (status: number) => {
      answered.push(status);
      return made;
    },
    end: () => made,
  };
  return made as unknown as ServerResponse;
};
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("what answers is loaded with the first request, once, and those that come meanwhile wait", async () => {
  let loads = 0;
  let handled = 0;
  let closed = 0;
  const handler: Handler = { routing: () => void handled++, close: async () => void closed++ };
  const late = new LateHandler(
    async () => {
      loads++;
      return handler;
    },
    () => expect.unreachable(),
  );
  expect(loads).toBe(0);
  for (let i = 0; i < 3; i++) late.handle(request, response());
  await settled();
  late.handle(request, response());
  expect([loads, handled]).toEqual([1, 4]);
  await late.close();
  expect(closed).toBe(1);
});

test("who fails to load it answers 500, says so, and tries again with the next request", async () => {
  const failures: unknown[] = [];
  let isBroken = true;
  let handled = 0;
  const late = new LateHandler(
    async () => {
      if (isBroken) throw new Error("broken");
      return { routing: () => void handled++, close: async () => {} };
    },
    (error) => void failures.push(error),
  );
  late.handle(request, response());
  await settled();
  expect([answered, failures.length, handled]).toEqual([[500], 1, 0]);
  isBroken = false;
  late.handle(request, response());
  await settled();
  expect(handled).toBe(1);
});

test("one that nobody asked has nothing to close", async () => {
  const late = new LateHandler(
    () => expect.unreachable(),
    () => expect.unreachable(),
  );
  await late.close();
});
