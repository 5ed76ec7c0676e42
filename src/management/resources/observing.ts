// Watching messages without touching any: taps, and the timeline of one message.

import { AccessPending, decided } from "../../broker/access/user.ts";
import type { Exchange } from "../../broker/exchange/exchange.ts";
import type { MessageHead } from "../../broker/message/message-port.ts";
import { Tap, type TapEvent, type TapSelection } from "../../broker/observing/tap.ts";
import {
  TIMELINE_STEPS_MAX,
  Timeline,
  type TimelineStep,
} from "../../broker/observing/timeline.ts";
import type { Vhost } from "../../broker/vhost.ts";
import type { VhostAccess } from "../../broker/vhost-access.ts";
import {
  type Answer,
  badRequest,
  created,
  json,
  noContent,
  notAuthorised,
  notFound,
  refusalsAsAnswers,
} from "../answers.ts";
import { type ApiObject, toJsonText } from "../api-json.ts";
import { countField } from "../body.ts";
import { Feed } from "../feed.ts";
import { type ApiRequest, exchangeName } from "../request.ts";
import { get, put, type Route, remove } from "../route.ts";
import { payloadView, propertiesView } from "../views/message.ts";
import { filterOf } from "./message-filter.ts";

/** Events that wait for a slow reader, and their characters; older ones are dropped. */
const WAITING_MAX = 1_000;
const WAITING_LENGTH_MAX = 16 * 1_048_576;
/** And bytes of bodies that are being read. */
const WAITING_BYTES_MAX = 16 * 1_048_576;
const PAYLOAD_BYTES_DEFAULT = 4_096;
const TIMELINE_STEPS_DEFAULT = 10_000;
const KINDS: ReadonlySet<string> = new Set<TapEvent["kind"]>(["published", "delivered", "died"]);

export const observingRoutes: readonly Route[] = [
  get("/tap/:vhost", "management", "Copies of messages as they pass, one JSON object a line", tap, {
    query: {
      exchange: "only messages published to it (amq.default = the default exchange)",
      queue: "only messages routed to, delivered from or dead in it",
      connection: "only what this connection publishes and gets",
      kinds: "published,delivered,died (default all)",
      payload_bytes: "bytes of each payload that are shown (default 4096)",
      key: "routing key",
      header: "name:value",
      property: "name:value",
      text: "text in the body",
      path: "place in a JSON body, with `:value`: customer.id:7",
    },
  }),
  put("/timeline/:vhost", "administrator", "Begins to remember what happens to messages", begin, {
    body: { steps: TIMELINE_STEPS_DEFAULT },
  }),
  remove("/timeline/:vhost", "administrator", "Remembers no longer, and forgets", forget),
  get("/timeline/:vhost", "monitoring", "What happened to one message", look, {
    query: { id: "its message-id or correlation-id" },
  }),
];

// ---- taps -------------------------------------------------------------------------------------------------------

function tap(request: ApiRequest): Answer {
  const { broker, messages } = request.management;
  const { clock } = broker;
  const { vhost } = request.access();
  const selection = selectionOf(request);
  const payloadBytes = wholeNumber(request.query.payload_bytes, PAYLOAD_BYTES_DEFAULT);
  const limits = {
    ...{ waitingMax: WAITING_MAX, waitingLengthMax: WAITING_LENGTH_MAX },
    missed: (count: number) => `${toJsonText(missedView(count, clock.nowMs()))}\n`,
  };
  const feed = new Feed(limits, () => watching.close());
  const bounds = { waitingMax: WAITING_MAX, waitingBytesMax: WAITING_BYTES_MAX };
  const watching = new Tap({ ...{ clock, messages, vhost }, ...bounds }, selection, {
    onEvent: (event) => feed.push(`${toJsonText(eventView(event, payloadBytes))}\n`),
    onMissed: () => feed.miss(1),
  });
  return { kind: "live", contentType: "application/x-ndjson", feed, check: checkWatching };
}

/** What one may see here is what one could see by binding or consuming; what is watched may come and go meanwhile. */
function checkWatching(request: ApiRequest): void {
  const { exchange, queue } = request.query;
  const access = request.access();
  const exchangeWanted = exchange === undefined ? undefined : exchangeName(exchange);
  if (queue !== undefined) refusalsAsAnswers(() => access.checkReading("queue", queue));
  if (exchangeWanted !== undefined) {
    refusalsAsAnswers(() => access.checkReading("exchange", exchangeWanted));
  }
  // Nobody can bind to the default exchange, and what passes it is for queues of their own readers.
  const isOfAll = queue === undefined && (exchangeWanted ?? "") === "";
  if (isOfAll && !request.isAdministrator) {
    throw notAuthorised(
      "Only administrators may watch a whole virtual host, its default exchange or a connection.",
    );
  }
}

function selectionOf(request: ApiRequest): TapSelection {
  const { exchange, queue, connection, kinds } = request.query;
  const access = request.access();
  if (queue !== undefined) refusalsAsAnswers(() => access.queueForReading(queue));
  const exchangeWanted = exchange === undefined ? undefined : exchangeName(exchange);
  const source =
    exchangeWanted === undefined ? undefined : access.vhost.exchanges.get(exchangeWanted);
  if (exchangeWanted !== undefined && source === undefined) throw notFound();
  checkWatching(request);
  const filter = filterOf(request.query);
  const wanted = kinds?.split(",");
  const unknown = wanted?.find((kind) => !KINDS.has(kind));
  if (unknown !== undefined) throw badRequest(`there are no events of kind ${unknown}`);
  return {
    ...{ exchange: exchangeWanted, queue, connection },
    ...filter,
    ...(source === undefined || queue !== undefined
      ? {}
      : {
          head: (message: MessageHead) =>
            mayReadTopic(access, source, message.routingKey) && filter.head(message),
        }),
    kinds: wanted === undefined ? undefined : new Set(wanted as TapEvent["kind"][]),
  };
}

/** Asked for each message: permissions may change meanwhile. What is not known yet is not shown. */
function mayReadTopic(access: VhostAccess, exchange: Exchange, routingKey: string): boolean {
  if (!exchange.type.hasTopicPermissions) return true;
  const { user, vhost, topicVariables } = access;
  try {
    return decided(
      user.authorizer.permitsTopic(
        ...([user, vhost.name, exchange.name, routingKey, "read", topicVariables] as const),
      ),
    );
  } catch (error) {
    if (error instanceof AccessPending) return false;
    throw error;
  }
}

function wholeNumber(text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  if (!/^\d{1,9}$/.test(text)) throw badRequest("payload_bytes must be a number");
  return Number(text);
}

/** Instead of events that came too fast. */
function missedView(count: number, nowMs: number): ApiObject {
  return { kind: "missed", time: new Date(nowMs).toISOString(), count };
}

function eventView({ message, timeMs, ...facts }: TapEvent, payloadBytes: number): ApiObject {
  const { kind, routedQueues, queue, connection, user, channelNumber } = facts;
  const { consumerTag, redelivered, reason, deadLetterExchange } = facts;
  return {
    kind,
    time: new Date(timeMs).toISOString(),
    exchange: message.exchange,
    routing_key: message.routingKey,
    ...(routedQueues === undefined ? {} : { routed_queues: routedQueues }),
    ...(queue === undefined ? {} : { queue }),
    ...(reason === undefined ? {} : { reason }),
    ...(deadLetterExchange === undefined ? {} : { dead_letter_exchange: deadLetterExchange }),
    ...(connection === undefined ? {} : { connection }),
    ...(channelNumber === undefined ? {} : { channel: channelNumber }),
    ...(consumerTag === undefined ? {} : { consumer_tag: consumerTag }),
    ...(user === undefined ? {} : { user }),
    ...(redelivered === undefined ? {} : { redelivered }),
    properties: propertiesView(message.properties),
    payload_bytes: message.body.length,
    ...payloadView(message.body, "auto", payloadBytes),
  };
}

// ---- timelines --------------------------------------------------------------------------------------------------

function begin(request: ApiRequest): Answer {
  const { broker, messages, timelines } = request.management;
  const { vhost } = request.access();
  const steps = countField(request.body, "steps", TIMELINE_STEPS_DEFAULT);
  if (steps < 1 || steps > TIMELINE_STEPS_MAX) {
    throw badRequest(`steps must be 1 to ${TIMELINE_STEPS_MAX}`);
  }
  const before = timelines.get(vhost);
  before?.close();
  timelines.set(vhost, new Timeline({ clock: broker.clock, messages, vhost }, steps));
  return before === undefined ? created : noContent;
}

function forget(request: ApiRequest): Answer {
  const { timelines } = request.management;
  const { vhost } = request.access();
  const timeline = timelines.get(vhost);
  if (timeline === undefined) throw notFound();
  timeline.close();
  timelines.delete(vhost);
  return noContent;
}

function look(request: ApiRequest): Answer {
  const { vhost } = request.access();
  const timeline = timelineOf(request, vhost);
  const { id } = request.query;
  if (id === undefined) {
    return json({ vhost: vhost.name, steps: timeline.stepCount, steps_max: timeline.stepsMax });
  }
  return json(timeline.stepsOf(id).map(stepView));
}

function timelineOf({ management }: ApiRequest, vhost: Vhost): Timeline {
  const timeline = management.timelines.get(vhost);
  if (timeline === undefined)
    throw badRequest("nothing is remembered here: begin with PUT, or with `leveret timeline on`");
  return timeline;
}

function stepView({ kind, timeMs, messageId, correlationId, facts }: TimelineStep): ApiObject {
  return {
    kind,
    time: new Date(timeMs).toISOString(),
    ...(messageId === undefined ? {} : { message_id: messageId }),
    ...(correlationId === undefined ? {} : { correlation_id: correlationId }),
    ...facts,
  };
}
