// What a handler answers, and the errors of the HTTP API in RabbitMQ's shapes.

import { BrokerError, type Reason } from "../broker/errors.ts";
import type { ApiJson, ApiObject } from "./api-json.ts";
import type { Feed } from "./feed.ts";
import type { Listing } from "./listing.ts";
import type { ApiRequest } from "./request.ts";

export type Answer =
  | { readonly kind: "json"; readonly status: number; readonly body: ApiJson }
  | {
      readonly kind: "empty";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: "list"; readonly listing: Listing<never> }
  | {
      readonly kind: "text";
      readonly status: number;
      readonly body: string;
      readonly contentType: string;
      readonly fileName?: string;
    }
  /** Pieces are sent as they come; between them other work goes on. */
  | {
      readonly kind: "stream";
      readonly contentType: string;
      readonly pieces: AsyncIterable<string>;
      readonly fileName?: string;
    }
  /** What happens from now on, until the reader goes away or may read no longer. */
  | {
      readonly kind: "live";
      readonly contentType: string;
      readonly feed: Feed;
      /** Throws when whoever asks may not read it; besides the tag the route needs. */
      readonly check?: (request: ApiRequest) => void;
    };

export function json(body: ApiJson, status = 200): Answer {
  return { kind: "json", status, body };
}

export const noContent: Answer = { kind: "empty", status: 204 };
export const created: Answer = { kind: "empty", status: 201 };

/** PUT answers 201 for something new, 204 for something that was there. */
export function put(isNew: boolean): Answer {
  return isNew ? created : noContent;
}

export function list<T>(listing: Listing<T>): Answer {
  return { kind: "list", listing: listing as unknown as Listing<never> };
}

/** A request that is answered with an error. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly body: ApiObject | undefined;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    body: ApiObject | undefined,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(String(body?.reason ?? status));
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

export function badRequest(reason: ApiJson): ApiError {
  return new ApiError(400, { error: "bad_request", reason });
}

export function notFound(): ApiError {
  return new ApiError(404, { error: "Object Not Found", reason: "Not Found" });
}

export function vhostNotFound(): ApiError {
  return new ApiError(404, { error: "not_found", reason: "vhost_not_found" });
}

/** RabbitMQ answers 401, not 403, when a known user may not do something. */
export function notAuthorised(reason: string): ApiError {
  return new ApiError(401, { error: "not_authorised", reason });
}

const STATUS: Readonly<Partial<Record<Reason, number>>> = {
  "not-found": 404,
  "access-refused": 401,
  "not-allowed": 401,
  "internal-error": 500,
};

/** A refusal of the core as the API words it. */
export function apiErrorOf(error: BrokerError): ApiError {
  const status = STATUS[error.reason] ?? 400;
  if (status === 404) return new ApiError(404, { error: "not_found", reason: error.message });
  if (error.reason === "access-refused") return notAuthorised("Access refused.");
  if (status === 401) return notAuthorised(error.message);
  if (status === 500) return new ApiError(500, { error: "internal_error", reason: error.message });
  return badRequest(error.message);
}

/** Runs `action`; refusals of the core become answers of the API. */
export function refusalsAsAnswers<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof BrokerError ? apiErrorOf(error) : error;
  }
}
