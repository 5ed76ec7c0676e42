// What the configuration names, read from the file system or fetched from an HTTPS server.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { get as httpGet } from "node:http";
import { get as httpsGet } from "node:https";

const FETCH_LIMIT_MS = 30_000;
/** Definitions of a hundred thousand queues are a tenth of this. */
const FETCHED_BYTES_MAX = 256 * 1024 * 1024;

/** Throws when it cannot. */
export function readTextFile(path: string): string {
  return readFileSync(path, "utf8");
}

/** Names of the files in it; undefined = it is no directory. */
export function listDirectory(path: string): readonly string[] | undefined {
  try {
    if (!statSync(path).isDirectory()) return undefined;
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

/** In hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The body of a GET. Rejects unless the answer has status 200. `ca`: certificates to trust, as PEM. */
export function fetchText(
  url: string,
  { ca, verified = true }: { readonly ca?: string | undefined; readonly verified?: boolean },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? httpsGet : httpGet;
    const options = { rejectUnauthorized: verified, ...(ca === undefined ? {} : { ca }) };
    const request = send(url, options, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        return reject(new Error(`the server answers ${response.statusCode}`));
      }
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on("data", (part: Buffer) => {
        bytes += part.length;
        if (bytes > FETCHED_BYTES_MAX) request.destroy(new Error("the answer is too long"));
        else parts.push(part);
      });
      response.on("end", () => resolve(Buffer.concat(parts).toString("utf8")));
      response.on("error", reject);
    });
    request.setTimeout(FETCH_LIMIT_MS, () => request.destroy(new Error("no answer in time")));
    request.on("error", reject);
  });
}
