// One exchange as /api/exchanges shows it.

import type { Exchange } from "../../broker/exchange/exchange.ts";
import { tableToPlainJson } from "../../broker/message/field-table-json.ts";
import type { ApiObject } from "../api-json.ts";
import { exchangeMetrics } from "../sampling/metrics.ts";
import type { ViewContext } from "./context.ts";
import { incomingOf, outgoingOf } from "./pairs.ts";
import { messageStats } from "./stats.ts";

export function exchangeView(exchange: Exchange, context: ViewContext): ApiObject {
  const { definition, settings } = exchange;
  const { sampler, ranges } = context;
  const series = sampler.of<Exchange>(exchange, ranges.rates !== undefined);
  return {
    arguments: tableToPlainJson(definition.arguments),
    auto_delete: definition.autoDelete,
    durable: definition.durable,
    internal: definition.internal,
    message_stats: context.withStatistics
      ? messageStats(context, exchange, exchangeMetrics, series)
      : undefined,
    name: definition.name,
    policy: settings.policy,
    type: definition.type,
    user_who_performed_action: definition.name === "" ? "rmq-internal" : "",
    vhost: definition.vhost,
  };
}

/** With the rates per channel and per queue. */
export function exchangeDetailView(exchange: Exchange, context: ViewContext): ApiObject {
  const { vhost } = exchange.definition;
  const waiting = context.broker.vhosts.get(vhost)?.delays?.storeOf(exchange)?.size;
  return {
    ...exchangeView(exchange, context),
    ...(waiting === undefined ? {} : { messages_delayed: waiting.count }),
    incoming: incomingOf(exchange, context),
    outgoing: outgoingOf(exchange, context),
  };
}
