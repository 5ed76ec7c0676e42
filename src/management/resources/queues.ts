// Queues: list, declare, delete, purge, pause.

import { decided } from "../../broker/access/user.ts";
import { type FieldTable, type FieldValue, textOf } from "../../broker/message/field-table.ts";
import { plainValue, tableToPlainJson } from "../../broker/message/field-table-json.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import { queueTypes } from "../../broker/queue/types.ts";
import { QUEUE_TYPE_ARGUMENT } from "../../broker/settings/queue-arguments.ts";
import {
  type Answer,
  badRequest,
  json,
  list,
  noContent,
  notAuthorised,
  notFound,
  put as putAnswer,
  refusalsAsAnswers,
} from "../answers.ts";
import { property } from "../api-json.ts";
import { booleanField, objectField, requireFields, textField } from "../body.ts";
import type { ApiRequest } from "../request.ts";
import { get, post, put, type Route, remove } from "../route.ts";
import { tableOf } from "../views/arguments.ts";
import { bindingView, defaultBindingView } from "../views/binding.ts";
import { settingsView } from "../views/effective-policy.ts";
import { queueDetailView, queueView } from "../views/queue.ts";

export const queueRoutes: readonly Route[] = [
  get("/queues", "management", "Queues", (request) => queues(request, allQueues(request))),
  get("/queues/detailed", "management", "Queues with consumers and rates", (request) =>
    list({
      items: allQueues(request),
      nameOf: ({ definition }) => definition.name,
      view: (queue) => queueDetailView(queue, request.view),
    }),
  ),
  get("/queues/:vhost", "management", "Queues of one virtual host", (request) =>
    queues(request, [...request.vhost().queues.values()]),
  ),
  get("/queues/:vhost/:name", "management", "One queue with its consumers", (request) =>
    json(queueDetailView(request.queue(), request.view)),
  ),
  put("/queues/:vhost/:name", "management", "Declares a queue", declare, {
    body: { durable: true, auto_delete: false, arguments: { "x-queue-type": "quorum" } },
  }),
  remove("/queues/:vhost/:name", "management", "Deletes a queue with its messages", deleteQueue, {
    query: {
      "if-empty": "true = only when it holds no message",
      "if-unused": "true = only when it has no consumer",
    },
  }),
  get(
    "/queues/:vhost/:name/settings",
    "management",
    "Effective settings, and where each comes from",
    (request) => {
      const queue = request.queue();
      const { policy, operatorPolicy } = queue.settings;
      return json({
        policy: policy ?? null,
        operator_policy: operatorPolicy ?? null,
        items: settingsView(queue),
      });
    },
  ),
  put(
    "/queues/:vhost/:name/arguments",
    "policymaker",
    "Changes arguments of a queue while it runs; null takes one away. Answers what changed",
    changeArguments,
    { body: { arguments: { "x-max-length": 1000, "x-message-ttl": null } } },
  ),
  put(
    "/queues/:vhost/:name/type",
    "policymaker",
    "Makes it a queue of another type, in the background; arguments as above",
    convert,
    { body: { type: "quorum", arguments: { "x-max-priority": null } } },
  ),
  get("/queues/:vhost/:name/bindings", "management", "What leads into a queue", (request) => {
    const queue = request.vhost().queues.get(request.param("name"));
    // Nothing leads to what is not there: RabbitMQ does not call that an error.
    if (queue === undefined) return json([]);
    const bindings = [...request.vhost().bindings.to(queue)];
    return json([defaultBindingView(queue), ...bindings.map(bindingView)]);
  }),
  remove("/queues/:vhost/:name/contents", "management", "Purges a queue", (request) => {
    const access = request.access();
    request.queue();
    refusalsAsAnswers(() => access.purgeQueue(request.param("name")));
    return noContent;
  }),
  post(
    "/queues/:vhost/:name/actions",
    "policymaker",
    "sync and cancel_sync, which have nothing to do here",
    (request) => {
      request.queue();
      requireFields(request.body, ["action"]);
      const action = property(request.body, "action");
      if (action !== "sync" && action !== "cancel_sync") throw badRequest(["unknown", action]);
      return noContent;
    },
    { body: { action: "sync" } },
  ),
  put(
    "/queues/:vhost/:name/pause",
    "policymaker",
    "Stops deliveries; messages are still taken",
    (request) => {
      const queue = requireConfigure(request);
      request.vhost().setPaused(queue, true);
      return noContent;
    },
  ),
  put("/queues/:vhost/:name/resume", "policymaker", "Deliveries go on", (request) => {
    const queue = requireConfigure(request);
    request.vhost().setPaused(queue, false);
    return noContent;
  }),
  post(
    "/rebalance/queues",
    "administrator",
    "Spreads queue leaders over nodes; one node has nothing to spread",
    () => noContent,
  ),
  get(
    "/queues/quorum/:vhost/:name/status",
    "monitoring",
    "Members of a quorum queue",
    (request) => {
      const queue = request.queue();
      const { type } = queue.definition;
      if (type.traits.mayBeTransient) {
        throw badRequest(`Cannot get quorum status of a ${type.name} queue`);
      }
      return json([
        {
          "Node Name": request.management.broker.nodeName,
          "Raft State": "leader",
          Membership: "voter",
          Term: 1,
          "Machine Version": 7,
        },
      ]);
    },
  ),
];

function allQueues(request: ApiRequest): readonly Queue[] {
  const items: Queue[] = [];
  for (const { queues } of request.visibleVhosts())
    for (const queue of queues.values()) items.push(queue);
  return items;
}

function queues(request: ApiRequest, items: readonly Queue[]): Answer {
  return list({
    items,
    nameOf: ({ definition }) => definition.name,
    view: (queue) => queueView(queue, request.view),
  });
}

function declare(request: ApiRequest): Answer {
  const { body } = request;
  const access = request.access();
  const name = request.param("name");
  const isNew = !access.vhost.queues.has(name);
  const queueArguments = tableOf(objectField(body, "arguments"));
  const declaration = {
    name,
    durable: booleanField(body, "durable", !mayBeTransient(request, queueArguments)),
    exclusive: false,
    autoDelete: booleanField(body, "auto_delete", false),
    arguments: queueArguments,
  };
  refusalsAsAnswers(() => access.declareQueue(declaration));
  return putAnswer(isNew);
}

/**
 * As in RabbitMQ a queue that is not said to be durable is transient, where its type can be: programs declare it once more
 * over AMQP, and the two must agree.
 */
function mayBeTransient(request: ApiRequest, queueArguments: FieldTable): boolean {
  const given = queueArguments.get(QUEUE_TYPE_ARGUMENT);
  const standard =
    request.vhost().metadata.defaultQueueType ?? request.management.broker.defaultQueueType;
  const type = given === undefined ? standard : textOf(given);
  return queueTypes[type ?? standard]?.traits.mayBeTransient ?? true;
}

function changeArguments(request: ApiRequest): Answer {
  const access = request.access();
  request.queue();
  const wanted = wantedArguments(request);
  const changes = refusalsAsAnswers(() => access.changeQueue(request.param("name"), wanted));
  const shown = (value: FieldValue | undefined) => (value === undefined ? null : plainValue(value));
  return json({
    changed: changes.map(({ argument, before, after }) => ({
      ...{ argument, before: shown(before), after: shown(after) },
    })),
    arguments: tableToPlainJson(request.queue().definition.arguments),
  });
}

/** Arguments a queue is to have; undefined takes one away. */
function wantedArguments({ body }: ApiRequest): ReadonlyMap<string, FieldValue | undefined> {
  const wanted = new Map<string, FieldValue | undefined>();
  for (const [name, value] of Object.entries(objectField(body, "arguments"))) {
    wanted.set(name, value === null ? undefined : tableOf({ [name]: value }).get(name));
  }
  return wanted;
}

function convert(request: ApiRequest): Answer {
  const access = request.access();
  const queue = request.queue();
  requireFields(request.body, ["type"]);
  const type = textField(request.body, "type", "");
  const wanted = wantedArguments(request);
  refusalsAsAnswers(() => access.convertQueue(request.param("name"), type, wanted));
  return json({ from: queue.definition.type.name, to: type, messages: queue.depth.ready });
}

function deleteQueue(request: ApiRequest): Answer {
  const access = request.access();
  const name = request.param("name");
  if (!access.vhost.queues.has(name)) throw notFound();
  const options = {
    ifEmpty: request.query["if-empty"] === "true",
    ifUnused: request.query["if-unused"] === "true",
  };
  refusalsAsAnswers(() => access.deleteQueue(name, options));
  return noContent;
}

/** Pausing needs what deleting needs. */
function requireConfigure(request: ApiRequest): Queue {
  const queue = request.queue();
  const { user, vhost } = request.access();
  const name = queue.definition.name;
  if (!decided(user.authorizer.permits(user, vhost.name, "queue", name, "configure"))) {
    throw notAuthorised("Access refused.");
  }
  return queue;
}
