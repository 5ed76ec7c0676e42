// One channel of a client connection: sends methods, waits for their answers, and knows what to do with frames that no
// faster sink takes.

import { ByteReader } from "../../lib/byte-reader.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { FRAME_END, FrameType } from "../../protocols/amqp091/codec/frames.ts";
import {
  type ClientMethod,
  decodeServerMethod,
  type ServerMethod,
  writeClientMethod,
} from "../../protocols/amqp091/codec/methods.generated.ts";
import type { ClientConnection } from "./connection.ts";
import { badFrameEnd, type FrameSink, wholeFrameEnd } from "./frame-sink.ts";
import { readBlock } from "./read-region.ts";

type Named<Name extends ServerMethod["name"]> = Extract<ServerMethod, { readonly name: Name }>;

interface Waiting {
  readonly names: readonly ServerMethod["name"][];
  readonly resolve: (method: ServerMethod) => void;
  readonly reject: (error: Error) => void;
}

const reader = new ByteReader();
const writer = new ByteWriter();

/** The broker closed a channel or connection, in its words. */
export class ClosedByBroker extends Error {
  override readonly name = "ClosedByBroker";
  readonly replyCode: number;
  constructor(what: string, replyCode: number, replyText: string) {
    super(`${what} closed by the broker: ${replyCode} ${replyText}`);
    this.replyCode = replyCode;
  }
}

export class ClientChannel implements FrameSink {
  readonly connection: ClientConnection;
  readonly number: number;
  /** Takes this channel's frames; a publisher or consumer puts itself here and passes on what it does not know. */
  sink: FrameSink = this;
  /** Hears of methods nobody waits for. */
  onMethod: ((method: ServerMethod) => void) | undefined;
  readonly #waiting: Waiting[] = [];

  constructor(connection: ClientConnection, number: number) {
    this.connection = connection;
    this.number = number;
  }

  /** Opens a channel at the broker. */
  static async open(connection: ClientConnection, number: number): Promise<ClientChannel> {
    const channel = connection.channel(number);
    await channel.call({ name: "channel.open" }, "channel.open-ok");
    return channel;
  }

  send(method: ClientMethod): void {
    this.connection.write(encodeMethod(this.number, method));
  }

  /** Sends a method and resolves with the answer of that name; rejects when the broker closes instead. */
  call<Name extends ServerMethod["name"]>(
    method: ClientMethod,
    ...answers: readonly Name[]
  ): Promise<Named<Name>> {
    const answer = this.receive(...answers);
    this.send(method);
    return answer;
  }

  receive<Name extends ServerMethod["name"]>(...names: readonly Name[]): Promise<Named<Name>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ names, resolve: resolve as Waiting["resolve"], reject });
    });
  }

  async close(): Promise<void> {
    await this.call(
      { name: "channel.close", replyCode: 200, replyText: "", classId: 0, methodId: 0 },
      "channel.close-ok",
    );
    this.connection.forget(this);
  }

  fail(error: Error): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  take(at: number, end: number): number {
    const { u8, view } = readBlock;
    const after = wholeFrameEnd(view, at, end);
    if (after < 0) return at;
    if (u8[after - 1] !== FRAME_END) throw badFrameEnd();
    // Content that belongs to nobody (a returned message) is passed over.
    if (u8[at] === FrameType.method) {
      reader.reset(readBlock, at + 7, after - 1);
      this.#dispatch(decodeServerMethod(reader));
    }
    return after;
  }

  onRest(): void {}

  onReadEnd(): void {}

  #dispatch(method: ServerMethod): void {
    if (method.name === "connection.close" || method.name === "channel.close") {
      this.#onClosed(method);
      return;
    }
    const waiting = this.#waiting[0];
    if (waiting?.names.includes(method.name)) {
      this.#waiting.shift();
      waiting.resolve(method);
      return;
    }
    if (method.name === "connection.blocked") this.connection.isBlocked = true;
    else if (method.name === "connection.unblocked") this.connection.isBlocked = false;
    this.onMethod?.(method);
  }

  #onClosed(method: Named<"connection.close" | "channel.close">): void {
    const isConnection = method.name === "connection.close";
    this.send({ name: isConnection ? "connection.close-ok" : "channel.close-ok" });
    const what = isConnection ? "connection" : `channel ${this.number}`;
    const error = new ClosedByBroker(what, method.replyCode, method.replyText);
    if (isConnection || this.#waiting.length === 0) {
      this.connection.fail(error);
      return;
    }
    this.connection.forget(this);
    this.fail(error);
  }
}

/** The whole frame of a method, in memory of its own. */
export function encodeMethod(channel: number, method: ClientMethod): Uint8Array {
  writer.clear();
  writeClientMethod(writer, channel, method);
  return writer.toBytes();
}
