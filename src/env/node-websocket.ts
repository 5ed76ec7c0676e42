// A byte stream in the binary messages of a WebSocket (RFC 6455). How messages are cut means nothing.

import { createServer as createHttpServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { TLSSocket } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import type { Address } from "../lib/arena.ts";
import { assert } from "../lib/assert.ts";
import type { Memory } from "../lib/memory.ts";
import type {
  Endpoint,
  ListenOptions,
  Socket,
  SocketHandler,
  TlsFacts,
  WebSocketOptions,
} from "./env.ts";
import { CopiedInput } from "./node-copied-input.ts";
import { tcpOptions } from "./node-socket.ts";
import { serverOptions } from "./node-tls.ts";

/** A larger message ends its connection; AMQP frames are at most 128 KiB by default, so this is plenty. */
const MESSAGE_BYTES_MAX = 16_777_216;
const UNSUPPORTED_DATA = 1003;
const NORMAL_CLOSURE = 1000;

export interface WebSocketAccepted {
  readonly webSocket: WebSocket;
  /** The connection below. */
  readonly stream: import("node:net").Socket | TLSSocket;
}

/** An HTTP (or HTTPS) server that upgrades to WebSocket and answers anything else with 426. */
export function createWebSocketServer(
  options: ListenOptions,
  onWebSocket: (accepted: WebSocketAccepted) => void,
): Server {
  const refuse = (_request: IncomingMessage, response: import("node:http").ServerResponse) => {
    response.writeHead(426, { "content-type": "text/plain" }).end("This port speaks WebSocket.\n");
  };
  const server =
    options.tls === undefined
      ? createHttpServer(tcpOptions(options), refuse)
      : createHttpsServer({ ...serverOptions(options.tls), ...tcpOptions(options) }, refuse);
  const protocols = options.webSocket?.protocols ?? [];
  const upgrader = new WebSocketServer({
    server,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
    clientTracking: false,
    verifyClient: ({ origin, req }: { origin?: string; req: IncomingMessage }) =>
      mayConnect(origin, req.headers.host, options.webSocket),
    handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
    ...(options.webSocket?.path === undefined ? {} : { path: options.webSocket.path }),
  });
  upgrader.on("connection", (webSocket, request) => {
    onWebSocket({ webSocket, stream: request.socket });
  });
  // Repeats the server's own errors, which the listener hears there.
  upgrader.on("error", () => {});
  return server;
}

/** Any page can open a WebSocket to any host, with no more asked than this: a stranger's page must not use a local broker. */
function mayConnect(
  origin: string | undefined,
  host: string | undefined,
  options: WebSocketOptions | undefined,
): boolean {
  if (origin === undefined) return true;
  const allowed = options?.origins ?? [];
  if (allowed.includes("*") || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** See `Socket` in env.ts for what each method promises. */
export class WebSocketSocket implements Socket {
  readonly peer: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsFacts | undefined;
  readonly #memory: Memory;
  readonly #webSocket: WebSocket;
  readonly #copied: CopiedInput;
  #handler: SocketHandler | undefined;
  #paused = false;
  #closeReason = "";
  #written = 0;
  #completed = 0;
  #inFlight = 0;
  #inFlightToken = 0;
  readonly #onWritten = (error?: Error) => {
    this.#completed++;
    if (this.#inFlight !== this.#completed || error) return;
    this.#inFlight = 0;
    this.#handler?.onSent(this.#inFlightToken);
  };

  constructor(
    memory: Memory,
    webSocket: WebSocket,
    facts: { peer: Endpoint; local: Endpoint; tls: TlsFacts | undefined },
  ) {
    this.#memory = memory;
    this.#webSocket = webSocket;
    this.peer = facts.peer;
    this.local = facts.local;
    this.tls = facts.tls;
    this.#copied = new CopiedInput(memory, webSocket);
    webSocket.on("error", (error) => {
      this.#closeReason = error.message;
    });
  }

  start(handler: SocketHandler): void {
    assert(this.#handler === undefined, "a socket is started once");
    this.#handler = handler;
    this.#copied.start(handler);
    this.#webSocket.on("message", (data, isBinary) => {
      if (isBinary) this.#copied.push(data as Buffer);
      else this.#webSocket.close(UNSUPPORTED_DATA, "binary messages only");
    });
    this.#webSocket.on("close", () => {
      // A WebSocket has no half-open state: the end of input and the end of everything come together.
      this.#copied.end(handler);
      handler.onClose(this.#closeReason);
    });
  }

  write(address: Address, lengthBytes: number, token: number): boolean {
    assert(this.#inFlight === 0, "one write is in flight at most");
    const webSocket = this.#webSocket;
    if (webSocket.readyState !== webSocket.OPEN) return true;
    this.#written++;
    const bytes = this.#memory.arena.u8.subarray(address, address + lengthBytes);
    webSocket.send(bytes, { binary: true, compress: false }, this.#onWritten);
    if (webSocket.bufferedAmount === 0) return true;
    this.#inFlight = this.#written;
    this.#inFlightToken = token;
    return false;
  }

  readGently(): void {}

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#copied.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#copied.resume();
  }

  end(): void {
    this.#webSocket.close(NORMAL_CLOSURE);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}
