// What a running broker says of the sizes it was sent, and what its configuration puts on messages as they come in.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AUTHORIZATION, SharedBroker } from "./set-up.ts";

const diagnostics = fileURLToPath(
  new URL("../../dist/compat/rabbitmq-diagnostics", import.meta.url),
);
const STAMP = "message_interceptors.incoming.set_header_timestamp.overwrite=false";
const NODE = "message_interceptors.incoming.set_header_routing_node.overwrite=true";
const broker = new SharedBroker("sizes", "--set", STAMP, "--set", NODE);
let connection: ChannelModel;

beforeAll(async () => {
  connection = await connect({ port: await broker.process.port("amqp") });
});

afterAll(() => connection?.close());

test("message_size_stats has RabbitMQ's ranges", async () => {
  const channel = await connection.createConfirmChannel();
  for (const size of [10, 20, 30, 5_000]) channel.sendToQueue("nowhere", Buffer.alloc(size));
  await channel.waitForConfirms();
  await channel.close();
  const args = ["--data-dir", broker.folder, "message_size_stats", "-q", "--formatter", "csv"];
  const lines = execFileSync(diagnostics, args, { encoding: "utf8" }).trim().split("\n");
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe('"Message Size","Count","Percentage"');
  expect(lines[1]).toBe('"below 100B","3","75.00"');
  expect(lines[3]).toBe('"between 1KB and 10KB","1","25.00"');
  expect(lines[9]).toBe('"above 100MB","0","0.00"');
});

test("messages have the time and the node they came in at, by AMQP and by HTTP", async () => {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue("stamped");
  const headers = { timestamp_in_ms: 5, "x-routed-by": "somewhere" };
  channel.sendToQueue("stamped", Buffer.from("one"), { headers });
  await channel.waitForConfirms();
  const http = `http://127.0.0.1:${await broker.process.port("http")}/api`;
  const published = await fetch(`${http}/exchanges/%2F/amq.default/publish`, {
    method: "POST",
    headers: { authorization: AUTHORIZATION, "content-type": "application/json" },
    body: JSON.stringify({
      ...{ properties: {}, routing_key: "stamped", payload: "two", payload_encoding: "string" },
    }),
  });
  expect(await published.json()).toEqual({ routed: true });
  const messages = [await channel.get("stamped"), await channel.get("stamped")];
  const [first, second] = messages.map((message) => message && message.properties);
  expect(first).toMatchObject({ headers: { timestamp_in_ms: 5 } });
  for (const properties of [first, second]) {
    expect(properties && properties.headers?.["x-routed-by"]).toMatch(/^rabbit@/);
    expect(Math.abs(Number(properties && properties.timestamp) * 1_000 - Date.now())).toBeLessThan(
      60_000,
    );
  }
  expect(Math.abs(Number(second && second.headers?.timestamp_in_ms) - Date.now())).toBeLessThan(
    60_000,
  );
});
