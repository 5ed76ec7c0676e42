// The configuration of a broker that lets clients in by their certificates, or by a password over TLS.

import type { Certificates } from "../src/env/testing/certificates.ts";

/** `file` puts a text where the broker reads it, and answers its path. */
export function tlsSettings(
  { ca, server }: Pick<Certificates, "ca" | "server">,
  file: (name: string, text: string) => string,
): string[] {
  return [
    "listeners.ssl.1 = 127.0.0.1:0",
    `ssl_options.cacertfile = ${file("ca.pem", ca)}`,
    `ssl_options.certfile = ${file("server.pem", server.cert)}`,
    `ssl_options.keyfile = ${file("server.key", server.key)}`,
    "ssl_options.verify = verify_peer",
    "ssl_options.fail_if_no_peer_cert = false",
    "ssl_cert_login_from = common_name",
    "auth_mechanisms.1 = EXTERNAL",
    "auth_mechanisms.2 = PLAIN",
  ];
}
