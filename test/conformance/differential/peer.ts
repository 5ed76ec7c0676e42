// One of the two brokers that are compared: carries out operations and tells what came back, in words that don't
// depend on timing (no delivery tags, no server-made names, no times).

import type { FieldTable, FieldValue } from "../../../src/broker/message/field-table.ts";
import type { MessageProperties } from "../../../src/broker/message/message-properties.ts";
import { byteBlock } from "../../../src/lib/byte-block.ts";
import { ByteReader } from "../../../src/lib/byte-reader.ts";
import { ByteWriter } from "../../../src/lib/byte-writer.ts";
import {
  FRAME_HEADER_BYTES,
  FRAME_OVERHEAD_BYTES,
  writeBodyFrames,
} from "../../../src/protocols/amqp091/codec/frames.ts";
import {
  type ClientMethod,
  methodFacts,
  writeClientMethod,
} from "../../../src/protocols/amqp091/codec/methods.generated.ts";
import {
  readContentHeader,
  writeContentHeader,
} from "../../../src/protocols/amqp091/codec/properties.ts";
import { type ReceivedFrame, WireConnection } from "../wire.ts";
import { CONFIRMING, type Operation, type Place, places, TRANSACTIONAL } from "./operations.ts";

const FRAME_MAX = 131_072;
/** A consumer nobody has: its cancel-ok says that what was sent before it has been carried out. */
const BARRIER = "barrier";
const ANSWER_LIMIT_MS = 10_000;
/** In a content header frame, behind class and weight. */
const BODY_SIZE_AT = FRAME_HEADER_BYTES + 4;

interface Outstanding {
  /** Consumer or "get", and the number of the body. */
  readonly name: string;
  readonly tag: number;
}

/** What is waited for after an operation: nothing new for this long. */
export interface Patience {
  readonly quietMs: number;
}

export class Peer {
  readonly name: string;
  readonly #connections: WireConnection[] = [];
  /** How far the frames of each connection are told. */
  readonly #told: number[] = [];
  readonly #outstanding = new Map<string, Outstanding[]>();
  /** Queue of the last basic.get on each channel, for the names of its deliveries. */
  readonly #gotFrom = new Map<string, string>();
  /** How many messages each consumer has had. */
  readonly #counts = new Map<string, number>();
  #confirmed = 0;
  #lastPlace: Place = places[0] as Place;
  #framesBefore = 0;

  constructor(name: string) {
    this.name = name;
  }

  async open(host: string, port: number, vhost: string, user: string): Promise<void> {
    for (let i = 0; i < 2; i++) {
      const connection = await WireConnection.connect(host, port);
      await connection.open({ user, password: user, vhost, channels: 2, frameMax: FRAME_MAX });
      this.#connections.push(connection);
      this.#told.push(connection.frames.length);
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.disconnect();
  }

  perform(operation: Operation): void {
    const connection = this.#connections[operation.place.connection] as WireConnection;
    const { channel } = operation.place;
    if (operation.kind === "method") {
      const { method } = operation;
      if (method.name === "basic.get") this.#gotFrom.set(keyOf(operation.place), method.queue);
      connection.sendMethod(channel, method);
    } else if (operation.kind === "close") {
      const close = { name: "channel.close", replyCode: 200, replyText: "", classId: 0 } as const;
      connection.sendMethod(channel, { ...close, methodId: 0 });
    } else if (operation.kind === "publish") {
      connection.send(contentOf(channel, operation.method, operation.properties, operation.body));
    } else {
      this.#settle(connection, operation);
    }
    // Most methods are answered; RabbitMQ takes nothing else while a tx.commit is under way.
    if (!isAnswered(operation)) {
      connection.sendMethod(channel, { name: "basic.cancel", consumerTag: BARRIER, noWait: false });
    }
    this.#lastPlace = operation.place;
    this.#framesBefore = connection.frames.length;
  }

  #settle(connection: WireConnection, operation: Extract<Operation, { kind: "settle" }>): void {
    const outstanding = this.#outstanding.get(keyOf(operation.place)) ?? [];
    if (outstanding.length === 0) return;
    const { how, requeue, which } = operation;
    const multiple = which === "all" && how !== "reject";
    let deliveryTag = 0;
    if (multiple) {
      outstanding.length = 0;
    } else {
      // By name, because the order of deliveries of different queues depends on timing.
      const names = outstanding.map(({ name }) => name).sort();
      const name = names[(which === "all" ? 0 : which) % names.length];
      const index = outstanding.findIndex((delivery) => delivery.name === name);
      deliveryTag = (outstanding.splice(index, 1)[0] as Outstanding).tag;
    }
    const { channel } = operation.place;
    if (how === "ack") connection.sendMethod(channel, { name: "basic.ack", deliveryTag, multiple });
    else if (how === "nack") {
      connection.sendMethod(channel, { name: "basic.nack", deliveryTag, multiple, requeue });
    } else connection.sendMethod(channel, { name: "basic.reject", deliveryTag, requeue });
  }

  /** Waits until the last operation has been carried out, and then until nothing has come for a while. */
  async settleDown({ quietMs }: Patience): Promise<void> {
    const { connection: index, channel } = this.#lastPlace;
    const connection = this.#connections[index] as WireConnection;
    await connection.until(
      () =>
        connection.isEnded ||
        connection.frames
          .slice(this.#framesBefore)
          .some((frame) => frame.channel === channel && endsOperation(frame)),
      ANSWER_LIMIT_MS,
    );
    const count = () => this.#connections.reduce((sum, { frames }) => sum + frames.length, 0);
    for (let before = -1; before !== count(); ) {
      before = count();
      await new Promise((resolve) => setTimeout(resolve, quietMs));
    }
  }

  /**
   * Everything that came whole since the last call, one line each, sorted: the order on the wire of what different queues
   * send is nobody's promise. Deliveries of one consumer are numbered, so their order counts.
   */
  tell(): string[] {
    const lines: string[] = [];
    for (const [index, connection] of this.#connections.entries()) {
      const end = endOfComplete(connection.frames, this.#told[index] ?? 0);
      const frames = connection.frames.slice(this.#told[index], end);
      this.#told[index] = end;
      lines.push(...this.#describe(index, frames));
      if (connection.isEnded) lines.push(`connection ${index} ended`);
    }
    return lines.sort();
  }

  #describe(connection: number, frames: readonly ReceivedFrame[]): string[] {
    const lines: string[] = [];
    for (let i = 0; i < frames.length; i++) {
      const { method, channel } = frames[i] as ReceivedFrame;
      const place = { connection, channel };
      if (method === undefined) continue;
      if (!methodFacts[method.name].hasContent) {
        lines.push(...this.#describeMethod(place, method));
        continue;
      }
      const body: Buffer[] = [];
      const header = frames[++i] as ReceivedFrame;
      while (frames[i + 1]?.kind === "BODY") {
        const { bytes } = frames[++i] as ReceivedFrame;
        body.push(bytes.subarray(7, -1));
      }
      const text = Buffer.concat(body).toString();
      const source = this.#noteDelivery(place, method, text);
      const order = this.#counts.get(`${keyOf(place)} ${source}`) ?? 0;
      this.#counts.set(`${keyOf(place)} ${source}`, order + 1);
      // RabbitMQ drops what has expired behind a message before it counts the rest, we after.
      const fields = { ...method, deliveryTag: undefined, messageCount: undefined };
      lines.push(
        `${keyOf(place)} ${source} #${order} ${show(fields)} ${describeHeader(header)} ${text.length} ${text.slice(0, 12)}`,
      );
    }
    return lines;
  }

  /** Remembers a delivery that must be settled; answers who delivered it. */
  #noteDelivery(place: Place, method: NonNullable<ReceivedFrame["method"]>, text: string): string {
    const number = text.split(":")[0];
    if (method.name === "basic.deliver") {
      this.#note(place, `${method.consumerTag} ${number}`, method.deliveryTag);
      return method.consumerTag;
    }
    if (method.name === "basic.get-ok") {
      this.#note(place, `get ${this.#gotFrom.get(keyOf(place))} ${number}`, method.deliveryTag);
    }
    return method.name;
  }

  /** Deliveries without acknowledgement are noted too: settling one of them must fail alike on both sides. */
  #note(place: Place, name: string, tag: number): void {
    const key = keyOf(place);
    const list = this.#outstanding.get(key) ?? [];
    list.push({ name, tag });
    this.#outstanding.set(key, list);
  }

  #describeMethod(place: Place, method: NonNullable<ReceivedFrame["method"]>): string[] {
    const key = keyOf(place);
    if (method.name === "basic.ack" || method.name === "basic.nack") {
      // Confirms may come one by one or together.
      const from = method.multiple ? this.#confirmed + 1 : method.deliveryTag;
      this.#confirmed = Math.max(this.#confirmed, method.deliveryTag);
      const lines: string[] = [];
      for (let tag = from; tag <= method.deliveryTag; tag++)
        lines.push(`${key} ${method.name} ${tag}`);
      return lines;
    }
    if (method.name === "channel.close-ok") this.#openAgain(place);
    if (method.name === "channel.close") {
      const connection = this.#connections[place.connection] as WireConnection;
      connection.sendMethod(place.channel, { name: "channel.close-ok" });
      this.#openAgain(place);
      // Texts have changed between versions; codes have not.
      const { replyCode, classId, methodId } = method;
      return [`${key} channel.close ${replyCode} ${classId} ${methodId}`];
    }
    if (method.name === "basic.cancel-ok" && method.consumerTag === BARRIER) return [];
    if (method.name === "channel.open-ok" || method.name === "tx.select-ok") return [];
    return [`${key} ${show(method)}`];
  }

  /** The channel goes on as it began. */
  #openAgain(place: Place): void {
    const connection = this.#connections[place.connection] as WireConnection;
    this.#outstanding.delete(keyOf(place));
    connection.sendMethod(place.channel, { name: "channel.open" });
    if (isSame(place, places[CONFIRMING])) {
      this.#confirmed = 0;
      connection.sendMethod(place.channel, { name: "confirm.select", noWait: true });
    }
    if (isSame(place, places[TRANSACTIONAL])) {
      connection.sendMethod(place.channel, { name: "tx.select" });
    }
  }
}

/** Where the first content begins that has not come whole, or the end: a busy machine sends a body in many pieces. */
function endOfComplete(frames: readonly ReceivedFrame[], from: number): number {
  let end = from;
  while (end < frames.length) {
    const { method } = frames[end] as ReceivedFrame;
    let next = end + 1;
    if (method !== undefined && methodFacts[method.name].hasContent) {
      const header = frames[next++];
      if (header === undefined) break;
      let missing = Number(header.bytes.readBigUInt64BE(BODY_SIZE_AT));
      for (; missing > 0 && next < frames.length; next++) {
        missing -= (frames[next] as ReceivedFrame).bytes.length - FRAME_OVERHEAD_BYTES;
      }
      if (missing > 0) break;
    }
    end = next;
  }
  return end;
}

function isAnswered(operation: Operation): boolean {
  if (operation.kind === "close") return true;
  if (operation.kind !== "method") return false;
  const { method } = operation;
  return methodFacts[method.name].synchronous && !("noWait" in method && method.noWait);
}

/** What comes by itself and answers nothing. */
const UNASKED = new Set([
  "basic.deliver",
  "basic.ack",
  "basic.nack",
  "basic.return",
  "basic.cancel",
]);

function endsOperation({ method }: ReceivedFrame): boolean {
  return method !== undefined && !UNASKED.has(method.name);
}

function isSame(place: Place, other: Place | undefined): boolean {
  return place.connection === other?.connection && place.channel === other.channel;
}

const keyOf = ({ connection, channel }: Place) => `${connection}/${channel}`;

function contentOf(
  channel: number,
  method: ClientMethod,
  properties: MessageProperties,
  body: string,
): Uint8Array {
  const writer = new ByteWriter();
  const bytes = Buffer.from(body);
  writeClientMethod(writer, channel, method);
  writeContentHeader(writer, channel, bytes.length, properties);
  writeBodyFrames(writer, channel, bytes, FRAME_MAX);
  return writer.toBytes();
}

function describeHeader({ bytes }: ReceivedFrame): string {
  const reader = new ByteReader();
  reader.reset(byteBlock(bytes), 7, bytes.length - 1);
  return show(readContentHeader(reader).properties);
}

/** Newer versions tell more about deaths than older ones; the time of a death is never the same. */
const isLeftOut = (name: string) => name === "time" || name.startsWith("x-last-death");

function show(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Map) return showTable(part as FieldTable);
    if (part instanceof Uint8Array) return Buffer.from(part).toString();
    return typeof part === "bigint" ? `${part}` : part;
  });
}

function showTable(table: FieldTable): [string, FieldValue][] {
  return [...table].filter(([name]) => !isLeftOut(name)).sort(([a], [b]) => (a < b ? -1 : 1));
}
