// The TLS keys every listener has, under its own prefix.

import { list, one, optional } from "../row.ts";
import { boolean, integer, oneOf, path, secret, text } from "../value-types.ts";

const versions = oneOf("tlsv1.3", "tlsv1.2", "tlsv1.1", "tlsv1");

/** Rows for `<prefix>.certfile` and its fellows; files are read again on reload. */
export function tlsRows(prefix: string) {
  const live = { live: true };
  return {
    certificateFile: optional(
      `${prefix}.certfile`,
      path,
      "Server certificate (PEM), with intermediates.",
      live,
    ),
    keyFile: optional(`${prefix}.keyfile`, path, "Private key (PEM) of the certificate.", live),
    authorityFile: optional(
      `${prefix}.cacertfile`,
      path,
      "Authorities that client certificates are checked against (PEM).",
      live,
    ),
    password: optional(`${prefix}.password`, secret, "Passphrase of the private key.", live),
    verify: one(
      `${prefix}.verify`,
      oneOf("verify_none", "verify_peer"),
      "verify_none",
      "`verify_peer` asks clients for a certificate and checks it.",
      live,
    ),
    requireCertificate: one(
      `${prefix}.fail_if_no_peer_cert`,
      boolean,
      false,
      "Refuse clients that send no certificate (with `verify_peer`).",
      live,
    ),
    versions: list(
      `${prefix}.versions`,
      versions,
      ["tlsv1.3", "tlsv1.2"],
      "TLS versions offered; below 1.2 nothing is.",
      live,
    ),
    ciphers: list(
      `${prefix}.ciphers`,
      text,
      [],
      "Cipher suites offered, OpenSSL names; empty = Node's list.",
      live,
    ),
    depth: one(
      `${prefix}.depth`,
      integer(0, 255),
      10,
      "Longest chain of authorities accepted.",
      live,
    ),
  } as const;
}
