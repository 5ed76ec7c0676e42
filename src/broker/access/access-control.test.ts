import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { nodePatternRunner } from "../../env/node-pattern-runner.ts";
import { threadCpuMs } from "../../env/thread-cpu.ts";
import type { Broker } from "../broker.ts";
import { newTestBroker, type StillClock } from "../test-doubles.ts";
import type { Authenticator } from "./backend.ts";
import { IMPOSSIBLE_HASH, type PasswordHash } from "./password-hash.ts";
import { type Login, type LoginOutcome, openAuthorizer } from "./user.ts";
import { expandVariables } from "./user-store.ts";

let broker: Broker;
beforeEach(() => {
  broker = newTestBroker({ patternRunner: nodePatternRunner });
});

function login(
  user: string,
  password: string | undefined,
  address = "10.0.0.1",
): Promise<LoginOutcome> {
  const claim: Login = { user, password, peer: { address, port: 1 }, protocol: "test" };
  return new Promise((resolve) => broker.access.authenticate(claim, resolve));
}

const limits = { connectionsMax: undefined, channelsMax: undefined };
const setPassword = (name: string, password: string) =>
  new Promise<void>((resolve) => broker.access.setPassword(name, password, [], "test", resolve));

describe("passwords", () => {
  test.each([
    "rabbit_password_hashing_sha256",
    "rabbit_password_hashing_sha512",
    "leveret_password_hashing_scrypt",
  ])("by %s let in who knows them", async (algorithm) => {
    broker.access.passwordAlgorithm = algorithm;
    await setPassword("u", "päss");
    expect(broker.access.store.get("u")?.hash?.algorithm).toBe(algorithm);
    expect(await login("u", "päss")).toMatchObject({ name: "u" });
    expect(await login("u", "pass")).toHaveProperty("refused");
    expect(await login("u", "")).toHaveProperty("refused");
    expect(await login("nobody", "päss")).toHaveProperty("refused");
  });

  // Hashes made by RabbitMQ itself: the example of its documentation ("test12") and MD5 with the same salt.
  test.each([
    [
      "rabbit_password_hashing_sha256",
      "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
      "test12",
    ],
  ])("RabbitMQ's own %s", async (algorithm, value, password) => {
    broker.access.putUser({ name: "r", tags: [], hash: { algorithm, value }, limits }, "test");
    expect(await login("r", password)).toMatchObject({ name: "r" });
  });

  test("MD5 is verified and never made", async () => {
    const value = md5Hash("secret");
    const hash: PasswordHash = { algorithm: "rabbit_password_hashing_md5", value };
    broker.access.putUser({ name: "m", tags: [], hash, limits }, "test");
    expect(await login("m", "secret")).toMatchObject({ name: "m" });
    broker.access.passwordAlgorithm = "rabbit_password_hashing_md5";
    await setPassword("m", "secret");
    expect(broker.access.store.get("m")?.hash?.algorithm).toBe("rabbit_password_hashing_sha256");
  });

  test("a user without a hash, or with a broken one, is not let in", async () => {
    broker.access.putUser({ name: "n", tags: [], hash: undefined, limits }, "test");
    expect(await login("n", "")).toHaveProperty("refused");
    expect(await login("n", "x")).toHaveProperty("refused");
    const broken = { ...IMPOSSIBLE_HASH, value: "AAAA" };
    broker.access.putUser({ name: "n", tags: [], hash: broken, limits }, "test");
    expect(await login("n", "x")).toHaveProperty("refused");
  });

  test("who was let in a moment ago is let in without hashing, until the password changes", async () => {
    await setPassword("u", "one");
    await login("u", "one");
    const { hashing } = broker;
    let derived = 0;
    const digest = hashing.digest.bind(hashing);
    const counting = (...of: Parameters<typeof digest>) => {
      // A salted password has two parts; the cache's own digest has four.
      if (of[1].length === 2) derived++;
      return digest(...of);
    };
    hashing.digest = counting;
    try {
      await login("u", "one");
      expect(derived).toBe(0);
      (broker.clock as StillClock).now += 61_000;
      await login("u", "one");
      expect(derived).toBe(1);
    } finally {
      hashing.digest = digest;
    }
    await setPassword("u", "two");
    expect(await login("u", "one")).toHaveProperty("refused");
  });
});

function md5Hash(password: string): string {
  const salt = Buffer.from([1, 2, 3, 4]);
  const digest = broker.hashing.digest("md5", [salt, Buffer.from(password)]);
  return Buffer.concat([salt, digest]).toString("base64");
}

test.each([
  ["127.0.0.1", true],
  ["127.8.9.1", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["", true],
  ["10.0.0.1", false],
  ["127.0.0.1.evil.example", false],
  ["::ffff:10.0.0.1", false],
  ["::2", false],
])("guest from %s: %s", async (address, isLetIn) => {
  await setPassword("guest", "guest");
  expect("name" in (await login("guest", "guest", address))).toBe(isLetIn);
  broker.access.loopbackUsers = new Set();
  expect(await login("guest", "guest", address)).toMatchObject({ name: "guest" });
});

test("failures from one place for one user are made to wait", async () => {
  await setPassword("u", "p");
  for (let i = 0; i < 10; i++) await login("u", "wrong");
  expect(broker.access.failures.waitMs("10.0.0.1", "u")).toBe(0);
  for (let i = 0; i < 3; i++) broker.access.failures.failed("10.0.0.1", "u");
  expect(broker.access.failures.waitMs("10.0.0.1", "u")).toBe(3000);
  expect(broker.access.failures.waitMs("10.0.0.2", "u")).toBe(0);
  const late: (() => void)[] = [];
  broker.clock.setTimer = (_afterMs, onTimer) => {
    late.push(onTimer);
    return {};
  };
  let outcome: LoginOutcome | undefined;
  void login("u", "p").then((found) => {
    outcome = found;
  });
  await Promise.resolve();
  expect(outcome).toBeUndefined();
  for (const onTimer of late) onTimer();
  await Promise.resolve();
  expect(outcome).toMatchObject({ name: "u" });
  expect(broker.access.failures.waitMs("10.0.0.1", "u")).toBe(0);
});

test("backends are asked in turn, whenever they answer", async () => {
  const asked: string[] = [];
  const backend = (name: string, knows: string): Authenticator => ({
    name,
    authenticate(claim, onAuthentication) {
      asked.push(name);
      const answer =
        claim.user === knows ? { name: knows, tags: ["management"] } : { refused: `not ${name}'s` };
      setTimeout(() => onAuthentication(answer), 1);
    },
  });
  const pair = (name: string, knows: string) => ({
    authenticator: backend(name, knows),
    authorizer: openAuthorizer,
  });
  broker.access.backends = [pair("a", "x"), pair("b", "y"), broker.access.internal];
  expect(await login("y", "p")).toEqual({
    name: "y",
    tags: ["management"],
    authorizer: openAuthorizer,
  });
  expect(asked).toEqual(["a", "b"]);
  expect(await login("z", "p")).toEqual({
    refused: "not a's; not b's; user 'z' - invalid credentials",
  });
});

describe("patterns", () => {
  const matches = (pattern: string, name: string) => broker.matcher.matches(pattern, name);

  test.each([
    ["^amq\\.", "amq.direct", true],
    ["(?i)^ORDERS", "orders.eu", true],
    ["^(Q1|Q@)$", "Q@", true],
    ["a", "bab", true],
    ["^[[:alpha:]]+$", "abc", true],
    ["^[[:alpha:]]+$", "ab1", false],
    ["\\Aa\\z", "a", true],
    ["^(?!secret)", "secrets", false],
    ["^(?P<n>a)$", "a", true],
  ])("%s on %s", (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  test("one that would take for ever gives up, and matches nothing", () => {
    const startedMs = threadCpuMs();
    // The lookahead keeps it from the linear engine.
    expect(matches("^(?=a)(a+)+$", `${"a".repeat(40)}!`)).toBe(false);
    expect(threadCpuMs() - startedMs).toBeLessThan(500);
  });

  test.each(["(", "a".repeat(1025), "[b-a]"])("%s is refused when it is set", (pattern) => {
    broker.access.putUser({ name: "u", tags: [], hash: undefined, limits }, "test");
    const permissions = { user: "u", vhost: "v", configure: pattern, write: "", read: "" };
    expect(() => broker.access.setPermissions(permissions, "test")).toThrow();
    expect(broker.access.store.permissionsOf("u", "v")).toBeUndefined();
  });
});

test("no user name widens a topic permission", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), fc.string(), (user, other) => {
      const pattern = expandVariables("^{username}\\.", new Map([["username", user]]));
      const regex = new RegExp(pattern);
      expect(regex.test(`${user}.x`)).toBe(true);
      if (!other.startsWith(`${user}.`)) expect(regex.test(other)).toBe(false);
    }),
    {
      numRuns: 500,
      examples: [
        [".*", "anything.x"],
        ["a-z", "b.x"],
        ["{vhost}", "v.x"],
        ["\\", "x."],
      ],
    },
  );
});
