import { expect, test } from "vitest";
import { createMetricsApp } from "../app.ts";
import { newTestApi } from "../test-management.ts";

/** What the official overview dashboard asks for. */
const OVERVIEW_DASHBOARD = [
  "rabbitmq_identity_info",
  "rabbitmq_build_info",
  "rabbitmq_queue_messages_ready",
  "rabbitmq_queue_messages_unacked",
  "rabbitmq_connections",
  "rabbitmq_channels",
  "rabbitmq_queues",
  "rabbitmq_global_consumers",
  "rabbitmq_global_publishers",
  "rabbitmq_global_messages_received_total",
  "rabbitmq_global_messages_received_confirm_total",
  "rabbitmq_global_messages_routed_total",
  "rabbitmq_global_messages_confirmed_total",
  "rabbitmq_global_messages_unroutable_dropped_total",
  "rabbitmq_global_messages_unroutable_returned_total",
  "rabbitmq_global_messages_delivered_total",
  "rabbitmq_global_messages_delivered_consume_auto_ack_total",
  "rabbitmq_global_messages_delivered_consume_manual_ack_total",
  "rabbitmq_global_messages_delivered_get_auto_ack_total",
  "rabbitmq_global_messages_delivered_get_manual_ack_total",
  "rabbitmq_global_messages_get_empty_total",
  "rabbitmq_global_messages_redelivered_total",
  "rabbitmq_global_messages_acknowledged_total",
  "rabbitmq_connections_opened_total",
  "rabbitmq_connections_closed_total",
  "rabbitmq_channels_opened_total",
  "rabbitmq_channels_closed_total",
  "rabbitmq_queues_declared_total",
  "rabbitmq_queues_created_total",
  "rabbitmq_queues_deleted_total",
  "rabbitmq_disk_space_available_bytes",
  "rabbitmq_disk_space_available_limit_bytes",
  "rabbitmq_resident_memory_limit_bytes",
  "rabbitmq_process_resident_memory_bytes",
  "rabbitmq_process_open_fds",
  "rabbitmq_process_max_fds",
  "rabbitmq_erlang_uptime_seconds",
];

const LINE = /^[a-z_]+(\{([a-z_]+="(\\.|[^"\\])*",?)*\})? -?[\d.e+-]+$/;

async function metricsOf(queues: readonly string[]) {
  const api = await newTestApi();
  for (const name of queues) {
    await api.request("PUT", `/queues/%2F/${encodeURIComponent(name)}`, {});
  }
  const options = { path: "/metrics", perObject: false, authenticated: false };
  const app = await createMetricsApp(api.management, options);
  const scrape = async (path: string) => {
    const answer = await app.inject(path);
    for (const line of answer.body.trim().split("\n")) {
      if (!line.startsWith("#")) expect(line).toMatch(LINE);
    }
    return answer.body;
  };
  return { ...api, scrape, metricsApp: app };
}

test("every metric of the overview dashboard is there, with the labels it joins on", async () => {
  const { scrape } = await metricsOf(["q"]);
  const text = await scrape("/metrics");
  for (const name of OVERVIEW_DASHBOARD) expect(text).toMatch(new RegExp(`^${name}[ {]`, "m"));
  expect(text).toMatch(/rabbitmq_identity_info\{rabbitmq_node="rabbit@test",rabbitmq_cluster="/);
  expect(text).toContain('delivered_total{protocol="amqp091",queue_type="rabbit_quorum_queue"} 0');
});

test("the endpoint is told apart, so that one that is scraped beside another counts no node twice", async () => {
  const { scrape } = await metricsOf([]);
  for (const [path, endpoint] of [
    ["/metrics", "aggregated"],
    ["/metrics/per-object", "per-object"],
    ["/metrics/detailed?family=queue_metrics", "detailed"],
  ] as const) {
    expect(await scrape(path)).toContain(`rabbitmq_endpoint="${endpoint}"} 1`);
  }
});

test("one line per object, hard names escaped", async () => {
  const { scrape } = await metricsOf(['a"b\\c\nd', "plain"]);
  const text = await scrape("/metrics/per-object");
  expect(text).toContain('rabbitmq_queue_messages_ready{vhost="/",queue="plain"} 0');
  expect(text).toContain('queue="a\\"b\\\\cd"');
});

test("detailed gives only what was asked for", async () => {
  const { scrape } = await metricsOf(["q", "other"]);
  const text = await scrape(
    "/metrics/detailed?family=queue_coarse_metrics&queue=q&family=vhost_status",
  );
  expect(text).toContain('rabbitmq_detailed_queue_messages_ready{vhost="/",queue="q"} 0');
  expect(text).not.toContain("other");
  expect(text).not.toContain("consumers");
  expect(text).toContain('rabbitmq_cluster_vhost_status{vhost="/"} 1');
});

test("beside the API metrics need a password", async () => {
  const { app, metricsApp } = await metricsOf([]);
  expect((await app.inject("/metrics")).statusCode).toBe(401);
  expect((await metricsApp.inject("/metrics")).statusCode).toBe(200);
  expect((await metricsApp.inject("/elsewhere")).statusCode).toBe(404);
});

test("streams have metrics of their own, and no queue has them", async () => {
  const { request, scrape } = await metricsOf(["q"]);
  const stream = { arguments: { "x-queue-type": "stream" } };
  expect((await request("PUT", "/queues/%2F/s", stream)).status).toBe(201);
  const text = await scrape("/metrics/per-object");
  expect(text).toContain('rabbitmq_stream_segments{vhost="/",queue="s"} 0');
  expect(text).toContain('rabbitmq_stream_committed_offset{vhost="/",queue="s"} -1');
  expect(text).toContain('rabbitmq_stream_consumer_max_offset_lag{vhost="/",queue="s"} 0');
  expect(text).not.toContain('rabbitmq_stream_segments{vhost="/",queue="q"}');
});

test("sizes of published messages are a histogram", async () => {
  const api = await newTestApi();
  for (const size of [5, 100, 101]) {
    await api.request("POST", "/exchanges/%2F/amq.fanout/publish", {
      ...{ properties: {}, routing_key: "", payload: "x".repeat(size), payload_encoding: "string" },
    });
  }
  const options = { path: "/metrics", perObject: false, authenticated: false };
  const app = await createMetricsApp(api.management, options);
  const text = (await app.inject("/metrics")).body;
  const sizes = text.split("\n").filter((line) => line.startsWith("rabbitmq_message_size_bytes"));
  const buckets = [
    ...[["100", 2], ...["1000", "10000", "100000", "1000000"].map((bound) => [bound, 3])],
    ...["10000000", "50000000", "100000000", "+Inf"].map((bound) => [bound, 3]),
  ].map(([bound, count]) => `bucket{protocol="amqp091",le="${bound}"} ${count}`);
  const sums = ['count{protocol="amqp091"} 3', 'sum{protocol="amqp091"} 206'];
  expect(sizes).toEqual([...buckets, ...sums].map((line) => `rabbitmq_message_size_bytes_${line}`));
});
