// What rabbitmqadmin can list, declare and delete: where each lies in the API, and which of its fields go where.

export interface Declarable {
  /** As on the command line. */
  readonly name: string;
  readonly method: "PUT" | "POST";
  /** `{field}` stands for a field of the command line, percent-encoded. */
  readonly path: string;
  readonly required: readonly string[];
  /** Fields of the body with their defaults; undefined = left out unless given. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Fields that are JSON on the command line. */
  readonly json: readonly string[];
}

export const declarables: readonly Declarable[] = [
  {
    name: "exchange",
    method: "PUT",
    path: "/exchanges/{vhost}/{name}",
    required: ["name", "type"],
    body: { type: undefined, auto_delete: false, durable: true, internal: false, arguments: {} },
    json: ["arguments"],
  },
  {
    name: "queue",
    method: "PUT",
    path: "/queues/{vhost}/{name}",
    required: ["name"],
    body: {
      auto_delete: false,
      durable: true,
      arguments: {},
      node: undefined,
      queue_type: undefined,
    },
    json: ["arguments"],
  },
  {
    name: "binding",
    method: "POST",
    path: "/bindings/{vhost}/e/{source}/{destination_type}/{destination}",
    required: ["source", "destination"],
    body: { routing_key: "", arguments: {} },
    json: ["arguments"],
  },
  {
    name: "vhost",
    method: "PUT",
    path: "/vhosts/{name}",
    required: ["name"],
    body: {
      tracing: undefined,
      description: undefined,
      tags: undefined,
      default_queue_type: undefined,
    },
    json: [],
  },
  {
    name: "user",
    method: "PUT",
    path: "/users/{name}",
    required: ["name"],
    body: { password: undefined, password_hash: undefined, hashing_algorithm: undefined, tags: "" },
    json: [],
  },
  {
    name: "permission",
    method: "PUT",
    path: "/permissions/{vhost}/{user}",
    required: ["vhost", "user", "configure", "write", "read"],
    body: { configure: undefined, write: undefined, read: undefined },
    json: [],
  },
  {
    name: "parameter",
    method: "PUT",
    path: "/parameters/{component}/{vhost}/{name}",
    required: ["component", "name", "value"],
    body: { value: undefined },
    json: ["value"],
  },
  {
    name: "policy",
    method: "PUT",
    path: "/policies/{vhost}/{name}",
    required: ["name", "pattern", "definition"],
    body: { pattern: undefined, definition: undefined, priority: 0, "apply-to": "all" },
    json: ["definition", "priority"],
  },
  {
    name: "operator_policy",
    method: "PUT",
    path: "/operator-policies/{vhost}/{name}",
    required: ["name", "pattern", "definition"],
    body: { pattern: undefined, definition: undefined, priority: 0, "apply-to": "queues" },
    json: ["definition", "priority"],
  },
  {
    name: "vhost_limit",
    method: "PUT",
    path: "/vhost-limits/{vhost}/{name}",
    required: ["name", "value"],
    body: { value: undefined },
    json: ["value"],
  },
  {
    name: "user_limit",
    method: "PUT",
    path: "/user-limits/{user}/{name}",
    required: ["user", "name", "value"],
    body: { value: undefined },
    json: ["value"],
  },
];

/** Paths of what can be deleted. */
export const deletables: Readonly<
  Record<string, { readonly path: string; readonly required: readonly string[] }>
> = {
  exchange: { path: "/exchanges/{vhost}/{name}", required: ["name"] },
  queue: { path: "/queues/{vhost}/{name}", required: ["name"] },
  binding: {
    path: "/bindings/{vhost}/e/{source}/{destination_type}/{destination}/{properties_key}",
    required: ["source", "destination_type", "destination", "properties_key"],
  },
  vhost: { path: "/vhosts/{name}", required: ["name"] },
  user: { path: "/users/{name}", required: ["name"] },
  permission: { path: "/permissions/{vhost}/{user}", required: ["vhost", "user"] },
  parameter: { path: "/parameters/{component}/{vhost}/{name}", required: ["component", "name"] },
  policy: { path: "/policies/{vhost}/{name}", required: ["name"] },
  operator_policy: { path: "/operator-policies/{vhost}/{name}", required: ["name"] },
  vhost_limit: { path: "/vhost-limits/{vhost}/{name}", required: ["name"] },
  user_limit: { path: "/user-limits/{user}/{name}", required: ["user", "name"] },
};

/** What can be listed, with the columns shown when none are asked for; none = all. */
export const listables: Readonly<
  Record<
    string,
    { readonly path: string; readonly inVhost: boolean; readonly columns: readonly string[] }
  >
> = {
  users: {
    path: "/users",
    inVhost: false,
    columns: [],
  },
  vhosts: { path: "/vhosts", inVhost: false, columns: ["name", "messages"] },
  connections: { path: "/connections", inVhost: false, columns: ["name", "user", "channels"] },
  exchanges: { path: "/exchanges", inVhost: true, columns: ["name", "type"] },
  bindings: { path: "/bindings", inVhost: true, columns: ["source", "destination", "routing_key"] },
  permissions: {
    path: "/permissions",
    inVhost: false,
    columns: [],
  },
  channels: { path: "/channels", inVhost: false, columns: ["name", "user"] },
  consumers: {
    path: "/consumers",
    inVhost: false,
    columns: ["consumer_tag", "queue.name", "prefetch_count", "active"],
  },
  parameters: {
    path: "/parameters",
    inVhost: false,
    columns: [],
  },
  nodes: { path: "/nodes", inVhost: false, columns: ["name", "type", "mem_used"] },
  policies: {
    path: "/policies",
    inVhost: true,
    columns: [],
  },
  operator_policies: {
    path: "/operator-policies",
    inVhost: true,
    columns: [],
  },
  queues: { path: "/queues", inVhost: true, columns: ["name", "messages"] },
  vhost_limits: { path: "/vhost-limits", inVhost: false, columns: [] },
  user_limits: { path: "/user-limits", inVhost: false, columns: [] },
  feature_flags: { path: "/feature-flags", inVhost: false, columns: [] },
  deprecated_features: {
    path: "/deprecated-features",
    inVhost: false,
    columns: ["name", "deprecation_phase", "state"],
  },
  global_parameters: { path: "/global-parameters", inVhost: false, columns: [] },
};
