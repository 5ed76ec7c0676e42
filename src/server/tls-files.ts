// The certificates the configuration names, read as they are now: at start and again on reload.

import { createSecureContext } from "node:tls";
import type { Config } from "../config/table.ts";
import type { TlsOptions } from "../env/env.ts";
import { serverOptions } from "../env/node-tls.ts";

/** A file of the configuration that can't be read or does not fit. The message is one sentence that names it. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** `prefix`: where the keys stand, such as `ssl_options`. Throws CertificateError. */
export function tlsOptions(
  tls: Config["tls"],
  prefix: string,
  readFile: (path: string) => string,
): TlsOptions {
  const read = (key: string, path: string | undefined) => {
    if (path === undefined) {
      throw new CertificateError(`TLS listeners need ${prefix}.${key} in the configuration`);
    }
    try {
      return readFile(path);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CertificateError(`${prefix}.${key} ${path} cannot be read: ${reason}`);
    }
  };
  const options: TlsOptions = {
    cert: read("certfile", tls.certificateFile),
    key: read("keyfile", tls.keyFile),
    ...(tls.authorityFile === undefined ? {} : { ca: read("cacertfile", tls.authorityFile) }),
    ...(tls.password === undefined ? {} : { passphrase: tls.password.reveal() }),
    requestCert: tls.verify === "verify_peer",
    rejectUnauthorized: tls.verify === "verify_peer" && tls.requireCertificate,
    minVersion: tls.versions.includes("tlsv1.2") ? "TLSv1.2" : "TLSv1.3",
    ...(tls.ciphers.length === 0 ? {} : { ciphers: tls.ciphers.join(":") }),
  };
  try {
    createSecureContext(serverOptions(options));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CertificateError(
      `${prefix}: ${tls.certificateFile} and ${tls.keyFile} cannot be used: ${reason}`,
    );
  }
  return options;
}
