import { expect, test } from "vitest";
import { BrokerPublisher } from "../protocols/amqp091/broker-publisher.ts";
import { Firehose } from "../protocols/amqp091/firehose.ts";
import { newTestApi } from "./test-management.ts";
import type { TraceFiles } from "./tracing/trace-files.ts";

class MemoryTraceFiles implements TraceFiles {
  readonly texts = new Map<string, string>();

  open(name: string) {
    this.texts.set(name, this.texts.get(name) ?? "");
    return {
      write: (text: string) => void this.texts.set(name, `${this.texts.get(name)}${text}`),
      close() {},
    };
  }
  list = async () => [...this.texts].map(([name, { length }]) => ({ name, sizeBytes: length }));
  async read(name: string) {
    const text = this.texts.get(name);
    if (text === undefined) return undefined;
    return (async function* () {
      yield text;
    })();
  }
  remove = async (name: string) => this.texts.delete(name);
}

async function withTrace(body: object) {
  const files = new MemoryTraceFiles();
  const api = await newTestApi({}, files);
  const { broker, management, request } = api;
  broker.firehose = new Firehose(broker, new BrokerPublisher(broker, management.messages));
  await request("PUT", "/queues/%2F/orders", {});
  expect((await request("PUT", "/traces/%2F/all", body)).status).toBe(201);
  const publish = (payload: string) =>
    request("POST", "/exchanges/%2F/amq.default/publish", {
      routing_key: "orders",
      payload,
      properties: { message_id: "m1" },
      payload_encoding: "string",
    });
  return { ...api, files, publish };
}

test("a trace writes what is published until it is stopped", async () => {
  const { request, publish, files } = await withTrace({ format: "json", pattern: "publish.#" });
  await publish("first");
  await publish("second");
  await expect.poll(() => files.texts.get("all.log")?.split("\n").length).toBe(3);
  const [first] = files.texts.get("all.log")!.split("\n");
  expect(JSON.parse(first!)).toMatchObject({
    type: "published",
    vhost: "/",
    user: "guest",
    exchange: "",
    queue: "none",
    routed_queues: ["orders"],
    routing_keys: ["orders"],
    properties: { message_id: "m1" },
    payload: btoa("first"),
  });
  expect((await request("GET", "/traces")).body).toMatchObject([
    { name: "all", vhost: "/", format: "json", pattern: "publish.#" },
  ]);
  expect((await request("DELETE", "/traces/%2F/all")).status).toBe(204);
  await publish("third");
  expect((await request("GET", "/trace-files/all.log")).text).not.toContain(btoa("third"));
  expect((await request("GET", "/traces")).body).toEqual([]);
  expect((await request("DELETE", "/trace-files/all.log")).status).toBe(204);
  expect((await request("GET", "/trace-files")).body).toEqual([]);
});

test("a trace as text shows deliveries and cuts long payloads", async () => {
  const body = { format: "text", pattern: "#", max_payload_bytes: 4 };
  const { request, publish, files } = await withTrace(body);
  await publish("abcdefgh");
  await request("POST", "/queues/%2F/orders/get", {
    count: 1,
    ackmode: "ack_requeue_false",
    encoding: "auto",
  });
  await expect.poll(() => files.texts.get("all.log")).toContain("Payload:\nabcd\n");
  expect(files.texts.get("all.log")).toContain('Routed queues: ["orders"]');
});

test("names that lead out of the directory are refused", async () => {
  const { request } = await withTrace({});
  expect((await request("PUT", "/traces/%2F/..%2Fetc", {})).status).toBe(400);
  expect((await request("GET", "/trace-files/..%2Fpasswd")).status).toBe(404);
});
