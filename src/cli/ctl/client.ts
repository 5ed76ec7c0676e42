// Talks to the broker's HTTP API: over the socket in its data directory, or over TCP with a user's name and password.

import { type ClientRequest, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { CtlError, Exit } from "./exit-codes.ts";

/** How the broker is reached. */
export type Target =
  | { readonly kind: "socket"; readonly path: string }
  | {
      readonly kind: "url";
      readonly url: URL;
      readonly user: string;
      readonly password: string;
    };

/** JSON as the API gives it. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };
export type Row = Readonly<Record<string, Json>>;

/** An answer that is not 2xx. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly status: number;
  readonly reason: string;
  /** What was asked for. */
  readonly path: string;
  constructor(status: number, reason: string, path = "") {
    super(reason);
    this.status = status;
    this.reason = reason;
    this.path = path;
  }
}

/** Nobody answers where the broker should be. */
export class NotReachable extends CtlError {
  constructor(target: Target, why: string) {
    const where = target.kind === "socket" ? target.path : target.url.host;
    super(Exit.unavailable, `${where}: ${why}`);
  }
}

export class Client {
  readonly target: Target;
  readonly #timeoutMs: number | undefined;
  readonly #live = new Set<ClientRequest>();

  /** `timeoutMs`: how long one answer may take; undefined = as long as it takes. */
  constructor(target: Target, timeoutMs: number | undefined) {
    this.target = target;
    this.#timeoutMs = timeoutMs;
  }

  get(path: string): Promise<Json> {
    return this.#json("GET", path, undefined);
  }

  async list(path: string): Promise<readonly Row[]> {
    return (await this.get(path)) as readonly Row[];
  }

  put(path: string, body: unknown = {}): Promise<Json> {
    return this.#json("PUT", path, body);
  }

  post(path: string, body: unknown = {}): Promise<Json> {
    return this.#json("POST", path, body);
  }

  delete(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Json> {
    return this.#json("DELETE", path, undefined, headers);
  }

  /** Undefined when there is no such thing. */
  async find(path: string): Promise<Row | undefined> {
    try {
      return (await this.get(path)) as Row;
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Ends answers that would go on. */
  close(): void {
    for (const request of this.#live) request.destroy();
  }

  /** Hears the lines of an answer that goes on; resolves when the broker ends it. */
  lines(path: string, onLine: (line: string) => void): Promise<void> {
    let unfinished = "";
    return this.#send("GET", path, undefined, {}, (part) => {
      const lines = (unfinished + part).split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) if (line !== "") onLine(line);
    }).then(() => {});
  }

  /** The answer's text as it is. */
  text(method: string, path: string, body?: string): Promise<string> {
    return this.#send(method, path, body, {});
  }

  async #json(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Json> {
    const text = await this.#send(
      method,
      path,
      body === undefined ? undefined : JSON.stringify(body),
      headers,
    );
    return text === "" ? null : (JSON.parse(text) as Json);
  }

  #send(
    method: string,
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    onText?: (text: string) => void,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const options: RequestOptions = {
        ...placeOf(this.target, path),
        method,
        headers: {
          ...headers,
          ...authorization(this.target),
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
        },
      };
      const send =
        this.target.kind === "url" && this.target.url.protocol === "https:"
          ? httpsRequest
          : httpRequest;
      const request = send(options, (response) => {
        const parts: Buffer[] = [];
        const decoder = new TextDecoder();
        const isLive = onText !== undefined && response.statusCode === 200;
        response.on("data", (part: Buffer) => {
          if (isLive) onText(decoder.decode(part, { stream: true }));
          else parts.push(part);
        });
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          const status = response.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new ApiFailure(status, reasonOf(text, status), `/api${path}`));
        });
      });
      request.on("error", (error: NodeJS.ErrnoException) =>
        reject(new NotReachable(this.target, error.code ?? error.message)),
      );
      if (this.#timeoutMs !== undefined) {
        request.setTimeout(this.#timeoutMs, () => {
          request.destroy();
          reject(new CtlError(Exit.temporaryFailure, "operation timed out"));
        });
      }
      if (onText !== undefined) this.#live.add(request);
      request.end(body);
    });
  }
}

function placeOf(target: Target, path: string): RequestOptions {
  if (target.kind === "socket") return { socketPath: target.path, path: `/api${path}` };
  const { hostname, port, pathname } = target.url;
  return { hostname, port, path: `${pathname.replace(/\/$/, "")}/api${path}` };
}

function authorization(target: Target): Record<string, string> {
  if (target.kind === "socket") return {};
  const credentials = Buffer.from(`${target.user}:${target.password}`).toString("base64");
  return { authorization: `Basic ${credentials}` };
}

function reasonOf(text: string, status: number): string {
  try {
    const { reason } = JSON.parse(text) as { reason?: unknown };
    if (typeof reason === "string") return reason;
    if (Array.isArray(reason) && reason[0] === "invalid_regexp") {
      return `regular expression '${reason[1]}' is invalid: ${reason[2]}`;
    }
    if (reason !== undefined) return JSON.stringify(reason);
  } catch {
    // No JSON: the status has to do.
  }
  return text === "" ? `HTTP ${status}` : text;
}

/** One part of a path. */
export function part(name: string): string {
  return encodeURIComponent(name);
}
