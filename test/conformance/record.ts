// Records answers of a real RabbitMQ 3.10 (the Debian package): `npx tsx test/conformance/record.ts`.
// Writes data/http-recordings-2.json, data/prometheus-names.json and data/definitions-rabbitmq-3.10.json.

import { writeFileSync } from "node:fs";
import amqp from "amqplib";
import { freePort } from "../free-port.ts";
import { call } from "./http-client.ts";
import { metricFacts } from "./metric-names.ts";
import { startRabbitMq } from "./real-rabbitmq.ts";
import { declareObjects, putObjects } from "./recorded-objects.ts";

const ITEMS_MAX = 3;
const [http, metrics, stream] = [await freePort(), await freePort(), await freePort()];
const NODE = "rec@localhost";
const rabbit = await startRabbitMq({
  nodeName: NODE,
  plugins: [
    "rabbitmq_management",
    "rabbitmq_prometheus",
    "rabbitmq_stream_management",
    "rabbitmq_tracing",
  ],
  configuration: [
    `management.tcp.port = ${http}`,
    `prometheus.tcp.port = ${metrics}`,
    `stream.listeners.tcp.1 = ${stream}`,
    "collect_statistics_interval = 1000",
  ],
});

async function ask(method: string, path: string, body?: unknown) {
  return call({
    port: http,
    method,
    path: `/api${path}`,
    credentials: "guest:guest",
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

/** Names of connections are only known while recording; `{connection}` stands for one. */
let connectionName = "";
const cut = (value: unknown): unknown =>
  Array.isArray(value) ? value.slice(0, ITEMS_MAX).map(cut) : value;

async function recorded(method: string, path: string, request?: unknown) {
  const own = path.replace("{connection}", encodeURIComponent(connectionName));
  const answer = await ask(method, own, request);
  const body = cut(answer.body ?? null);
  return {
    method,
    path,
    ...(request === undefined ? {} : { request }),
    status: answer.status,
    body,
  };
}

function data(name: string): URL {
  return new URL(`data/${name}`, import.meta.url);
}

const requests: readonly (readonly [string, string, unknown?])[] = [
  ["GET", "/nodes/rec@localhost/memory"],
  ["GET", "/connections/{connection}"],
  ["GET", "/connections/{connection}/channels"],
  ["GET", "/connections/username/nobody"],
  ["GET", "/connections/absent/channels"],
  ["GET", "/channels/absent"],
  ["GET", "/consumers/absent"],
  ["GET", "/consumers/rec"],
  ["GET", "/vhosts/absent/permissions"],
  ["GET", "/vhosts/absent/topic-permissions"],
  ["GET", "/vhosts/absent/connections"],
  ["GET", "/vhosts/absent/channels"],
  ["GET", "/users/absent/permissions"],
  ["GET", "/users/absent/topic-permissions"],
  ["GET", "/permissions/absent/guest"],
  ["GET", "/topic-permissions/rec/guest"],
  ["GET", "/topic-permissions/absent/guest"],
  ["GET", "/policies/absent"],
  ["GET", "/policies/rec/absent"],
  ["GET", "/operator-policies/absent"],
  ["GET", "/operator-policies/rec/absent"],
  ["GET", "/parameters/absent"],
  ["GET", "/parameters/policy/rec"],
  ["GET", "/parameters/operator_policy/rec/opol"],
  ["GET", "/parameters/operator_policy/rec/absent"],
  ["GET", "/parameters/operator_policy/absent"],
  ["GET", "/global-parameters/absent"],
  ["GET", "/vhost-limits/absent"],
  ["GET", "/user-limits/absent"],
  ["GET", "/definitions/absent"],
  ["GET", "/bindings/absent"],
  ["GET", "/bindings/rec/e/absent/q/classic"],
  ["GET", "/bindings/rec/e/x.topic/q/absent"],
  ["GET", "/bindings/rec/e/x.topic/e/x.int/%23"],
  ["GET", "/bindings/rec/e/x.topic/e/x.int/absent"],
  ["GET", "/queues/rec/absent/bindings"],
  ["GET", "/queues/rec/quorum/bindings"],
  ["GET", "/exchanges/rec/absent/bindings/source"],
  ["GET", "/exchanges/rec/absent/bindings/destination"],
  ["GET", "/healthchecks/node/rec@localhost"],
  ["GET", "/health/checks/protocol-listener/http"],
  ["GET", "/health/checks/port-listener/abc"],
  ["GET", "/all-configuration"],
  ["GET", "/stream/connections"],
  ["GET", "/stream/consumers"],
  ["GET", "/stream/publishers"],
  ["GET", "/queues/rec/classic?columns=name,messages"],
  ["GET", "/queues?name=cl&page=1"],
  ["GET", "/exchanges?page=1&page_size=3&sort=name"],
  ["GET", "/connections?page=1"],
  ["GET", "/channels?page=1&columns=name"],
  ["GET", "/vhosts?columns=name&sort=name"],
  ["GET", "/users?columns=name,tags"],
  ["PUT", "/vhosts/two", { description: "d", tags: "t", tracing: true }],
  ["PUT", "/vhosts/two", { tracing: "x" }],
  ["PUT", "/permissions/two/guest", { configure: ".*", write: ".*", read: ".*" }],
  ["PUT", "/permissions/absent/guest", { configure: "", write: "", read: "" }],
  ["DELETE", "/permissions/two/absent"],
  ["DELETE", "/permissions/absent/guest"],
  ["PUT", "/topic-permissions/two/guest", { exchange: "amq.topic", write: "a", read: "b" }],
  ["PUT", "/topic-permissions/two/guest", { exchange: "amq.topic", write: "(", read: "b" }],
  ["PUT", "/topic-permissions/two/guest", { write: "a", read: "b" }],
  ["PUT", "/topic-permissions/two/absent", { exchange: "amq.topic", write: "a", read: "b" }],
  ["DELETE", "/topic-permissions/two/guest"],
  ["DELETE", "/topic-permissions/two/guest"],
  ["PUT", "/operator-policies/two/o", { pattern: "x", definition: { "max-length": 1 } }],
  ["PUT", "/operator-policies/two/o", { pattern: "x", definition: { "max-length": 2 } }],
  [
    "PUT",
    "/operator-policies/two/o",
    { pattern: "x", definition: { "dead-letter-exchange": "x" } },
  ],
  ["PUT", "/operator-policies/absent/o", { pattern: "x", definition: { "max-length": 1 } }],
  ["GET", "/operator-policies/two/o"],
  ["DELETE", "/operator-policies/two/o"],
  ["DELETE", "/operator-policies/two/o"],
  ["PUT", "/policies/absent/p", { pattern: "x", definition: { "max-length": 1 } }],
  ["PUT", "/policies/two/p", { pattern: "x", definition: {} }],
  ["PUT", "/policies/two/p", { pattern: "x", definition: { "max-length": 1 }, priority: "a" }],
  ["DELETE", "/policies/two/absent"],
  ["DELETE", "/parameters/operator_policy/two/absent"],
  ["DELETE", "/global-parameters/absent"],
  ["PUT", "/global-parameters/x", {}],
  ["PUT", "/vhost-limits/two/max-connections", { value: 7 }],
  ["PUT", "/vhost-limits/absent/max-connections", { value: 7 }],
  ["PUT", "/vhost-limits/two/max-connections", {}],
  ["DELETE", "/vhost-limits/two/max-connections"],
  ["DELETE", "/vhost-limits/two/max-connections"],
  ["PUT", "/user-limits/absent/max-connections", { value: 7 }],
  ["PUT", "/user-limits/guest/max-channels", { value: 700 }],
  ["DELETE", "/user-limits/guest/max-channels"],
  ["DELETE", "/user-limits/guest/max-channels"],
  ["PUT", "/exchanges/two/a", { type: "fanout", durable: true, arguments: {} }],
  ["PUT", "/exchanges/two/b", { type: "direct", auto_delete: false, internal: true }],
  ["PUT", "/exchanges/absent/b", { type: "direct" }],
  ["POST", "/bindings/two/e/a/e/b", { routing_key: "k", arguments: { n: 1 } }],
  ["POST", "/bindings/two/e/a/e/absent", { routing_key: "k" }],
  ["POST", "/bindings/two/e/absent/e/b", { routing_key: "k" }],
  ["POST", "/bindings/absent/e/a/e/b", { routing_key: "k" }],
  ["GET", "/bindings/two/e/a/e/b"],
  ["DELETE", "/bindings/two/e/a/e/b/absent"],
  ["DELETE", "/exchanges/two/a?if-unused=true"],
  ["DELETE", "/exchanges/two/absent"],
  ["DELETE", "/exchanges/absent/a"],
  ["PUT", "/queues/two/full", { durable: true, arguments: { "x-max-length": 10 } }],
  ["POST", "/queues/two/full/get", { count: 1, ackmode: "ack_requeue_false", encoding: "auto" }],
  [
    "POST",
    "/exchanges/two/amq.default/publish",
    { properties: {}, routing_key: "full", payload: "x", payload_encoding: "string" },
  ],
  [
    "POST",
    "/exchanges/two/amq.default/publish",
    {
      properties: { delivery_mode: "x" },
      routing_key: "full",
      payload: "x",
      payload_encoding: "string",
    },
  ],
  [
    "POST",
    "/exchanges/two/amq.default/publish",
    { properties: {}, routing_key: "full", payload: "x", payload_encoding: "bogus" },
  ],
  [
    "POST",
    "/exchanges/two/b/publish",
    { properties: {}, routing_key: "full", payload: "x", payload_encoding: "string" },
  ],
  ["DELETE", "/queues/two/full?if-empty=true"],
  ["POST", "/queues/two/full/get", { count: 2, ackmode: "reject_requeue_true", encoding: "auto" }],
  [
    "POST",
    "/queues/two/full/get",
    { count: 2, ackmode: "reject_requeue_false", encoding: "base64" },
  ],
  ["DELETE", "/queues/two/absent/contents"],
  ["DELETE", "/queues/absent/q"],
  ["DELETE", "/queues/two/full?if-empty=true"],
  ["PUT", "/users/three", { password: "p", tags: "" }],
  ["PUT", "/users/four", { password_hash: "not base64!", tags: "" }],
  [
    "PUT",
    "/users/four",
    { password_hash: "1206zXGM36zzj7Diw/+qpSUs9raW/R0Jdiix0apWJCwwTOPX", tags: "a" },
  ],
  ["POST", "/users/bulk-delete", { users: ["three"] }],
  ["POST", "/users/bulk-delete", {}],
  ["DELETE", "/users/four"],
  ["PUT", "/traces/two/t", { format: "text", pattern: "#" }],
  ["GET", "/traces/two/t"],
  ["GET", "/traces/two"],
  ["GET", "/traces/two/absent"],
  ["PUT", "/traces/two/u", { format: "bogus", pattern: "#" }],
  ["PUT", "/traces/absent/t", { format: "text", pattern: "#" }],
  ["DELETE", "/traces/two/t"],
  ["DELETE", "/traces/two/t"],
  ["GET", "/trace-files/absent"],
  ["DELETE", "/trace-files/absent"],
  ["DELETE", "/auth/attempts/rec@localhost"],
  ["DELETE", "/connections/{connection}"],
  ["DELETE", "/connections/username/nobody"],
  ["DELETE", "/reset/rec@localhost"],
  ["POST", "/definitions/absent", { queues: [] }],
  ["POST", "/definitions", {}],
  ["POST", "/definitions", { vhosts: [{ name: "two" }], users: [], permissions: [] }],
  ["POST", "/vhosts/absent/start/rec@localhost"],
  ["POST", "/vhosts/rec/start/absent@localhost"],
  ["PUT", "/cluster-name", {}],
  ["DELETE", "/vhosts/two"],
];

async function scrape(path: string) {
  const answer = await fetch(`http://127.0.0.1:${metrics}${path}`);
  return metricFacts(await answer.text());
}

const DETAILED = [
  ...["connection_churn_metrics", "node_coarse_metrics", "node_metrics", "node_persister_metrics"],
  ...["auth_attempt_metrics", "auth_attempt_detailed_metrics", "queue_coarse_metrics"],
  ...["queue_metrics", "queue_consumer_count", "channel_metrics", "channel_exchange_metrics"],
  ...["channel_queue_metrics", "channel_queue_exchange_metrics", "connection_coarse_metrics"],
  ...["connection_metrics", "vhost_status", "exchange_names", "exchange_bindings", "ra_metrics"],
];

try {
  await putObjects(ask);
  const url = rabbit.url.replace(/\/$/, "/rec");
  const connection = await amqp.connect(url, { clientProperties: { connection_name: "recorder" } });
  connection.on("error", () => {});
  await declareObjects(connection);
  const definitions = await ask("GET", "/definitions");
  // Statistics are collected every second.
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  const [only] = (await ask("GET", "/connections")).body as { name: string }[];
  connectionName = only!.name;
  const names = {
    what: "Names, types and labels of the metrics of a RabbitMQ 3.10.8 with clients, by path",
    "/metrics": await scrape("/metrics"),
    "/metrics/per-object": await scrape("/metrics/per-object"),
    "/metrics/detailed": await scrape(
      `/metrics/detailed?${DETAILED.map((name) => `family=${name}`).join("&")}`,
    ),
  };
  writeFileSync(data("prometheus-names.json"), `${JSON.stringify(names, null, 1)}\n`);
  writeFileSync(
    data("definitions-rabbitmq-3.10.json"),
    `${JSON.stringify(definitions.body, null, 1)}\n`,
  );
  const lines: string[] = [];
  for (const request of requests) lines.push(JSON.stringify(await recorded(...request)));
  const what = "Answers of a RabbitMQ 3.10.8 to more requests of ours, lists cut to three items";
  writeFileSync(
    data("http-recordings-2.json"),
    `{"what":${JSON.stringify(what)},"recordings":[\n${lines.join(",\n")}\n]}\n`,
  );
  await connection.close().catch(() => {});
} finally {
  await rabbit.stop();
}
