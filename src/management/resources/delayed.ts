// Messages that wait at an exchange: list them, call one off, send one on at once.

import { decided, type Permission } from "../../broker/access/user.ts";
import type { DelayBucket } from "../../broker/delay/bucket.ts";
import type { DelayStore, TakenOut } from "../../broker/delay/store.ts";
import type { Exchange } from "../../broker/exchange/exchange.ts";
import type { QueueNumber, Sequence } from "../../broker/numbers.ts";
import { type Answer, ApiError, json, noContent, notAuthorised, notFound } from "../answers.ts";
import type { ApiObject } from "../api-json.ts";
import type { ApiRequest } from "../request.ts";
import { get, post, type Route, remove } from "../route.ts";
import { propertiesView } from "../views/message.ts";

/** Messages one answer may hold. */
const LIST_COUNT_MAX = 1_000;
/** The log or memory is short: tried again after this, for so long. */
const BUSY_MS = 5;
const BUSY_MS_MAX = 60_000;

export const delayedRoutes: readonly Route[] = [
  get("/exchanges/:vhost/:name/delayed", "management", "Messages that wait to be routed", list, {
    query: { count: "messages at most (default 100)" },
  }),
  remove(
    "/exchanges/:vhost/:name/delayed/:id",
    "management",
    "Calls a waiting message off",
    (request) => takeOut(request, (store, bucket, sequence) => store.cancel(bucket, sequence)),
  ),
  post(
    "/exchanges/:vhost/:name/delayed/:id/deliver",
    "management",
    "Routes a waiting message now",
    (request) => takeOut(request, (store, bucket, sequence) => store.deliverNow(bucket, sequence)),
  ),
];

async function list(request: ApiRequest): Promise<Answer> {
  const store = storeOf(request, "read");
  const countMax = Math.min(request.wholeNumber("count", 100), LIST_COUNT_MAX);
  const items: { dueAtMs: number; view: ApiObject }[] = [];
  for (const bucket of store?.buckets() ?? []) {
    if (items.length >= countMax) break;
    items.push(...(await messagesOf(request, bucket, countMax - items.length)));
  }
  items.sort((a, b) => a.dueAtMs - b.dueAtMs);
  const { count, bytes } = store?.size ?? { count: 0, bytes: 0 };
  return json({ count, bytes, items: items.map(({ view }) => view) });
}

function messagesOf(
  { management }: ApiRequest,
  bucket: DelayBucket,
  countMax: number,
): Promise<readonly { dueAtMs: number; view: ApiObject }[]> {
  const seen: { dueAtMs: number; view: ApiObject }[] = [];
  return new Promise((resolve) => {
    bucket.inspection.browse({
      onMessage: ({ record, sequence }) => {
        const dueAtMs = record.expiresAtMs;
        const { exchange, routingKey, properties } = management.messages.readHead(record);
        const view = {
          id: `${bucket.definition.number}-${sequence}`,
          due_at: new Date(dueAtMs).toISOString(),
          payload_bytes: record.bodySizeBytes,
          exchange,
          routing_key: routingKey,
          properties: propertiesView(properties),
        };
        seen.push({ dueAtMs, view });
        return seen.length < countMax;
      },
      onEnd: () => resolve(seen),
    });
  });
}

async function takeOut(
  request: ApiRequest,
  act: (store: DelayStore, bucket: QueueNumber, sequence: Sequence) => TakenOut,
): Promise<Answer> {
  const store = storeOf(request, "write");
  const [bucket, sequence] = request.param("id").split("-").map(Number);
  if (store === undefined || bucket === undefined || sequence === undefined) throw notFound();
  const { clock } = request.management.broker;
  for (let waitedMs = 0; waitedMs < BUSY_MS_MAX; ) {
    const taken = act(store, bucket, sequence);
    if (taken === "gone") throw notFound();
    if (taken === "done") return noContent;
    await new Promise<void>((resolve) => {
      const inspection = store.bucketNumbered(bucket)?.inspection;
      if (taken === "reading" && inspection !== undefined) inspection.whenChanged(resolve);
      else clock.setTimer(BUSY_MS, resolve);
    });
    if (taken === "busy") waitedMs += BUSY_MS;
  }
  throw new ApiError(503, { error: "unavailable", reason: "the log or memory is short" });
}

function storeOf(request: ApiRequest, permission: Permission): DelayStore | undefined {
  const exchange: Exchange = request.exchange();
  const { user, vhost } = request.access();
  if (!decided(user.authorizer.permits(user, vhost.name, "exchange", exchange.name, permission))) {
    throw notAuthorised("Access refused.");
  }
  return vhost.delays?.storeOf(exchange);
}
