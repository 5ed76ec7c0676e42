// For tests of this folder: a broker on the simulated world and a client that speaks frames.

import { type Authorizer, openAuthorizer, type User } from "../../broker/access/user.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Limits } from "../../broker/limits.ts";
import type { MessageProperties } from "../../broker/message/message-properties.ts";
import { FakeEnv } from "../../env/fake-env.ts";
import type { FakeClient, FakeNetOptions } from "../../env/fake-net.ts";
import { ByteReader } from "../../lib/byte-reader.ts";
import { ByteWriter } from "../../lib/byte-writer.ts";
import { Memory } from "../../lib/memory.ts";
import { createCore } from "../../server/core.ts";
import { MemoryEngine } from "../../store/memory-engine.ts";
import { Amqp091Acceptor } from "./acceptor.ts";
import { FrameType, PROTOCOL_HEADER, writeBodyFrames } from "./codec/frames.ts";
import {
  type ClientMethod,
  decodeServerMethod,
  type ServerMethod,
  writeClientMethod,
} from "./codec/methods.generated.ts";
import { readContentHeader, writeContentHeader } from "./codec/properties.ts";
import type { ConnectionSettings } from "./settings.ts";

export const TEST_PORT = 5672;

export interface World {
  readonly env: FakeEnv;
  readonly broker: Broker;
  readonly acceptor: Amqp091Acceptor;
  readonly logged: string[];
  /** Lets everything happen that happens within `ms`. */
  run(ms?: number): void;
  connect(): Client;
}

export interface WorldOptions {
  readonly seed?: number;
  readonly net?: Partial<FakeNetOptions>;
  readonly limits?: Partial<Limits>;
  readonly authorizer?: Authorizer;
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const memory = new Memory({ arenaBytes: 32 * 1_048_576 });
  const env = new FakeEnv({ seed: options.seed ?? 1, memory, net: options.net ?? {} });
  const broker = createCore({
    clock: env.clock,
    random: env.random,
    memory,
    engine: new MemoryEngine({ memory, clock: env.clock }),
    nodeName: "rabbit@test",
    clusterName: "rabbit@test",
    limits: options.limits ?? {},
  });
  broker.addVhost("/");
  const logged: string[] = [];
  const user: User = {
    name: "guest",
    tags: [],
    authorizer: options.authorizer ?? openAuthorizer,
  };
  const settings = testSettings(user, (text) => logged.push(text));
  const acceptor = new Amqp091Acceptor(broker, settings);
  await env.net.listen({ port: TEST_PORT }, (socket) => acceptor.accept(socket));
  const run = (ms = 20) => env.clock.runFor(ms);
  const connect = () => new Client(env.net.connect(TEST_PORT), run);
  return { env, broker, acceptor, logged, run, connect };
}

/** Settings under which everybody is `user`, by the name and password "guest". */
export function testSettings(user: User, onLine: (text: string) => void): ConnectionSettings {
  return {
    tune: { channelMax: 2047, frameMaxBytes: 131_072, heartbeatSeconds: 60 },
    mechanisms: ["PLAIN", "AMQPLAIN"],
    handshakeTimeoutMs: 10_000,
    closeTimeoutMs: 5_000,
    silentCloseDelayMs: 3_000,
    server: () => ({
      product: "RabbitMQ",
      version: "4.3.0",
      leveretVersion: "0.0.0",
      clusterName: "rabbit@test",
    }),
    authenticate: (claim, _connection, onOutcome) => {
      const isGuest = claim.kind === "password" && claim.password === "guest";
      onOutcome(isGuest ? user : { refused: "wrong password" });
    },
    updateSecret: (_claim, _connection, onOutcome) => onOutcome(user),
    onUserOpened: () => {},
    log: (_level, text) => onLine(text),
    onBug: (error) => {
      throw error;
    },
  };
}

/** What a client was sent: a method, and its content if it has one. */
export interface Received {
  readonly channel: number;
  readonly method: ServerMethod | { readonly name: "heartbeat" };
  properties?: MessageProperties;
  bodySizeBytes?: number;
  body?: Buffer;
}

export class Client {
  readonly raw: FakeClient;
  readonly #run: (ms?: number) => void;
  #bytes = Buffer.alloc(0);
  #open: Received | undefined = undefined;

  constructor(raw: FakeClient, run: (ms?: number) => void) {
    this.raw = raw;
    this.#run = run;
  }

  /** Through the handshake up to open-ok, with channels 1 to `channels` open. */
  open(channels = 1, capabilities: readonly string[] = []): this {
    this.raw.write(PROTOCOL_HEADER);
    const yes = { type: "t", value: true } as const;
    const table = new Map(capabilities.map((name) => [name, yes]));
    this.send(0, {
      name: "connection.start-ok",
      clientProperties: new Map([["capabilities", { type: "F", value: table }]]),
      mechanism: "PLAIN",
      response: Buffer.from("\0guest\0guest"),
      locale: "en_US",
    });
    this.send(0, { name: "connection.tune-ok", channelMax: 2047, frameMax: 131_072, heartbeat: 0 });
    this.send(0, { name: "connection.open", virtualHost: "/" });
    for (let channel = 1; channel <= channels; channel++) {
      this.send(channel, { name: "channel.open" });
    }
    this.receive();
    return this;
  }

  send(channel: number, method: ClientMethod): this {
    const writer = new ByteWriter();
    writeClientMethod(writer, channel, method);
    this.raw.write(writer.toBytes());
    return this;
  }

  publish(
    channel: number,
    exchange: string,
    routingKey: string,
    body: string | Uint8Array,
    properties: MessageProperties = {},
    options: { readonly mandatory?: boolean; readonly frameMax?: number } = {},
  ): this {
    this.raw.write(publishBytes(channel, exchange, routingKey, body, properties, options));
    return this;
  }

  /** Lets the broker work and answers what it has sent since. */
  receive(ms?: number): Received[] {
    this.#run(ms);
    this.#bytes = Buffer.concat([this.#bytes, this.raw.take()]);
    const received: Received[] = [];
    while (this.#bytes.length >= 7) {
      const end = 8 + this.#bytes.readUInt32BE(3);
      if (this.#bytes.length < end) break;
      const frame = this.#bytes.subarray(0, end);
      this.#bytes = this.#bytes.subarray(end);
      this.#onFrame(frame, received);
    }
    return received;
  }

  /** As `receive`, for one answer that must be the only one. */
  answer(ms?: number): Received {
    const received = this.receive(ms);
    if (received.length !== 1)
      throw new Error(`one answer expected: ${JSON.stringify(received.map((r) => r.method))}`);
    return received[0] as Received;
  }

  #onFrame(frame: Buffer, received: Received[]): void {
    const type = frame[0];
    const channel = frame.readUInt16BE(1);
    if (frame[frame.length - 1] !== 0xce) throw new Error("the broker sent a bad frame end");
    const payload = frame.subarray(7, frame.length - 1);
    if (type === FrameType.method) {
      const method = decodeServerMethod(ByteReader.of(payload));
      const one: Received = { channel, method };
      received.push(one);
      const hasContent = ["basic.deliver", "basic.return", "basic.get-ok"].includes(method.name);
      this.#open = hasContent ? one : undefined;
    } else if (type === FrameType.header && this.#open !== undefined) {
      const header = readContentHeader(ByteReader.of(payload));
      this.#open.properties = header.properties;
      this.#open.bodySizeBytes = header.bodySizeBytes;
      this.#open.body = Buffer.alloc(0);
    } else if (type === FrameType.body && this.#open?.body !== undefined) {
      if (this.#open.channel !== channel) throw new Error("a body frame on another channel");
      this.#open.body = Buffer.concat([this.#open.body, payload]);
    } else if (type === FrameType.heartbeat) {
      received.push({ channel, method: { name: "heartbeat" } });
    } else {
      throw new Error(`unexpected frame of type ${type}`);
    }
  }
}

export function publishBytes(
  channel: number,
  exchange: string,
  routingKey: string,
  body: string | Uint8Array,
  properties: MessageProperties = {},
  options: { readonly mandatory?: boolean; readonly frameMax?: number } = {},
): Uint8Array {
  const writer = new ByteWriter();
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  writeClientMethod(writer, channel, {
    name: "basic.publish",
    exchange,
    routingKey,
    mandatory: options.mandatory === true,
    immediate: false,
  });
  writeContentHeader(writer, channel, bytes.length, properties);
  writeBodyFrames(writer, channel, bytes, options.frameMax ?? 131_072);
  return writer.toBytes();
}
