import { expect, test } from "vitest";
import { openAuthorizer, type User } from "../broker/access/user.ts";
import { BrokerError } from "../broker/errors.ts";
import type { Clock } from "../env/env.ts";
import { Authentication } from "./authentication.ts";

const guest: User = { name: "guest", tags: [], authorizer: openAuthorizer };
const peer = { address: "10.0.0.1", port: 1 };
const basic = (password: string) => `Basic ${btoa(`guest:${password}`)}`;

test("who has failed too often in a minute is answered late, from that address alone", async () => {
  let now = 0;
  const delays: number[] = [];
  const clock = {
    monotonicMs: () => now,
    setTimer: (delayMs: number, onTime: () => void) => {
      delays.push(delayMs);
      queueMicrotask(onTime);
    },
  } as unknown as Clock;
  const authentication = new Authentication({
    clock,
    authenticate: async ({ password }) => {
      if (password !== "right") throw new BrokerError("access-refused", "wrong");
      return guest;
    },
    failuresPerMinute: 10,
    disableBasicAuth: false,
  });
  const fails = () =>
    expect(authentication.userOf(basic("wrong"), peer)).rejects.toMatchObject({ status: 401 });
  for (let attempt = 0; attempt < 10; attempt++) await fails();
  expect(delays).toEqual([]);
  await fails();
  expect(delays).toEqual([1_000]);
  // Somebody else from elsewhere waits for nothing; the same user from here does, even with the right password.
  await authentication.userOf(basic("right"), { address: "10.0.0.2", port: 1 });
  expect(delays).toEqual([1_000]);
  await authentication.userOf(basic("right"), peer);
  expect(delays).toEqual([1_000, 1_000]);
  // Having got in, and time, are forgiving.
  await authentication.userOf(basic("right"), peer);
  for (let attempt = 0; attempt < 10; attempt++) await fails();
  now += 61_000;
  await fails();
  expect(delays).toEqual([1_000, 1_000]);
});
