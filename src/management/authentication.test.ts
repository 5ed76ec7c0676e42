import { expect, test } from "vitest";
import { openAuthorizer, type User } from "../broker/access/user.ts";
import { BrokerError } from "../broker/errors.ts";
import type { Clock } from "../env/env.ts";
import { Authentication } from "./authentication.ts";

const guest: User = { name: "guest", tags: [], authorizer: openAuthorizer };
const peer = { address: "10.0.0.1", port: 1 };
const basic = (password: string) => `Basic ${btoa(`guest:${password}`)}`;

let now = 0;
let delays: number[] = [];
/** What ends the waits, in the order in which they began; undefined = they end at once. */
let waiting: (() => void)[] | undefined;

function newAuthentication(): Authentication {
  now = 0;
  delays = [];
  waiting = undefined;
  const clock = {
    monotonicMs: () => now,
    setTimer: (delayMs: number, onTime: () => void) => {
      delays.push(delayMs);
      if (waiting === undefined) queueMicrotask(onTime);
      else waiting.push(onTime);
    },
  } as unknown as Clock;
  return new Authentication({
    clock,
    authenticate: async ({ password }) => {
      if (password !== "right") throw new BrokerError("access-refused", "wrong");
      return guest;
    },
    failuresPerMinute: 10,
    disableBasicAuth: false,
  });
}

test("guesses made at the same time are answered one after the other, and not too many of them", async () => {
  const authentication = newAuthentication();
  for (let i = 0; i < 10; i++) await authentication.userOf(basic("wrong"), peer).catch(() => {});
  waiting = [];
  const answers = Array.from({ length: 15 }, () =>
    authentication.userOf(basic("wrong"), peer).catch(({ status }) => status),
  );
  expect(delays).toEqual(Array.from({ length: 10 }, (_, i) => (i + 1) * 1_000));
  expect(await Promise.all(answers.slice(10))).toEqual(Array(5).fill(429));
  for (const end of waiting) end();
  expect(await Promise.all(answers.slice(0, 10))).toEqual(Array(10).fill(401));
});

test("an address that tries one name after the other is answered late too", async () => {
  const authentication = newAuthentication();
  const as = (name: string) =>
    authentication.userOf(`Basic ${btoa(`${name}:wrong`)}`, peer).catch(() => {});
  for (let i = 0; i < 100; i++) await as(`user-${i}`);
  expect(delays).toEqual([]);
  await as("another");
  expect(delays).toEqual([1_000]);
});

test("who has failed too often in a minute is answered late, from that address alone", async () => {
  const authentication = newAuthentication();
  const fails = () =>
    expect(authentication.userOf(basic("wrong"), peer)).rejects.toMatchObject({ status: 401 });
  for (let attempt = 0; attempt < 10; attempt++) await fails();
  expect(delays).toEqual([]);
  await fails();
  expect(delays).toEqual([1_000]);
  // Somebody else from elsewhere waits for nothing; the same user from here does, even with the right password.
  await authentication.userOf(basic("right"), { address: "10.0.0.2", port: 1 });
  expect(delays).toEqual([1_000]);
  now += 1_000;
  await authentication.userOf(basic("right"), peer);
  expect(delays).toEqual([1_000, 1_000]);
  // Having got in, and time, are forgiving.
  await authentication.userOf(basic("right"), peer);
  for (let attempt = 0; attempt < 10; attempt++) await fails();
  now += 61_000;
  await fails();
  expect(delays).toEqual([1_000, 1_000]);
});
