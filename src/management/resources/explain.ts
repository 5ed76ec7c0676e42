// Questions RabbitMQ does not answer: where would this message go, and how does everything hang together?

import type { Exchange } from "../../broker/exchange/exchange.ts";
import { messagesIn } from "../../broker/queue/depth-figures.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import { badRequest, json, notAuthorised, notFound } from "../answers.ts";
import type { ApiJson } from "../api-json.ts";
import { parseBody } from "../body.ts";
import { explainRoute } from "../explain/explain.ts";
import { type ApiRequest, exchangeName } from "../request.ts";
import { get, type Route } from "../route.ts";
import { exchangeMetrics, queueMetrics } from "../sampling/metrics.ts";
import type { Metric } from "../sampling/series.ts";
import { tableOf } from "../views/arguments.ts";

/** Nodes one drawing may have; a vhost with more is cut off, and says so. */
const NODES_MAX = 5_000;

export const explainRoutes: readonly Route[] = [
  get("/explain", "management", "Where a message would go, and why", explain, {
    query: {
      vhost: "virtual host, / unless given",
      exchange: "exchange; empty = the default exchange",
      routing_key: "routing key",
      headers: "headers as JSON",
      user: "whose permissions to look at",
    },
  }),
  get("/topology", "management", "Exchanges, queues and consumers with what joins them", topology, {
    query: { vhost: "virtual host, / unless given" },
  }),
];

async function explain(request: ApiRequest) {
  const { query, management } = request;
  const vhost = request.vhost(query.vhost ?? "/");
  const exchange = vhost.exchanges.get(exchangeName(query.exchange ?? ""));
  if (exchange === undefined) throw notFound();
  return json(
    explainRoute({
      vhost,
      exchange,
      routingKey: query.routing_key ?? "",
      headers: tableOf(headersOf(query.headers)),
      user: await userAsked(request, management),
    }),
  );
}

function headersOf(text: string | undefined): ApiJson {
  if (text === undefined || text === "") return {};
  return parseBody(text);
}

/** Somebody else's permissions are for administrators to see. */
async function userAsked(
  { query, user, isAdministrator }: ApiRequest,
  management: ApiRequest["management"],
) {
  const name = query.user;
  if (name === undefined || name === "") return undefined;
  if (name === user.name) return user;
  if (!isAdministrator) throw notAuthorised("User not authorised to access object");
  const found = management.findUser(name);
  if (found === undefined) throw badRequest(`there is no user '${name}'`);
  return found;
}

type Rate = <T>(object: object, metrics: readonly Metric<T>[], name: string) => number;

function topology(request: ApiRequest) {
  const vhost = request.vhost(request.query.vhost ?? "/");
  const { sampler, broker } = request.management;
  const { isMonitor, user } = request;
  const rate: Rate = (object, metrics, name) =>
    sampler.of<never>(object)?.rate(metrics.findIndex((metric) => metric.name === name)) ?? 0;
  const nodes: ApiJson[] = [];
  const edges: ApiJson[] = [];
  for (const exchange of vhost.exchanges.values()) addExchange(exchange, rate, nodes, edges);
  const isVisible = (owner: string) => isMonitor || owner === user.name;
  for (const queue of vhost.queues.values()) {
    if (nodes.length >= NODES_MAX) break;
    addQueue(queue, rate, nodes, edges, isVisible);
  }
  for (const { source, destination, routingKey, propertiesKey } of vhost.bindings.all()) {
    edges.push({
      source: `exchange:${source.name}`,
      target: `${destination.kind}:${destination.definition.name}`,
      kind: "binding",
      routing_key: routingKey,
      properties_key: propertiesKey,
      rate:
        destination.kind === "queue"
          ? rate(destination, queueMetrics, "publish")
          : rate(destination, exchangeMetrics, "publish_in"),
    });
  }
  for (const view of broker.connections.all()) {
    if (view.vhost !== vhost.name) continue;
    const { name, clientName, user, state } = view.describe();
    if (!isVisible(user)) continue;
    nodes.push({
      id: `connection:${name}`,
      kind: "connection",
      name: clientName ?? name,
      user,
      state,
    });
  }
  return json({ nodes, edges, truncated: nodes.length >= NODES_MAX });
}

function addExchange(exchange: Exchange, rate: Rate, nodes: ApiJson[], edges: ApiJson[]): void {
  const { name, definition, settings } = exchange;
  nodes.push({
    id: `exchange:${name}`,
    kind: "exchange",
    name,
    type: definition.type,
    internal: definition.internal,
    durable: definition.durable,
    rate_in: rate(exchange, exchangeMetrics, "publish_in"),
    rate_out: rate(exchange, exchangeMetrics, "publish_out"),
  });
  const alternate = settings.values.alternateExchange;
  if (alternate === undefined) return;
  edges.push({ source: `exchange:${name}`, target: `exchange:${alternate}`, kind: "alternate" });
}

/** `isVisible`: whether whoever asks may see clients of that user. */
function addQueue(
  queue: Queue,
  rate: Rate,
  nodes: ApiJson[],
  edges: ApiJson[],
  isVisible: (user: string) => boolean,
): void {
  const { definition, depth, settings } = queue;
  const id = `queue:${definition.name}`;
  nodes.push({
    id,
    kind: "queue",
    name: definition.name,
    type: definition.type.name,
    durable: definition.durable,
    state: queue.state,
    messages: messagesIn(depth),
    messages_ready: depth.ready,
    consumers: queue.consumerCount,
    rate_in: rate(queue, queueMetrics, "publish"),
    rate_out: rate(queue, queueMetrics, "deliver_get"),
  });
  const { deadLetterExchange, deadLetterRoutingKey } = settings.values;
  if (deadLetterExchange !== undefined) {
    const target = `exchange:${deadLetterExchange}`;
    edges.push({ source: id, target, kind: "dead-letter", routing_key: deadLetterRoutingKey });
  }
  for (const consumer of queue.consumers()) {
    const facts = consumer.target.channel?.describe();
    if (facts === undefined || !isVisible(facts.user)) continue;
    const target = `connection:${facts.connectionName}`;
    edges.push({ source: id, target, kind: "consumer", tag: consumer.tag });
  }
}
