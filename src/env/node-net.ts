// Listening sockets: TCP, TLS and WebSocket, each optionally behind a proxy that tells who the client is.

import { createServer, type Server, type Socket as TcpSocket } from "node:net";
import type { TLSSocket, Server as TlsServer } from "node:tls";
import type { Memory } from "../lib/memory.ts";
import {
  type Endpoint,
  type Listener,
  type ListenOptions,
  type Net,
  NetError,
  type Socket,
  type TlsFacts,
  type TlsOptions,
} from "./env.ts";
import { takeProxyHeader } from "./node-proxy-header.ts";
import {
  canReadInto,
  NodeSocket,
  readingInto,
  type SocketFacts,
  tcpOptions,
} from "./node-socket.ts";

export interface NodeNetOptions {
  readonly memory: Memory;
  /** How plain TCP is read; `data` is slower and works everywhere. Default: `onread`, else `data` with a warning. */
  readonly readMethod?: "onread" | "data";
  /** One line for people, about a connection or a listener that had trouble. */
  readonly warn: (text: string) => void;
}

const DEFAULT_BACKLOG = 511;

/** What a protocol server (TLS, HTTP) is to this file. */
interface Upgrader {
  readonly server: Server;
  setTls(tls: TlsOptions): void;
}

export class NodeNet implements Net {
  readonly #memory: Memory;
  readonly #warn: (text: string) => void;
  #readsInto: boolean;
  #readMethodChecked: boolean;
  /** What a proxy said about connections that were handed to a TLS or HTTP server, by `connectionKey`. */
  readonly #proxied = new Map<string, SocketFacts>();

  constructor(options: NodeNetOptions) {
    this.#memory = options.memory;
    this.#warn = options.warn;
    this.#readsInto = options.readMethod !== "data";
    this.#readMethodChecked = options.readMethod === "data";
  }

  async listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<Listener> {
    const upgrader = await this.#upgrader(options, onConnection);
    let server: Server;
    const proxyHeader = options.proxyHeader;
    if (upgrader === undefined || proxyHeader !== undefined) {
      const accepting = { ...tcpOptions(options), pauseOnConnect: true, allowHalfOpen: true };
      server = createServer(accepting, (stream) => {
        this.#onPlain(stream, options, upgrader, onConnection);
      });
    } else {
      server = upgrader.server;
    }
    await listening(server, options);
    server.on("error", (error) => this.#warn(`listener: ${error.message}`));
    const address = server.address();
    const local =
      typeof address === "object" && address !== null
        ? endpoint(address.address, address.port)
        : endpoint(options.host, options.port);
    return {
      local,
      setTls: (tls) => upgrader?.setTls(tls),
      close: () => stopListening(server),
    };
  }

  /** The server that does TLS or WebSocket handshakes; undefined for plain TCP. */
  async #upgrader(
    options: ListenOptions,
    onConnection: (socket: Socket) => void,
  ): Promise<Upgrader | undefined> {
    if (options.tls === undefined && options.webSocket === undefined) return undefined;
    // Loaded only where needed: they would double the time a plain broker takes to start.
    const { sentBadCertificate, serverOptions, tlsFacts } = await import("./node-tls.ts");
    const factsOf = (stream: TcpSocket): SocketFacts | undefined =>
      this.#facts(stream, options.tls && tlsFacts(stream as TLSSocket));
    let server: Server;
    if (options.webSocket !== undefined) {
      const { createWebSocketServer, WebSocketSocket } = await import("./node-websocket.ts");
      server = createWebSocketServer(options, ({ webSocket, stream }) => {
        const facts = factsOf(stream);
        if (facts === undefined) webSocket.terminate();
        else onConnection(new WebSocketSocket(this.#memory, webSocket, facts));
      });
    } else {
      const { createServer: createTlsServer } = await import("node:tls");
      const tls = { ...serverOptions(options.tls as TlsOptions), ...tcpOptions(options) };
      server = createTlsServer({ ...tls, allowHalfOpen: true }, (stream) => {
        const facts = factsOf(stream);
        if (facts === undefined || sentBadCertificate(stream)) stream.destroy();
        else onConnection(new NodeSocket(this.#memory, stream, facts, "data"));
      });
    }
    server.on("tlsClientError", (error: Error, stream: TLSSocket) => {
      this.#warn(`TLS handshake with ${stream.remoteAddress ?? "a client"}: ${error.message}`);
    });
    const setTls = (tls: TlsOptions) => (server as TlsServer).setSecureContext(serverOptions(tls));
    return { server, setTls };
  }

  #onPlain(
    stream: TcpSocket,
    options: ListenOptions,
    upgrader: Upgrader | undefined,
    onConnection: (socket: Socket) => void,
  ): void {
    const facts = this.#facts(stream, undefined);
    if (facts === undefined) {
      stream.destroy();
      return;
    }
    const reader = options.proxyHeader;
    if (!reader?.trusts(facts.peer)) {
      this.#serve(stream, facts, undefined, options, upgrader, onConnection);
      return;
    }
    takeProxyHeader(
      stream,
      reader,
      (header, rest) => {
        const seen = { peer: header.peer ?? facts.peer, local: header.local ?? facts.local };
        this.#serve(stream, { ...seen, tls: undefined }, rest, options, upgrader, onConnection);
      },
      (reason) => this.#warn(`connection from proxy ${facts.peer.address} dropped: ${reason}`),
    );
  }

  #serve(
    stream: TcpSocket,
    facts: SocketFacts,
    firstBytes: Uint8Array | undefined,
    options: ListenOptions,
    upgrader: Upgrader | undefined,
    onConnection: (socket: Socket) => void,
  ): void {
    if (upgrader !== undefined) {
      // Node's TLS and HTTP servers take over streams accepted elsewhere when handed them as a connection.
      const key = connectionKey(stream);
      this.#proxied.set(key, facts);
      stream.once("close", () => this.#proxied.delete(key));
      if (firstBytes !== undefined && firstBytes.length > 0) stream.unshift(firstBytes);
      upgrader.server.emit("connection", stream);
      // TLS reads below the stream and hangs when the stream flows by itself.
      if (options.tls === undefined) stream.resume();
      return;
    }
    if (this.#mayReadInto(stream)) {
      onConnection(readingInto(this.#memory, stream, facts, firstBytes));
    } else {
      onConnection(new NodeSocket(this.#memory, stream, facts, "data", firstBytes));
    }
  }

  #mayReadInto(stream: TcpSocket): boolean {
    if (!this.#readMethodChecked) {
      this.#readMethodChecked = true;
      this.#readsInto = canReadInto(stream);
      if (!this.#readsInto) {
        this.#warn("this Node does not let sockets read into our memory; input is copied instead");
      }
    }
    return this.#readsInto;
  }

  /** Undefined when the client is gone already. */
  #facts(stream: TcpSocket, tls: TlsFacts | undefined): SocketFacts | undefined {
    const proxied = this.#proxied.get(connectionKey(stream));
    if (proxied !== undefined) return { ...proxied, tls };
    if (stream.remoteAddress === undefined) return undefined;
    return {
      peer: endpoint(stream.remoteAddress, stream.remotePort),
      local: endpoint(stream.localAddress, stream.localPort),
      tls,
    };
  }
}

function listening(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      reject(new NetError(error.code ?? "UNKNOWN", error.message));
    };
    server.once("error", onError);
    const where = {
      port: options.port,
      backlog: options.backlog ?? DEFAULT_BACKLOG,
      ...(options.host === undefined ? {} : { host: options.host }),
    };
    server.listen(where, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

/** Resolves when the port is free again; connections that are open stay open. */
function stopListening(server: Server): Promise<void> {
  server.close();
  return new Promise((resolve) => setImmediate(resolve));
}

/** IPv4-mapped IPv6 addresses are shown as the IPv4 addresses they are. */
function endpoint(address: string | undefined, port: number | undefined): Endpoint {
  const text = address ?? "";
  return { address: text.startsWith("::ffff:") ? text.slice(7) : text, port: port ?? 0 };
}

/** The same for a connection and for the TLS connection inside it, and unique among those that are open. */
function connectionKey(stream: TcpSocket): string {
  return `${stream.remoteAddress} ${stream.remotePort} ${stream.localAddress} ${stream.localPort}`;
}
