// Serves the built UI with a strict content security policy in front of any broker's HTTP API, so that the same
// tests run against Leveret and against RabbitMQ.

import { createReadStream, existsSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

export const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

/** Answers a request itself (true), or leaves it to the broker. */
export type Override = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface UiServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Listens on a free port of this machine. */
export async function serveUi(
  directory: string,
  broker: URL,
  override: Override = () => false,
  port = 0,
): Promise<UiServer> {
  const server = createServer((request, response) => {
    if (override(request, response)) return;
    if (request.url?.startsWith("/api")) forward(broker, request, response);
    else serveFile(directory, request, response);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: bound } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${bound}/`, close: () => closeServer(server) };
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

function forward(broker: URL, request: IncomingMessage, response: ServerResponse): void {
  const upstream = httpRequest(
    {
      host: broker.hostname,
      port: broker.port,
      method: request.method,
      path: request.url,
      headers: { ...request.headers, host: broker.host },
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  upstream.on("error", () => response.writeHead(502).end());
  request.pipe(upstream);
}

function serveFile(directory: string, request: IncomingMessage, response: ServerResponse): void {
  const path = normalize(decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/"));
  const file = join(directory, path === "/" ? "index.html" : path);
  if (!file.startsWith(directory) || !existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
  });
  createReadStream(file).pipe(response);
}
