// Permissions and topic permissions.

import { BrokerError } from "../../broker/errors.ts";
import {
  type Answer,
  badRequest,
  json,
  list,
  noContent,
  notFound,
  put as putAnswer,
} from "../answers.ts";
import { optionalTextField, requireFields, textField } from "../body.ts";
import type { ApiRequest } from "../request.ts";
import { get, put, type Route, remove } from "../route.ts";
import { requireUserAndVhost } from "./users.ts";

export const permissionRoutes: readonly Route[] = [
  get("/permissions", "administrator", "Permissions", ({ management }) =>
    list({
      items: [...management.broker.access.store.permissions()],
      view: (each) => ({ ...each }),
    }),
  ),
  get(
    "/permissions/:vhost/:user",
    "administrator",
    "Permissions of a user in a virtual host",
    (request) => {
      const { store } = request.management.broker.access;
      const found = store.permissionsOf(request.param("user"), request.param("vhost"));
      if (found === undefined) throw notFound();
      return json({ ...found });
    },
  ),
  put("/permissions/:vhost/:user", "administrator", "Sets permissions", setPermissions, {
    body: { configure: "^app\\.", write: ".*", read: ".*" },
  }),
  remove("/permissions/:vhost/:user", "administrator", "Takes permissions away", (request) => {
    const { access } = request.management.broker;
    const gone = access.deletePermissions(
      request.param("user"),
      request.param("vhost"),
      request.user.name,
    );
    if (!gone) throw notFound();
    return noContent;
  }),
  get(
    "/vhosts/:vhost/permissions",
    "administrator",
    "Permissions in one virtual host",
    (request) => {
      const { name } = request.vhost();
      const all = [...request.management.broker.access.store.permissions()];
      return json(all.filter(({ vhost }) => vhost === name).map((each) => ({ ...each })));
    },
  ),
  get("/topic-permissions", "administrator", "Topic permissions", ({ management }) =>
    json([...management.broker.access.store.topicPermissions()].map((each) => ({ ...each }))),
  ),
  get(
    "/topic-permissions/:vhost/:user",
    "administrator",
    "Topic permissions of a user",
    (request) => {
      const found = topicPermissionsOf(request);
      if (found.length === 0) throw notFound();
      return json(found.map((each) => ({ ...each })));
    },
  ),
  get(
    "/topic-permissions/:vhost/:user/:exchange",
    "administrator",
    "Topic permissions for one exchange",
    (request) => {
      const found = topicPermissionsOf(request).find(
        ({ exchange }) => exchange === request.param("exchange"),
      );
      if (found === undefined) throw notFound();
      return json({ ...found });
    },
  ),
  put(
    "/topic-permissions/:vhost/:user",
    "administrator",
    "Sets topic permissions",
    setTopicPermissions,
    {
      body: { exchange: "amq.topic", write: "^{username}\\.", read: ".*" },
    },
  ),
  ...["/topic-permissions/:vhost/:user", "/topic-permissions/:vhost/:user/:exchange"].map((path) =>
    remove(path, "administrator", "Takes topic permissions away", (request) => {
      const { user, vhost } = requireUserAndVhost(request);
      const exchange = request.param("exchange");
      const { access } = request.management.broker;
      if (topicPermissionsOf(request).length === 0) throw notFound();
      access.deleteTopicPermissions(
        user,
        vhost,
        exchange === "" ? undefined : exchange,
        request.user.name,
      );
      return noContent;
    }),
  ),
  get(
    "/vhosts/:vhost/topic-permissions",
    "administrator",
    "Topic permissions in one virtual host",
    (request) => {
      const { name } = request.vhost();
      const all = [...request.management.broker.access.store.topicPermissions()];
      return json(all.filter(({ vhost }) => vhost === name).map((each) => ({ ...each })));
    },
  ),
];

function topicPermissionsOf(request: ApiRequest) {
  const all = [...request.management.broker.access.store.topicPermissions()];
  return all.filter(
    ({ user, vhost }) => user === request.param("user") && vhost === request.param("vhost"),
  );
}

function setPermissions(request: ApiRequest): Answer {
  const { body, management } = request;
  requireFields(body, ["configure", "write", "read"]);
  const { user, vhost } = requireUserAndVhost(request);
  const { access } = management.broker;
  const isNew = access.store.permissionsOf(user, vhost) === undefined;
  const permissions = {
    user,
    vhost,
    configure: pattern(request, textField(body, "configure", "")),
    write: pattern(request, textField(body, "write", "")),
    read: pattern(request, textField(body, "read", "")),
  };
  access.setPermissions(permissions, request.user.name);
  return putAnswer(isNew);
}

function setTopicPermissions(request: ApiRequest): Answer {
  const { body, management } = request;
  requireFields(body, ["exchange", "write", "read"]);
  const { user, vhost } = requireUserAndVhost(request);
  const isNew = topicPermissionsOf(request).length === 0;
  const permissions = {
    user,
    vhost,
    exchange: optionalTextField(body, "exchange") ?? "",
    write: pattern(request, textField(body, "write", "")),
    read: pattern(request, textField(body, "read", "")),
  };
  management.broker.access.setTopicPermissions(permissions, request.user.name);
  return putAnswer(isNew);
}

/** The pattern, or RabbitMQ's complaint. */
function pattern({ management }: ApiRequest, source: string): string {
  try {
    management.broker.matcher.check(source);
    return source;
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    throw badRequest(["invalid_regexp", source, error.message]);
  }
}
