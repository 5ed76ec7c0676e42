// The HTTP server of the API: Fastify with the settings RabbitMQ's clients need, and the table of routes.

import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { BrokerError } from "../broker/errors.ts";
import { type Answer, ApiError, apiErrorOf, badRequest } from "./answers.ts";
import { toJsonText } from "./api-json.ts";
import { Authentication } from "./authentication.ts";
import { parseListQuery, renderListing } from "./listing.ts";
import type { Management } from "./management.ts";
import { pickedAnswer } from "./picked.ts";
import { ApiRequest, mayAs, type Texts } from "./request.ts";
import type { Method, Route } from "./route.ts";
import { addSecurity } from "./security.ts";

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

/** `trusted`: requests come over the socket in the data directory and need no password. */
export interface AppOptions {
  readonly trusted: boolean;
}

export async function createApp(
  management: Management,
  routes: readonly Route[],
  options: AppOptions = { trusted: false },
): Promise<FastifyInstance> {
  const app: FastifyInstance = fastify({
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX, ignoreTrailingSlash: true },
    bodyLimit: management.options.bodyMaxBytes,
    exposeHeadRoutes: true,
    // Lists of connections are asked for by name, and names are long.
    http: { maxHeaderSize: 65_536 },
    frameworkErrors: (error, _request, reply) =>
      void sendError(reply, knownError(error) ?? new ApiError(400, UNEXPECTED)),
    forceCloseConnections: true,
  });
  // Clients send JSON with any content type or none, and bodies with every method.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => {
    const known = knownError(error as Error);
    if (known === undefined) management.onBug(error);
    return sendError(reply, known ?? new ApiError(500, UNEXPECTED));
  });
  app.setNotFoundHandler((request, reply) => sendError(reply, absent(request.url)));
  addSecurity(app, management.options);
  const authentication = new Authentication({
    clock: management.broker.clock,
    authenticate: management.authenticate,
    failuresPerMinute: management.options.loginFailuresPerMinute,
  });
  for (const [path, rows] of byPath(routes)) {
    const url = `${management.options.pathPrefix}/api${path}`;
    for (const route of rows) {
      app.route({
        method: route.method,
        url,
        handler: (request, reply) =>
          serve({ management, route, authentication, trusted: options.trusted }, request, reply),
      });
    }
    refuseOtherMethods(app, url, rows);
  }
  return app;
}

const UNEXPECTED = { error: "internal_error", reason: "unexpected error" };
const NOT_FOUND = { error: "Object Not Found", reason: "Not Found" };

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
  const peer = { address: raw.ip, port: raw.socket.remotePort ?? 0 };
  const user =
    trusted || route.needs === "nothing"
      ? management.trustedUser
      : await authentication.userOf(raw.headers.authorization, peer);
  if (route.needs !== "nothing" && !mayAs(user, route.needs)) {
    throw new ApiError(401, { error: "not_authorised", reason: TAG_REASONS[route.needs] });
  }
  const request = new ApiRequest({
    management,
    user,
    peer,
    params: raw.params as Texts,
    query: singleTexts(raw.query as Record<string, unknown>),
    headers: singleTexts(raw.headers as Record<string, unknown>),
    bodyText: typeof raw.body === "string" ? raw.body : "",
  });
  const answer = await route.handle(request);
  if (route.method !== "GET") await management.whenDurable();
  return send(answer, request, reply);
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

async function send(
  answer: Answer,
  request: ApiRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  switch (answer.kind) {
    case "empty":
      return reply
        .headers(answer.headers ?? {})
        .code(answer.status)
        .send();
    case "json":
      return reply
        .code(answer.status)
        .type("application/json")
        .send(toJsonText(pickedAnswer(answer.body, request.query.columns)));
    case "text":
      if (answer.fileName !== undefined) nameFile(reply, answer.fileName);
      return reply.code(answer.status).type(answer.contentType).send(answer.body);
    case "stream":
      if (answer.fileName !== undefined) nameFile(reply, answer.fileName);
      return sendPieces(reply, answer.contentType, answer.pieces);
    case "list": {
      const { clock } = request.management.broker;
      const query = parseListQuery(request.query, request.management.compilePattern);
      return sendPieces(reply, "application/json", renderListing(answer.listing, query, clock));
    }
  }
}

function nameFile(reply: FastifyReply, fileName: string): void {
  // Only what every header may carry: the rest of the name is the user's.
  const plain = fileName.replace(/[^\w.@-]/g, "_");
  reply.header("content-disposition", `attachment; filename="${plain}"`);
}

/** The first piece is asked for before anything is sent, so that its errors get their own status. */
async function sendPieces(
  reply: FastifyReply,
  contentType: string,
  pieces: AsyncIterable<string>,
): Promise<FastifyReply> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return reply.type(contentType).send("");
  const second = await iterator.next();
  if (second.done) return reply.type(contentType).send(first.value);
  reply.hijack();
  const { raw } = reply;
  const headers = reply.getHeaders() as Record<string, string>;
  raw.writeHead(200, { ...headers, "content-type": contentType });
  for (const early of [first, second]) await write(raw, early.value);
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    if (raw.destroyed) break;
    await write(raw, next.value);
  }
  await iterator.return?.();
  raw.end();
  return reply;
}

function write(raw: FastifyReply["raw"], piece: string): Promise<void> | undefined {
  if (raw.destroyed || raw.write(piece)) return undefined;
  return new Promise((resolve) => {
    const onReady = () => {
      raw.off("drain", onReady);
      raw.off("close", onReady);
      resolve();
    };
    raw.on("drain", onReady);
    raw.on("close", onReady);
  });
}

function sendError(reply: FastifyReply, error: ApiError): FastifyReply {
  for (const [name, value] of Object.entries(error.headers)) reply.header(name, value);
  reply.code(error.status);
  if (error.body === undefined) return reply.send();
  return reply.type("application/json").send(toJsonText(error.body));
}

/** A path that climbs out of its place is not merely absent. */
function absent(url: string): ApiError {
  const climbs = /(^|[/\\])\.\.([/\\]|$)/.test(url.replace(/%2f/gi, "/").replace(/%5c/gi, "\\"));
  return climbs ? new ApiError(400, undefined) : new ApiError(404, NOT_FOUND);
}

/** The answer an error stands for; undefined for those nobody foresaw. */
function knownError(error: Error & { readonly statusCode?: number }): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof BrokerError) return apiErrorOf(error);
  if (error.statusCode === 413) return badRequest("Exceeded HTTP request body size limit");
  if (error.statusCode === undefined || error.statusCode >= 500) return undefined;
  return new ApiError(error.statusCode, { error: "bad_request", reason: error.message });
}
