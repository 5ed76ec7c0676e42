// A certificate authority, server and client certificates made by openssl for one test run.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  readonly ca: string;
  /** Two for localhost, to tell a reload by. */
  readonly server: KeyPair;
  readonly renewedServer: KeyPair;
  /** /O=client/CN=guest */
  readonly client: KeyPair;
  /** Signed by nobody we know. */
  readonly stranger: KeyPair;
}

/** Undefined where there is no openssl: the caller skips, and says so. */
export function makeCertificates(): Certificates | undefined {
  const directory = mkdtempSync(join(tmpdir(), "leveret-certificates-"));
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: directory, stdio: "ignore" });
  const read = (name: string) => readFileSync(join(directory, name), "utf8");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const selfSigned = (name: string, subject: string) => {
    const out = ["-keyout", `${name}.key`, "-out", `${name}.pem`, "-days", "2"];
    openssl("req", "-x509", ...newKey, ...out, "-subj", subject);
  };
  const signed = (name: string, subject: string): KeyPair => {
    openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
    const request = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-days", "2"];
    const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl("x509", "-req", ...request, ...authority, "-extfile", "names.ext");
    return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
  };
  try {
    writeFileSync(join(directory, "names.ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    selfSigned("ca", "/CN=test authority");
    selfSigned("stranger", "/CN=stranger");
    return {
      ca: read("ca.pem"),
      server: signed("server", "/CN=localhost"),
      renewedServer: signed("renewed", "/CN=renewed"),
      client: signed("client", "/O=client/CN=guest"),
      stranger: { key: read("stranger.key"), cert: read("stranger.pem") },
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
