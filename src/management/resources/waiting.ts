// Messages of a queue that came back and wait for their next delivery: list them, take one away, deliver one now.

import type { Sequence } from "../../broker/numbers.ts";
import type { WaitingFacts, WaitingInspection } from "../../broker/queue/queue-inspection.ts";
import { type Answer, json, noContent, notFound } from "../answers.ts";
import type { ApiObject } from "../api-json.ts";
import type { ApiRequest } from "../request.ts";
import { get, post, type Route, remove } from "../route.ts";
import { messageView } from "./browsing.ts";
import { find, queueToRead, type SeenMessage, untilKnown } from "./looking.ts";
import { everything, type MessageFilter } from "./message-filter.ts";

/** Messages one answer may hold. */
const LIST_COUNT_MAX = 1_000;

export const waitingRoutes: readonly Route[] = [
  get("/queues/:vhost/:name/waiting", "management", "Messages that wait for a retry", list, {
    query: { count: "messages at most, those due first (default 100)" },
  }),
  remove(
    "/queues/:vhost/:name/waiting/:position",
    "management",
    "Takes a message that waits for a retry away",
    cancel,
  ),
  post(
    "/queues/:vhost/:name/waiting/:position/deliver",
    "management",
    "Lets a message that waits for a retry be delivered now",
    deliver,
  ),
];

async function list(request: ApiRequest): Promise<Answer> {
  const { waiting } = queueToRead(request).inspection;
  const first = waiting?.first(Math.min(request.wholeNumber("count", 100), LIST_COUNT_MAX)) ?? [];
  const seen = await findAll(request, first);
  const items = first.flatMap((facts) => {
    const message = seen.get(facts.sequence);
    return message === undefined ? [] : [waitingView(message, facts)];
  });
  return json({ count: waiting?.count ?? 0, items });
}

/** Those that are still there, by position. */
async function findAll(
  request: ApiRequest,
  wanted: readonly WaitingFacts[],
): Promise<ReadonlyMap<Sequence, SeenMessage>> {
  const found = new Map<Sequence, SeenMessage>();
  if (wanted.length === 0) return found;
  const positions = new Set(wanted.map(({ sequence }) => sequence));
  const filter: MessageFilter = { ...everything, positions };
  let from: Sequence | undefined;
  do {
    const left = positions.size - found.size;
    const piece = await find(request, queueToRead(request), filter, left, from);
    for (const seen of piece.messages) found.set(seen.sequence, seen);
    from = piece.next;
  } while (from !== undefined && found.size < positions.size);
  return found;
}

function waitingView(seen: SeenMessage, { dueAtMs, deliveryCount }: WaitingFacts): ApiObject {
  return {
    ...messageView(seen),
    ...{ state: "waiting", due_at: new Date(dueAtMs).toISOString() },
    ...(deliveryCount === undefined ? {} : { delivery_count: deliveryCount }),
  };
}

function deliver(request: ApiRequest): Answer {
  const { waiting, position } = whatWaits(request);
  if (!waiting.deliverNow(position)) throw notFound();
  request.management.broker.turn.schedule();
  return noContent;
}

async function cancel(request: ApiRequest): Promise<Answer> {
  const { waiting, position } = whatWaits(request);
  const facts = { sequence: position, dueAtMs: 0, deliveryCount: undefined };
  const seen = (await findAll(request, [facts])).get(position);
  if (seen === undefined) throw notFound();
  const isGone = await untilKnown(queueToRead(request), () => waiting.cancel(seen));
  if (!isGone) throw notFound();
  request.management.broker.turn.schedule();
  return noContent;
}

function whatWaits(request: ApiRequest): { waiting: WaitingInspection; position: Sequence } {
  const { waiting } = queueToRead(request).inspection;
  const position = request.param("position");
  if (waiting === undefined || !/^\d{1,16}$/.test(position)) throw notFound();
  return { waiting, position: Number(position) };
}
