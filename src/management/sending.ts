// Sending answers and errors: whole, or in pieces as they come.

import type { FastifyReply } from "fastify";
import { BrokerError } from "../broker/errors.ts";
import { type Answer, ApiError, apiErrorOf } from "./answers.ts";
import { toJsonText } from "./api-json.ts";
import type { Feed } from "./feed.ts";
import { parseListQuery, renderListing } from "./listing.ts";
import type { Management } from "./management.ts";
import { pickedAnswer } from "./picked.ts";
import type { Texts } from "./request.ts";

export const UNEXPECTED = { error: "internal_error", reason: "unexpected error" };
const NOT_FOUND = { error: "Object Not Found", reason: "Not Found" };

/** What sending needs to know of the request. */
export interface Sending {
  readonly management: Management;
  readonly query: Texts;
}

export async function send(
  answer: Answer,
  { query, management }: Sending,
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
        .send(toJsonText(pickedAnswer(answer.body, query.columns)));
    case "text":
      if (answer.fileName !== undefined) nameFile(reply, answer.fileName);
      return reply.code(answer.status).type(answer.contentType).send(answer.body);
    case "stream":
      if (answer.fileName !== undefined) nameFile(reply, answer.fileName);
      return sendPieces(reply, answer.contentType, answer.pieces);
    case "live":
      return sendLive(reply, answer.contentType, answer.feed);
    case "list": {
      const { clock } = management.broker;
      const listQuery = parseListQuery(query, management.compilePattern);
      return sendPieces(reply, "application/json", renderListing(answer.listing, listQuery, clock));
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

async function sendLive(
  reply: FastifyReply,
  contentType: string,
  feed: Feed,
): Promise<FastifyReply> {
  reply.hijack();
  const { raw } = reply;
  raw.once("close", () => feed.end());
  const headers = reply.getHeaders() as Record<string, string>;
  raw.writeHead(200, { ...headers, "content-type": contentType });
  // The reader hears at once that it is connected, however long nothing happens.
  raw.flushHeaders();
  for await (const piece of feed) await write(raw, piece);
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

export function sendError(reply: FastifyReply, error: ApiError): FastifyReply {
  for (const [name, value] of Object.entries(error.headers)) reply.header(name, value);
  reply.code(error.status);
  if (error.body === undefined) return reply.send();
  return reply.type("application/json").send(toJsonText(error.body));
}

/** A path that climbs out of its place is not merely absent. */
export function absent(url: string): ApiError {
  const climbs = /(^|[/\\])\.\.([/\\]|$)/.test(url.replace(/%2f/gi, "/").replace(/%5c/gi, "\\"));
  return climbs ? new ApiError(400, undefined) : new ApiError(404, NOT_FOUND);
}

/** The answer an error stands for; undefined for those nobody foresaw. */
export function knownError(
  error: Error & { readonly statusCode?: number },
  url: string,
): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof BrokerError) return apiErrorOf(error);
  if (error.statusCode === 413) {
    // RabbitMQ's import tools look for 400; elsewhere the status says what it is.
    const status = /\/api\/(definitions|all-configuration)\b/.test(url) ? 400 : 413;
    const reason = "Exceeded HTTP request body size limit";
    return new ApiError(status, { error: "bad_request", reason });
  }
  if (error.statusCode === undefined || error.statusCode >= 500) return undefined;
  return new ApiError(error.statusCode, { error: "bad_request", reason: error.message });
}
