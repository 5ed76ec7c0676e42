// The one place that talks to the broker: JSON over HTTP at the same origin with Basic authentication.

import { words } from "../texts/words.ts";
import { parseJson, writeJson } from "./json.ts";

/** An answer other than success; `reason` is the broker's own sentence. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string) {
    super(reason);
    this.name = "ApiError";
    this.status = status;
    this.reason = reason;
  }
}

export interface RequestOptions {
  readonly method?: "GET" | "PUT" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

let authorization: string | undefined;
let onRefused: () => void = () => {};

/** What every later request is signed with; undefined forgets it. */
export function setAuthorization(header: string | undefined): void {
  authorization = header;
}

/** Called when the broker no longer accepts the credentials. */
export function onCredentialsRefused(listener: () => void): void {
  onRefused = listener;
}

/** The Basic header for a name and a password, both as UTF-8. */
export function basicAuthorization(name: string, password: string): string {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `Basic ${btoa(binary)}`;
}

/** A path below /api/ from segments, each encoded, so that any name survives. */
export function apiPath(...segments: readonly string[]): string {
  return `/${segments.map((segment) => encodeURIComponent(segment)).join("/")}`;
}

/** Where an API path is found: beside the page, also under a path prefix. */
export function apiUrl(path: string): string {
  return new URL(`api${path}`, document.baseURI.replace(/#.*$/, "")).toString();
}

/** Sends one request; throws {@link ApiError} unless it succeeds. No content answers undefined. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  const text = await response.text();
  return (text === "" ? undefined : parseJson(text)) as T;
}

/** The same, with the raw answer: for downloads and streams. */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  if (climbs(path)) throw new ApiError(400, words.dots);
  const headers: Record<string, string> = { ...options.headers };
  if (authorization !== undefined) headers.authorization = authorization;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(apiUrl(path), {
    method: options.method ?? "GET",
    headers,
    // With the browser's own credentials left out it never asks for a password itself.
    credentials: "omit",
    cache: "no-store",
    body: options.body === undefined ? null : writeJson(options.body),
    signal: options.signal ?? null,
  });
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.status === 401 && isLoginRefusal(error.reason)) onRefused();
  throw error;
}

/** A browser takes these for places, encoded or not, and would ask for something else. */
function climbs(path: string): boolean {
  return /\/\.{1,2}(\/|\?|$)/.test(path);
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const body = parseJson(text) as { reason?: unknown; error?: unknown };
    return new ApiError(response.status, sentence(body.reason ?? body.error ?? text));
  } catch {
    return new ApiError(response.status, text.slice(0, 500) || response.statusText);
  }
}

function sentence(reason: unknown): string {
  return typeof reason === "string" ? reason : writeJson(reason);
}

// RabbitMQ answers 401 both for a wrong password and for a page the user may not see.
function isLoginRefusal(reason: string): boolean {
  return /login failed|not[_ ]authenticated|wrong credentials/i.test(reason);
}
