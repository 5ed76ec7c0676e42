import { afterEach, describe, expect, test } from "vitest";
import type { BackendPair } from "../broker/access/backend.ts";
import type { User, Verdict } from "../broker/access/user.ts";
import { connectionNamed } from "../broker/test-doubles.ts";
import { ldapQuery } from "../config/ldap-query.ts";
import { nodeClock } from "../env/node-clock.ts";
import { createLdapBackend, type LdapOptions } from "./ldap-backend.ts";
import { TestDirectory } from "./ldap-test-directory.ts";

const ALICE = "cn=alice,ou=people,dc=x";
const ENTRIES = {
  "dc=x": {},
  [ALICE]: { password: "wonder", uid: "alice", description: ["can-declare-queues", "other"] },
  "cn=bob,ou=people,dc=x": { password: "build", uid: "bob" },
  "cn=a\\,b,ou=people,dc=x": { password: "comma", uid: "a,b" },
  "cn=finder,dc=x": { password: "find" },
  "cn=admins,ou=groups,dc=x": { member: ALICE },
  "cn=v-users,ou=groups,dc=x": { member: [ALICE, "cn=bob,ou=people,dc=x"] },
  "cn=inner,ou=groups,dc=x": { member: ["cn=bob,ou=people,dc=x", "cn=outer,ou=groups,dc=x"] },
  "cn=outer,ou=groups,dc=x": { member: "cn=inner,ou=groups,dc=x" },
};
/** Placeholders are the directory's, not JavaScript's. */
const $ = (name: string) => `\${${name}}`;

const directories: TestDirectory[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) directory.close();
});

interface Started {
  readonly backend: BackendPair;
  readonly directory: TestDirectory;
  readonly log: string[];
}

async function started(
  queries: {
    vhost?: string;
    resource?: string;
    topic?: string;
    tags?: Record<string, string>;
  } = {},
  more: Partial<LdapOptions> = {},
): Promise<Started> {
  const directory = new TestDirectory(ENTRIES);
  directories.push(directory);
  const log: string[] = [];
  const queryOf = (text: string | undefined) =>
    text === undefined ? undefined : ldapQuery.parse(text).query;
  const backend = createLdapBackend({
    servers: ["127.0.0.1"],
    port: await directory.listen(),
    clock: nodeClock,
    userDnPattern: `cn=${$("username")},ou=people,dc=x`,
    lookupAttribute: undefined,
    lookupBase: undefined,
    bindDn: undefined,
    bindPassword: undefined,
    tls: false,
    startTls: false,
    timeoutMs: 3_000,
    keptMs: 0,
    matches: (pattern, text) => new RegExp(pattern).test(text),
    log: (text) => log.push(text),
    ...more,
    queries: {
      vhost: queryOf(queries.vhost),
      resource: queryOf(queries.resource),
      topic: queryOf(queries.topic),
      tags: new Map(
        Object.entries(queries.tags ?? {}).map(([tag, text]) => [tag, ldapQuery.parse(text).query]),
      ),
      groupBase: "ou=groups,dc=x",
    },
  });
  return { backend, directory, log };
}

function login(backend: BackendPair, user: string, password: string | undefined) {
  return new Promise<User | { refused: string }>((resolve) => {
    const peer = { address: "127.0.0.1", port: 1 };
    backend.authenticator.authenticate({ user, password, peer, protocol: "test" }, (answer) =>
      resolve("refused" in answer ? answer : { authorizer: backend.authorizer, ...answer }),
    );
  });
}

async function userOf(backend: BackendPair, name: string, password: string): Promise<User> {
  const outcome = await login(backend, name, password);
  if ("refused" in outcome) throw new Error(outcome.refused);
  return outcome;
}

async function answer(ask: () => Verdict): Promise<boolean> {
  for (let verdict = ask(); ; verdict = ask()) {
    if (typeof verdict === "boolean") return verdict;
    await new Promise<void>((resolve) => verdict.whenKnown(resolve));
  }
}

const here = connectionNamed("test");
const permits = (user: User, permission: "configure" | "write" | "read", name = "q") =>
  answer(() => user.authorizer.permits(user, "v", "queue", name, permission));

describe("logins", () => {
  test("who can bind is let in", async () => {
    const { backend, directory } = await started();
    expect(await login(backend, "alice", "wonder")).toMatchObject({ name: "alice", tags: [] });
    expect(await login(backend, "alice", "wrong")).toHaveProperty("refused");
    expect(await login(backend, "a,b", "comma")).toMatchObject({ name: "a,b" });
    expect(await login(backend, "alice", "")).toHaveProperty("refused");
    expect(await login(backend, "alice", undefined)).toHaveProperty("refused");
    expect(directory.seen).toEqual([
      `bind ${ALICE}`,
      `bind ${ALICE}`,
      "bind cn=a\\,b,ou=people,dc=x",
    ]);
  });

  test("the entry is found first when told to", async () => {
    const { backend, directory } = await started(
      {},
      {
        lookupAttribute: "uid",
        lookupBase: "dc=x",
        bindDn: "cn=finder,dc=x",
        bindPassword: "find",
      },
    );
    expect(await login(backend, "alice", "wonder")).toMatchObject({ name: "alice" });
    expect(await login(backend, "mallory", "x")).toHaveProperty("refused");
    expect(directory.seen.slice(0, 3)).toEqual([
      "bind cn=finder,dc=x",
      "search dc=x",
      `bind ${ALICE}`,
    ]);
  });

  test("the next server is asked when one is not there", async () => {
    const { backend } = await started({}, { servers: ["127.0.0.9", "127.0.0.1"] });
    expect(await login(backend, "alice", "wonder")).toMatchObject({ name: "alice" });
    const { backend: gone } = await started({}, { port: 1 });
    expect(await login(gone, "alice", "wonder")).toHaveProperty("refused");
  });

  test("tags come from queries", async () => {
    const { backend } = await started({
      tags: {
        administrator: '{in_group, "cn=admins,ou=groups,dc=x"}',
        management: "{constant, true}",
      },
    });
    expect((await userOf(backend, "alice", "wonder")).tags).toEqual([
      "administrator",
      "management",
    ]);
    expect((await userOf(backend, "bob", "build")).tags).toEqual(["management"]);
  });
});

describe("permissions", () => {
  test("without a query everything is permitted, and the log says so", async () => {
    const { backend, log } = await started();
    expect(log.join()).toContain("permits everything");
    const alice = await userOf(backend, "alice", "wonder");
    expect(await answer(() => alice.authorizer.permitsVhost(alice, "v", here))).toBe(true);
    expect(await permits(alice, "configure")).toBe(true);
  });

  test("a virtual host for the members of its group", async () => {
    const { backend } = await started({
      vhost: `{in_group, "cn=${$("vhost")}-users,ou=groups,dc=x"}`,
    });
    const bob = await userOf(backend, "bob", "build");
    const opens = (vhost: string) => answer(() => bob.authorizer.permitsVhost(bob, vhost, here));
    expect(await opens("v")).toBe(true);
    expect(await opens("other")).toBe(false);
    // A name of a virtual host cannot become more than a name.
    expect(await opens("v-users,ou=groups,dc=x")).toBe(false);
  });

  const resource = `{for, [{permission, configure, {in_group, "cn=admins,ou=groups,dc=x"}},
    {permission, write, {for, [{resource, queue, {constant, true}}]}},
    {permission, read, {'not', {exists, "cn=${$("name")},ou=groups,dc=x"}}}]}`;
  test("case by case, and a case that is not there is a no", async () => {
    const { backend } = await started({ resource });
    const [alice, bob] = [
      await userOf(backend, "alice", "wonder"),
      await userOf(backend, "bob", "build"),
    ];
    expect(await permits(alice, "configure")).toBe(true);
    expect(await permits(bob, "configure")).toBe(false);
    expect(await permits(bob, "write")).toBe(true);
    expect(await answer(() => bob.authorizer.permits(bob, "v", "exchange", "x", "write"))).toBe(
      false,
    );
    expect(await permits(bob, "read", "admins")).toBe(false);
    expect(await permits(bob, "read", "nobody")).toBe(true);
  });

  test("groups of groups, round in circles too", async () => {
    const nested = (name: string) => `{in_group_nested, "CN=${name}, ou=groups, dc=x"}`;
    const { backend } = await started({
      resource: `{'or', [{'and', [{constant, true}, ${nested("outer")}]}, ${nested("admins")}]}`,
    });
    const [alice, bob] = [
      await userOf(backend, "alice", "wonder"),
      await userOf(backend, "bob", "build"),
    ];
    expect(await permits(bob, "read")).toBe(true);
    expect(await permits(alice, "read")).toBe(true);
    const { backend: other } = await started({ resource: nested("absent") });
    expect(await permits(await userOf(other, "bob", "build"), "read")).toBe(false);
  });

  test("attributes and texts are compared and matched", async () => {
    const { backend } = await started({
      resource: `{equals, {attribute, "${$("user_dn")}", "description"}, {string, "can-declare-${$("resource")}s"}}`,
      topic: `{match, {string, "${$("routing_key")}"}, "^${$("username")}\\\\."}`,
    });
    const alice = await userOf(backend, "alice", "wonder");
    expect(await permits(alice, "configure")).toBe(true);
    expect(await answer(() => alice.authorizer.permits(alice, "v", "exchange", "x", "read"))).toBe(
      false,
    );
    const topic = (user: User, key: string) =>
      answer(() => user.authorizer.permitsTopic(user, "v", "amq.topic", key, "write", new Map()));
    expect(await topic(alice, "alice.a")).toBe(true);
    expect(await topic(alice, "bob.a")).toBe(false);
    const star: User = { name: ".*", tags: [], authorizer: backend.authorizer };
    expect(await topic(star, "bob.a")).toBe(false);
  });

  test("a directory that does not answer permits nothing", async () => {
    const { backend, directory } = await started(
      { resource: '{exists, "dc=x"}' },
      { timeoutMs: 300 },
    );
    const alice = await userOf(backend, "alice", "wonder");
    expect(await permits(alice, "read", "first")).toBe(true);
    directory.close();
    const { backend: gone, log } = await started({ resource: '{exists, "dc=x"}' }, { port: 1 });
    const user: User = { name: "alice", tags: [], authorizer: gone.authorizer };
    expect(await permits(user, "read")).toBe(false);
    expect(log.join()).toContain("alice");
  });
});

describe("what is not understood is refused", () => {
  test.each([
    ["in_group", "a query is a tuple"],
    ['{in_crowd, "x"}', "there is no query in_crowd"],
    ["{constant, maybe}", "true or false"],
    ["{constant, true", "ends too early|missing"],
    ['{in_group, "x", "y", "z"}', "4|3 arguments"],
    ["{for, {permission, read, {constant, true}}}", "a list is missing"],
    ['{equals, atom, "x"}', "a text is"],
    ["{'and', [{constant, true}, {nothing}]}", "there is no query nothing"],
    [`${"{'not', ".repeat(100)}{constant, true}${"}".repeat(100)}`, "nested too deeply"],
    ["{constant, true} {constant, false}", "follows its end"],
    ["{constant, #{}}", "what is"],
  ])("%s", (text, why) => {
    expect(() => ldapQuery.parse(text)).toThrow(new RegExp(why));
  });
});
