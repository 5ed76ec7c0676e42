// Sockets that speak HTTP, as whoever answers on them sees them.

import type { IncomingMessage, ServerResponse } from "node:http";

export type { IncomingMessage, ServerResponse } from "node:http";

/** What Node's HTTPS server takes; PEM texts. */
export interface HttpTls {
  readonly key: string;
  readonly cert: string;
  readonly [option: string]: unknown;
}

/** An address (`host` undefined = every one), or the path of a socket in the file system. */
export type HttpPlace =
  | { readonly host: string | undefined; readonly port: number }
  | { readonly path: string };

export interface HttpSocket {
  /** Where it really listens; empty and 0 in the file system. */
  readonly address: string;
  readonly port: number;
  /** New connections use these certificates. */
  setTls(tls: HttpTls): void;
  /** Closes it with all its connections. */
  close(): Promise<void>;
}

/**
 * Rejects when the place can't be had; the error's `code` is the system's. `tls` undefined = without TLS. What is no
 * HTTP is refused with `refusalHeaders` and never gets to `onRequest`.
 */
export type OpenHttpSocket = (
  place: HttpPlace,
  tls: HttpTls | undefined,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  refusalHeaders?: Readonly<Record<string, string>>,
) => Promise<HttpSocket>;
