// Looking at messages where they lie, moving and copying them, and sending dead letters back to where they died.

import type { StoredMessage } from "../../broker/message/message-port.ts";
import type { Sequence } from "../../broker/numbers.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import type { TakenMessage } from "../../broker/queue/queue-inspection.ts";
import { PublishResult } from "../../broker/routing/route.ts";
import type { VhostAccess } from "../../broker/vhost-access.ts";
import { type Answer, badRequest, json, refusalsAsAnswers } from "../answers.ts";
import { type ApiJson, type ApiObject, property } from "../api-json.ts";
import { countField, optionalTextField } from "../body.ts";
import { Slicer } from "../listing.ts";
import type { ApiRequest } from "../request.ts";
import { get, post, type Route } from "../route.ts";
import { channelName } from "../views/consumer.ts";
import { type Death, deathOf } from "../views/death.ts";
import { payloadView, propertiesView } from "../views/message.ts";
import { everything, filterOf, filterOfBody, type MessageFilter } from "./message-filter.ts";

/** Messages one answer may hold. */
const PAGE_COUNT_MAX = 1_000;
/** Messages one request may look at before it answers with what it has and where to go on. */
const LOOKED_AT_MAX = 100_000;
/** Bodies read at a time while searching. */
const READ_AT_ONCE = 64;
const SENT_AT_ONCE = 64;
/** Turns a page may take to be read. */
const READ_TURNS_MAX = 100_000;

export const browsingRoutes: readonly Route[] = [
  get("/queues/:vhost/:name/messages", "management", "Looks at messages, takes none", browse, {
    query: {
      offset: "position to start at: `next` of the page before",
      count: "messages at most (default 50)",
      key: "routing key",
      header: "name:value",
      property: "name:value",
      text: "text in the body",
      path: "place in a JSON body, with `:value`: customer.id:7",
    },
  }),
  get("/queues/:vhost/:name/unacked", "management", "Messages that consumers hold", unacked),
  get(
    "/queues/:vhost/:name/dead-letters",
    "management",
    "Dead letters by reason and origin",
    groups,
  ),
  post(
    "/queues/:vhost/:name/move",
    "management",
    "Moves messages to a queue or exchange",
    (request) => transfer(request, true),
  ),
  post(
    "/queues/:vhost/:name/copy",
    "management",
    "Copies messages to a queue or exchange",
    (request) => transfer(request, false),
  ),
  post(
    "/queues/:vhost/:name/replay",
    "management",
    "Sends dead letters to where they died",
    replay,
  ),
];

interface SeenMessage extends TakenMessage {
  readonly message: StoredMessage;
  readonly redelivered: boolean;
  readonly isReady: boolean;
}

interface Found {
  readonly messages: readonly SeenMessage[];
  readonly next: Sequence | undefined;
}

async function browse(request: ApiRequest): Promise<Answer> {
  const queue = queueToRead(request);
  const { query } = request;
  const count = Math.min(wholeNumber(query.count, 50), PAGE_COUNT_MAX);
  const found = await find(request, queue, filterOf(query), count, startOf(query.offset));
  return json({ items: found.messages.map(messageView), next: positionView(found.next) });
}

async function unacked(request: ApiRequest): Promise<Answer> {
  const queue = queueToRead(request);
  const onlyOut: MessageFilter = { ...everything, state: "unacknowledged" };
  const found = await find(request, queue, onlyOut, PAGE_COUNT_MAX, undefined);
  const holders = holdersOf(queue);
  return json(
    found.messages.map((seen) => ({ ...messageView(seen), ...holders.get(seen.sequence) })),
  );
}

/** Who holds which message, and for how long. */
function holdersOf(queue: Queue): ReadonlyMap<Sequence, ApiObject> {
  const holders = new Map<Sequence, ApiObject>();
  for (const { tag, target } of queue.consumers()) {
    const facts = target.channel?.describe();
    const channel = facts === undefined ? {} : { channel_details: { name: channelName(facts) } };
    for (const { sequence, deliveryTag, heldMs } of target.held?.() ?? []) {
      holders.set(sequence, {
        ...{ consumer_tag: tag, delivery_tag: deliveryTag, unacked_for_ms: heldMs },
        ...channel,
      });
    }
  }
  return holders;
}

/** The first entry of x-death tells where a dead letter came from. */
async function groups(request: ApiRequest): Promise<Answer> {
  const counts = new Map<string, Death>();
  const filter: MessageFilter = {
    ...everything,
    head: ({ properties }) => {
      const death = deathOf(properties);
      if (death === undefined) return false;
      const key = JSON.stringify([death.reason, death.queue, death.exchange]);
      counts.set(key, { ...death, count: (counts.get(key)?.count ?? 0) + 1 });
      return false;
    },
  };
  await find(request, queueToRead(request), filter, 1, undefined);
  return json([...counts.values()].map((group) => ({ ...group })));
}

async function transfer(request: ApiRequest, isMove: boolean): Promise<Answer> {
  const { body } = request;
  const destination = optionalTextField(body, "destination");
  const exchange = optionalTextField(body, "exchange");
  if ((destination === undefined) === (exchange === undefined)) {
    throw badRequest("either destination (a queue) or exchange is needed");
  }
  const access = request.access();
  if (destination !== undefined) refusalsAsAnswers(() => access.checkQueue(destination));
  const key = optionalTextField(body, "routing_key");
  const target = ({ routingKey }: StoredMessage) =>
    exchange === undefined
      ? { exchange: "", routingKey: destination as string }
      : { exchange, routingKey: key ?? routingKey };
  const found = await chosen(request, filterOfBody(body));
  const moved = await sendOn(request, access, found, target, isMove);
  return json({ moved });
}

async function replay(request: ApiRequest): Promise<Answer> {
  const { body } = request;
  const reason = optionalTextField(body, "reason");
  const origin = optionalTextField(body, "origin");
  const access = request.access();
  const all = await chosen(request, filterOfBody(body));
  const dead = all.filter(({ message }) => {
    const death = deathOf(message.properties);
    if (death === undefined) return false;
    return (reason ?? death.reason) === death.reason && (origin ?? death.queue) === death.queue;
  });
  const target = ({ properties }: StoredMessage) => ({
    exchange: "",
    routingKey: deathOf(properties)?.queue ?? "",
  });
  return json({ moved: await sendOn(request, access, dead, target, true) });
}

/** The ready messages a move is about: those named by position, or all that match. */
async function chosen(request: ApiRequest, filter: MessageFilter): Promise<readonly SeenMessage[]> {
  const queue = queueToRead(request);
  const positions = property(request.body, "positions");
  if (positions !== undefined && !Array.isArray(positions)) {
    throw badRequest("positions must be an array");
  }
  const wanted =
    positions === undefined ? undefined : new Set((positions as ApiJson[]).map(Number));
  const count =
    property(request.body, "count") === undefined ? Infinity : countField(request.body, "count", 0);
  const ready: MessageFilter = { ...filter, state: "ready", positions: wanted };
  const found = await find(request, queue, ready, wanted?.size ?? count, undefined);
  return found.messages;
}

/** Publishes each message anew and, for a move, takes the old one away in the same transaction. */
async function sendOn(
  request: ApiRequest,
  access: VhostAccess,
  messages: readonly SeenMessage[],
  targetOf: (message: StoredMessage) => { exchange: string; routingKey: string },
  isMove: boolean,
): Promise<number> {
  const { inspection } = queueToRead(request);
  let sent = 0;
  for (const seen of messages) {
    const isReady = await untilKnown(request, () => inspection.isReady(seen));
    if (!isReady && isMove) continue;
    const message = { ...seen.message, ...targetOf(seen.message) };
    if (sendOne(request, access, message, isMove ? () => inspection.takeAway(seen) : undefined)) {
      sent++;
    }
    if (sent % SENT_AT_ONCE === 0) await nextTurn(request);
  }
  return sent;
}

/** Within one turn: published, and only when it has found a queue taken away where it was. */
function sendOne(
  request: ApiRequest,
  access: VhostAccess,
  message: StoredMessage,
  takeAway: (() => unknown) | undefined,
): boolean {
  const { broker, messages: port } = request.management;
  broker.journal.beginTransaction();
  try {
    const result = refusalsAsAnswers(() => port.publish(access, message));
    const isSent = (result & PublishResult.routed) !== 0 && (result & PublishResult.refused) === 0;
    if (isSent) takeAway?.();
    return isSent;
  } finally {
    broker.journal.endTransaction();
  }
}

function nextTurn({ management }: ApiRequest): Promise<void> {
  return new Promise((resolve) => management.broker.clock.nextTurn(resolve));
}

/** Asks again each turn while a page is being read. */
async function untilKnown(request: ApiRequest, ask: () => boolean | undefined): Promise<boolean> {
  for (let turns = 0; turns < READ_TURNS_MAX; turns++) {
    const answer = ask();
    if (answer !== undefined) return answer;
    await nextTurn(request);
  }
  return false;
}

function queueToRead(request: ApiRequest): Queue {
  return refusalsAsAnswers(() => request.access().queueForReading(request.param("name")));
}

// ---- looking --------------------------------------------------------------------------------------------------

/** The messages that match, at most `count`, from `start` on. Bodies are read only where the filter needs them. */
async function find(
  request: ApiRequest,
  queue: Queue,
  filter: MessageFilter,
  count: number,
  start: Sequence | undefined,
): Promise<Found> {
  const found: SeenMessage[] = [];
  const slicer = new Slicer(request.management.broker.clock);
  let from = start;
  let lookedAt = 0;
  do {
    const atOnce = Math.min(count - found.length, READ_AT_ONCE);
    if (atOnce <= 0) return { messages: found, next: from };
    const piece = await lookAt(request, queue, filter, atOnce, from);
    for (const one of await Promise.all(piece.seen)) {
      if (filter.body(one.message)) found.push(one);
      // Bodies may be large, and looking into JSON takes its time.
      if (slicer.due) await slicer.pause();
    }
    from = piece.next;
    lookedAt += piece.lookedAt;
  } while (from !== undefined && lookedAt < LOOKED_AT_MAX);
  return { messages: found, next: from };
}

interface Piece {
  readonly seen: readonly Promise<SeenMessage>[];
  readonly lookedAt: number;
  readonly next: Sequence | undefined;
}

/** One walk: the messages whose heads match, at most `count`. */
function lookAt(
  { management }: ApiRequest,
  queue: Queue,
  filter: MessageFilter,
  count: number,
  from: Sequence | undefined,
): Promise<Piece> {
  const seen: Promise<SeenMessage>[] = [];
  let lookedAt = 0;
  return new Promise((resolve) => {
    queue.inspection.browse(
      {
        onMessage: ({ record, sequence, location, redelivered }, isReady) => {
          lookedAt++;
          const isWanted =
            (filter.state === undefined || (filter.state === "ready") === isReady) &&
            (filter.positions === undefined || filter.positions.has(sequence)) &&
            filter.head(management.messages.readHead(record));
          if (isWanted) {
            const facts = { sequence, location, redelivered, isReady };
            const size = { bytes: record.bodySizeBytes, persistent: record.persistent };
            const read = management.messages.read(record);
            seen.push(read.then((message) => ({ ...facts, ...size, message })));
          }
          return seen.length < count && lookedAt < LOOKED_AT_MAX;
        },
        onEnd: (next) => resolve({ seen, lookedAt, next }),
      },
      from,
    );
  });
}

function messageView({ message, redelivered, isReady, sequence }: SeenMessage): ApiObject {
  const died = deathOf(message.properties);
  return {
    position: positionView(sequence) ?? null,
    payload_bytes: message.body.length,
    redelivered,
    exchange: message.exchange,
    routing_key: message.routingKey,
    properties: propertiesView(message.properties),
    state: isReady ? "ready" : "unacknowledged",
    ...payloadView(message.body, "auto", undefined),
    ...(died === undefined ? {} : { died: { ...died } }),
  };
}

/** Positions are below 2^53 and exact as JSON numbers. */
function positionView(position: Sequence | undefined): number | null {
  return position ?? null;
}

function startOf(offset: string | undefined): Sequence | undefined {
  if (offset === undefined || offset === "" || offset === "0") return undefined;
  return wholeNumber(offset, 0);
}

function wholeNumber(text: string | undefined, standard: number): number {
  if (text === undefined || text === "") return standard;
  if (!/^\d{1,16}$/.test(text)) throw badRequest(`'${text}' is not a whole number`);
  return Number(text);
}
