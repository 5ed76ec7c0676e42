// Virtual hosts: what they are called, what they may hold, whether they are traced.

import { queueTypes } from "../../broker/queue/types.ts";
import {
  NO_METADATA,
  type Vhost,
  type VhostLimits,
  type VhostMetadata,
} from "../../broker/vhost.ts";
import {
  type Answer,
  badRequest,
  json,
  list,
  noContent,
  put as putAnswer,
  refusalsAsAnswers,
} from "../answers.ts";
import { type ApiJson, type ApiObject, property } from "../api-json.ts";
import { booleanField, objectField, requireFields, tagsOf } from "../body.ts";
import type { ApiRequest } from "../request.ts";
import { get, post, put, type Route, remove } from "../route.ts";
import { vhostView } from "../views/vhost.ts";

export const vhostRoutes: readonly Route[] = [
  get("/vhosts", "management", "Virtual hosts", (request) =>
    list({
      items: request.visibleVhosts(),
      nameOf: ({ name }) => name,
      view: (vhost) => vhostView(vhost, request.view),
    }),
  ),
  get("/vhosts/:vhost", "management", "One virtual host", (request) =>
    json(vhostView(request.vhost(), request.view)),
  ),
  put(
    "/vhosts/:vhost",
    "administrator",
    "Adds a virtual host, or changes what is said about it",
    putVhost,
    {
      body: { description: "orders", tags: ["production"], default_queue_type: "quorum" },
    },
  ),
  remove(
    "/vhosts/:vhost",
    "administrator",
    "Deletes a virtual host with all that is in it",
    (request) => {
      const vhost = request.vhost();
      const { broker } = request.management;
      refusalsAsAnswers(() => broker.deleteVhost(vhost, request.user.name));
      return noContent;
    },
  ),
  get(
    "/vhosts/:vhost/deletion/protection",
    "administrator",
    "Whether deleting is refused",
    (request) => json({ protected_from_deletion: request.vhost().metadata.deletionProtected }),
  ),
  post("/vhosts/:vhost/deletion/protection", "administrator", "Refuses deleting", (request) =>
    protect(request, true),
  ),
  remove("/vhosts/:vhost/deletion/protection", "administrator", "Allows deleting", (request) =>
    protect(request, false),
  ),
  post(
    "/vhosts/:vhost/start/:node",
    "administrator",
    "Starts a virtual host that is down; here none ever is",
    (request) => {
      request.vhost();
      const node = request.param("node");
      if (node !== request.management.broker.nodeName) {
        throw badRequest(`Request to node ${node} failed with nodedown`);
      }
      return noContent;
    },
  ),
  get("/vhost-limits", "management", "Limits of virtual hosts", (request) =>
    json(limitsOf(request.visibleVhosts())),
  ),
  get("/vhost-limits/:vhost", "management", "Limits of one virtual host", (request) =>
    json(limitsOf([request.vhost()])),
  ),
  put(
    "/vhost-limits/:vhost/:name",
    "administrator",
    "Sets a limit: max-connections or max-queues",
    putLimit,
    {
      body: { value: 1_000 },
    },
  ),
  remove("/vhost-limits/:vhost/:name", "administrator", "Lifts a limit", (request) => {
    const vhost = request.vhost();
    const field = vhostLimitField(request.param("name"), null);
    if (vhost.limits[field] === undefined) return noContent;
    const limits = { ...vhost.limits, [field]: undefined };
    request.management.broker.setVhostLimits(vhost, limits, request.user.name);
    return noContent;
  }),
];

function putVhost(request: ApiRequest): Answer {
  const { body, management } = request;
  const { broker } = management;
  const name = request.param("vhost");
  if (name === "" || Buffer.byteLength(name) > broker.limits.nameBytesMax) {
    throw badRequest("a virtual host's name has 1 to 255 bytes");
  }
  const before = broker.vhosts.get(name);
  const metadata = metadataOf(body, before?.metadata ?? NO_METADATA);
  if (before === undefined) {
    refusalsAsAnswers(() => broker.addVhost(name, metadata, request.user.name));
    permitCreator(request, name);
  } else broker.updateVhost(before, metadata);
  const tracing = property(body, "tracing");
  if (tracing !== undefined) {
    broker.setTracing(
      broker.vhosts.get(name)!,
      booleanField(body, "tracing", false),
      request.user.name,
    );
  }
  return putAnswer(before === undefined);
}

/** Whoever adds a virtual host may use it, as in RabbitMQ. */
function permitCreator({ management, user }: ApiRequest, vhost: string): void {
  const { access } = management.broker;
  if (access.store.get(user.name) === undefined) return;
  const all = { configure: ".*", write: ".*", read: ".*" };
  access.setPermissions({ user: user.name, vhost, ...all }, user.name);
}

/** What a body says about a virtual host; what it does not mention stays. */
export function metadataOf(body: ApiObject, before: VhostMetadata): VhostMetadata {
  const nested = objectField(body, "metadata");
  const value = (name: string) => property(body, name) ?? property(nested, name);
  const type = value("default_queue_type");
  const tags = value("tags");
  const description = value("description");
  return {
    description: description === undefined ? before.description : String(description),
    tags: tags === undefined ? before.tags : tagsOf(tags),
    defaultQueueType: type === undefined ? before.defaultQueueType : queueTypeName(type),
    deletionProtected: booleanField(
      { ...nested, ...body },
      "protected_from_deletion",
      before.deletionProtected,
    ),
  };
}

function queueTypeName(value: ApiJson): string | undefined {
  if (value === "undefined" || value === "" || value === null) return undefined;
  if (typeof value !== "string" || !Object.hasOwn(queueTypes, value)) {
    throw badRequest(`Unsupported default queue type: '${String(value)}'`);
  }
  return value;
}

function protect(request: ApiRequest, deletionProtected: boolean): Answer {
  const vhost = request.vhost();
  request.management.broker.updateVhost(vhost, { ...vhost.metadata, deletionProtected });
  return noContent;
}

// ---- limits -----------------------------------------------------------------------------------------------------

const LIMIT_FIELDS: Readonly<Record<string, keyof VhostLimits>> = {
  "max-connections": "connectionsMax",
  "max-queues": "queuesMax",
};

export function vhostLimitsView({ limits }: Vhost): Record<string, number> {
  const shown: Record<string, number> = {};
  for (const [name, field] of Object.entries(LIMIT_FIELDS)) {
    const value = limits[field];
    if (value !== undefined) shown[name] = value;
  }
  return shown;
}

function limitsOf(vhosts: readonly Vhost[]): ApiJson {
  return vhosts
    .map((vhost) => ({ vhost: vhost.name, value: vhostLimitsView(vhost) }))
    .filter(({ value }) => Object.keys(value).length > 0);
}

function vhostLimitField(name: string, value: ApiJson): keyof VhostLimits {
  const field = LIMIT_FIELDS[name];
  if (field !== undefined) return field;
  throw validation(`Unrecognised terms [{<<"${name}">>,${String(value)}}] in limits`);
}

function validation(text: string) {
  return badRequest(`Validation failed\n\n${text}\n`);
}

/** Limits as definitions and parameters write them; throws RabbitMQ's complaint. */
export function vhostLimitsOf(values: ApiObject, before: VhostLimits): VhostLimits {
  const limits: Record<string, number | undefined> = { ...before };
  for (const [name, value] of Object.entries(values)) {
    const field = vhostLimitField(name, value);
    if (typeof value !== "number" || !Number.isInteger(value)) {
      const shown = typeof value === "string" ? `<<"${value}">>` : String(value);
      throw validation(`${name} should be a number, actually was ${shown}`);
    }
    limits[field] = value < 0 ? undefined : value;
  }
  return limits as unknown as VhostLimits;
}

function putLimit(request: ApiRequest): Answer {
  const vhost = request.vhost();
  requireFields(request.body, ["value"]);
  const values = { [request.param("name")]: property(request.body, "value") };
  const limits = vhostLimitsOf(values, vhost.limits);
  request.management.broker.setVhostLimits(vhost, limits, request.user.name);
  return noContent;
}
