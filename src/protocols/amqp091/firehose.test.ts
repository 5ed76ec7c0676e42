// Tracing: what is published and delivered comes once more through amq.rabbitmq.trace, and only where it is on.

import { expect, test } from "vitest";
import { EMPTY_TABLE, type FieldTable } from "../../broker/message/field-table.ts";
import { tableToPlainJson } from "../../broker/message/field-table-json.ts";
import { bindQueue, consume, declareQueue } from "./test-methods.ts";
import { createWorld, type Received } from "./testing.ts";

const traces = (received: Received[]) =>
  received.flatMap(({ method, properties, body }) =>
    method.name !== "basic.deliver" || method.exchange !== "amq.rabbitmq.trace"
      ? []
      : [{ key: method.routingKey, headers: plain(properties?.headers), body: String(body) }],
  );
const plain = (table: FieldTable | undefined) =>
  JSON.parse(JSON.stringify(tableToPlainJson(table ?? EMPTY_TABLE)));

test.each(["small", "x".repeat(300_000)])("tells of publishes and deliveries", async (text) => {
  const world = await createWorld({});
  const client = world.connect().open();
  const vhost = world.broker.vhosts.get("/");
  if (vhost === undefined) throw new Error("no vhost");
  for (const queue of ["traces", "q"]) {
    client.send(1, declareQueue(queue));
    client.answer();
  }
  client.send(1, bindQueue("traces", "amq.rabbitmq.trace", "#"));
  client.answer();
  client.send(1, consume("traces", { consumerTag: "t" }));
  client.receive();
  client.publish(1, "", "q", "before");
  expect(traces(client.receive())).toEqual([]);

  world.broker.setTracing(vhost, true);
  client.publish(1, "", "q", text, { contentType: "text", headers: EMPTY_TABLE });
  await Promise.resolve();
  const facts = {
    exchange_name: "",
    routing_keys: ["q"],
    node: world.broker.nodeName,
    vhost: "/",
    channel: 1,
    user: "guest",
  };
  const [published, ...rest] = traces([...client.receive(), ...(await later(client))]);
  expect(rest).toEqual([]);
  expect(published?.key).toBe("publish.");
  expect(published?.body === text).toBe(true);
  expect(published?.headers).toMatchObject({
    ...facts,
    properties: { content_type: "text", headers: {} },
    routed_queues: ["q"],
  });

  client.send(1, consume("q"));
  const delivered = traces([...client.receive(), ...(await later(client))]);
  expect(delivered.map((trace) => trace.key)).toEqual(["deliver.q", "deliver.q"]);
  expect(delivered[1]?.body === text).toBe(true);
  expect(delivered[1]?.headers).toMatchObject({ ...facts, redelivered: 0 });

  world.broker.setTracing(vhost, false);
  client.publish(1, "", "q", "after");
  expect(traces(client.receive())).toEqual([]);
});

/** Large bodies are read with promises; what they bring comes a little later. */
async function later(client: { receive(): Received[] }): Promise<Received[]> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
  return client.receive();
}
