// The sockets a server listens on: which there are, which of them must succeed, and what each serves.

import {
  type Endpoint,
  type Listener,
  type ListenOptions,
  type Net,
  NetError,
  type Socket,
} from "../env/env.ts";
import type { Log } from "../logging/log.ts";

/** One socket to listen on. */
export interface WantedListener {
  /** As RabbitMQ names protocols: "amqp", "amqp/ssl", "http", … */
  readonly protocol: string;
  readonly options: ListenOptions;
  /** Asked for by flag, file or variable, or the one the server is for: busy means failure, not a warning. */
  readonly isRequired: boolean;
  readonly onConnection: (socket: Socket) => void;
}

/** One that listens. */
export interface OpenListener {
  readonly protocol: string;
  readonly local: Endpoint;
  readonly isTls: boolean;
  /** PEM; undefined without TLS. */
  readonly certificate: string | undefined;
  readonly listener: Listener;
}

/** A port or address that can't be had; the message is one sentence that names it. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "is already in use",
  EACCES: "may not be used by this user",
  EADDRNOTAVAIL: "is not an address of this machine",
};

/** Opens all; closes what it opened when a required one fails. */
export async function openListeners(
  net: Net,
  wanted: readonly WantedListener[],
  log: Log,
): Promise<OpenListener[]> {
  const open: OpenListener[] = [];
  for (const { protocol, options, isRequired, onConnection } of wanted) {
    try {
      const listener = await net.listen(options, onConnection);
      const certificate = options.tls?.cert;
      const isTls = certificate !== undefined;
      open.push({ protocol, local: listener.local, isTls, certificate, listener });
    } catch (error) {
      const text = describeFailure(protocol, options, error);
      if (isRequired) {
        await closeListeners(open);
        throw new ListenError(text);
      }
      log.write("warning", "node", `${text}; it is left out`);
    }
  }
  return open;
}

export async function closeListeners(listeners: readonly OpenListener[]): Promise<void> {
  await Promise.all(listeners.map(({ listener }) => listener.close()));
}

function describeFailure(protocol: string, options: ListenOptions, error: unknown): string {
  const where =
    options.host === undefined ? `port ${options.port}` : `${options.host}:${options.port}`;
  if (!(error instanceof NetError)) throw error;
  return `cannot listen for ${protocol}: ${where} ${reasons[error.code] ?? error.message}`;
}
