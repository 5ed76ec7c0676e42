// The HTTP API with every combination of permissions and tags: the same rules as AMQP's, because it is the same door.
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Permission } from "../broker/access/user.ts";
import { EMPTY_TABLE } from "../broker/message/field-table.ts";
import { anybody, connectionNamed } from "../broker/test-doubles.ts";
import { newTestApi } from "./test-management.ts";

type Api = Awaited<ReturnType<typeof newTestApi>>;
type Method = "GET" | "PUT" | "POST" | "DELETE";

interface Operation {
  readonly name: string;
  readonly request: readonly [Method, string, unknown?];
  readonly needs: readonly Permission[];
  readonly anyWillDo?: boolean;
}

const message = { properties: {}, routing_key: "k", payload: "p", payload_encoding: "string" };
const getting = { count: 1, ackmode: "ack_requeue_true", encoding: "auto" };
const withArgument = (argument: string) => ({ type: "direct", arguments: { [argument]: "y" } });

const operations: readonly Operation[] = [
  {
    name: "declare an exchange",
    request: ["PUT", "/exchanges/v/new", { type: "direct" }],
    needs: ["configure"],
  },
  {
    name: "declare an exchange with an alternate",
    request: ["PUT", "/exchanges/v/new", withArgument("alternate-exchange")],
    needs: ["configure", "read", "write"],
  },
  { name: "delete an exchange", request: ["DELETE", "/exchanges/v/x"], needs: ["configure"] },
  { name: "declare a queue", request: ["PUT", "/queues/v/new", {}], needs: ["configure"] },
  {
    name: "declare a queue with a dead letter exchange",
    request: ["PUT", "/queues/v/new", { arguments: { "x-dead-letter-exchange": "y" } }],
    needs: ["configure", "read", "write"],
  },
  { name: "delete a queue", request: ["DELETE", "/queues/v/q"], needs: ["configure"] },
  { name: "purge a queue", request: ["DELETE", "/queues/v/q/contents"], needs: ["read"] },
  { name: "get messages", request: ["POST", "/queues/v/q/get", getting], needs: ["read"] },
  {
    name: "bind a queue",
    request: ["POST", "/bindings/v/e/x/q/q", { routing_key: "new", arguments: {} }],
    needs: ["read", "write"],
  },
  {
    name: "unbind a queue",
    request: ["DELETE", "/bindings/v/e/x/q/q/k"],
    needs: ["read", "write"],
  },
  {
    name: "bind an exchange",
    request: ["POST", "/bindings/v/e/x/e/y", { routing_key: "new", arguments: {} }],
    needs: ["read", "write"],
  },
  {
    name: "unbind an exchange",
    request: ["DELETE", "/bindings/v/e/x/e/y/k"],
    needs: ["read", "write"],
  },
  { name: "publish", request: ["POST", "/exchanges/v/x/publish", message], needs: ["write"] },
];

const permissions = ["configure", "write", "read"] as const;
const combinations = Array.from({ length: 8 }, (_, bits) =>
  permissions.filter((_permission, i) => (bits & (1 << i)) !== 0),
);

let api: Api;
beforeAll(async () => {
  api = await newTestApi();
});

beforeEach(() => {
  const { broker, users } = api;
  const old = broker.vhosts.get("v");
  if (old !== undefined) broker.deleteVhost(old);
  const vhost = broker.addVhost("v");
  const flags = { durable: true, autoDelete: false, arguments: EMPTY_TABLE };
  const x = vhost.addExchange({ ...flags, name: "x", type: "direct", internal: false });
  const y = vhost.addExchange({ ...flags, name: "y", type: "fanout", internal: false });
  const access = broker.enter(anybody, "v", connectionNamed("owner"));
  vhost.bind(x, access.declareQueue({ ...flags, name: "q", exclusive: false }), "k", EMPTY_TABLE);
  vhost.bind(x, y, "k", EMPTY_TABLE);
  const limits = { connectionsMax: undefined, channelsMax: undefined };
  broker.access.putUser({ name: "u", tags: [], hash: undefined, limits }, "test");
  users.set("u", { name: "u", tags: ["management"], authorizer: broker.access.authorizer });
});

function permit(granted: readonly Permission[]): void {
  const pattern = (permission: Permission) => (granted.includes(permission) ? ".*" : "");
  api.broker.access.setPermissions(
    {
      user: "u",
      vhost: "v",
      configure: pattern("configure"),
      write: pattern("write"),
      read: pattern("read"),
    },
    "test",
  );
}

async function statusOf({ request: [method, path, body] }: Operation): Promise<number> {
  return (await api.request(method, path, body, {}, "u")).status;
}

describe.each(operations)("$name", (operation) => {
  test.each(combinations.map((granted) => [granted.join(" ") || "nothing", granted] as const))(
    "with %s",
    async (_what, granted) => {
      permit(granted);
      const isAllowed = operation.needs.every((need) => granted.includes(need));
      const before = [...api.broker.definitions()].length;
      const status = await statusOf(operation);
      if (isAllowed) expect(status).toBeLessThan(300);
      else {
        // RabbitMQ answers 401 where AMQP says access refused, and 400 to a publish.
        expect([400, 401, 403]).toContain(status);
        expect([...api.broker.definitions()].length).toBe(before);
      }
    },
  );

  test("with permissions in no vhost", async () => {
    expect([401, 403]).toContain(await statusOf(operation));
  });

  test("without any tag", async () => {
    permit(permissions);
    api.users.set("u", { name: "u", tags: [], authorizer: api.broker.access.authorizer });
    expect(await statusOf(operation)).toBe(401);
  });
});
