// One raw connection to an AMQP broker: sends any bytes, collects what comes back. Knows frames, has no opinions.

import { connect, type Socket } from "node:net";
import { byteBlock } from "../../src/lib/byte-block.ts";
import { ByteReader } from "../../src/lib/byte-reader.ts";
import { ByteWriter } from "../../src/lib/byte-writer.ts";
import {
  FRAME_HEADER_BYTES,
  FRAME_OVERHEAD_BYTES,
  FrameType,
  PROTOCOL_HEADER,
  PROTOCOL_HEADER_BYTES,
} from "../../src/protocols/amqp091/codec/frames.ts";
import {
  type ClientMethod,
  decodeServerMethod,
  type ServerMethod,
  writeClientMethod,
} from "../../src/protocols/amqp091/codec/methods.generated.ts";

export interface ReceivedFrame {
  /** A method's name, HEADER, BODY, heartbeat or protocol-header. */
  readonly kind: string;
  readonly channel: number;
  readonly method?: ServerMethod;
  readonly bytes: Buffer;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
}

export interface OpenOptions extends Credentials {
  readonly channels?: number;
  readonly channelMax?: number;
  readonly frameMax?: number;
  /** Whether to announce the capabilities of a usual client. */
  readonly hasCapabilities?: boolean;
}

const CAPABILITIES = [
  "publisher_confirms",
  "exchange_exchange_bindings",
  "basic.nack",
  "consumer_cancel_notify",
  "connection.blocked",
  "authentication_failure_close",
];

export class WireConnection {
  /** Everything that came, heartbeats left out. */
  readonly frames: ReceivedFrame[] = [];
  heartbeatCount = 0;
  /** The other side closed the connection, orderly or not. */
  isEnded = false;
  readonly #socket: Socket;
  #unread: Buffer = Buffer.alloc(0);
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#onBytes(bytes));
    socket.on("error", () => {});
    socket.on("end", () => this.#onEnd());
    socket.on("close", () => this.#onEnd());
  }

  static connect(host: string, port: number): Promise<WireConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, allowHalfOpen: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new WireConnection(socket));
      });
    });
  }

  send(bytes: Uint8Array): void {
    if (!this.isEnded && this.#socket.writable) this.#socket.write(bytes);
  }

  sendMethod(channel: number, method: ClientMethod): void {
    const writer = new ByteWriter();
    writeClientMethod(writer, channel, method);
    this.send(writer.toBytes());
  }

  /** Bytes that were handed to `send` and are still in this process. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  pauseReading(): void {
    this.#socket.pause();
  }
  resumeReading(): void {
    this.#socket.resume();
  }

  /** Closes without a word. */
  disconnect(): void {
    this.#socket.destroy();
  }

  /** Waits until `condition` holds (asked after everything that arrives) or the time is up; answers whether it holds. */
  until(condition: () => boolean, limitMs: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (answer: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(answer);
      };
      const check = () => {
        if (condition()) finish(true);
      };
      const timer = setTimeout(() => finish(condition()), limitMs);
      this.#waiting.add(check);
    });
  }

  /** Waits for a frame of this kind among those from `from` on. */
  async next(kind: string, limitMs = 5_000, from = 0): Promise<ReceivedFrame> {
    const find = () => this.frames.slice(from).find((frame) => frame.kind === kind);
    await this.until(() => find() !== undefined || this.isEnded, limitMs);
    const frame = find();
    if (frame === undefined) {
      const got = this.frames.slice(from).map((other) => other.kind);
      throw new Error(`no ${kind} came, but ${got.join(", ") || "nothing"}`);
    }
    return frame;
  }

  /** Handshake, connection.open and channels 1 to `channels`. */
  async open(options: OpenOptions): Promise<void> {
    this.send(PROTOCOL_HEADER);
    await this.next("connection.start");
    this.sendMethod(0, startOk(options));
    await this.next("connection.tune");
    this.sendMethod(0, {
      name: "connection.tune-ok",
      channelMax: options.channelMax ?? 2_047,
      frameMax: options.frameMax ?? 131_072,
      heartbeat: 0,
    });
    this.sendMethod(0, { name: "connection.open", virtualHost: options.vhost });
    await this.next("connection.open-ok");
    for (let channel = 1; channel <= (options.channels ?? 0); channel++) {
      const from = this.frames.length;
      this.sendMethod(channel, { name: "channel.open" });
      await this.next("channel.open-ok", 5_000, from);
    }
  }

  #onBytes(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    for (let length = this.#frameLength(); length > 0; length = this.#frameLength()) {
      const frame = this.#unread.subarray(0, length);
      this.#unread = this.#unread.subarray(length);
      if (frame[0] === FrameType.heartbeat) this.heartbeatCount++;
      else this.frames.push(parse(frame));
    }
    this.#wake();
  }

  /** Length of the complete frame or protocol header at the front, or 0. */
  #frameLength(): number {
    const unread = this.#unread;
    const isHeader =
      unread.length >= 4 && unread.subarray(0, 4).equals(PROTOCOL_HEADER.subarray(0, 4));
    if (isHeader) return unread.length >= PROTOCOL_HEADER_BYTES ? PROTOCOL_HEADER_BYTES : 0;
    if (unread.length < FRAME_OVERHEAD_BYTES) return 0;
    const length = unread.readUInt32BE(3) + FRAME_OVERHEAD_BYTES;
    return unread.length >= length ? length : 0;
  }

  #onEnd(): void {
    this.isEnded = true;
    this.#socket.destroy();
    this.#wake();
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}

const kindByType: Record<number, string> = {
  [FrameType.header]: "HEADER",
  [FrameType.body]: "BODY",
};

function parse(bytes: Buffer): ReceivedFrame {
  if (bytes[0] === PROTOCOL_HEADER[0]) return { kind: "protocol-header", channel: 0, bytes };
  const channel = bytes.readUInt16BE(1);
  const kind = kindByType[bytes[0] as number];
  if (kind !== undefined) return { kind, channel, bytes };
  const reader = new ByteReader();
  reader.reset(byteBlock(bytes), FRAME_HEADER_BYTES, bytes.length - 1);
  const method = decodeServerMethod(reader);
  return { kind: method.name, channel, method, bytes };
}

function startOk(options: OpenOptions): ClientMethod {
  const yes = { type: "t", value: true } as const;
  const capabilities = new Map(CAPABILITIES.map((name) => [name, yes]));
  const announced = options.hasCapabilities ?? true;
  return {
    name: "connection.start-ok",
    clientProperties: announced
      ? new Map([["capabilities", { type: "F", value: capabilities }]])
      : new Map(),
    mechanism: "PLAIN",
    response: Buffer.from(`\0${options.user}\0${options.password}`),
    locale: "en_US",
  };
}
