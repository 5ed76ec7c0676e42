// Sockets without a network, made to be unkind: input comes in pieces of any size, output stays in flight,
// the read region is overwritten as soon as it may be, and touching bytes in flight is noticed.

import type { Address } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import type { Memory } from "../lib/memory.ts";
import {
  type Clock,
  type Endpoint,
  type Listener,
  type ListenOptions,
  type Net,
  NetError,
  type Socket,
  type SocketHandler,
  type TlsFacts,
} from "./env.ts";
import type { SeededRandom } from "./fake-random.ts";

export interface FakeNetOptions {
  /** How input is cut: all there is, single bytes, or pieces the seed chooses. */
  readonly split: "whole" | "bytes" | "seeded";
  /** Part of the writes that are answered with "in flight", from 0 to 1. */
  readonly inFlight: number;
  /** Each delivery takes up to so many ms. */
  readonly latencyMs: number;
  /** Bytes the system takes for a client that does not read, before writes stay in flight. */
  readonly windowBytes: number;
}

const DEFAULTS: FakeNetOptions = {
  split: "whole",
  inFlight: 0,
  latencyMs: 0,
  windowBytes: 65_536,
};
const FIRST_FREE_PORT = 40_000;
/** What the read region is filled with once `onBytes` has returned. */
const SCRIBBLE = 0xdd;

interface FakeListener extends Listener {
  readonly options: ListenOptions;
  accept(socket: Socket): void;
}

export class FakeNet implements Net {
  readonly options: FakeNetOptions;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #memory: Memory;
  readonly #listeners = new Map<number, FakeListener>();
  #nextPort = FIRST_FREE_PORT;

  constructor(
    clock: Clock,
    random: SeededRandom,
    memory: Memory,
    options: Partial<FakeNetOptions> = {},
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#memory = memory;
    this.options = { ...DEFAULTS, ...options };
  }

  async listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<Listener> {
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    if (this.#listeners.has(port)) {
      throw new NetError("EADDRINUSE", `address already in use ${options.host ?? ""}:${port}`);
    }
    const listener: FakeListener = {
      options,
      local: { address: options.host ?? "127.0.0.1", port },
      setTls: () => {},
      close: async () => {
        this.#listeners.delete(port);
      },
      accept: onConnection,
    };
    this.#listeners.set(port, listener);
    return listener;
  }

  /** Connects to a listener; `peer` and `tls` are what the broker will be told. */
  connect(port: number, from: { peer?: Endpoint; tls?: TlsFacts } = {}): FakeClient {
    const listener = this.#listeners.get(port);
    if (listener === undefined) throw new NetError("ECONNREFUSED", `nobody listens on ${port}`);
    const peer = from.peer ?? { address: "127.0.0.1", port: this.#nextPort++ };
    const socket = new FakeSocket(
      this.#clock,
      this.#random.fork(),
      this.#memory,
      this.options,
      peer,
      listener.local,
      from.tls,
    );
    this.#clock.setTimer(0, () => listener.accept(socket));
    return socket.client;
  }
}

/** The other end: what a test holds. */
export class FakeClient {
  readonly #socket: FakeSocket;
  #received: Uint8Array[] = [];
  /** The broker has ended its stream. */
  ended = false;
  /** The connection is gone, by whoever. */
  closed = false;
  /** Ends its own stream as soon as the broker has ended its. */
  endsWithPeer = true;
  /** False: what the broker writes beyond the window stays in flight. */
  reads = true;
  /** Hears bytes as they come, instead of having them collected for `take`. */
  onBytes: ((bytes: Uint8Array) => void) | undefined;

  constructor(socket: FakeSocket) {
    this.#socket = socket;
  }

  write(bytes: Uint8Array): void {
    this.#socket.receive(bytes.slice());
  }

  /** No more will be sent. */
  end(): void {
    this.#socket.receiveEnd();
  }

  /** The connection breaks. */
  destroy(reason = "ECONNRESET"): void {
    this.#socket.closeNow(reason);
  }

  setReads(reads: boolean): void {
    this.reads = reads;
    if (reads) this.#socket.clientReads();
  }

  /** Everything that came since the last time. */
  take(): Uint8Array {
    const all = Buffer.concat(this.#received);
    this.#received = [];
    return all;
  }

  hear(bytes: Uint8Array): void {
    if (this.onBytes === undefined) this.#received.push(bytes);
    else this.onBytes(bytes);
  }
}

/** A write that was answered with "in flight". */
interface Flight {
  readonly address: Address;
  readonly bytes: Uint8Array;
  readonly token: number;
}

class FakeSocket implements Socket {
  readonly peer: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsFacts | undefined;
  readonly client: FakeClient = new FakeClient(this);
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #memory: Memory;
  readonly #options: FakeNetOptions;
  #handler: SocketHandler | undefined;
  #input: Uint8Array[] = [];
  #inputEnded = false;
  #endDelivered = false;
  #paused = false;
  #delivering = false;
  #flight: Flight | undefined;
  #unreadBytes = 0;
  #ending = false;
  #closed = false;

  constructor(
    clock: Clock,
    random: SeededRandom,
    memory: Memory,
    options: FakeNetOptions,
    peer: Endpoint,
    local: Endpoint,
    tls: TlsFacts | undefined,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#memory = memory;
    this.#options = options;
    this.peer = peer;
    this.local = local;
    this.tls = tls;
  }

  start(handler: SocketHandler): void {
    assert(this.#handler === undefined, "a socket is started once");
    this.#handler = handler;
    this.#deliverLater();
  }

  write(address: Address, lengthBytes: number, token: number): boolean {
    assert(this.#flight === undefined, "one write is in flight at most");
    assert(!this.#ending, "nothing is written after the end");
    assert(lengthBytes > 0, "a write has bytes");
    if (this.#closed) return true;
    const bytes = this.#memory.arena.u8.slice(address, address + lengthBytes);
    const full = !this.client.reads && this.#unreadBytes + lengthBytes > this.#options.windowBytes;
    if (!full && !this.#random.chance(this.#options.inFlight)) {
      if (!this.client.reads) this.#unreadBytes += lengthBytes;
      this.client.hear(bytes);
      return true;
    }
    this.#flight = { address, bytes, token };
    this.#landLater();
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliverLater();
  }

  readGently(): void {}

  end(): void {
    this.#ending = true;
    if (this.#flight === undefined) this.#sendEnd();
  }

  destroy(): void {
    this.closeNow("");
  }

  receive(bytes: Uint8Array): void {
    if (this.#closed || this.#inputEnded || bytes.length === 0) return;
    this.#input.push(bytes);
    this.#deliverLater();
  }

  receiveEnd(): void {
    this.#inputEnded = true;
    this.#deliverLater();
  }

  clientReads(): void {
    this.#unreadBytes = 0;
    if (this.#flight !== undefined) this.#landLater();
  }

  closeNow(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#input = [];
    this.client.closed = true;
    this.#clock.setTimer(0, () => this.#handler?.onClose(reason));
  }

  #delayMs(): number {
    return this.#options.latencyMs === 0 ? 0 : this.#random.integer(this.#options.latencyMs + 1);
  }

  #deliverLater(): void {
    if (this.#delivering || this.#closed) return;
    this.#delivering = true;
    this.#clock.setTimer(this.#delayMs(), () => {
      this.#delivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const handler = this.#handler;
    if (handler === undefined || this.#closed || this.#paused) return;
    if (this.#input.length > 0) {
      const piece = this.#takeInput();
      const { arena, read } = this.#memory;
      arena.u8.set(piece, read.at);
      handler.onBytes(read.at, piece.length);
      arena.u8.fill(SCRIBBLE, read.at, read.at + piece.length);
      this.#deliverLater();
    } else if (this.#inputEnded && !this.#endDelivered) {
      this.#endDelivered = true;
      handler.onEnd();
      this.#closeWhenBothEnded();
    }
  }

  #takeInput(): Uint8Array {
    const all =
      this.#input.length === 1 ? (this.#input[0] as Uint8Array) : Buffer.concat(this.#input);
    const size = this.#pieceSize(Math.min(all.length, this.#memory.read.lengthBytes));
    this.#input = size === all.length ? [] : [all.subarray(size)];
    return all.subarray(0, size);
  }

  #pieceSize(available: number): number {
    if (this.#options.split === "whole") return available;
    if (this.#options.split === "bytes") return 1;
    // Small pieces as often as large ones: frame headers are only a few bytes long.
    const bound = this.#random.chance(0.5) ? Math.min(available, 16) : available;
    return 1 + this.#random.integer(bound);
  }

  #landLater(): void {
    this.#clock.setTimer(this.#delayMs(), () => this.#land());
  }

  #land(): void {
    const flight = this.#flight;
    if (flight === undefined || this.#closed || !this.client.reads) return;
    const { address, bytes, token } = flight;
    const now = this.#memory.arena.u8.subarray(address, address + bytes.length);
    assert(Buffer.compare(now, bytes) === 0, "bytes in flight are not touched");
    this.#flight = undefined;
    this.client.hear(bytes);
    this.#handler?.onSent(token);
    if (this.#ending && this.#flight === undefined) this.#sendEnd();
  }

  #sendEnd(): void {
    if (this.client.ended || this.#closed) return;
    this.client.ended = true;
    if (this.client.endsWithPeer) this.receiveEnd();
    this.#closeWhenBothEnded();
  }

  #closeWhenBothEnded(): void {
    if (this.client.ended && this.#endDelivered) this.closeNow("");
  }
}
