// Connections, channels and consumers.

import { decided } from "../../broker/access/user.ts";
import type { ChannelView, ConnectionView } from "../../broker/connection-registry.ts";
import type { Consumer } from "../../broker/queue/consumer.ts";
import {
  type Answer,
  badRequest,
  json,
  list,
  noContent,
  notAuthorised,
  notFound,
} from "../answers.ts";
import { property } from "../api-json.ts";
import { countField } from "../body.ts";
import type { ApiRequest } from "../request.ts";
import { get, put, type Route, remove } from "../route.ts";
import { channelDetailView, channelView } from "../views/channel.ts";
import { connectionView } from "../views/connection.ts";
import { channelName, consumerView } from "../views/consumer.ts";

const REASON_LENGTH_MAX = 1_024;
const DEFAULT_REASON = "Closed via management plugin";

export const clientRoutes: readonly Route[] = [
  get("/connections", "management", "Open connections", (request) =>
    connections(request, visibleConnections(request)),
  ),
  get("/connections/username/:user", "management", "Connections of one user", (request) => {
    const { broker } = request.management;
    const own = visibleConnections(request).filter(
      ({ identity }) => identity.user === request.param("user"),
    );
    return list({
      items: own,
      nameOf: (view) => view.identity.name,
      view: (view) => ({
        name: view.identity.name,
        vhost: view.vhost,
        user: view.identity.user,
        node: broker.nodeName,
      }),
    });
  }),
  remove(
    "/connections/username/:user",
    "management",
    "Closes connections of one user",
    (request) => {
      if (!request.isAdministrator && request.param("user") !== request.user.name) {
        throw notAuthorised("User not authorised to access object");
      }
      const reason = closeReason(request);
      const { connections } = request.management.broker;
      connections.closeAll(reason, ({ identity }) => identity.user === request.param("user"));
      return noContent;
    },
  ),
  put(
    "/consumers/:vhost/:queue/:tag/prefetch",
    "policymaker",
    "Changes how many deliveries a running consumer may hold; 0 = no limit",
    (request) => {
      const consumer = consumerToChange(request);
      consumer.prefetchMax = countField(request.body, "prefetch_count", 0);
      consumer.queue.wake(consumer);
      return noContent;
    },
    { body: { prefetch_count: 50 } },
  ),
  put(
    "/consumers/:vhost/:queue/:tag/deadline",
    "policymaker",
    "Gives a running consumer so many ms more to acknowledge what it holds, or one delivery of it",
    (request) => {
      const { body } = request;
      const extendMs = countField(body, "extend_ms", 0);
      const untilMs = request.management.broker.clock.monotonicMs() + extendMs;
      const consumer = consumerToChange(request);
      if (property(body, "delivery_tag") === undefined) consumer.inTimeUntilMs = untilMs;
      else {
        const tag = countField(body, "delivery_tag", 0);
        if (consumer.target.extendDeadline?.(tag, untilMs) !== true) throw notFound();
      }
      return noContent;
    },
    { body: { extend_ms: 600_000, delivery_tag: 17 } },
  ),
  get("/connections/:name", "management", "One connection", (request) =>
    json(connectionView(connection(request), request.view)),
  ),
  remove(
    "/connections/:name",
    "management",
    "Closes a connection; X-Reason says why",
    (request) => {
      const view = connection(request);
      if (!request.isAdministrator && view.identity.user !== request.user.name) {
        throw notAuthorised("User not authorised to access object");
      }
      view.close(closeReason(request));
      return noContent;
    },
  ),
  get("/connections/:name/channels", "management", "Channels of one connection", (request) =>
    channels(request, [...connection(request).channels()]),
  ),
  get(
    "/connections/:name/sessions",
    "management",
    "AMQP 1.0 sessions of one connection",
    (request) => {
      connection(request);
      return json([]);
    },
  ),
  get("/channels", "management", "Open channels", (request) =>
    channels(
      request,
      visibleConnections(request).flatMap((view) => [...view.channels()]),
    ),
  ),
  get("/channels/:name", "management", "One channel with its consumers", (request) => {
    const wanted = request.param("name");
    for (const view of visibleConnections(request)) {
      if (!wanted.startsWith(view.identity.name)) continue;
      for (const channel of view.channels()) {
        if (channelName(channel.describe()) === wanted) {
          return json(channelDetailView(channel, request.view));
        }
      }
    }
    throw notFound();
  }),
  get("/consumers", "management", "Consumers", (request) =>
    consumers(request, request.visibleVhosts()),
  ),
  get("/consumers/:vhost", "management", "Consumers of one virtual host", (request) =>
    consumers(request, [request.vhost()]),
  ),
  get("/vhosts/:vhost/connections", "management", "Connections of one virtual host", (request) => {
    const { name } = request.vhost();
    const inside = visibleConnections(request).filter(({ vhost }) => vhost === name);
    return connections(request, inside);
  }),
  get("/vhosts/:vhost/channels", "management", "Channels of one virtual host", (request) => {
    const { name } = request.vhost();
    const inside = visibleConnections(request).filter(({ vhost }) => vhost === name);
    return channels(
      request,
      inside.flatMap((view) => [...view.channels()]),
    );
  }),
];

/** Everybody's for those who monitor, one's own for the others. */
export function visibleConnections(request: ApiRequest): readonly ConnectionView[] {
  const all = [...request.management.broker.connections.all()];
  if (request.isMonitor) return all;
  return all.filter(({ identity }) => identity.user === request.user.name);
}

function connection(request: ApiRequest): ConnectionView {
  const view = request.management.broker.connections.get(request.param("name"));
  if (view === undefined) throw notFound();
  if (!request.isMonitor && view.identity.user !== request.user.name) {
    throw notAuthorised("User not authorised to access object");
  }
  return view;
}

function connections(request: ApiRequest, items: readonly ConnectionView[]): Answer {
  return list({
    items,
    nameOf: ({ identity }) => identity.name,
    view: (item) => connectionView(item, request.view),
  });
}

function channels(request: ApiRequest, items: readonly ChannelView[]): Answer {
  return list({
    items,
    nameOf: (item) => channelName(item.describe()),
    view: (item) => channelView(item, request.view),
  });
}

/** As with connections: who does not monitor sees their own. */
function consumers(request: ApiRequest, vhosts: ReturnType<ApiRequest["visibleVhosts"]>): Answer {
  const { user, isMonitor } = request;
  const isVisible = ({ target }: Consumer) =>
    isMonitor || target.channel?.describe().user === user.name;
  const items: Consumer[] = [];
  for (const { queues } of vhosts) {
    for (const queue of queues.values()) {
      if (queue.consumerCount === 0) continue;
      for (const consumer of queue.consumers()) if (isVisible(consumer)) items.push(consumer);
    }
  }
  return list({
    items,
    nameOf: ({ tag }) => tag,
    view: (item) => consumerView(item, request.view),
  });
}

/** Of the queue in the path, by its tag; the first one where several connections use the same. */
function consumerToChange(request: ApiRequest): Consumer {
  const { user, vhost } = request.access();
  const queue = vhost.queues.get(request.param("queue"));
  if (queue === undefined) throw notFound();
  const { name } = queue.definition;
  if (!decided(user.authorizer.permits(user, vhost.name, "queue", name, "configure"))) {
    throw notAuthorised("Access refused.");
  }
  for (const consumer of queue.consumers()) {
    if (consumer.tag === request.param("tag")) return consumer;
  }
  throw notFound();
}

function closeReason({ headers }: ApiRequest): string {
  const reason = headers["x-reason"] ?? DEFAULT_REASON;
  if (reason.length > REASON_LENGTH_MAX) throw badRequest("X-Reason is too long");
  return reason;
}
