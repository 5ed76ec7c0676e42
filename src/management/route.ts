// The table of resources: one row per path and method. Nothing is served that has no row, and no row without a check.

import type { Answer } from "./answers.ts";
import type { ApiRequest } from "./request.ts";

/** Who may ask at all; handlers then look at vhosts and permissions. */
export type Needs = "nothing" | "management" | "policymaker" | "monitoring" | "administrator";

export type Method = "GET" | "PUT" | "POST" | "DELETE";

export interface Route {
  readonly method: Method;
  /** Below /api; `:name` stands for one part of the path, percent-encoded. */
  readonly path: string;
  readonly needs: Needs;
  /** One line for the API description. */
  readonly summary: string;
  /** Parameters in the query beside those every list has. */
  readonly query?: Readonly<Record<string, string>>;
  /** An example body, for the API description. */
  readonly body?: object;
  handle(request: ApiRequest): Answer | Promise<Answer>;
}

type Handler = (request: ApiRequest) => Answer | Promise<Answer>;
type Extras = Pick<Route, "query" | "body">;

function row(method: Method) {
  return (
    path: string,
    needs: Needs,
    summary: string,
    handle: Handler,
    extras: Extras = {},
  ): Route => ({
    method,
    path,
    needs,
    summary,
    handle,
    ...extras,
  });
}

export const get = row("GET");
export const put = row("PUT");
export const post = row("POST");
export const remove = row("DELETE");
