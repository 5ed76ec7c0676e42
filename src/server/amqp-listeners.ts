// Which sockets AMQP 0-9-1 listens on, from the configuration: plain, TLS, WebSocket, each behind a proxy or not.

import type { Config } from "../config/table.ts";
import type { ListenOptions, Socket, TlsOptions } from "../env/env.ts";
import { ProxyProtocol } from "../protocols/proxy-protocol.ts";
import type { WantedListener } from "./listeners.ts";
import { tlsOptions } from "./tls-files.ts";

export interface ListenerSources {
  readonly config: Config;
  /** Throws when the file can't be read. */
  readonly readFile: (path: string) => string;
}

const WEB_SOCKET_PATH = "/ws/amqp";

export function wantedAmqpListeners(
  sources: ListenerSources,
  onConnection: (socket: Socket) => void,
): readonly WantedListener[] {
  const { network } = sources.config;
  const shared = {
    backlog: network.backlog,
    noDelay: network.noDelay,
    keepAlive: network.keepAlive,
    ...(network.proxyProtocol ? { proxyHeader: new ProxyProtocol(network.proxyTrusted) } : {}),
  };
  const at = ({ host, port }: { readonly host: string | undefined; readonly port: number }) => ({
    ...shared,
    port,
    ...(host === undefined ? {} : { host }),
  });
  const listener = (protocol: string, options: ListenOptions): WantedListener => ({
    protocol,
    options,
    isRequired: true,
    onConnection,
  });
  const tls = network.tlsListeners.length === 0 ? undefined : amqpTls(sources);
  return [
    ...network.tcpListeners.map((address) => listener("amqp", at(address))),
    ...network.tlsListeners.map((address) =>
      listener("amqp/ssl", { ...at(address), ...(tls === undefined ? {} : { tls }) }),
    ),
    ...network.webSocketListeners.map((address) =>
      listener("amqp/ws", {
        ...at(address),
        webSocket: {
          protocols: ["amqp"],
          path: WEB_SOCKET_PATH,
          origins: network.webSocketOrigins,
        },
      }),
    ),
  ];
}

/** The certificates as they are now. Throws CertificateError. */
export function amqpTls({ config, readFile }: ListenerSources): TlsOptions {
  return tlsOptions(config.tls, "ssl_options", readFile);
}
