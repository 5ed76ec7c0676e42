// Streams: offsets, readers, what is tracked under names; super streams.

import { decided } from "../../broker/access/user.ts";
import type { FieldValue } from "../../broker/message/field-table.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import { TrackedKind } from "../../broker/stream/offset-tracking.ts";
import type { StreamPort } from "../../broker/stream/port.ts";
import {
  declareSuperStream,
  deleteSuperStream,
  partitionsOf,
  superStreams,
} from "../../broker/stream/super-streams.ts";
import type { Vhost } from "../../broker/vhost.ts";
import {
  type Answer,
  badRequest,
  created,
  json,
  noContent,
  notAuthorised,
  notFound,
  refusalsAsAnswers,
} from "../answers.ts";
import type { ApiObject } from "../api-json.ts";
import { property } from "../api-json.ts";
import { countField, objectField, optionalTextField, requireFields } from "../body.ts";
import type { ApiRequest } from "../request.ts";
import { get, put, type Route, remove } from "../route.ts";
import { tableOf } from "../views/arguments.ts";

const TRACKING = "/stream/:vhost/:name/tracking";
const SUPER_STREAM = "/stream/super-streams/:vhost/:name";

export const streamRoutes: readonly Route[] = [
  get("/stream/super-streams", "management", "Super streams with their partitions", (request) =>
    json(request.visibleVhosts().flatMap((vhost) => [...superStreams(vhost)].map(viewIn(vhost)))),
  ),
  get(
    "/stream/super-streams/:vhost",
    "management",
    "Super streams of one virtual host",
    (request) => {
      const vhost = request.vhost();
      return json([...superStreams(vhost)].map(viewIn(vhost)));
    },
  ),
  put(SUPER_STREAM, "management", "Makes a super stream: an exchange and its partitions", declare, {
    body: { partitions: 3, arguments: { "max-age": "7D" } },
  }),
  remove(SUPER_STREAM, "management", "Deletes a super stream with its partitions", (request) => {
    const access = request.access();
    refusalsAsAnswers(() => deleteSuperStream(access, request.param("name")));
    return noContent;
  }),
  get(TRACKING, "management", "Offsets and publishing ids kept under names", (request) => {
    const { stream } = streamAsked(request);
    return json({
      offsets: Object.fromEntries(stream.tracked(TrackedKind.offset)),
      writers: Object.fromEntries(stream.tracked(TrackedKind.publisher)),
    });
  }),
  put(`${TRACKING}/:reader`, "management", "Keeps an offset under a reader's name", storeOffset, {
    body: { offset: 41 },
  }),
  remove(`${TRACKING}/:reader`, "management", "Forgets a reader's offset", (request) => {
    const { stream } = requirePermission(request, "read");
    if (!stream.forget(TrackedKind.offset, request.param("reader"))) throw notFound();
    return noContent;
  }),
  get(
    "/stream/:vhost/:name/readers",
    "management",
    "Where the readers of a stream are",
    (request) => {
      const { stream } = streamAsked(request);
      return json(
        [...stream.readers()].map(({ consumerTag, name, active, offset, lag }) => ({
          consumer_tag: consumerTag,
          name: name ?? null,
          active,
          offset,
          offset_lag: lag,
        })),
      );
    },
  ),
];

type StreamQueue = Queue & { readonly stream: StreamPort };

function streamAsked(request: ApiRequest): StreamQueue {
  const queue = request.queue();
  if (queue.stream === undefined) throw notFound();
  return queue as StreamQueue;
}

function requirePermission(request: ApiRequest, permission: "read"): StreamQueue {
  const queue = streamAsked(request);
  const { user, vhost } = request.access();
  const { name } = queue.definition;
  if (!decided(user.authorizer.permits(user, vhost.name, "queue", name, permission))) {
    throw notAuthorised("Access refused.");
  }
  return queue;
}

function storeOffset(request: ApiRequest): Answer {
  const { stream } = requirePermission(request, "read");
  requireFields(request.body, ["offset"]);
  const offset = countField(request.body, "offset", 0);
  stream.store(TrackedKind.offset, request.param("reader"), offset);
  return noContent;
}

function viewIn(vhost: Vhost) {
  return (exchange: { readonly name: string }): ApiObject => {
    const { name } = exchange;
    const partitions = partitionsOf(vhost, vhost.exchangeNamed(name));
    return {
      name,
      vhost: vhost.name,
      partitions: partitions.map(({ queue, bindingKey }) => ({
        name: queue,
        binding_key: bindingKey,
      })),
    };
  };
}

function declare(request: ApiRequest): Answer {
  const access = request.access();
  const { body } = request;
  const bindingKeys = keysAsked(body);
  const declaration = {
    name: request.param("name"),
    bindingKeys,
    arguments: streamArguments(objectField(body, "arguments")),
  };
  refusalsAsAnswers(() => declareSuperStream(access, declaration));
  return created;
}

function keysAsked(body: ApiObject): readonly string[] {
  const keys = optionalTextField(body, "binding-keys");
  const hasCount = property(body, "partitions") !== undefined;
  if (hasCount === (keys !== undefined)) {
    throw badRequest("Specify either partitions or binding-keys");
  }
  if (keys !== undefined) return keys.split(",").map((key) => key.trim());
  const count = countField(body, "partitions", 0);
  return Array.from({ length: Math.min(count, 1_000_000) }, (_, i) => String(i));
}

/** Arguments of streams may come without their "x-", as rabbitmq-streams has them. */
function streamArguments(given: ApiObject): ReadonlyMap<string, FieldValue> {
  const named = Object.entries(given).map(
    ([name, value]) => [name.startsWith("x-") ? name : `x-${name}`, value] as const,
  );
  return tableOf(Object.fromEntries(named));
}
