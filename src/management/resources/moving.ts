// Moving and copying messages, and sending dead letters back to where they died. Piece by piece: what is chosen need not
// fit into memory, and what comes meanwhile, from here too, is left alone. Whoever goes away before the answer ends it.

import type { StoredMessage } from "../../broker/message/message-port.ts";
import type { Sequence } from "../../broker/numbers.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import { PublishResult } from "../../broker/routing/route.ts";
import type { VhostAccess } from "../../broker/vhost-access.ts";
import { type Answer, badRequest, json, refusalsAsAnswers } from "../answers.ts";
import { type ApiJson, property } from "../api-json.ts";
import { countField, optionalTextField } from "../body.ts";
import type { ApiRequest } from "../request.ts";
import { post, type Route } from "../route.ts";
import { deathOf } from "../views/death.ts";
import { find, queueToRead, READ_AT_ONCE, type SeenMessage, untilKnown } from "./looking.ts";
import { filterOfBody, type MessageFilter } from "./message-filter.ts";

export const movingRoutes: readonly Route[] = [
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

interface Place {
  readonly exchange: string;
  readonly routingKey: string;
}

interface Sending {
  readonly access: VhostAccess;
  readonly isMove: boolean;
  target(message: StoredMessage): Place;
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
  const sending = { access, isMove, target };
  return json({ moved: await sendChosen(request, filterOfBody(body), sending) });
}

async function replay(request: ApiRequest): Promise<Answer> {
  const { body } = request;
  const reason = optionalTextField(body, "reason");
  const origin = optionalTextField(body, "origin");
  const filter = filterOfBody(body);
  const isWanted: MessageFilter["head"] = (message) => {
    const death = deathOf(message.properties);
    if (death === undefined) return false;
    const isMeant =
      (reason ?? death.reason) === death.reason && (origin ?? death.queue) === death.queue;
    return isMeant && filter.head(message);
  };
  const target = ({ properties }: StoredMessage) => ({
    exchange: "",
    routingKey: deathOf(properties)?.queue ?? "",
  });
  const sending = { access: request.access(), isMove: true, target };
  return json({ moved: await sendChosen(request, { ...filter, head: isWanted }, sending) });
}

/** The ready messages a move is about: those named by position, or all that match. Answers how many were sent. */
async function sendChosen(
  request: ApiRequest,
  filter: MessageFilter,
  sending: Sending,
): Promise<number> {
  const queue = queueToRead(request);
  const positions = property(request.body, "positions");
  if (positions !== undefined && !Array.isArray(positions)) {
    throw badRequest("positions must be an array");
  }
  const wanted =
    positions === undefined ? undefined : new Set((positions as ApiJson[]).map(Number));
  const count =
    property(request.body, "count") === undefined ? Infinity : countField(request.body, "count", 0);
  // A destination may lead back here.
  const isPresent = queue.inspection.present();
  const ready: MessageFilter = { ...filter, state: "ready", positions: wanted, isPresent };
  let left = wanted?.size ?? count;
  let sent = 0;
  let from: Sequence | undefined;
  do {
    const found = await find(request, queue, ready, Math.min(left, READ_AT_ONCE), from);
    sent += await sendPiece(request, queue, found.messages, sending);
    left -= found.messages.length;
    from = found.next;
    await new Promise<void>((resolve) => request.management.broker.clock.nextTurn(resolve));
  } while (from !== undefined && left > 0 && !request.isAbandoned);
  return sent;
}

async function sendPiece(
  request: ApiRequest,
  queue: Queue,
  messages: readonly SeenMessage[],
  { access, isMove, target }: Sending,
): Promise<number> {
  const { inspection } = queue;
  let sent = 0;
  for (const seen of messages) {
    const isReady = !isMove || (await untilKnown(queue, () => inspection.isReady(seen)));
    if (!isReady) continue;
    const message = { ...seen.message, ...target(seen.message) };
    const takeAway = isMove ? () => inspection.takeAway(seen) : undefined;
    if (sendOne(request, access, message, takeAway)) sent++;
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
