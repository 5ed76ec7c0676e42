// Traces: what the firehose tells of a virtual host, written to files.

import type { User } from "../../broker/access/user.ts";
import type { Broker } from "../../broker/broker.ts";
import type { ConnectionIdentity } from "../../broker/connection-registry.ts";
import { EMPTY_TABLE, type FieldTable, textOf } from "../../broker/message/field-table.ts";
import { plainValue, tableToPlainJson } from "../../broker/message/field-table-json.ts";
import type { MessagePort, StoredMessage } from "../../broker/message/message-port.ts";
import { TRACE_EXCHANGE } from "../../broker/names.ts";
import { Consumer, type DeliveryTarget } from "../../broker/queue/consumer.ts";
import type { Delivery, Queue } from "../../broker/queue/queue.ts";
import { ApiError, badRequest } from "../answers.ts";
import { toJsonText } from "../api-json.ts";
import type { TraceFiles, TraceWriter } from "./trace-files.ts";

export interface TraceOptions {
  readonly vhost: string;
  readonly name: string;
  readonly format: "text" | "json";
  /** Binding key: "#", "publish.orders", "deliver.#". */
  readonly pattern: string;
  /** Bytes of each payload that are written; undefined = all. */
  readonly payloadBytesMax: number | undefined;
}

/** Messages that may wait for the disk; older ones are dropped. */
const WAITING_MAX = 10_000;

export interface TracesParts {
  readonly broker: Broker;
  readonly messages: MessagePort;
  /** Undefined: this broker keeps nothing on disk. */
  readonly files: TraceFiles | undefined;
  /** Who reads the firehose. */
  readonly user: User;
}

export class Traces {
  readonly #parts: TracesParts;
  /** By "vhost\0name". */
  readonly #running = new Map<string, Trace>();

  constructor(parts: TracesParts) {
    this.#parts = parts;
  }

  get files(): TraceFiles {
    const { files } = this.#parts;
    if (files === undefined)
      throw badRequest("this broker keeps nothing on disk, so that it cannot write traces");
    return files;
  }

  list(vhost?: string): readonly Trace[] {
    return [...this.#running.values()].filter(
      ({ options }) => vhost === undefined || options.vhost === vhost,
    );
  }

  get(vhost: string, name: string): Trace | undefined {
    return this.#running.get(`${vhost}\0${name}`);
  }

  /** Starts a trace; one of the same name is replaced. Answers whether it is new. */
  start(options: TraceOptions, by: string): boolean {
    if (!/^[\w.-]{1,100}$/.test(options.name)) {
      throw badRequest(
        "a trace's name may hold letters, digits, dots, - and _, at most 100 of them",
      );
    }
    const isNew = !this.stop(options.vhost, options.name, by);
    const writer = this.files.open(`${options.name}.log`);
    const { broker } = this.#parts;
    const vhost = broker.vhosts.get(options.vhost);
    if (vhost === undefined)
      throw new ApiError(404, { error: "Object Not Found", reason: "Not Found" });
    if (!vhost.tracing) broker.setTracing(vhost, true, by);
    this.#running.set(`${options.vhost}\0${options.name}`, new Trace(this.#parts, options, writer));
    return isNew;
  }

  /** False when there is no such trace. The firehose ends with the last trace of its vhost. */
  stop(vhostName: string, name: string, by: string): boolean {
    const trace = this.get(vhostName, name);
    if (trace === undefined) return false;
    this.#running.delete(`${vhostName}\0${name}`);
    trace.close();
    const { broker } = this.#parts;
    const vhost = broker.vhosts.get(vhostName);
    if (vhost !== undefined && this.list(vhostName).length === 0)
      broker.setTracing(vhost, false, by);
    return true;
  }

  close(): void {
    for (const trace of this.#running.values()) trace.close();
    this.#running.clear();
  }
}

export class Trace implements DeliveryTarget {
  readonly options: TraceOptions;
  readonly writable = true;
  readonly #parts: TracesParts;
  readonly #writer: TraceWriter;
  readonly #queue: Queue;
  readonly #identity: ConnectionIdentity;
  readonly #consumer: Consumer;
  /** Messages are written in the order in which they came, whatever their bodies take to read. */
  #last: Promise<void> = Promise.resolve();
  /** Messages whose body is being read. */
  #reading = 0;
  #isClosed = false;

  constructor(parts: TracesParts, options: TraceOptions, writer: TraceWriter) {
    this.#parts = parts;
    this.options = options;
    this.#writer = writer;
    const { broker, user } = parts;
    this.#identity = {
      name: `trace ${options.name}`,
      user: user.name,
      protocol: "trace",
      peer: { address: "", port: 0 },
    };
    const access = broker.enter(user, options.vhost, this.#identity);
    this.#queue = access.declareQueue({
      name: "",
      durable: false,
      exclusive: true,
      autoDelete: true,
      arguments: new Map([["x-max-length", { type: "l", value: BigInt(WAITING_MAX) }]]),
    });
    access.bindQueue({
      source: TRACE_EXCHANGE,
      destination: this.#queue.definition.name,
      routingKey: options.pattern,
      arguments: EMPTY_TABLE,
    });
    this.#consumer = new Consumer({
      tag: options.name,
      queue: this.#queue,
      target: this,
      noAck: true,
      exclusive: true,
      priority: 0,
      prefetchMax: 0,
      arguments: EMPTY_TABLE,
    });
    this.#queue.consume(this.#consumer);
  }

  /** Messages that wait to be written. */
  get waiting(): number {
    return this.#queue.depth.ready;
  }
  get queueName(): string {
    return this.#queue.definition.name;
  }

  deliver(_consumer: Consumer, delivery: Delivery): void {
    if (this.#reading === WAITING_MAX) return;
    const { broker, messages } = this.#parts;
    const timeMs = broker.clock.nowMs();
    const message = messages.read(delivery.record);
    this.#reading++;
    this.#last = this.#last.then(async () => {
      this.#write(await message, timeMs);
      this.#reading--;
    });
  }

  #write(message: StoredMessage, timeMs: number): void {
    if (this.#isClosed) return;
    const { format, payloadBytesMax } = this.options;
    const traced = tracedOf(message, timeMs, payloadBytesMax);
    this.#writer.write(format === "json" ? `${toJsonText({ ...traced })}\n` : textForm(traced));
  }

  onCancelled(): void {}

  close(): void {
    this.#isClosed = true;
    const { vhosts } = this.#parts.broker;
    vhosts.get(this.options.vhost)?.ownerGone(this.#identity);
    this.#writer.close();
  }
}

/** What one message of the firehose says. */
type Traced = {
  readonly timestamp: string;
  readonly type: "published" | "received";
  readonly node: string;
  readonly connection: string;
  readonly vhost: string;
  readonly user: string;
  readonly channel: number;
  readonly exchange: string;
  readonly queue: string;
  readonly routed_queues: readonly string[];
  readonly routing_keys: readonly string[];
  readonly properties: ReturnType<typeof tableToPlainJson>;
  /** base64. */
  readonly payload: string;
};

function tracedOf(
  { routingKey, properties, body }: StoredMessage,
  timeMs: number,
  payloadBytesMax: number | undefined,
): Traced {
  const headers: FieldTable = properties.headers ?? EMPTY_TABLE;
  const text = (name: string) => textOf(headers.get(name)) ?? "";
  const texts = (name: string): readonly string[] => {
    const value = headers.get(name);
    return value?.type === "A" ? value.value.map((item) => textOf(item) ?? "") : [];
  };
  const channel = headers.get("channel");
  const inner = headers.get("properties");
  const isPublished = routingKey.startsWith("publish.");
  return {
    timestamp: new Date(timeMs).toISOString(),
    type: isPublished ? "published" : "received",
    node: text("node"),
    connection: text("connection"),
    vhost: text("vhost"),
    user: text("user"),
    channel: channel === undefined ? 0 : Number(plainValue(channel)),
    exchange: text("exchange_name"),
    queue: isPublished ? "none" : routingKey.slice("deliver.".length),
    routed_queues: texts("routed_queues"),
    routing_keys: texts("routing_keys"),
    properties: inner?.type === "F" ? tableToPlainJson(inner.value) : {},
    payload: Buffer.from(body.subarray(0, payloadBytesMax)).toString("base64"),
  };
}

const RULE = "=".repeat(80);

function textForm(traced: Traced): string {
  const rows: readonly (readonly [string, string])[] = [
    ["Node", traced.node],
    ["Connection", traced.connection],
    ["Virtual host", traced.vhost],
    ["User", traced.user],
    ["Channel", String(traced.channel)],
    ["Exchange", traced.exchange],
    ["Routing keys", JSON.stringify(traced.routing_keys)],
    ["Routed queues", JSON.stringify(traced.routed_queues)],
    ...(traced.type === "received" ? ([["Queue", traced.queue]] as const) : []),
    ["Properties", toJsonText(traced.properties)],
  ];
  const lines = rows.map(([name, value]) => `${`${name}:`.padEnd(15)}${value}`);
  const payload = Buffer.from(traced.payload, "base64").toString("utf8");
  return `${RULE}\n${traced.timestamp}: Message ${traced.type}\n\n${lines.join("\n")}\nPayload:\n${payload}\n\n`;
}
