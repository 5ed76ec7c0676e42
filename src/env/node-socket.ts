// One TCP or TLS connection. Plain TCP reads straight into the arena (Node's `onread`); TLS, and plain TCP where
// that is not to be had, takes 'data' events and copies.

import { type OnReadOpts, Socket as TcpSocket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Address } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import type { Memory } from "../lib/memory.ts";
import type { Endpoint, ListenOptions, Socket, SocketHandler, TlsFacts } from "./env.ts";
import { CopiedInput } from "./node-copied-input.ts";

/** The system handle below a Node socket, as far as it is used here. It is internal to Node: see `canReadInto`. */
interface StreamHandle {
  useUserBuffer(buffer: Uint8Array): void;
  readStop(): void;
  readStart(): void;
  /** Node's own note of whether it reads. */
  reading: boolean;
}

const NO_BYTES = Buffer.alloc(0);

/** A small piece of input: see `Socket.readGently`. */
const GENTLE_READ_BYTES = 16_384;

/** Who is at both ends, known before the socket is made. */
export interface SocketFacts {
  readonly peer: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsFacts | undefined;
}

/** What every kind of server passes on to the connections it accepts. */
export function tcpOptions({ noDelay, keepAlive }: ListenOptions) {
  return { noDelay: noDelay ?? true, keepAlive: keepAlive ?? false };
}

/** Whether this Node lets a socket read into memory of ours. */
export function canReadInto(stream: TcpSocket): boolean {
  const handle = (stream as unknown as { _handle?: Partial<StreamHandle> })._handle;
  return typeof handle?.useUserBuffer === "function" && typeof handle.readStop === "function";
}

/**
 * Takes over the connection of a freshly accepted, paused `stream` so that it reads into the arena.
 * All connections share the one read region: the system fills it and hands it over without a gap in between.
 */
export function readingInto(
  memory: Memory,
  stream: TcpSocket,
  facts: SocketFacts,
  firstBytes: Uint8Array | undefined,
): NodeSocket {
  const carrier = stream as unknown as { _handle: StreamHandle | null };
  const handle = carrier._handle;
  carrier._handle = null;
  // Without its handle the first socket is an empty shell; destroying it only ends the server's bookkeeping.
  stream.destroy();
  const { at, lengthBytes } = memory.read;
  const whole = memory.arena.u8.subarray(at, at + lengthBytes);
  const piece = memory.arena.u8.subarray(at, at + GENTLE_READ_BYTES);
  let socket: NodeSocket | undefined;
  const onread: OnReadOpts = {
    // Asked before every read.
    buffer: () => (socket?.readsGently === true ? piece : whole),
    callback: (readBytes: number, buffer: Uint8Array) => {
      socket?.onRead(readBytes);
      // A full read means that more is waiting, and libuv would read on, up to 32 times, before anybody else's turn:
      // beside three flooding publishers a polite one's p99 was 316 ms so, and is 9 ms with one read a turn.
      return readBytes < buffer.length || socket?.readOnNextTurn() !== true;
    },
  };
  // Never "full": Node would note that for each write, and look at it again once its callbacks run.
  const writableHighWaterMark = Number.MAX_SAFE_INTEGER;
  const options = {
    handle,
    allowHalfOpen: true,
    pauseOnCreate: true,
    onread,
    writableHighWaterMark,
  };
  const reading = new TcpSocket(options as unknown as ConstructorParameters<typeof TcpSocket>[0]);
  socket = new NodeSocket(memory, reading, facts, "onread", firstBytes);
  return socket;
}

/** See `Socket` in env.ts for what each method promises. */
export class NodeSocket implements Socket {
  readonly peer: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsFacts | undefined;
  readonly #memory: Memory;
  readonly #stream: TcpSocket | TLSSocket;
  readonly #copied: CopiedInput;
  readonly #readsInto: boolean;
  #firstBytes: Uint8Array | undefined;
  #handler: SocketHandler | undefined;
  readsGently = false;
  #paused = false;
  readonly #readOn = () => {
    const handle = (this.#stream as unknown as { _handle: StreamHandle | null })._handle;
    if (this.#paused || handle === null || handle.reading) return;
    handle.reading = true;
    handle.readStart();
  };
  #readOff(): void {
    const handle = (this.#stream as unknown as { _handle: StreamHandle | null })._handle;
    if (handle === null || !handle.reading) return;
    handle.reading = false;
    handle.readStop();
  }
  /** Node's stream flows, and all input comes from the system: reading is stopped and started there, without the stream. */
  #hasRead = false;
  #closeReason = "";
  /** Writes handed to Node, and those it has told to be done: they end in order. */
  #written = 0;
  #completed = 0;
  /** The write in flight, by its number; 0 = none. */
  #inFlight = 0;
  #inFlightToken = 0;
  readonly #onWritten = (error?: Error | null) => {
    this.#completed++;
    if (this.#inFlight !== this.#completed || error) return;
    this.#inFlight = 0;
    this.#handler?.onSent(this.#inFlightToken);
  };

  constructor(
    memory: Memory,
    stream: TcpSocket | TLSSocket,
    facts: SocketFacts,
    input: "onread" | "data",
    firstBytes?: Uint8Array,
  ) {
    this.#memory = memory;
    this.#stream = stream;
    this.peer = facts.peer;
    this.local = facts.local;
    this.tls = facts.tls;
    this.#readsInto = input === "onread";
    this.#firstBytes = firstBytes;
    this.#copied = new CopiedInput(memory, stream);
    stream.on("error", (error) => {
      this.#closeReason = describe(error);
    });
  }

  start(handler: SocketHandler): void {
    assert(this.#handler === undefined, "a socket is started once");
    this.#handler = handler;
    const stream = this.#stream;
    stream.on("end", () => this.#copied.end(handler));
    stream.on("close", () => handler.onClose(this.#closeReason));
    this.#copied.start(handler);
    if (!this.#readsInto) stream.on("data", (bytes: Buffer) => this.#copied.push(bytes));
    if (this.#firstBytes !== undefined && this.#firstBytes.length > 0) {
      this.#copied.pushLater(this.#firstBytes);
      this.#firstBytes = undefined;
    } else {
      stream.resume();
    }
  }

  readGently(gently: boolean): void {
    this.readsGently = gently;
  }

  /** True: nothing is read before the next turn. False: this socket is paused already. */
  readOnNextTurn(): boolean {
    if (this.#paused) return false;
    setImmediate(this.#readOn);
    return true;
  }

  /** The system has put `lengthBytes` into the read region. */
  onRead(lengthBytes: number): void {
    this.#hasRead = true;
    this.#handler?.onBytes(this.#memory.read.at, lengthBytes);
  }

  write(address: Address, lengthBytes: number, token: number): boolean {
    assert(this.#inFlight === 0, "one write is in flight at most");
    const stream = this.#stream;
    if (stream.destroyed) return true;
    const bytes = this.#memory.arena.buffer.subarray(address, address + lengthBytes);
    if (this.#readsInto) {
      // Without a callback Node has nothing to do later, which is a tenth of what a small write costs.
      stream.write(bytes);
      if (stream.writableLength === 0) return true;
      // Nothing, but behind those bytes: its callback comes when they have left.
      stream.write(NO_BYTES, this.#onWritten);
      this.#inFlight = ++this.#written;
      this.#inFlightToken = token;
      return false;
    }
    this.#written++;
    stream.write(bytes, this.#onWritten);
    // Only now is it known that the system took all of it (Node's callback comes later in both cases).
    if (stream.writableLength === 0) return true;
    this.#inFlight = this.#written;
    this.#inFlightToken = token;
    return false;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (this.#hasRead) this.#readOff();
    else this.#copied.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#hasRead) this.#readOn();
    else this.#copied.resume();
  }

  end(): void {
    this.#stream.end();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

function describe(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined || error.message.includes(code)
    ? error.message
    : `${code}: ${error.message}`;
}
