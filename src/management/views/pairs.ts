// Who did how much with whom: the lists `incoming`, `outgoing`, `deliveries` and `publishes` of the details.

import type { ChannelView } from "../../broker/connection-registry.ts";
import type { Exchange } from "../../broker/exchange/exchange.ts";
import type { QueueTally } from "../../broker/observing/channel-tallies.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import type { ApiObject } from "../api-json.ts";
import { deliveryMetrics, pairMetrics, publishMetrics } from "../sampling/metrics.ts";
import type { Metric } from "../sampling/series.ts";
import { channelDetails } from "./consumer.ts";
import type { ViewContext } from "./context.ts";
import { messageStats } from "./stats.ts";

/** Entries of one list. */
const ENTRIES_MAX = 1_000;

/** Entries for what has counted anything; `ends` names the other end of each. */
function entries<T extends object>(
  counted: Iterable<T>,
  metrics: readonly Metric<NoInfer<T>>[],
  context: ViewContext,
  ends: (object: T) => ApiObject,
): ApiObject[] {
  const { sampler, ranges } = context;
  const list: ApiObject[] = [];
  if (!context.withStatistics) return list;
  for (const object of counted) {
    const series = sampler.of<T>(object, ranges.rates !== undefined);
    const stats = messageStats(context, object, metrics, series);
    if (stats === undefined) continue;
    list.push({ ...ends(object), stats });
    if (list.length === ENTRIES_MAX) break;
  }
  return list;
}

/** What a channel published, by exchange. */
export function publishesOf(channel: ChannelView, context: ViewContext): ApiObject[] {
  return entries(channel.publishes(), publishMetrics, context, ({ exchange }) => ({
    exchange: exchange === undefined ? {} : named(exchange),
  }));
}

/** What a channel was handed, by queue. */
export function deliveriesTo(channel: ChannelView, context: ViewContext): ApiObject[] {
  return entries(channel.deliveries(), deliveryMetrics, context, ({ queue }) => ({
    queue: queue === undefined ? {} : named(queue),
  }));
}

/** What came into an exchange, by channel. */
export function incomingOf(exchange: Exchange, context: ViewContext): ApiObject[] {
  const list: ApiObject[] = [];
  for (const channel of channelsOf(exchange.definition.vhost, context)) {
    for (const tally of channel.publishes()) {
      if (tally.exchange !== exchange) continue;
      list.push(
        ...entries([tally], publishMetrics, context, () => ({
          channel_details: channelDetails(channel, context.broker),
        })),
      );
    }
    if (list.length >= ENTRIES_MAX) break;
  }
  return list;
}

/** What an exchange gave away, by queue. */
export function outgoingOf(exchange: Exchange, context: ViewContext): ApiObject[] {
  const pairs = context.broker.vhosts.get(exchange.definition.vhost)?.publishing.pairs;
  return entries(pairs?.ofExchange(exchange) ?? [], pairMetrics, context, ({ queue }) => ({
    queue: named(queue),
  }));
}

/** What came into a queue, by exchange. */
export function incomingTo(queue: Queue, context: ViewContext): ApiObject[] {
  const pairs = context.broker.vhosts.get(queue.definition.vhost)?.publishing.pairs;
  return entries(pairs?.ofQueue(queue) ?? [], pairMetrics, context, ({ exchange }) => ({
    exchange: exchange === undefined ? {} : named(exchange),
  }));
}

interface Receiver {
  readonly channel: ChannelView;
  readonly tally: QueueTally;
}

/** Who got messages of which queue; found once per request, since a list may ask for every queue. */
const receivers = new WeakMap<ViewContext, Map<Queue, Receiver[]>>();

/** What a queue handed out, by channel. */
export function deliveriesOf(queue: Queue, context: ViewContext): ApiObject[] {
  let byQueue = receivers.get(context);
  if (byQueue === undefined) {
    byQueue = receiversByQueue(context);
    receivers.set(context, byQueue);
  }
  const found = (byQueue.get(queue) ?? []).slice(0, ENTRIES_MAX);
  return found.flatMap(({ channel, tally }) =>
    entries([tally], deliveryMetrics, context, () => ({
      channel_details: channelDetails(channel, context.broker),
    })),
  );
}

function receiversByQueue({ broker }: ViewContext): Map<Queue, Receiver[]> {
  const byQueue = new Map<Queue, Receiver[]>();
  for (const view of broker.connections.all()) {
    for (const channel of view.channels()) {
      for (const tally of channel.deliveries()) {
        if (tally.queue === undefined) continue;
        const found = byQueue.get(tally.queue);
        if (found === undefined) byQueue.set(tally.queue, [{ channel, tally }]);
        else found.push({ channel, tally });
      }
    }
  }
  return byQueue;
}

function* channelsOf(vhost: string, { broker }: ViewContext): Iterable<ChannelView> {
  for (const view of broker.connections.all()) {
    if (view.vhost === vhost) yield* view.channels();
  }
}

function named({ definition }: Exchange | Queue): ApiObject {
  return { name: definition.name, vhost: definition.vhost };
}
