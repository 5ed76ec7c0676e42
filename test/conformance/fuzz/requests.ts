// What somebody might ask the HTTP API, well or badly meant: every route, likely and unlikely names, bodies and queries.

import * as fc from "fast-check";
import { exchangeSettings } from "../../../src/broker/settings/exchange-settings.ts";
import { queueSettings } from "../../../src/broker/settings/queue-settings.ts";
import type { Route } from "../../../src/management/route.ts";
import { routes } from "../../../src/management/routes.ts";

export interface AnyRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

/** These end the process or its listeners, which is what they are for. */
const EXCLUDED = new Set(["POST /node/stop", "PUT /node/listeners"]);

/** Names that meet each other, names that mean something, and any. */
const queueName = fc.constantFrom(
  "q1",
  "q2",
  "q3",
  "s1",
  "amq.q",
  "x1-0",
  "x1-1",
  "queue with spaces/",
);
const exchangeName = fc.constantFrom(
  "x1",
  "x2",
  "d1",
  "amq.topic",
  "amq.default",
  "amq.direct",
  "x1",
);
const strange = fc.oneof(
  fc.constantFrom(
    "",
    ".",
    "..",
    "__proto__",
    "constructor",
    "a".repeat(300),
    "é".repeat(200),
    "\0",
    "%",
    "\ud83d\ude00",
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
);
const likelyByPart: Readonly<Record<string, fc.Arbitrary<string>>> = {
  vhost: fc.oneof(
    { weight: 6, arbitrary: fc.constant("/") },
    { weight: 2, arbitrary: fc.constantFrom("v1", "v2") },
  ),
  queue: queueName,
  source: exchangeName,
  destination: fc.oneof(queueName, exchangeName),
  exchange: exchangeName,
  user: fc.constantFrom("ann", "bob", "guest"),
  node: fc.constantFrom("rabbit@localhost", "nobody@nowhere"),
  component: fc.constantFrom(
    "shovel",
    "federation-upstream",
    "federation-upstream-set",
    "vhost-limits",
    "operator_policy",
    "policy",
  ),
  tag: fc.constantFrom("c1", "c2"),
  reader: fc.constantFrom("r1", "r2"),
  id: fc.integer({ min: 0, max: 20 }).map(String),
  position: fc.integer({ min: 0, max: 20 }).map(String),
  props: fc.constantFrom("~", "k1", "%23", "k1~x"),
  within: fc.constantFrom("1", "2"),
  unit: fc.constantFrom("days", "weeks"),
  port: fc.constantFrom("5672", "x"),
};

function nameOf(part: string, path: string): fc.Arbitrary<string> {
  const ofPath: fc.Arbitrary<string> = /^\/(queues|stream\/:vhost)/.test(path)
    ? queueName
    : /^\/(exchanges|stream)/.test(path)
      ? exchangeName
      : fc.constantFrom("n1", "n2", "max-connections", "max-queues", "max-channels", "limits");
  return fc.oneof(
    { weight: 12, arbitrary: likelyByPart[part] ?? ofPath },
    { weight: 1, arbitrary: strange },
  );
}

const keys = [
  ...[...queueSettings, ...exchangeSettings].flatMap(({ argument, policyKey }) => [
    argument,
    policyKey,
  ]),
  ...[
    "x-queue-type",
    "x-delayed-type",
    "hash-header",
    "hash-property",
    "x-match",
    "alternate-exchange",
    "x-priority",
  ],
].filter((key) => key !== undefined);

const scalar: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    "",
    "x",
    0,
    1,
    2,
    5,
    100,
    -1,
    255,
    256,
    1.5,
    1e308,
    2 ** 31,
    2 ** 53,
    -(2 ** 63),
  ),
  fc.constantFrom(
    "quorum",
    "stream",
    "classic",
    "topic",
    "fanout",
    "x-delayed-message",
    "all",
    "any",
    "drop-head",
    "reject-publish",
    "at-least-once",
    "last",
    "first",
    "1h",
    "7D",
    "x1",
    "q1",
    "k1",
    ".*",
    "(",
    "[a",
    "^q",
    "#",
    "~",
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.integer(),
  fc.double(),
);
const anyTable: fc.Arbitrary<unknown> = fc.oneof(
  fc.dictionary(
    fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...keys) }, { weight: 1, arbitrary: strange }),
    scalar,
    { maxKeys: 4 },
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: scalar },
  { weight: 4, arbitrary: anyTable },
  { weight: 2, arbitrary: fc.array(fc.oneof(scalar, anyTable), { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(1, 100, 3_000).map(nested) },
);

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Fields that routes without an example read. */
const otherBodies: Readonly<Record<string, object>> = {
  "/queues/:vhost/:name/move": {
    destination: "q2",
    count: 3,
    filter: { key: "k1" },
    positions: [1, 2],
  },
  "/queues/:vhost/:name/copy": { exchange: "x1", routing_key: "k1", count: 3, filter: {} },
  "/queues/:vhost/:name/replay": { reason: "expired", origin: "q1", filter: {} },
  "/auth/hash_password": { password: "x" },
};

const PROPERTIES = {
  ...{ delivery_mode: 2, priority: 3, expiration: "5", headers: { "x-delay": 50, CC: ["q2"] } },
  ...{ message_id: "m", timestamp: 5, user_id: "guest", content_type: "a/b", correlation_id: "c" },
};

function definitionsBody(): fc.Arbitrary<unknown> {
  const named = { name: "q1", vhost: "/" };
  const section = (example: object) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.array(variation(example), { maxLength: 3 }) },
      { weight: 1, arbitrary: anyValue },
    );
  return fc.record(
    {
      users: section({ name: "ann", password: "x", tags: ["management"], limits: {} }),
      vhosts: section({ name: "v1", description: "", tags: [], metadata: {} }),
      permissions: section({ user: "ann", vhost: "/", configure: ".*", write: ".*", read: ".*" }),
      topic_permissions: section({ user: "ann", vhost: "/", exchange: "x1", write: "", read: "" }),
      parameters: section({ ...named, component: "shovel", value: {} }),
      global_parameters: section({ name: "n1", value: {} }),
      policies: section({
        ...named,
        pattern: "^q",
        definition: { "max-length": 5 },
        priority: 0,
        "apply-to": "all",
      }),
      queues: section({
        ...named,
        durable: true,
        auto_delete: false,
        arguments: {},
        type: "classic",
      }),
      exchanges: section({
        name: "x2",
        vhost: "/",
        type: "topic",
        durable: true,
        auto_delete: false,
        internal: false,
        arguments: {},
      }),
      bindings: section({
        source: "x2",
        vhost: "/",
        destination: "q1",
        destination_type: "queue",
        routing_key: "k1",
        arguments: {},
      }),
    },
    { requiredKeys: [] },
  );
}

/** The example, with other values for some of its fields, some left out and some added. */
function variation(example: object): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries({
      ...example,
      ...("properties" in example ? { properties: PROPERTIES } : {}),
    }).map(([key, value]) => [
      key,
      fc.oneof(
        { weight: 6, arbitrary: fc.constant(value as unknown) },
        ...(typeof value === "object" && value !== null && !Array.isArray(value)
          ? [
              {
                weight: 8,
                arbitrary:
                  Object.keys(value).length > 0
                    ? fc
                        .oneof(anyTable, fc.constant(null))
                        .chain((more) =>
                          fc.constant(
                            typeof more === "object" && more !== null && !Array.isArray(more)
                              ? { ...value, ...more }
                              : more,
                          ),
                        )
                    : anyTable,
              },
            ]
          : []),
        { weight: 2, arbitrary: anyValue },
      ),
    ]),
  );
  return fc
    .tuple(
      fc.record(fields, { requiredKeys: [] }),
      fc.boolean(),
      fc.dictionary(
        fc.oneof(
          strange,
          fc.constantFrom("durable", "type", "arguments", "vhost", "name", "value"),
        ),
        scalar,
        { maxKeys: 2 },
      ),
      fc.nat(6),
    )
    .map(([some, all, added, dice]) => {
      const base = all ? { ...example, ...some } : some;
      return dice === 0 ? { ...base, ...added } : base;
    });
}

function bodyOf(route: Route): fc.Arbitrary<string | undefined> {
  if (route.method === "GET" || route.method === "DELETE") return fc.constant(undefined);
  const example = route.body ?? otherBodies[route.path];
  const isFile = /^\/(definitions|all-configuration)/.test(route.path);
  const meant = isFile ? definitionsBody() : variation(example ?? { value: 1 });
  return fc.oneof(
    { weight: 12, arbitrary: meant.map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: anyValue.map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: fc.oneof(
        fc.constantFrom(
          "",
          "{",
          "[]",
          "null",
          '{"a":1e999}',
          '{"a":"\\ud800"}',
          "[".repeat(50_000),
        ),
        fc.string({ maxLength: 30 }),
      ),
    },
  );
}

const query: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constant("") },
  {
    weight: 2,
    arbitrary: fc
      .dictionary(
        fc.constantFrom(
          ...[
            "page",
            "page_size",
            "name",
            "use_regex",
            "sort",
            "sort_reverse",
            "columns",
            "pagination",
            "disable_stats",
          ],
          ...[
            "lengths_age",
            "lengths_incr",
            "msg_rates_age",
            "msg_rates_incr",
            "data_rates_age",
            "data_rates_incr",
            "node_stats_age",
            "node_stats_incr",
          ],
          ...[
            "offset",
            "count",
            "key",
            "header",
            "property",
            "text",
            "path",
            "after",
            "limit",
            "level",
            "vhost",
            "exchange",
            "routing_key",
            "headers",
            "user",
            "download",
            "if-empty",
            "if-unused",
            "id",
            "queue",
            "kinds",
            "enable_queue_totals",
          ],
        ),
        fc.oneof(
          fc.constantFrom(
            "0",
            "1",
            "2",
            "50",
            "600",
            "-1",
            "true",
            "/",
            "x1",
            "q1",
            "k1",
            "name",
            "messages",
            "a.b.c",
            "name,message_stats.publish",
            "(a+)+$",
            "[",
            "{}",
            '{"a":1}',
            "debug",
            "a:b",
          ),
          strange,
        ),
        { maxKeys: 4 },
      )
      .map(
        (values) =>
          `?${Object.entries(values)
            .map(([key, value]) => `${key}=${encoded(value)}`)
            .join("&")}`,
      ),
  },
);

/** Half a surrogate pair has no encoding. */
function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

function requestOf(route: Route): fc.Arbitrary<AnyRequest> {
  const parts = route.path
    .split("/")
    .map((part) =>
      part.startsWith(":") ? nameOf(part.slice(1), route.path).map(encoded) : fc.constant(part),
    );
  return fc.tuple(fc.tuple(...parts), query, bodyOf(route)).map(([path, search, body]) => ({
    method: route.method,
    path: `/api${path.join("/")}${search}`,
    body,
  }));
}

/** Those that make something come often, those that end things seldom. */
function weightOf({ method, path }: Route): number {
  if (method === "GET") return 1;
  if (method === "DELETE") return 1;
  return /publish$|^\/queues\/:vhost\/:name$|^\/exchanges\/:vhost\/:name$|^\/bindings/.test(path)
    ? 12
    : 5;
}

export const anyRequest: fc.Arbitrary<AnyRequest> = fc.oneof(
  ...routes
    .filter(({ method, path }) => !EXCLUDED.has(`${method} ${path}`))
    .map((route) => ({ weight: weightOf(route), arbitrary: requestOf(route) })),
);
