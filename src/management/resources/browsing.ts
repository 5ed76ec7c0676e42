// Looking at messages where they lie.

import type { Sequence } from "../../broker/numbers.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import { type Answer, json } from "../answers.ts";
import type { ApiObject } from "../api-json.ts";
import type { ApiRequest } from "../request.ts";
import { get, type Route } from "../route.ts";
import { channelName } from "../views/consumer.ts";
import { type Death, deathOf } from "../views/death.ts";
import { payloadView, propertiesView } from "../views/message.ts";
import { find, queueToRead, type SeenMessage } from "./looking.ts";
import { everything, filterOf, type MessageFilter } from "./message-filter.ts";

/** Messages one answer may hold. */
const PAGE_COUNT_MAX = 1_000;

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
];

async function browse(request: ApiRequest): Promise<Answer> {
  const queue = queueToRead(request);
  const count = Math.min(request.wholeNumber("count", 50), PAGE_COUNT_MAX);
  const start = request.wholeNumber("offset", 0) || undefined;
  const found = await find(request, queue, filterOf(request.query), count, start);
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

export function messageView({ message, redelivered, isReady, sequence }: SeenMessage): ApiObject {
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
