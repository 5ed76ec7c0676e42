// The API's description (OpenAPI 3.1) from the table of routes. `npm run build` writes it beside the program.

import type { ApiJson, ApiObject } from "./api-json.ts";
import type { Needs, Route } from "./route.ts";

/** Lists take these; the last part of their path, without parameters. */
export const LISTS: ReadonlySet<string> = new Set([
  "/bindings",
  "/bindings/:vhost",
  "/channels",
  "/connections",
  "/connections/:name/channels",
  "/connections/username/:user",
  "/consumers",
  "/consumers/:vhost",
  "/exchanges",
  "/exchanges/:vhost",
  "/exchanges/:vhost/:name/bindings/destination",
  "/exchanges/:vhost/:name/bindings/source",
  "/queues",
  "/queues/:vhost",
  "/queues/:vhost/:name/bindings",
  "/queues/detailed",
  "/users",
  "/vhosts",
  "/vhosts/:vhost/channels",
  "/vhosts/:vhost/connections",
]);

const LIST_QUERY: Readonly<Record<string, string>> = {
  page: "page to answer, from 1; with it the answer is an object with `items` and counts",
  page_size: "entries per page, 100 unless given, at most 500",
  name: "only entries whose name contains this",
  use_regex: "true = `name` is a regular expression",
  sort: "field to sort by: name, messages, message_stats.publish_details.rate",
  sort_reverse: "true = from high to low",
  columns: "fields to answer, separated by commas",
};

/** What the parts of paths mean. */
const PARTS: Readonly<Record<string, string>> = {
  vhost: "virtual host, percent-encoded (`%2F` for `/`)",
  name: "name, percent-encoded",
  node: "name of the node",
  user: "name of a user",
  source: "exchange the binding starts at",
  destination: "queue or exchange the binding ends at",
  props: "properties_key of the binding",
  component: "component of a parameter",
};

const NEEDS: Readonly<Record<Needs, string>> = {
  nothing: "Needs no login.",
  management: "Needs a user with any tag of management.",
  policymaker: "Needs the tag policymaker or administrator.",
  monitoring: "Needs the tag monitoring or administrator.",
  administrator: "Needs the tag administrator.",
};

export function isList(route: Route): boolean {
  return route.method === "GET" && LISTS.has(route.path);
}

/** `version`: of the product. */
export function openApiOf(routes: readonly Route[], version: string): ApiObject {
  const paths: Record<string, Record<string, ApiJson>> = {};
  for (const route of routes) {
    const path = `/api${route.path.replace(/:(\w+)/g, "{$1}")}`;
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Leveret management API",
      version,
      description:
        "RabbitMQ's management API as Leveret answers it, and what Leveret adds. Names in paths are percent-encoded.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ basic: [] }, { bearer: [] }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        basic: { type: "http", scheme: "basic" },
        bearer: { type: "http", scheme: "bearer", description: "A token, with OAuth 2" },
      },
      schemas: {
        Error: {
          type: "object",
          required: ["error", "reason"],
          properties: { error: { type: "string" }, reason: {} },
        },
      },
    },
  };
}

function tagOf({ path }: Route): string {
  return path.split("/")[1]!;
}

function operation(route: Route): ApiObject {
  const query = { ...(isList(route) ? LIST_QUERY : {}), ...route.query };
  return {
    operationId: operationId(route),
    tags: [tagOf(route)],
    summary: route.summary,
    description: NEEDS[route.needs],
    ...(route.needs === "nothing" ? { security: [] } : {}),
    parameters: [
      ...[...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
        name: name!,
        in: "path",
        required: true,
        description: PARTS[name!] ?? name!,
        schema: { type: "string" },
      })),
      ...Object.entries(query).map(([name, description]) => ({
        name,
        in: "query",
        description,
        schema: { type: "string" },
      })),
    ],
    ...(route.body === undefined ? {} : { requestBody: requestBody(route.body as ApiObject) }),
    responses: responses(route),
  };
}

/** get /queues/:vhost/:name -> getQueuesByVhostByName */
function operationId({ method, path }: Route): string {
  const words = path
    .replace(/:(\w+)/g, "by $1")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
    .map((word) => `${word[0]!.toUpperCase()}${word.slice(1)}`);
  return `${method.toLowerCase()}${words.join("")}`;
}

function requestBody(example: ApiObject): ApiObject {
  return {
    content: { "application/json": { schema: schemaOf(example), example } },
  };
}

function schemaOf(value: ApiJson): ApiObject {
  if (Array.isArray(value)) {
    return { type: "array", ...(value.length === 0 ? {} : { items: schemaOf(value[0]!) }) };
  }
  if (typeof value === "object" && value !== null) {
    const properties = Object.entries(value).map(([name, inner]) => [name, schemaOf(inner!)]);
    return { type: "object", properties: Object.fromEntries(properties) };
  }
  return { type: typeof value };
}

const REFUSAL = {
  content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
};

function responses({ method, path, needs, body }: Route): ApiObject {
  const answer =
    method === "PUT"
      ? { "201": { description: "New" }, "204": { description: "It was there, or has changed" } }
      : method === "DELETE"
        ? { "204": { description: "Done" } }
        : { "200": { description: "The answer", content: { "application/json": {} } } };
  return {
    ...answer,
    ...(body === undefined ? {} : { "400": { description: "Refused: why", ...REFUSAL } }),
    ...(needs === "nothing" ? {} : { "401": { description: "Not allowed", ...REFUSAL } }),
    ...(path.includes(":") ? { "404": { description: "Not there", ...REFUSAL } } : {}),
    ...(path.startsWith("/health/") ? { "503": { description: "Not healthy: why" } } : {}),
  };
}
