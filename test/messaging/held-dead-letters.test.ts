// A dead letter that has to wait for somebody to take it is in its queue until then, and counted there as RabbitMQ does.

import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiBroker } from "./api-broker.ts";

let server: ApiBroker;
beforeEach(async () => {
  server = await ApiBroker.start();
});
afterEach(() => server?.broker.stop());

async function shown(): Promise<unknown> {
  const { json } = await server.api("GET", "/queues/%2F/q");
  const { messages, messages_ready, messages_dlx, message_bytes, message_bytes_dlx } = json;
  return { messages, messages_ready, messages_dlx, message_bytes, message_bytes_dlx };
}

test("is counted until its dead letter exchange is there", async () => {
  const call = server.api.bind(server);
  const dying = { "x-dead-letter-exchange": "later", "x-dead-letter-strategy": "at-least-once" };
  const quorum = { "x-queue-type": "quorum", "x-overflow": "reject-publish", ...dying };
  await call("PUT", "/queues/%2F/q", { durable: true, arguments: quorum });
  const message = {
    properties: {},
    routing_key: "q",
    payload: "12345",
    payload_encoding: "string",
  };
  for (const _ of [1, 2]) await call("POST", "/exchanges/%2F/amq.default/publish", message);
  const rejecting = { count: 2, ackmode: "reject_requeue_false", encoding: "auto" };
  expect((await call("POST", "/queues/%2F/q/get", rejecting)).json).toHaveLength(2);

  const none = { messages_ready: 0, messages: 0, messages_dlx: 0 };
  const held = { messages: 2, messages_dlx: 2, message_bytes: 10, message_bytes_dlx: 10 };
  await expect.poll(shown).toEqual({ ...none, ...held });

  await call("PUT", "/queues/%2F/dead", { durable: true });
  await call("PUT", "/exchanges/%2F/later", { type: "fanout", durable: true });
  await call("POST", "/bindings/%2F/e/later/q/dead", {});
  await expect
    .poll(async () => {
      await server.broker.clock.advance(250);
      return shown();
    })
    .toEqual({ ...none, message_bytes: 0, message_bytes_dlx: 0 });
  const { json: dead } = await call("GET", "/queues/%2F/dead");
  expect(dead).toMatchObject({ messages: 2, messages_ready: 2 });
});
