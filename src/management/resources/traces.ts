// Traces and their files, as RabbitMQ's tracing plugin has them.

import { type Answer, json, noContent, notFound, put as putAnswer } from "../answers.ts";
import { type ApiObject, property } from "../api-json.ts";
import { countField, optionalTextField } from "../body.ts";
import type { ApiRequest } from "../request.ts";
import { get, put, type Route, remove } from "../route.ts";
import type { Trace } from "../tracing/traces.ts";

/** The same resources once more below the node's name. */
const TRACES = ["/traces", "/traces/node/:node"];
const FILES = ["/trace-files", "/trace-files/node/:node"];

export const traceRoutes: readonly Route[] = [
  ...TRACES.flatMap((path) => [
    get(path, "administrator", "Traces that run", ({ management }) =>
      json(management.traces.list().map(traceView)),
    ),
    get(`${path}/:vhost`, "administrator", "Traces of one virtual host", (request) =>
      json(request.management.traces.list(request.vhost().name).map(traceView)),
    ),
    get(`${path}/:vhost/:name`, "administrator", "One trace", (request) => {
      const trace = request.management.traces.get(request.vhost().name, request.param("name"));
      if (trace === undefined) throw notFound();
      return json(traceView(trace));
    }),
    put(`${path}/:vhost/:name`, "administrator", "Starts a trace", start, {
      body: { format: "text", pattern: "#", max_payload_bytes: 1_000 },
    }),
    remove(`${path}/:vhost/:name`, "administrator", "Ends a trace; its file stays", (request) => {
      const { traces } = request.management;
      if (!traces.stop(request.vhost().name, request.param("name"), request.user.name))
        throw notFound();
      return noContent;
    }),
  ]),
  ...FILES.flatMap((path) => [
    get(path, "administrator", "Files of traces", async ({ management }) => {
      const files = await management.traces.files.list();
      return json(files.map(({ name, sizeBytes }) => ({ name, size: sizeBytes })));
    }),
    get(`${path}/:name`, "administrator", "What a trace has written", async (request) => {
      const name = request.param("name");
      const pieces = await request.management.traces.files.read(name);
      if (pieces === undefined) throw notFound();
      return { kind: "stream", contentType: "text/plain; charset=utf-8", pieces } as const;
    }),
    remove(`${path}/:name`, "administrator", "Deletes a file", async (request) => {
      if (!(await request.management.traces.files.remove(request.param("name")))) throw notFound();
      return noContent;
    }),
  ]),
];

function start(request: ApiRequest): Answer {
  const { body, management } = request;
  const format = optionalTextField(body, "format") === "json" ? "json" : "text";
  const isNew = management.traces.start(
    {
      vhost: request.vhost().name,
      name: request.param("name"),
      format,
      pattern: optionalTextField(body, "pattern") ?? "#",
      payloadBytesMax:
        property(body, "max_payload_bytes") === undefined
          ? undefined
          : countField(body, "max_payload_bytes", 0),
    },
    request.user.name,
  );
  return putAnswer(isNew);
}

function traceView({ options, waiting, queueName }: Trace): ApiObject {
  return {
    name: options.name,
    vhost: options.vhost,
    format: options.format,
    pattern: options.pattern,
    ...(options.payloadBytesMax === undefined
      ? {}
      : { max_payload_bytes: options.payloadBytesMax }),
    queue: { name: queueName, messages: waiting },
  };
}
