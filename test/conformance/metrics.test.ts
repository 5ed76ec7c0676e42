// Names, types and labels of metrics, compared with a RabbitMQ 3.10's own scrape and with what its official
// dashboard asks for.

import { readFileSync } from "node:fs";
import amqp from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EmbeddedBroker, startEmbedded } from "./embedded.ts";
import { call } from "./http-client.ts";
import { type MetricFacts, metricFacts } from "./metric-names.ts";
import { declareObjects, putObjects } from "./recorded-objects.ts";

type Names = Readonly<Record<string, MetricFacts>>;
const recorded = readJson("prometheus-names.json") as Readonly<Record<string, Names>>;

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`data/${name}`, import.meta.url), "utf8"));
}

/** Metrics that are about Erlang or RabbitMQ's own files; nothing here could be counted under their names. */
const ABSENT: readonly (readonly [RegExp, string])[] = [
  [/^erlang_|^rabbitmq_(detailed_)?erlang_(?!uptime)/, "the Erlang machine"],
  [/^telemetry_scrape_/, "RabbitMQ's own scrape library"],
  [/^process_start_time_seconds$/, "erlang_uptime_seconds says the same"],
  [/_raft_/, "there is no Raft on one node"],
  [/_(schema_db|queue_index|msg_store)_/, "RabbitMQ's files and tables"],
  [/_io_(seek|reopen)_/, "nothing is sought or reopened"],
  [/_global_stream_error_/, "errors of the stream protocol"],
  [/_auth_attempts_detailed_/, "/api/auth/attempts tells them by protocol; addresses are not kept"],
  [/_queue_head_message_timestamp$/, "the timestamp property of the head is not looked at"],
  [/_dead_lettered_confirmed_total$/, "counted with the queue that takes them"],
];
/** Labels that are fewer or others than those of 3.10. */
const LABELS: readonly (readonly [RegExp, string])[] = [
  [
    /_connection_/,
    "connections are labelled `connection`, as RabbitMQ 4 does; 3.10 said `channel`",
  ],
  [/_queue_messages_published_total$/, "counted per exchange and queue, whoever published"],
];
/** What the official dashboard RabbitMQ-Overview (10991) asks for, with the labels it joins and groups by. */
const DASHBOARD: Readonly<Record<string, readonly string[]>> = {
  rabbitmq_identity_info: ["rabbitmq_cluster", "rabbitmq_node", "rabbitmq_endpoint"],
  rabbitmq_build_info: ["rabbitmq_version", "erlang_version"],
  rabbitmq_queue_messages_ready: [],
  rabbitmq_queue_messages_unacked: [],
  ...Object.fromEntries(
    ["connections", "channels", "queues", "channel_consumers"].map((name) => [
      `rabbitmq_${name}`,
      [],
    ]),
  ),
  rabbitmq_global_consumers: ["protocol"],
  rabbitmq_global_publishers: ["protocol"],
  ...Object.fromEntries(
    ["received", "received_confirm", "routed", "confirmed", "unroutable_dropped"]
      .concat(["unroutable_returned", "delivered", "delivered_consume_auto_ack"])
      .concat(["delivered_consume_manual_ack", "delivered_get_auto_ack", "acknowledged"])
      .concat(["delivered_get_manual_ack", "get_empty", "redelivered"])
      .map((name) => [`rabbitmq_global_messages_${name}_total`, ["protocol"]]),
  ),
  rabbitmq_message_size_bytes_sum: ["protocol"],
  rabbitmq_message_size_bytes_count: ["protocol"],
  rabbitmq_message_size_bytes_bucket: ["protocol", "le"],
  // Its edition for 3.8, which counted by channels.
  ...Object.fromEntries(
    ["messages_published", "messages_confirmed", "messages_unroutable_returned"]
      .concat(["messages_unroutable_dropped", "messages_delivered", "messages_delivered_ack"])
      .concat(["messages_redelivered", "messages_acked", "get", "get_ack", "get_empty"])
      .map((name) => [`rabbitmq_channel_${name}_total`, []]),
  ),
  rabbitmq_queue_messages_published_total: [],
  ...Object.fromEntries(
    ["connections_opened", "connections_closed", "channels_opened", "channels_closed"]
      .concat(["queues_declared", "queues_created", "queues_deleted"])
      .map((name) => [`rabbitmq_${name}_total`, []]),
  ),
  ...Object.fromEntries(
    ["disk_space_available_bytes", "disk_space_available_limit_bytes", "process_open_fds"]
      .concat(["resident_memory_limit_bytes", "process_resident_memory_bytes", "process_max_fds"])
      .concat(["process_open_tcp_sockets", "process_max_tcp_sockets"])
      .concat(["erlang_uptime_seconds"])
      .map((name) => [`rabbitmq_${name}`, []]),
  ),
};

let broker: EmbeddedBroker;
let connection: amqp.ChannelModel;

async function scrape(path: string): Promise<Names> {
  const port = broker.server.httpListeners.find(({ protocol }) =>
    protocol.includes("prometheus"),
  )!.port;
  return metricFacts((await call({ port, method: "GET", path })).text);
}

beforeAll(async () => {
  broker = await startEmbedded({ management: true });
  await putObjects((method, path, body) =>
    call({
      port: broker.httpPort,
      method,
      path: `/api${path}`,
      credentials: "guest:guest",
      body: JSON.stringify(body),
    }),
  );
  connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${broker.port}/rec`);
  await declareObjects(connection);
});
afterAll(async () => {
  await connection?.close();
  await broker?.stop();
});

function listed(rows: readonly (readonly [RegExp, string])[], metric: string): boolean {
  return rows.some(([pattern]) => pattern.test(metric));
}

const FAMILIES = [
  ...["connection_churn_metrics", "node_coarse_metrics", "node_metrics", "node_persister_metrics"],
  ...["auth_attempt_metrics", "auth_attempt_detailed_metrics", "queue_coarse_metrics"],
  ...["queue_metrics", "queue_consumer_count", "channel_metrics", "channel_exchange_metrics"],
  ...["channel_queue_metrics", "channel_queue_exchange_metrics", "connection_coarse_metrics"],
  ...["connection_metrics", "vhost_status", "exchange_names", "exchange_bindings", "ra_metrics"],
];

describe("what RabbitMQ 3.10 scrapes give", () => {
  test.each([
    ["/metrics", "/metrics"],
    ["/metrics/per-object", "/metrics/per-object"],
    [
      "/metrics/detailed",
      `/metrics/detailed?${FAMILIES.map((name) => `family=${name}`).join("&")}`,
    ],
  ])("%s gives too, or the reason is listed", async (name, path) => {
    const own = await scrape(path);
    const wrong: string[] = [];
    for (const [metric, facts] of Object.entries(recorded[name]!)) {
      if (listed(ABSENT, metric)) continue;
      const ours = own[metric];
      if (ours === undefined) wrong.push(`${metric}: missing`);
      else if (facts.type !== "untyped" && ours.type !== facts.type)
        wrong.push(`${metric}: ${facts.type} there, ${ours.type} here`);
      else if (
        !listed(LABELS, metric) &&
        facts.labels.some((label) => !ours.labels.includes(label))
      )
        wrong.push(`${metric}: ${facts.labels.join()} there, ${ours.labels.join()} here`);
    }
    expect(wrong).toEqual([]);
  });
});

test("the official Overview dashboard finds all it asks for", async () => {
  const own = await scrape("/metrics");
  const missing = Object.entries(DASHBOARD).filter(
    ([name, labels]) => !labels.every((label) => own[name]?.labels.includes(label)),
  );
  expect(missing.map(([name]) => name)).toEqual([]);
});

test("no reason is given for a metric that is there", async () => {
  const own = await scrape("/metrics/per-object");
  const names = Object.keys(recorded["/metrics/per-object"]!);
  expect(names.filter((name) => listed(ABSENT, name) && own[name] !== undefined)).toEqual([]);
});
