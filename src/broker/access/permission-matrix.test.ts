// Every operation of VhostAccess with every combination of permissions: what is needed is in one table, and whatever
// is missing is refused, by name and by kind of permission.
import { beforeEach, describe, expect, test } from "vitest";
import type { Broker } from "../broker.ts";
import { BrokerError } from "../errors.ts";
import { EMPTY_TABLE, longString } from "../message/field-table.ts";
import { anybody, connectionNamed, newTestBroker } from "../test-doubles.ts";
import type { VhostAccess } from "../vhost-access.ts";
import type { Permission, User } from "./user.ts";

/** One permission on one thing. Names are all different, so that a pattern can single one out. */
interface Need {
  readonly kind: "queue" | "exchange";
  readonly name: string;
  readonly permission: Permission;
}

interface Operation {
  readonly name: string;
  readonly act: (access: VhostAccess) => unknown;
  readonly needs: readonly Need[];
  /** Any one of the needs will do. */
  readonly anyWillDo?: boolean;
}

const none = { arguments: EMPTY_TABLE };
const flags = { durable: true, autoDelete: false, internal: false, exclusive: false };
const queue = (name: string, permission: Permission): Need => ({ kind: "queue", name, permission });
const exchange = (name: string, permission: Permission): Need => ({
  kind: "exchange",
  name,
  permission,
});
const anyOf = (need: (permission: Permission) => Need): Need[] =>
  (["configure", "write", "read"] as const).map(need);

const operations: readonly Operation[] = [
  {
    name: "exchange.declare",
    act: (a) => a.declareExchange({ ...flags, ...none, name: "new-x", type: "direct" }),
    needs: [exchange("new-x", "configure")],
  },
  {
    name: "exchange.declare again",
    act: (a) => a.declareExchange({ ...flags, ...none, name: "x", type: "topic" }),
    needs: [exchange("x", "configure")],
  },
  {
    name: "exchange.declare with alternate exchange",
    act: (a) =>
      a.declareExchange({
        ...flags,
        name: "new-x",
        type: "direct",
        arguments: new Map([["alternate-exchange", longString("y")]]),
      }),
    needs: [exchange("new-x", "configure"), exchange("new-x", "read"), exchange("y", "write")],
  },
  {
    name: "exchange.declare passive",
    act: (a) => a.checkExchange("x"),
    needs: anyOf((permission) => exchange("x", permission)),
    anyWillDo: true,
  },
  {
    name: "exchange.delete",
    act: (a) => a.deleteExchange("x", { ifUnused: false }),
    needs: [exchange("x", "configure")],
  },
  {
    name: "exchange.delete of nothing",
    act: (a) => a.deleteExchange("nothing", { ifUnused: false }),
    needs: [exchange("nothing", "configure")],
  },
  {
    name: "queue.declare",
    act: (a) => a.declareQueue({ ...flags, ...none, name: "new-q" }),
    needs: [queue("new-q", "configure")],
  },
  {
    name: "queue.declare exclusive",
    act: (a) => a.declareQueue({ ...flags, ...none, name: "new-q", exclusive: true }),
    needs: [queue("new-q", "configure")],
  },
  {
    name: "queue.declare again",
    act: (a) => a.declareQueue({ ...flags, ...none, name: "q" }),
    needs: [queue("q", "configure")],
  },
  {
    name: "queue.declare with dead letter exchange",
    act: (a) =>
      a.declareQueue({
        ...flags,
        name: "new-q",
        arguments: new Map([["x-dead-letter-exchange", longString("y")]]),
      }),
    needs: [queue("new-q", "configure"), queue("new-q", "read"), exchange("y", "write")],
  },
  {
    name: "queue.declare dead-lettering to the default exchange",
    act: (a) =>
      a.declareQueue({
        ...flags,
        name: "new-q",
        arguments: new Map([["x-dead-letter-exchange", longString("")]]),
      }),
    needs: [queue("new-q", "configure"), queue("new-q", "read"), exchange("amq.default", "write")],
  },
  {
    name: "queue.declare passive",
    act: (a) => a.checkQueue("q"),
    needs: anyOf((permission) => queue("q", permission)),
    anyWillDo: true,
  },
  {
    name: "queue.delete",
    act: (a) => a.deleteQueue("q", { ifUnused: false, ifEmpty: false }),
    needs: [queue("q", "configure")],
  },
  {
    name: "queue.delete of nothing",
    act: (a) => a.deleteQueue("nothing", { ifUnused: false, ifEmpty: false }),
    needs: [queue("nothing", "configure")],
  },
  { name: "queue.purge", act: (a) => a.purgeQueue("q"), needs: [queue("q", "read")] },
  {
    name: "basic.consume and basic.get",
    act: (a) => a.queueForReading("q"),
    needs: [queue("q", "read")],
  },
  {
    name: "queue.bind",
    act: (a) => a.bindQueue({ source: "x", destination: "q", routingKey: "k", ...none }),
    needs: [queue("q", "write"), exchange("x", "read")],
  },
  {
    name: "queue.unbind",
    act: (a) => a.unbindQueue({ source: "x", destination: "q", routingKey: "k", ...none }),
    needs: [queue("q", "write"), exchange("x", "read")],
  },
  {
    name: "exchange.bind",
    act: (a) => a.bindExchange({ source: "x", destination: "y", routingKey: "k", ...none }),
    needs: [exchange("y", "write"), exchange("x", "read")],
  },
  {
    name: "exchange.unbind",
    act: (a) => a.unbindExchange({ source: "x", destination: "y", routingKey: "k", ...none }),
    needs: [exchange("y", "write"), exchange("x", "read")],
  },
  {
    name: "basic.publish",
    act: (a) => a.route("x", "k"),
    needs: [exchange("x", "write")],
  },
  {
    name: "basic.publish to the default exchange",
    act: (a) => a.route("", "q"),
    needs: [exchange("amq.default", "write")],
  },
];

let broker: Broker;
let access: VhostAccess;

beforeEach(() => {
  broker = newTestBroker();
  broker.addVhost("v");
  const all = broker.open(anybody, "v", connectionNamed("owner"));
  all.declareExchange({ ...flags, ...none, name: "x", type: "topic" });
  all.declareExchange({ ...flags, ...none, name: "y", type: "fanout" });
  all.declareQueue({ ...flags, ...none, name: "q" });
  broker.access.putUser(
    {
      name: "u",
      tags: [],
      hash: undefined,
      limits: { connectionsMax: undefined, channelsMax: undefined },
    },
    "test",
  );
  permit({ configure: "", write: "", read: "" });
  const user: User = { name: "u", tags: [], authorizer: broker.access.authorizer };
  access = broker.open(user, "v", connectionNamed("c"));
});

function permit(patterns: Record<Permission, string>): void {
  broker.access.setPermissions({ user: "u", vhost: "v", ...patterns }, "test");
}

/** What the operation was refused with, or undefined. */
function refusal(act: Operation["act"]): string | undefined {
  try {
    act(access);
    return undefined;
  } catch (error) {
    if (error instanceof BrokerError && error.reason === "access-refused") return error.message;
    throw error;
  }
}

const permissions = ["configure", "write", "read"] as const;
const combinations = Array.from({ length: 8 }, (_, bits) =>
  permissions.filter((_permission, i) => (bits & (1 << i)) !== 0),
);

describe.each(operations)("$name", ({ act, needs, anyWillDo = false }) => {
  test.each(combinations.map((granted) => [granted.join(" ") || "nothing", granted] as const))(
    "with %s granted on everything",
    (_what, granted) => {
      const pattern = (permission: Permission) => (granted.includes(permission) ? ".*" : "");
      permit({ configure: pattern("configure"), write: pattern("write"), read: pattern("read") });
      const isMet = (need: Need) => granted.includes(need.permission);
      const expected = anyWillDo ? needs.some(isMet) : needs.every(isMet);
      expect(refusal(act) === undefined).toBe(expected);
    },
  );

  test("with exactly what it needs", () => {
    const pattern = (permission: Permission) =>
      needs
        .filter((need) => need.permission === permission)
        .map((need) => `^${need.name.replaceAll(".", "\\.")}$`)
        .join("|");
    permit({ configure: pattern("configure"), write: pattern("write"), read: pattern("read") });
    expect(refusal(act)).toBeUndefined();
  });

  if (anyWillDo) return;
  test.each(needs)(
    "with everything but $permission on $kind $name",
    ({ kind, name, permission }) => {
      const allBut = `^(?!${name.replaceAll(".", "\\.")}$).*`;
      permit({ configure: ".*", write: ".*", read: ".*", [permission]: allBut });
      expect(refusal(act)).toBe(
        `${permission} access to ${kind} '${name}' in vhost 'v' refused for user 'u'`,
      );
    },
  );

  test("with permissions in another vhost alone", () => {
    broker.addVhost("other");
    broker.access.deletePermissions("u", "v", "test");
    broker.access.setPermissions(
      { user: "u", vhost: "other", configure: ".*", write: ".*", read: ".*" },
      "test",
    );
    expect(refusal(act)).toContain("refused for user 'u'");
    const user: User = { name: "u", tags: [], authorizer: broker.access.authorizer };
    expect(() => broker.open(user, "v", connectionNamed("c2"))).toThrow(
      "access to vhost 'v' refused for user 'u'",
    );
  });
});

describe("topic permissions", () => {
  const bind = (a: VhostAccess, routingKey: string) =>
    a.bindQueue({ source: "x", destination: "q", routingKey, ...none });

  test.each([
    ["publish", (a: VhostAccess) => a.route("x", "allowed.k"), undefined],
    ["publish", (a: VhostAccess) => a.route("x", "denied.k"), "write access to topic 'denied.k'"],
    ["bind", (a: VhostAccess) => bind(a, "allowed.#"), undefined],
    ["bind", (a: VhostAccess) => bind(a, "#"), "read access to topic '#'"],
    ["publish to another exchange", (a: VhostAccess) => a.route("y", "denied.k"), undefined],
  ])("%s %#", (_what, act, text) => {
    permit({ configure: ".*", write: ".*", read: ".*" });
    const topic = { user: "u", vhost: "v", write: "^allowed\\.", read: "^allowed\\." };
    broker.access.setTopicPermissions({ ...topic, exchange: "x" }, "test");
    broker.access.setTopicPermissions({ ...topic, exchange: "y" }, "test");
    const expected =
      text === undefined ? undefined : `${text} in exchange 'x' in vhost 'v' refused for user 'u'`;
    expect(refusal(act)).toBe(expected);
  });

  test("a change of permissions ends what a route remembers", () => {
    permit({ configure: "", write: ".*", read: "" });
    const route = access.route("x", "k");
    expect(route.isCurrent()).toBe(true);
    permit({ configure: "", write: "", read: "" });
    expect(route.isCurrent()).toBe(false);
    expect(() => access.route("x", "k")).toThrow("write access to exchange 'x'");
  });
});
