// Which sockets AMQP 0-9-1 listens on, from the configuration: plain, TLS, WebSocket, each behind a proxy or not.

import type { Config } from "./config/table.ts";
import type { ListenOptions, Socket, TlsOptions } from "./env/env.ts";
import type { WantedListener } from "./listeners.ts";
import { ProxyProtocol } from "./protocols/proxy-protocol.ts";

/** A file of the configuration that can't be read or does not fit. The message is one sentence that names it. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

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

/** The certificates as they are now; read again on reload. */
export function amqpTls({ config, readFile }: ListenerSources): TlsOptions {
  const { tls } = config;
  if (tls.certificateFile === undefined || tls.keyFile === undefined) {
    throw new CertificateError(
      "TLS listeners need ssl_options.certfile and ssl_options.keyfile in the configuration",
    );
  }
  const read = (key: string, path: string) => {
    try {
      return readFile(path);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CertificateError(`${key} ${path} cannot be read: ${reason}`);
    }
  };
  return {
    cert: read("ssl_options.certfile", tls.certificateFile),
    key: read("ssl_options.keyfile", tls.keyFile),
    ...(tls.authorityFile === undefined
      ? {}
      : { ca: read("ssl_options.cacertfile", tls.authorityFile) }),
    ...(tls.password === undefined ? {} : { passphrase: tls.password.reveal() }),
    requestCert: tls.verify === "verify_peer",
    rejectUnauthorized: tls.verify === "verify_peer" && tls.requireCertificate,
    minVersion: tls.versions.includes("tlsv1.2") ? "TLSv1.2" : "TLSv1.3",
    ...(tls.ciphers.length === 0 ? {} : { ciphers: tls.ciphers.join(":") }),
  };
}
