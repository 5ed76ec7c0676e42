// Exchanges: list, declare, delete, what is bound.

import type { Exchange } from "../../broker/exchange/exchange.ts";
import {
  type Answer,
  json,
  list,
  noContent,
  notFound,
  put as putAnswer,
  refusalsAsAnswers,
} from "../answers.ts";
import { property } from "../api-json.ts";
import { booleanField, textField } from "../body.ts";
import { type ApiRequest, exchangeName } from "../request.ts";
import { get, put, type Route, remove } from "../route.ts";
import { tableOf } from "../views/arguments.ts";
import { bindingView, defaultBindingView } from "../views/binding.ts";
import { exchangeDetailView, exchangeView } from "../views/exchange.ts";

export const exchangeRoutes: readonly Route[] = [
  get("/exchanges", "management", "Exchanges", (request) =>
    exchanges(
      request,
      request.visibleVhosts().flatMap((vhost) => [...vhost.exchanges.values()]),
    ),
  ),
  get("/exchanges/:vhost", "management", "Exchanges of one virtual host", (request) =>
    exchanges(request, [...request.vhost().exchanges.values()]),
  ),
  get("/exchanges/:vhost/:name", "management", "One exchange", (request) =>
    json(exchangeDetailView(request.exchange(), request.view)),
  ),
  put("/exchanges/:vhost/:name", "management", "Declares an exchange", declare, {
    body: { type: "topic", durable: true, auto_delete: false, internal: false, arguments: {} },
  }),
  remove(
    "/exchanges/:vhost/:name",
    "management",
    "Deletes an exchange",
    (request) => {
      const access = request.access();
      const name = exchangeName(request.param("name"));
      if (!access.vhost.exchanges.has(name)) throw notFound();
      const ifUnused = request.query["if-unused"] === "true";
      refusalsAsAnswers(() => access.deleteExchange(name, { ifUnused }));
      return noContent;
    },
    { query: { "if-unused": "true = only when nothing is bound" } },
  ),
  get(
    "/exchanges/:vhost/:name/bindings/source",
    "management",
    "Bindings that start here",
    (request) => {
      const vhost = request.vhost();
      const exchange = vhost.exchanges.get(exchangeName(request.param("name")));
      if (exchange === undefined) return json([]);
      if (exchange.name === "") {
        return list({ items: [...vhost.queues.values()], view: defaultBindingView });
      }
      return list({ items: [...vhost.bindings.from(exchange)], view: bindingView });
    },
  ),
  get(
    "/exchanges/:vhost/:name/bindings/destination",
    "management",
    "Bindings that end here",
    (request) => {
      const vhost = request.vhost();
      const exchange = vhost.exchanges.get(exchangeName(request.param("name")));
      const items = exchange === undefined ? [] : [...vhost.bindings.to(exchange)];
      return list({ items, view: bindingView });
    },
  ),
];

function exchanges(request: ApiRequest, items: readonly Exchange[]): Answer {
  return list({
    items,
    nameOf: ({ name }) => name,
    view: (item) => exchangeView(item, request.view),
  });
}

function declare(request: ApiRequest): Answer {
  const { body } = request;
  const access = request.access();
  const name = exchangeName(request.param("name"));
  const isNew = !access.vhost.exchanges.has(name);
  const declaration = {
    name,
    type: textField(body, "type", "direct"),
    durable: booleanField(body, "durable", false),
    autoDelete: booleanField(body, "auto_delete", false),
    internal: booleanField(body, "internal", false),
    arguments: tableOf(property(body, "arguments")),
  };
  refusalsAsAnswers(() => access.declareExchange(declaration));
  return putAnswer(isNew);
}
