// Bindings, from exchanges to queues and to exchanges.

import type { Destination, Exchange } from "../../broker/exchange/exchange.ts";
import { propertiesKey } from "../../broker/routing/properties-key.ts";
import type { Vhost } from "../../broker/vhost.ts";
import {
  type Answer,
  ApiError,
  json,
  list,
  noContent,
  notFound,
  refusalsAsAnswers,
} from "../answers.ts";
import { property } from "../api-json.ts";
import { textField } from "../body.ts";
import { type ApiRequest, exchangeName } from "../request.ts";
import { get, post, type Route, remove } from "../route.ts";
import { tableOf } from "../views/arguments.ts";
import { bindingView, defaultBindingView } from "../views/binding.ts";

const BETWEEN = [
  ["q", "queue"],
  ["e", "exchange"],
] as const;

export const bindingRoutes: readonly Route[] = [
  get("/bindings", "management", "Bindings", (request) => bindings(request.visibleVhosts())),
  get("/bindings/:vhost", "management", "Bindings of one virtual host", (request) =>
    bindings([request.vhost()]),
  ),
  ...BETWEEN.flatMap(([letter, kind]) => [
    get(
      `/bindings/:vhost/e/:source/${letter}/:destination`,
      "management",
      `Bindings between an exchange and ${kind === "queue" ? "a queue" : "another"}`,
      (request) => between(request, kind),
    ),
    post(
      `/bindings/:vhost/e/:source/${letter}/:destination`,
      "management",
      `Binds ${kind === "queue" ? "a queue" : "an exchange"}`,
      (request) => bind(request, kind),
      { body: { routing_key: "orders.*", arguments: {} } },
    ),
    get(
      `/bindings/:vhost/e/:source/${letter}/:destination/:props`,
      "management",
      "One binding, by its properties_key",
      (request) => {
        if (request.param("source") === "amq.default") return one(request, kind);
        return json(bindingView(find(request, kind)));
      },
    ),
    remove(
      `/bindings/:vhost/e/:source/${letter}/:destination/:props`,
      "management",
      "Unbinds, by properties_key",
      (request) => unbind(request, kind),
    ),
  ]),
];

type Kind = "queue" | "exchange";

function bindings(vhosts: readonly Vhost[]): Answer {
  const views: (() => ReturnType<typeof bindingView>)[] = [];
  for (const vhost of vhosts) {
    for (const queue of vhost.queues.values()) views.push(() => defaultBindingView(queue));
    for (const binding of vhost.bindings.all()) views.push(() => bindingView(binding));
  }
  return list({ items: views, view: (view) => view() });
}

interface Ends {
  readonly vhost: Vhost;
  readonly source: Exchange;
  readonly destination: Destination;
}

function ends(request: ApiRequest, kind: Kind): Ends {
  const found = endsOrNothing(request, kind);
  if (found === undefined) throw notFound();
  return found;
}

function endsOrNothing(request: ApiRequest, kind: Kind): Ends | undefined {
  const vhost = request.vhost();
  const source = vhost.exchanges.get(exchangeName(request.param("source")));
  const name = request.param("destination");
  const destination =
    kind === "queue" ? vhost.queues.get(name) : vhost.exchanges.get(exchangeName(name));
  if (source === undefined || destination === undefined) return undefined;
  return { vhost, source, destination };
}

function between(request: ApiRequest, kind: Kind): Answer {
  const found = endsOrNothing(request, kind);
  // Between what is not there are no bindings: RabbitMQ does not call that an error.
  if (found === undefined) return json([]);
  const { vhost, source, destination } = found;
  if (source.name === "" && destination.kind === "queue") {
    return json([defaultBindingView(destination)]);
  }
  return list({ items: [...vhost.bindings.between(source, destination)], view: bindingView });
}

/** The implicit binding of a queue to the default exchange. */
function one(request: ApiRequest, kind: Kind): Answer {
  const { destination } = ends(request, kind);
  if (destination.kind !== "queue") throw notFound();
  const view = defaultBindingView(destination);
  if (view.properties_key !== request.param("props")) throw notFound();
  return json(view);
}

function find(request: ApiRequest, kind: Kind) {
  const { vhost, source, destination } = ends(request, kind);
  // The path has been decoded once; clients put the key there as it was shown, or encode it once more.
  const wanted = request.param("props");
  for (const binding of vhost.bindings.between(source, destination)) {
    const key = binding.propertiesKey;
    if (key === wanted || decodeURIComponent(key) === wanted) return binding;
  }
  throw notFound();
}

function bind(request: ApiRequest, kind: Kind): Answer {
  const access = request.access();
  const bindRequest = {
    source: exchangeName(request.param("source")),
    destination: request.param("destination"),
    routingKey: textField(request.body, "routing_key", ""),
    arguments: tableOf(property(request.body, "arguments")),
  };
  refusalsAsAnswers(() => {
    if (kind === "queue") access.bindQueue(bindRequest);
    else access.bindExchange(bindRequest);
  });
  const key = propertiesKey(bindRequest.routingKey, bindRequest.arguments);
  const letter = kind === "queue" ? "q" : "e";
  const place = [
    request.param("vhost"),
    "e",
    request.param("source"),
    letter,
    request.param("destination"),
    key,
  ];
  return {
    kind: "empty",
    status: 201,
    headers: { location: `/api/bindings/${place.map(encodeURIComponent).join("/")}` },
  };
}

function unbind(request: ApiRequest, kind: Kind): Answer {
  const access = request.access();
  if (exchangeName(request.param("source")) === "") {
    throw new ApiError(401, { error: "not_authorised", reason: "Access refused." });
  }
  const binding = find(request, kind);
  const unbindRequest = {
    source: binding.source.name,
    destination: binding.destination.definition.name,
    routingKey: binding.routingKey,
    arguments: binding.arguments,
  };
  refusalsAsAnswers(() => {
    if (kind === "queue") access.unbindQueue(unbindRequest);
    else access.unbindExchange(unbindRequest);
  });
  return noContent;
}
