// Real sockets under the tests every Net passes: both read methods, TLS, WebSocket, IPv6; then what only real ones have.

import { connect as connectTcp, createServer, type Socket as TcpSocket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { afterAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Endpoint, Listener, ListenOptions, Socket, TlsOptions } from "./env.ts";
import { NodeNet } from "./node-net.ts";
import { makeCertificates } from "./testing/certificates.ts";
import {
  conformanceMemory,
  type NetHarness,
  netConformance,
  pattern,
  RecordingHandler,
  type TestClient,
} from "./testing/net-conformance.ts";

const memory = conformanceMemory();
const certificates = makeCertificates();
if (certificates === undefined) console.warn("skipped: TLS tests need the openssl command");
const warnings: string[] = [];
const warn = (text: string) => void warnings.push(text);

const UNTIL_LIMIT_MS = 20_000;

async function until(condition: () => boolean): Promise<void> {
  const limit = performance.now() + UNTIL_LIMIT_MS;
  while (!condition()) {
    if (performance.now() > limit) throw new Error("the awaited condition did not come to hold");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
const aWhile = () => new Promise<void>((resolve) => setTimeout(resolve, 60));

class StreamClient implements TestClient {
  readonly #stream: TcpSocket;
  #pieces: Buffer[] = [];
  ended = false;
  constructor(stream: TcpSocket) {
    this.#stream = stream;
    stream.on("data", (bytes) => this.#pieces.push(bytes));
    stream.on("error", () => {});
    stream.on("end", () => {
      this.ended = true;
      stream.end();
    });
    stream.on("close", () => {
      this.ended = true;
    });
  }
  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }
  end(): void {
    this.#stream.end();
  }
  destroy(): void {
    this.#stream.destroy();
  }
  setReads(reads: boolean): void {
    if (reads) this.#stream.resume();
    else this.#stream.pause();
  }
  get received(): Uint8Array {
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }
}

class WebSocketClient implements TestClient {
  readonly #webSocket: WebSocket;
  #pieces: Buffer[] = [];
  ended = false;
  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
    webSocket.on("message", (data) => this.#pieces.push(data as Buffer));
    webSocket.on("error", () => {});
    webSocket.on("close", () => {
      this.ended = true;
    });
  }
  write(bytes: Uint8Array): void {
    this.#webSocket.send(bytes);
  }
  end(): void {
    this.#webSocket.close();
  }
  destroy(): void {
    this.#webSocket.terminate();
  }
  setReads(reads: boolean): void {
    if (reads) this.#webSocket.resume();
    else this.#webSocket.pause();
  }
  get received(): Uint8Array {
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }
}

function opened(stream: TcpSocket, event: string): Promise<TcpSocket> {
  return new Promise((resolve, reject) => {
    stream.once(event, () => resolve(stream));
    stream.once("error", reject);
  });
}

const tcpClient = async ({ local }: Listener) => {
  const options = { host: local.address, port: local.port, allowHalfOpen: true };
  return new StreamClient(await opened(connectTcp(options), "connect"));
};

const tlsClient = async ({ local }: Listener, more: ConnectionOptions = {}) => {
  const options = { host: local.address, port: local.port, servername: "localhost" };
  const trust = { ...(certificates && { ca: certificates.ca }), allowHalfOpen: true };
  const stream = connectTls({ ...options, ...trust, ...more });
  return new StreamClient(await opened(stream, "secureConnect"));
};

async function webSocketClient(url: string, ca?: string): Promise<WebSocketClient> {
  const webSocket = new WebSocket(url, "amqp", ca === undefined ? {} : { ca });
  await new Promise((resolve, reject) => {
    webSocket.once("open", resolve);
    webSocket.once("error", reject);
  });
  expect(webSocket.protocol).toBe("amqp");
  return new WebSocketClient(webSocket);
}

function harness(
  listenOptions: ListenOptions,
  connect: (listener: Listener) => Promise<TestClient>,
  more: { readMethod?: "onread" | "data"; halfClose?: boolean } = {},
): () => Promise<NetHarness> {
  return async () => ({
    net: new NodeNet({ memory, warn, ...(more.readMethod && { readMethod: more.readMethod }) }),
    connect,
    until,
    while: aWhile,
    listenOptions,
    halfClose: more.halfClose ?? true,
  });
}

const loopback = { host: "127.0.0.1", port: 0 };
netConformance("TCP, reading into the arena", memory, harness(loopback, tcpClient));
netConformance("TCP, copied", memory, harness(loopback, tcpClient, { readMethod: "data" }));

const hasIpv6 = await new Promise<boolean>((resolve) => {
  const probe = createServer();
  probe.once("error", () => resolve(false));
  probe.listen(0, "::1", () => probe.close(() => resolve(true)));
});
if (hasIpv6) netConformance("TCP over IPv6", memory, harness({ host: "::1", port: 0 }, tcpClient));
else console.warn("skipped: this machine has no IPv6");

const amqp = { protocols: ["amqp"] };
const webSocket = harness(
  { ...loopback, webSocket: amqp },
  ({ local }) => webSocketClient(`ws://127.0.0.1:${local.port}/`),
  { halfClose: false },
);
netConformance("WebSocket", memory, webSocket);

const serverTls: TlsOptions | undefined = certificates && {
  ...certificates.server,
  ca: certificates.ca,
  requestCert: false,
  rejectUnauthorized: false,
};
if (serverTls !== undefined && certificates !== undefined) {
  netConformance(
    "TLS",
    memory,
    harness({ ...loopback, tls: serverTls }, (l) => tlsClient(l)),
  );
  const url = (listener: Listener) => `wss://127.0.0.1:${listener.local.port}/`;
  const secureWebSocket = harness(
    { ...loopback, tls: serverTls, webSocket: amqp },
    (listener) => webSocketClient(url(listener), certificates.ca),
    { halfClose: false },
  );
  netConformance("WebSocket over TLS", memory, secureWebSocket);
}

/** Listens, and keeps what connects. */
async function listen(options: ListenOptions, readMethod?: "onread" | "data") {
  const net = new NodeNet({ memory, warn, ...(readMethod && { readMethod }) });
  const sockets: Socket[] = [];
  const handlers: RecordingHandler[] = [];
  const listener = await net.listen(options, (socket) => {
    const handler = new RecordingHandler(memory);
    handler.onPeerEnd = () => socket.end();
    sockets.push(socket);
    handlers.push(handler);
    socket.start(handler);
  });
  return { listener, sockets, handlers };
}

describe.skipIf(certificates === undefined)("TLS", () => {
  const withClients = { ...(serverTls as TlsOptions), requestCert: true, rejectUnauthorized: true };

  test("tells what the handshake found out, the client's certificate too", async () => {
    const { listener, sockets } = await listen({ ...loopback, tls: withClients });
    const client = await tlsClient(listener, certificates?.client);
    await until(() => sockets.length === 1);
    expect(sockets[0]?.tls).toMatchObject({
      version: "TLSv1.3",
      cipher: expect.stringMatching(/^TLS_/),
      peerSubject: "CN=guest,O=client",
      peerCommonName: "guest",
      peerIssuer: "CN=test authority",
      peerAlternativeNames: ["DNS:localhost", "IP Address:127.0.0.1"],
    });
    expect(sockets[0]?.tls?.peerValidity).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+Z - \d{4}-/);
    client.destroy();
    await listener.close();
  });

  test("clients without a certificate, or with a strange one, are refused where one is required", async () => {
    const { listener, sockets } = await listen({ ...loopback, tls: withClients });
    for (const identity of [{}, certificates?.stranger]) {
      const client = await tlsClient(listener, identity).catch(() => undefined);
      if (client !== undefined) await until(() => client.ended);
    }
    expect(sockets.length).toBe(0);
    await listener.close();
  });

  test("where no certificate is required, a bad one is refused all the same", async () => {
    const lenient = { ...withClients, rejectUnauthorized: false };
    const { listener, sockets } = await listen({ ...loopback, tls: lenient });
    const stranger = await tlsClient(listener, certificates?.stranger);
    await until(() => stranger.ended);
    expect(sockets).toHaveLength(0);
    const client = await tlsClient(listener, undefined);
    await until(() => sockets.length === 1);
    expect(sockets[0]?.tls?.peerSubject).toBeUndefined();
    client.destroy();
    await listener.close();
  });

  test("new connections use reloaded certificates, open ones stay", async () => {
    const { listener, handlers } = await listen({ ...loopback, tls: serverTls as TlsOptions });
    const subjects: string[] = [];
    const connect = async () => {
      const options = { port: listener.local.port, host: "127.0.0.1", rejectUnauthorized: false };
      const stream = connectTls(options);
      await opened(stream, "secureConnect");
      subjects.push(String(stream.getPeerCertificate().subject.CN));
      return stream;
    };
    const before = await connect();
    listener.setTls({ ...(serverTls as TlsOptions), ...certificates?.renewedServer });
    const after = await connect();
    expect(subjects).toEqual(["localhost", "renewed"]);
    before.write("still here");
    await until(() => handlers[0]?.received.length === 10);
    before.destroy();
    after.destroy();
    await listener.close();
  });

  test("bytes that are no TLS end that connection alone, with a warning", async () => {
    const { listener, sockets } = await listen({ ...loopback, tls: serverTls as TlsOptions });
    const client = await tcpClient(listener);
    client.write(Buffer.from("AMQP\0\0\u0009\u0001"));
    await until(() => client.ended);
    expect(sockets.length).toBe(0);
    expect(warnings.at(-1)).toContain("TLS handshake");
    await listener.close();
  });
});

describe("WebSocket", () => {
  test("text messages, plain HTTP and other paths are refused", async () => {
    const options = { ...loopback, webSocket: { ...amqp, path: "/ws" } };
    const { listener, handlers } = await listen(options);
    const base = `127.0.0.1:${listener.local.port}`;
    const response = await fetch(`http://${base}/ws`);
    expect(response.status).toBe(426);
    await expect(webSocketClient(`ws://${base}/other`)).rejects.toThrow("400");
    const text = new WebSocket(`ws://${base}/ws`, "amqp");
    text.on("open", () => text.send("hello"));
    const code = await new Promise((resolve) => text.on("close", resolve));
    expect(code).toBe(1003);
    expect(handlers[0]?.received.length).toBe(0);
    await listener.close();
  });

  test.each([
    ["none, as programs send", undefined, true],
    ["that of the listener itself", "self", true],
    ["one that is allowed", "https://shop.example", true],
    ["a stranger's", "https://evil.example", false],
    ["the null of a file or a sandbox", "null", false],
  ])("an origin decides for browsers: %s", async (_, origin, isWelcome) => {
    const { listener } = await listen({
      ...loopback,
      webSocket: { ...amqp, origins: ["https://shop.example"] },
    });
    const base = `127.0.0.1:${listener.local.port}`;
    const named = origin === "self" ? `http://${base}` : origin;
    const webSocket = new WebSocket(`ws://${base}/`, "amqp", named ? { origin: named } : {});
    const outcome = await new Promise((resolve) => {
      webSocket.once("open", () => resolve("open"));
      webSocket.once("error", (error) => resolve(error.message));
    });
    expect(outcome).toBe(isWelcome ? "open" : "Unexpected server response: 401");
    webSocket.terminate();
    await listener.close();
  });

  test("a message larger than the bound ends the connection", async () => {
    const { listener, handlers } = await listen({ ...loopback, webSocket: amqp });
    const client = await webSocketClient(`ws://127.0.0.1:${listener.local.port}/`);
    client.write(new Uint8Array(16_777_217));
    await until(() => client.ended && handlers[0]?.closes.length === 1);
    expect(handlers[0]?.received.length).toBe(0);
    await listener.close();
  });
});

describe("a proxy's header", () => {
  const peer: Endpoint = { address: "203.0.113.9", port: 4321 };
  /** A toy: "P<" … ">" is a header that names `peer`, "P!" is wrong. */
  const proxyHeader: NonNullable<ListenOptions["proxyHeader"]> = {
    trusts: () => true,
    read: (bytes) => {
      const text = Buffer.from(bytes).toString("latin1");
      if (text.startsWith("P!")) return { kind: "invalid", reason: "odd header" };
      const end = text.indexOf(">");
      if (end < 0) return { kind: "incomplete" };
      return { kind: "complete", lengthBytes: end + 1, peer };
    },
  };

  test.each(["onread", "data"] as const)(
    "names the client, and the stream goes on behind it (%s)",
    async (readMethod) => {
      const { listener, sockets, handlers } = await listen(
        { ...loopback, proxyHeader },
        readMethod,
      );
      for (const pieces of [["P<>"], ["P<xyz>rest"], ["P<", "x>", "re", "st"], ["P", "<>r"]]) {
        const client = await tcpClient(listener);
        for (const piece of pieces) {
          client.write(Buffer.from(piece));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        const long = pattern(500_000);
        client.write(long);
        const rest = Buffer.from(pieces.join("").split(">")[1] as string);
        const total = rest.length + long.length;
        await until(() => handlers.at(-1)?.received.length === total);
        const received = handlers.at(-1)?.received as Uint8Array;
        expect(Buffer.compare(received, Buffer.concat([rest, long]))).toBe(0);
        expect(sockets.at(-1)?.peer).toEqual(peer);
        expect(sockets.at(-1)?.local.port).toBe(listener.local.port);
        client.destroy();
        await until(() => handlers.at(-1)?.closes.length === 1);
      }
      await listener.close();
    },
  );

  test("an untrusted peer's bytes are the stream's own", async () => {
    const untrusting = { ...proxyHeader, trusts: () => false };
    const { listener, sockets, handlers } = await listen({
      ...loopback,
      proxyHeader: untrusting,
    });
    const client = await tcpClient(listener);
    client.write(Buffer.from("P<>AMQP"));
    await until(() => handlers[0]?.received.length === 7);
    expect(sockets[0]?.peer.address).toBe("127.0.0.1");
    client.destroy();
    await listener.close();
  });

  test.each([
    ["a wrong header", "P!"],
    ["an endless one", `P<${"x".repeat(5000)}`],
  ])("%s drops the connection", async (_, bytes) => {
    const { listener, sockets } = await listen({ ...loopback, proxyHeader });
    const client = await tcpClient(listener);
    client.write(Buffer.from(bytes));
    await until(() => client.ended);
    expect(sockets.length).toBe(0);
    expect(warnings.at(-1)).toContain("connection from proxy 127.0.0.1 dropped");
    await listener.close();
  });

  test("comes before the WebSocket handshake", async () => {
    const { listener, sockets } = await listen({ ...loopback, proxyHeader, webSocket: amqp });
    const stream = connectTcp(listener.local.port, "127.0.0.1");
    const handshake = [
      "GET / HTTP/1.1",
      "Host: x",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
      "Sec-WebSocket-Protocol: amqp",
    ];
    stream.write(`P<x>${handshake.join("\r\n")}\r\n\r\n`);
    const answer = await new Promise((resolve) => stream.once("data", resolve));
    expect(String(answer)).toContain("101 Switching Protocols");
    expect(sockets[0]?.peer).toEqual(peer);
    stream.destroy();
    await listener.close();
  });

  test.skipIf(certificates === undefined)("comes before the TLS handshake", async () => {
    const tls = serverTls as TlsOptions;
    const { listener, sockets, handlers } = await listen({ ...loopback, proxyHeader, tls });
    // In one piece with the first TLS bytes, and alone.
    for (const waitMs of [0, 20]) {
      const stream = connectTcp(listener.local.port, "127.0.0.1");
      await opened(stream, "connect");
      stream.write("P<x>");
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const secure = connectTls({ socket: stream, servername: "localhost", ca: tls.ca as string });
      await opened(secure, "secureConnect");
      secure.write("hello");
      await until(() => handlers.at(-1)?.received.length === 5);
      expect(sockets.at(-1)?.peer).toEqual(peer);
      expect(sockets.at(-1)?.tls?.version).toBe("TLSv1.3");
      secure.destroy();
      stream.destroy();
      await until(() => handlers.at(-1)?.closes.length === 1);
    }
    await listener.close();
  });
});

afterAll(() => {
  // Nothing else was worth a warning: each one belongs to a test above.
  expect(warnings.filter((text) => !/TLS handshake|from proxy/.test(text))).toEqual([]);
});
