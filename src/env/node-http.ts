// Sockets that speak HTTP: they listen at once, whoever answers.

import { once } from "node:events";
import { createServer, type Server, type ServerOptions } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import type { OpenHttpSocket } from "./http.ts";

/** Lists of connections are asked for by name, and names are long. */
const HEADER_BYTES_MAX = 65_536;
const KEEP_ALIVE_MS = 72_000;
const OPTIONS: ServerOptions = { maxHeaderSize: HEADER_BYTES_MAX };

export const openHttpSocket: OpenHttpSocket = async (
  place,
  tls,
  onRequest,
  refusalHeaders = {},
) => {
  const server: Server | SecureServer =
    tls === undefined
      ? createServer(OPTIONS, onRequest)
      : createSecureServer({ ...OPTIONS, ...tls }, onRequest);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.requestTimeout = 0;
  server.on("clientError", (error, socket) => refuseMalformed(error, socket, refusalHeaders));
  server.listen("path" in place ? place : { port: place.port, host: place.host ?? "::" });
  await once(server, "listening");
  const bound = server.address();
  const isAddress = typeof bound === "object" && bound !== null;
  return {
    address: isAddress ? bound.address : "",
    port: isAddress ? bound.port : 0,
    setTls: (next) => (server as SecureServer).setSecureContext(next),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

const STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** What is no HTTP has no route that could answer it. */
function refuseMalformed(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  headers: Readonly<Record<string, string>>,
): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const status = STATUS[error.code ?? ""] ?? "400 Bad Request";
  const body = JSON.stringify({ error: "bad_request", reason: status.slice(4) });
  const head = Object.entries({
    ...headers,
    "content-length": String(body.length),
    "content-type": "application/json",
    connection: "close",
  });
  const lines = head.map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n${body}`);
}
