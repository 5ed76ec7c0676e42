// TLS on listening sockets: options as Node wants them, and what a finished handshake tells.

import type { PeerCertificate, TlsOptions as ServerOptions, TLSSocket } from "node:tls";
import type { TlsFacts, TlsOptions } from "./env.ts";

/** A client that has not finished its handshake by then is dropped. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

export function serverOptions(options: TlsOptions): ServerOptions {
  return {
    key: options.key,
    cert: options.cert,
    requestCert: options.requestCert,
    rejectUnauthorized: options.rejectUnauthorized,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    minVersion: options.minVersion ?? "TLSv1.2",
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
    ...(options.ciphers === undefined ? {} : { ciphers: options.ciphers }),
  };
}

export function tlsFacts(socket: TLSSocket): TlsFacts {
  const facts = { version: socket.getProtocol() ?? "", cipher: socket.getCipher().name };
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return facts;
  const commonName = (socket.getPeerCertificate() as PeerCertificate).subject?.CN;
  return {
    ...facts,
    peerSubject: distinguishedName(certificate.subject),
    peerIssuer: distinguishedName(certificate.issuer),
    peerValidity: `${isoTime(certificate.validFrom)} - ${isoTime(certificate.validTo)}`,
    ...(commonName === undefined ? {} : { peerCommonName: [commonName].flat()[0] as string }),
    ...(certificate.subjectAltName === undefined
      ? {}
      : { peerAlternativeNames: certificate.subjectAltName.split(", ") }),
  };
}

/**
 * A client need not send a certificate unless that is required, but one that it sends must be good. Node tells a bad
 * one from none only when asked.
 */
export function sentBadCertificate(socket: TLSSocket): boolean {
  return !socket.authorized && socket.getPeerX509Certificate() !== undefined;
}

/** RFC 4514, the last name first, as RabbitMQ writes it. Node gives one name per line, the first first. */
function distinguishedName(lines: string): string {
  return lines.split("\n").reverse().join(",");
}

/** "2026-11-21T00:00:00Z", as RabbitMQ writes the times of a certificate. */
function isoTime(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString().replace(".000Z", "Z");
}
