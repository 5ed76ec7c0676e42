// The HTTP server of the API: Fastify with the settings RabbitMQ's clients need, and the table of routes.

import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { AccessPending } from "../broker/access/user.ts";
import type { Endpoint } from "../env/env.ts";
import { type Answer, ApiError } from "./answers.ts";
import { Authentication } from "./authentication.ts";
import { LiveGuard } from "./live-guard.ts";
import type { Management } from "./management.ts";
import { metricsAnswer, scrapeModeOf } from "./metrics/routes.ts";
import { ApiRequest, mayAs, type Texts } from "./request.ts";
import type { Method, Route } from "./route.ts";
import { addSecurity, securityHeaders } from "./security.ts";
import { absent, knownError, send, sendError, UNEXPECTED } from "./sending.ts";
import { addWebPages } from "./web-pages.ts";

/** Questions about permissions that one request may have to wait for, one after the other. */
const PENDING_ANSWERS_MAX = 10_000;
const METHODS: readonly Method[] = ["GET", "PUT", "POST", "DELETE"];
const ALL_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"] as const;
/** A name has at most 255 bytes; percent-encoded each takes three characters. */
const PARAMETER_LENGTH_MAX = 2_048;
/** What a missing tag is answered with. */
const TAG_REASONS: Readonly<Record<string, string>> = {
  management: "Not management user",
  policymaker: "User not authorised to access object",
  monitoring: "Not monitor user",
  administrator: "Not administrator user",
};

function refusal(needs: string): ApiError {
  return new ApiError(401, { error: "not_authorised", reason: TAG_REASONS[needs] });
}

/** Tells requests that need no password: those over the socket in the data directory. */
export type Trusts = (request: FastifyRequest) => boolean;

const trustsNobody: Trusts = () => false;

export async function createApp(
  management: Management,
  routes: readonly Route[],
  trusts: Trusts = trustsNobody,
): Promise<FastifyInstance> {
  const app = newApp(management);
  addSecurity(app, management.options);
  const authentication = newAuthentication(management);
  for (const [path, rows] of byPath(routes)) {
    const url = `${management.options.pathPrefix}/api${path}`;
    for (const route of rows) {
      app.route({
        method: route.method,
        url,
        handler: (request, reply) =>
          serve({ management, route, authentication, trusted: trusts(request) }, request, reply),
      });
    }
    refuseOtherMethods(app, url, rows);
  }
  addMetrics(app, management, async (request) => {
    if (trusts(request)) return;
    const peer = peerOf(request);
    const user = await authentication.userOf(request.headers.authorization, peer);
    if (!mayAs(user, "monitoring")) throw refusal("monitoring");
  });
  await addWebPages(app, management.options);
  return app;
}

/** Routes check for themselves: Fastify's compilers of schemas would be loaded (3 MB) and never asked. */
const withoutSchemas = { buildValidator: refuseSchemas, buildSerializer: refuseSchemas };

function refuseSchemas(): never {
  throw new Error("routes have no schemas");
}

function newApp(management: Management): FastifyInstance {
  const app: FastifyInstance = fastify({
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX, ignoreTrailingSlash: true },
    bodyLimit: management.options.bodyMaxBytes,
    exposeHeadRoutes: true,
    // What is refused before a route is found has passed no hook.
    frameworkErrors: (error, request, reply) => {
      reply.headers(securityHeaders(management.options));
      void sendError(reply, knownError(error, request.url) ?? new ApiError(400, UNEXPECTED));
    },
    forceCloseConnections: true,
    schemaController: { compilersFactory: withoutSchemas },
  });
  // Clients send JSON with any content type or none, and bodies with every method.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    const known = knownError(error as Error, request.url);
    if (known === undefined) management.onBug(error);
    return sendError(reply, known ?? new ApiError(500, UNEXPECTED));
  });
  app.setNotFoundHandler((request, reply) => sendError(reply, absent(request.url)));
  return app;
}

function newAuthentication({ broker, authenticate, options }: Management): Authentication {
  return new Authentication({
    clock: broker.clock,
    authenticate,
    failuresPerMinute: options.loginFailuresPerMinute,
    disableBasicAuth: options.disableBasicAuth,
  });
}

/** The metrics on a port of their own. `authentication`: undefined = whoever asks may read. */
export async function createMetricsApp(
  management: Management,
  options: {
    readonly path: string;
    readonly perObject: boolean;
    readonly authenticated: boolean;
  },
): Promise<FastifyInstance> {
  const app = newApp(management);
  addSecurity(app, management.options);
  const authentication = newAuthentication(management);
  const check = async (request: FastifyRequest) => {
    if (!options.authenticated) return;
    const peer = peerOf(request);
    await authentication.userOf(request.headers.authorization, peer);
  };
  addMetrics(app, management, check, options.path, options.perObject);
  return app;
}

function addMetrics(
  app: FastifyInstance,
  management: Management,
  check: (request: FastifyRequest) => Promise<void>,
  path = "/metrics",
  perObject = false,
): void {
  for (const suffix of ["", "/per-object", "/detailed", "/default"]) {
    app.get(`${path}${suffix}`, async (request, reply) => {
      await check(request);
      const query = new URL(request.url, "http://localhost").searchParams;
      const mode = scrapeModeOf(suffix, query, perObject);
      if (mode === undefined) throw absent(request.url);
      return send(metricsAnswer(management, mode), { management, query: {} }, reply);
    });
  }
}

function byPath(routes: readonly Route[]): ReadonlyMap<string, readonly Route[]> {
  const grouped = new Map<string, Route[]>();
  for (const route of routes) {
    const rows = grouped.get(route.path) ?? [];
    rows.push(route);
    grouped.set(route.path, rows);
  }
  return grouped;
}

/** OPTIONS says what there is; anything else that is not there is 405. */
function refuseOtherMethods(app: FastifyInstance, url: string, rows: readonly Route[]): void {
  const allowed: string[] = METHODS.filter((method) => rows.some((row) => row.method === method));
  if (allowed.includes("GET")) allowed.push("HEAD");
  const allow = [...allowed, "OPTIONS"].join(", ");
  const missing = ALL_METHODS.filter((method) => !allowed.includes(method));
  app.route({
    method: [...missing],
    url,
    handler: (request, reply) =>
      reply
        .header("allow", allow)
        .code(request.method === "OPTIONS" ? 200 : 405)
        .send(),
  });
}

interface Serving {
  readonly management: Management;
  readonly route: Route;
  readonly authentication: Authentication;
  readonly trusted: boolean;
}

async function serve(
  { management, route, authentication, trusted }: Serving,
  raw: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const peer = peerOf(raw);
  const user =
    trusted || route.needs === "nothing"
      ? management.trustedUser
      : await authentication.userOf(raw.headers.authorization, peer);
  if (route.needs !== "nothing" && !mayAs(user, route.needs)) {
    throw refusal(route.needs);
  }
  const parts = {
    ...{ method: route.method, management, user, peer },
    params: raw.params as Texts,
    query: singleTexts(raw.query as Record<string, unknown>),
    headers: singleTexts(raw.headers as Record<string, unknown>),
    bodyText: typeof raw.body === "string" ? raw.body : "",
    isAbandoned: () => reply.raw.destroyed,
  };
  const request = new ApiRequest(parts);
  const answer = await handled(route, request);
  if (answer.kind === "live" && !trusted) {
    new LiveGuard(management, answer.feed, user, (userNow) => {
      if (!mayAs(userNow, route.needs)) throw refusal(route.needs);
      answer.check?.(new ApiRequest({ ...parts, user: userNow }));
    });
  }
  if (route.method !== "GET") await management.whenDurable();
  return send(answer, request, reply);
}

/** Who asks; a Unix socket has no address. */
function peerOf({ ip, socket }: FastifyRequest): Endpoint {
  return { address: ip ?? "", port: socket.remotePort ?? 0 };
}

/** Permissions kept elsewhere may have to be asked for; until they are known the request has changed nothing. */
async function handled(route: Route, request: ApiRequest): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await route.handle(request);
    } catch (error) {
      if (!(error instanceof AccessPending) || attempt === PENDING_ANSWERS_MAX) throw error;
      await new Promise<void>((resolve) => error.verdict.whenKnown(resolve));
    }
  }
}

/** Of a parameter given twice the last one counts. */
function singleTexts(values: Record<string, unknown>): Texts {
  const texts: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(values)) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (typeof last === "string") texts[name] = last;
  }
  return texts;
}
