// One HTTP request, as raw as the recorded cases need it: paths are sent as they are written.

import { request } from "node:http";

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** Undefined when the answer is no JSON. */
  readonly body: unknown;
}

export interface HttpCall {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  /** "name:password"; undefined = nobody. */
  readonly credentials?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

export function call(options: HttpCall): Promise<HttpAnswer> {
  const { port, method, path, credentials, headers, body } = options;
  return new Promise((resolve, reject) => {
    const authorization =
      credentials === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
    const sent = request(
      { host: "127.0.0.1", port, method, path, headers: { ...authorization, ...headers } },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          resolve({ status: response.statusCode ?? 0, text, body: jsonOf(text) });
        });
      },
    );
    // A server that has heard enough answers and closes while we still write.
    sent.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "ECONNRESET") reject(error);
    });
    sent.end(body);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
