// Does everything a broker tells of, and writes down what it publishes about it: events, traced messages, log lines.

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChannelModel, type ConsumeMessage, connect } from "amqplib";

/** One message of an exchange through which the broker tells of itself. */
export interface Told {
  readonly key: string;
  /** Names of headers with the JavaScript type of their values. */
  readonly headers: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export interface Observed {
  readonly events: readonly Told[];
  readonly traced: readonly (Told & { readonly values: unknown })[];
  readonly logged: readonly Told[];
}

/** Runs a command of rabbitmqctl. */
export type Ctl = (...words: string[]) => Promise<unknown>;

export async function observe(url: string, ctl: Ctl): Promise<Observed> {
  const watcher = await connect(url, { clientProperties: { connection_name: "watcher" } });
  const taken = await watchAll(watcher);
  await ctl("trace_on");
  await exerciseBroker(url);
  await ctl("trace_off");
  await administer(ctl);
  // Of all that is told this is the last.
  while (!taken.events.some(({ fields }) => fields.routingKey === "alarm.cleared")) await sleep(5);
  await watcher.close();
  return {
    events: taken.events.map(toldOf),
    traced: taken.traced.map((message) => ({ ...toldOf(message), values: valuesOf(message) })),
    logged: taken.logged.map(toldOf),
  };
}

async function watchAll(watcher: ChannelModel) {
  const channel = await watcher.createChannel();
  const watch = async (exchange: string) => {
    const messages: ConsumeMessage[] = [];
    const { queue } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(queue, exchange, "#");
    const take = (message: ConsumeMessage | null) => void (message && messages.push(message));
    await channel.consume(queue, take, { noAck: true });
    return messages;
  };
  const events = await watch("amq.rabbitmq.event");
  const traced = await watch("amq.rabbitmq.trace");
  const logged = await watch("amq.rabbitmq.log");
  return { events, traced, logged };
}

/** Connection, channel, exchange, queue, binding, consumer; messages published, delivered, got. */
async function exerciseBroker(url: string): Promise<void> {
  const client = await connect(url, { clientProperties: { connection_name: "client" } });
  const channel = await client.createChannel();
  await channel.assertExchange("told", "topic", { durable: true, arguments: { "x-a": 1 } });
  await channel.assertQueue("told-queue", { durable: true, messageTtl: 60_000 });
  await channel.bindQueue("told-queue", "told", "a.*");
  const consumerTag = "told-1";
  const consumed = new Promise<void>((resolve) => {
    const take = (message: ConsumeMessage | null) => {
      if (message !== null) channel.ack(message);
      resolve();
    };
    void channel.consume("told-queue", take, { consumerTag });
  });
  channel.publish("told", "a.b", Buffer.from("hello"), {
    ...{ messageId: "m1", headers: { h: "v" }, persistent: true, contentType: "text/plain" },
    ...{
      priority: 3,
      correlationId: "c1",
      replyTo: "r1",
      type: "t1",
      appId: "a1",
      timestamp: 1_700_000_000,
    },
  });
  await consumed;
  await channel.cancel(consumerTag);
  channel.publish("told", "a.c", Buffer.from("two"));
  const returned = once(channel, "return");
  channel.publish("told", "nowhere", Buffer.from("three"), { mandatory: true });
  await returned;
  await channel.get("told-queue", { noAck: true });
  await channel.unbindQueue("told-queue", "told", "a.*");
  await channel.deleteQueue("told-queue");
  await channel.deleteExchange("told");
  await channel.close();
  await client.close();
  await connect(url.replace("guest:guest", "guest:wrong")).catch(() => {});
}

const COMMANDS: readonly (readonly string[])[] = [
  ["add_user", "told-user", "secret"],
  ["change_password", "told-user", "other"],
  ["set_user_tags", "told-user", "monitoring"],
  ["set_permissions", "told-user", ".*", ".*", ".*"],
  ["set_topic_permissions", "told-user", "amq.topic", "^a", "^b"],
  ["set_user_limits", "told-user", '{"max-connections":5}'],
  ["clear_user_limits", "told-user", "all"],
  ["clear_topic_permissions", "told-user"],
  ["clear_permissions", "told-user"],
  ["clear_password", "told-user"],
  ["authenticate_user", "told-user", "other"],
  ["delete_user", "told-user"],
  ["add_vhost", "told-vhost"],
  ["set_vhost_limits", "-p", "told-vhost", '{"max-queues":5}'],
  ["clear_vhost_limits", "-p", "told-vhost"],
  ["delete_vhost", "told-vhost"],
  ["set_policy", "told-policy", "^told", '{"max-length":5}'],
  ["clear_policy", "told-policy"],
  ["set_operator_policy", "told-policy", "^told", '{"max-length":5}'],
  ["clear_operator_policy", "told-policy"],
  ["set_global_parameter", "told", '"x"'],
  ["clear_global_parameter", "told"],
  ["set_vm_memory_high_watermark", "absolute", "1MB"],
  ["set_vm_memory_high_watermark", "0.6"],
];

async function administer(ctl: Ctl): Promise<void> {
  for (const words of COMMANDS) await ctl(...words);
}

function toldOf({ fields, properties, content }: ConsumeMessage): Told {
  const headers = Object.entries(properties.headers ?? {}).map(
    ([name, value]) => [name, typeName(value)] as const,
  );
  const { headers: _, ...rest } = properties;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {
    key: fields.routingKey,
    headers: Object.fromEntries(headers.sort(([a], [b]) => (a < b ? -1 : 1))),
    properties: Object.fromEntries(given),
    body: content.toString(),
  };
}

function valuesOf({ properties }: ConsumeMessage): unknown {
  return properties.headers;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return value === null ? "null" : typeof value;
}
