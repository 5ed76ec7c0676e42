// One AMQP connection as a client: reads into shared memory, hands frames to the sinks of their channels where they
// lie, and writes batches that somebody else has encoded. Setting up is done with promises; moving messages is not.

import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { FRAME_END, FRAME_OVERHEAD_BYTES } from "../../protocols/amqp091/codec/frames.ts";
import { monotonicUs } from "../monotonic.ts";
import type { Target } from "../target.ts";
import { ClientChannel } from "./channel.ts";
import { badFrameEnd, type FrameSink } from "./frame-sink.ts";
import { FRAME_BYTES_MAX, READ_AT, readArea, readBlock } from "./read-region.ts";

/** Waits for a connection that could not take all bytes at once. */
export interface WriteListener {
  /** Everything written has left; there is room again. */
  onWritable(): void;
}

const NO_BYTES = Buffer.alloc(0);
/** How long the broker may take to answer connection.close. */
const CLOSE_MS_MAX = 1000;

export class ClientConnection {
  readonly target: Target;
  /** Called once, when the connection ends before `close` was called. */
  onFailure: ((error: Error) => void) | undefined;
  /** When the read being handled arrived (see monotonicUs). */
  readAtUs = 0;
  /** Bytes are in flight: batches must wait for `onWritable`. */
  isBusy = false;
  frameMax = FRAME_BYTES_MAX;
  channelMax = 2047;
  /** The broker told us that it is short of memory or disk. */
  isBlocked = false;
  readonly #socket: Socket;
  readonly #channels: (ClientChannel | undefined)[] = [];
  readonly #listeners: WriteListener[] = [];
  #leftover: Uint8Array = NO_BYTES;
  #leftoverBytes = 0;
  /** Bytes still to come of a frame that `#restOf` has seen enough of. */
  #restBytes = 0;
  #restOf: FrameSink | undefined;
  #isClosing = false;
  #closed: (() => void) | undefined;
  readonly #onWritten = (): void => this.#afterWrite();

  constructor(target: Target) {
    this.target = target;
    this.#channels[0] = new ClientChannel(this, 0);
    const callback = (lengthBytes: number): boolean => this.#onBytes(lengthBytes);
    const options = {
      host: target.host,
      port: target.port,
      onread: { buffer: readArea, callback },
      // Never "full": Node would note that for each write, and look at it again once its callbacks run.
      writableHighWaterMark: Number.MAX_SAFE_INTEGER,
    };
    this.#socket = target.tls
      ? connectTls({ ...options, ...tlsOptions(target) })
      : connectTcp(options);
    this.#socket.setNoDelay(true);
    this.#socket.on("error", (error) => this.fail(error));
    this.#socket.on("close", () => this.#onClose());
  }

  /** Where methods about the connection itself go. */
  get control(): ClientChannel {
    return this.#channels[0]!;
  }

  /** Resolves when the socket is connected. */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onFailure = reject;
      this.#socket.once(this.target.tls ? "secureConnect" : "connect", resolve);
    });
  }

  /** The largest body a single body frame carries. */
  get bodyFramePayloadMax(): number {
    return this.frameMax - FRAME_OVERHEAD_BYTES;
  }

  /** A channel object for that number; `ClientChannel.open` opens it at the broker. */
  channel(number: number): ClientChannel {
    const channel = this.#channels[number] ?? new ClientChannel(this, number);
    this.#channels[number] = channel;
    return channel;
  }

  forget(channel: ClientChannel): void {
    this.#channels[channel.number] = undefined;
  }

  addWriteListener(listener: WriteListener): void {
    this.#listeners.push(listener);
  }

  /** Writes bytes that belong to the connection from now on. */
  write(bytes: Uint8Array): void {
    // Without a callback Node has nothing to do later: a message in a thousand needs one.
    this.#socket.write(bytes);
    if (this.#socket.writableLength === 0) return;
    this.isBusy = true;
    this.#socket.write(NO_BYTES, this.#onWritten);
  }

  /** Stops reading (the broker sees a slow reader) until `resume`. */
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }

  /** Ends the connection as the protocol wants it; resolves when the socket is gone, or after a second. */
  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#isClosing = true;
    const gone = new Promise<void>((resolve) => {
      this.#closed = resolve;
    });
    const patience = setTimeout(() => this.#socket.destroy(), CLOSE_MS_MAX);
    const text = { replyCode: 200, replyText: "Goodbye", classId: 0, methodId: 0 };
    const answer = this.control.call({ name: "connection.close", ...text }, "connection.close-ok");
    answer.then(
      () => this.#socket.destroy(),
      () => this.#socket.destroy(),
    );
    await gone;
    clearTimeout(patience);
  }

  /** Drops the socket without a word. */
  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  /** The broker (or the network) ended this: tells whoever waits. */
  fail(error: Error): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#socket.destroy();
    for (const channel of this.#channels) channel?.fail(error);
    this.onFailure?.(error);
  }

  #onClose(): void {
    this.#closed?.();
    if (!this.#isClosing) this.fail(new Error(`${this.target.label} closed the connection`));
  }

  #afterWrite(): void {
    if (!this.isBusy || this.#socket.writableLength !== 0) return;
    this.isBusy = false;
    for (const listener of this.#listeners) listener.onWritable();
  }

  #onBytes(lengthBytes: number): boolean {
    this.readAtUs = monotonicUs();
    let at = READ_AT;
    const end = READ_AT + lengthBytes;
    if (this.#leftoverBytes !== 0) {
      at -= this.#leftoverBytes;
      readBlock.u8.set(this.#leftover.subarray(0, this.#leftoverBytes), at);
      this.#leftoverBytes = 0;
    }
    try {
      if (this.#restBytes !== 0) at = this.#passOver(at, end);
      at = this.#parse(at, end);
      this.#keep(at, end);
      for (const channel of this.#channels) channel?.sink.onReadEnd();
    } catch (error) {
      this.fail(error as Error);
    }
    return true;
  }

  #parse(from: number, end: number): number {
    const { view } = readBlock;
    let at = from;
    while (end - at >= 8) {
      const channel = this.#channels[view.getUint16(at + 1)];
      if (channel === undefined) throw new Error("a frame for a channel that is not open");
      const next = channel.sink.take(at, end);
      if (next === at) break;
      if (next > end) {
        if (next - at > FRAME_BYTES_MAX) throw frameTooLarge();
        this.#restBytes = next - end;
        this.#restOf = channel.sink;
        return end;
      }
      at = next;
    }
    return at;
  }

  #passOver(at: number, end: number): number {
    const count = Math.min(this.#restBytes, end - at);
    this.#restBytes -= count;
    if (this.#restBytes > 0) return end;
    if (readBlock.u8[at + count - 1] !== FRAME_END) throw badFrameEnd();
    this.#restOf?.onRest();
    return at + count;
  }

  #keep(at: number, end: number): void {
    const lengthBytes = end - at;
    if (lengthBytes === 0) return;
    if (lengthBytes > FRAME_BYTES_MAX) throw frameTooLarge();
    if (this.#leftover.length < lengthBytes) {
      this.#leftover = new Uint8Array(Math.max(lengthBytes, 4096));
      if (lengthBytes > 4096) this.#leftover = new Uint8Array(FRAME_BYTES_MAX);
    }
    this.#leftover.set(readBlock.u8.subarray(at, end));
    this.#leftoverBytes = lengthBytes;
  }
}

function tlsOptions({ host, login }: Target): ConnectionOptions {
  const given: ConnectionOptions = { rejectUnauthorized: login.verifiesCertificate };
  // Server names are names: an address is not allowed in their place.
  if (isIP(host) === 0) given.servername = host;
  for (const name of ["ca", "cert", "key"] as const) {
    const pem = login[name];
    if (pem !== undefined) given[name] = Buffer.from(pem);
  }
  return given;
}

function frameTooLarge(): Error {
  return new Error("the broker sent a frame larger than agreed");
}
