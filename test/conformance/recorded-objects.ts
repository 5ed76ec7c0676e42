// The objects that were there when a RabbitMQ's HTTP answers were recorded; made alike in ours to compare.

import type { ChannelModel } from "amqplib";

/** One request to the API, below /api; answers the status. */
export type Ask = (method: string, path: string, body?: unknown) => Promise<unknown>;

/** Users, permissions, policies and limits around the vhost `rec`. */
export async function putObjects(ask: Ask): Promise<void> {
  const put = (path: string, body: unknown) => ask("PUT", path, body);
  await put("/vhosts/rec", { description: "recorded", tags: "a,b" });
  await put("/users/ann", { password: "secret", tags: "management,policymaker" });
  await put("/users/nopass", { password_hash: "", tags: "" });
  await put("/permissions/rec/ann", { configure: "^a", write: "^b", read: "^c" });
  await put("/permissions/rec/guest", { configure: ".*", write: ".*", read: ".*" });
  await put("/topic-permissions/rec/ann", { exchange: "amq.topic", write: "^w", read: "^r" });
  const definition = { "max-length": 100, "message-ttl": 60_000 };
  await put("/policies/rec/pol", {
    pattern: "^pol\\.",
    definition,
    "apply-to": "queues",
    priority: 3,
  });
  await put("/operator-policies/rec/opol", {
    pattern: "^pol\\.",
    definition: { "max-length": 50 },
    "apply-to": "queues",
    priority: 1,
  });
  await put("/vhost-limits/rec/max-queues", { value: 1000 });
  await put("/user-limits/ann/max-connections", { value: 10 });
  await put("/global-parameters/gp", { value: { a: 1 } });
}

/** Queues, exchanges, bindings, consumers and a few messages; `connection` is one to the vhost `rec`. */
export async function declareObjects(connection: ChannelModel): Promise<void> {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue("classic", { durable: true });
  await channel.assertQueue("transient", { durable: false });
  await channel.assertQueue("pol.a", {
    durable: true,
    arguments: { "x-max-length": 70, "x-dead-letter-exchange": "dlx" },
  });
  await channel.assertQueue("prio", { durable: true, arguments: { "x-max-priority": 5 } });
  await channel.assertQueue("excl", { exclusive: true });
  await channel.assertQueue("quorum", { durable: true, arguments: { "x-queue-type": "quorum" } });
  await channel.assertExchange("x.topic", "topic", { durable: true });
  await channel.assertExchange("x.headers", "headers", {
    durable: true,
    autoDelete: true,
    arguments: { "alternate-exchange": "x.topic" },
  });
  await channel.assertExchange("x.int", "fanout", { internal: true });
  await channel.bindQueue("classic", "x.topic", "a.*.b");
  await channel.bindQueue("classic", "x.headers", "", { "x-match": "all", n: 5, s: "t" });
  await channel.bindExchange("x.int", "x.topic", "#");
  await channel.prefetch(7);
  await channel.consume("classic", () => {}, {
    consumerTag: "tag1",
    arguments: { "x-priority": 2 },
  });
  const second = await connection.createChannel();
  await second.consume("quorum", () => {}, { noAck: true });
  for (const queue of ["classic", "transient", "pol.a", "prio", "quorum"]) {
    channel.publish("", queue, Buffer.from("m"), { persistent: true });
  }
  channel.publish("x.topic", "a.x.b", Buffer.from("t"));
  await channel.waitForConfirms();
}
