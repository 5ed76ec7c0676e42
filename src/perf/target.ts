// Where a broker is and as whom to speak to it: an AMQP URI, taken apart.

/** How to prove who is who, beyond what the URI says. */
export interface LoginOptions {
  /** TLS: the broker's certificate must be of somebody trusted, and for this host. */
  readonly verifiesCertificate: boolean;
  /** SASL EXTERNAL: the client's certificate says who it is. */
  readonly external: boolean;
  /** PEM, all three; undefined = what the system trusts, and no certificate of our own. */
  readonly ca?: Uint8Array | undefined;
  readonly cert?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
}

const AS_USUAL: LoginOptions = { verifiesCertificate: false, external: false };

/** A broker to load. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly virtualHost: string;
  readonly tls: boolean;
  readonly login: LoginOptions;
  /** The URI without its password, for people. */
  readonly label: string;
}

const DEFAULT_PORT = 5672;
const DEFAULT_TLS_PORT = 5671;

/**
 * Reads `amqp://user:password@host:port/vhost` (or `amqps:`). What is left out is guest, guest, the usual port and
 * vhost `/`; a path of just `/` means vhost `/` too. Throws an Error that says what is wrong with the text.
 */
export function parseTarget(uri: string, login: LoginOptions = AS_USUAL): Target {
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    throw new Error(`not an AMQP URI: ${uri}`);
  }
  if (url.protocol !== "amqp:" && url.protocol !== "amqps:") {
    throw new Error(`the URI must begin with amqp:// or amqps://: ${uri}`);
  }
  const path = url.pathname.slice(1);
  if (path.includes("/")) throw new Error(`a slash in the vhost is written %2F: ${uri}`);
  const tls = url.protocol === "amqps:";
  const port = url.port === "" ? (tls ? DEFAULT_TLS_PORT : DEFAULT_PORT) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1") || "127.0.0.1";
  const virtualHost = path === "" ? "/" : decodeURIComponent(path);
  return {
    host,
    port,
    user: url.username === "" ? "guest" : decodeURIComponent(url.username),
    password: url.username === "" ? "guest" : decodeURIComponent(url.password),
    virtualHost,
    tls,
    login,
    label: `${url.protocol}//${host}:${port}/${encodeURIComponent(virtualHost)}`,
  };
}
