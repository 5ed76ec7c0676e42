// Health checks, as load balancers and orchestrators ask for them.

import { X509Certificate } from "node:crypto";
import { type Answer, badRequest, json, notFound } from "../answers.ts";
import type { ApiJson, ApiObject } from "../api-json.ts";
import type { ApiRequest } from "../request.ts";
import { get, type Route } from "../route.ts";

const OK = json({ status: "ok" });
const DAY_MS = 86_400_000;
const UNIT_DAYS: Readonly<Record<string, number>> = { days: 1, weeks: 7, months: 30, years: 365 };
const FAILED = 503;

export const healthRoutes: readonly Route[] = [
  get(
    "/aliveness-test/:vhost",
    "management",
    "Whether a virtual host is there and answers",
    (request) => {
      if (!request.management.broker.vhosts.has(request.param("vhost"))) throw notFound();
      request.vhost();
      return OK;
    },
  ),
  ...["/healthchecks/node", "/healthchecks/node/:node"].map((path) =>
    get(path, "management", "Whether the node answers", () => OK),
  ),
  ...["alarms", "local-alarms"].map((name) =>
    get(`/health/checks/${name}`, "management", "503 while memory or disk run low", alarms),
  ),
  get(
    "/health/checks/metadata-store/initialized",
    "management",
    "Whether definitions are loaded",
    () => OK,
  ),
  get(
    "/health/checks/metadata-store/initialized/with-data",
    "management",
    "Whether there is any virtual host",
    ({ management }) => (management.broker.vhosts.size > 0 ? OK : failed({ reason: "No data" })),
  ),
  get(
    "/health/checks/certificate-expiration/:within/:unit",
    "management",
    "503 when a certificate ends soon",
    certificates,
  ),
  get(
    "/health/checks/port-listener/:port",
    "management",
    "503 unless something listens on this port",
    portListener,
  ),
  get(
    "/health/checks/protocol-listener/:protocols",
    "management",
    "503 unless a protocol is served (amqp, amqps, http, …)",
    protocolListener,
  ),
  ...[
    "virtual-hosts",
    "is-in-service",
    "below-node-connection-limit",
    "ready-to-serve-clients",
    "reached-target-cluster-size",
  ].map((name) =>
    get(`/health/checks/${name}`, "management", "Whether the node serves clients", () => OK),
  ),
  ...[
    "quorum-queues-without-elected-leaders/all-vhosts",
    "quorum-queues-without-elected-leaders/all-vhosts/pattern/:pattern",
    "quorum-queues-without-elected-leaders/vhost/:vhost",
    "quorum-queues-without-elected-leaders/vhost/:vhost/pattern/:pattern",
  ].map((name) =>
    get(
      `/health/checks/${name}`,
      "management",
      "Quorum queues without a leader; one node always leads",
      () => OK,
    ),
  ),
  ...["node-is-quorum-critical", "node-is-mirror-sync-critical"].map((name) =>
    get(
      `/health/checks/${name}`,
      "management",
      "503 when stopping this node would stop quorum queues",
      () => json({ status: "ok", reason: "single node cluster" }),
    ),
  ),
];

function failed(details: ApiObject): Answer {
  return json({ status: "failed", ...details }, FAILED);
}

function alarms({ management }: ApiRequest): Answer {
  const { broker } = management;
  if (!broker.alarms.blocked) return OK;
  const active = [...broker.alarms.active.keys()].map((resource) => ({
    node: broker.nodeName,
    resource,
  }));
  return failed({ reason: "There are alarms in effect in the cluster", alarms: active });
}

function certificates(request: ApiRequest): Answer {
  const days = UNIT_DAYS[request.param("unit")];
  const within = Number(request.param("within"));
  if (days === undefined) {
    throw badRequest("Time unit not recognised. Supported units: days, weeks, months, years.");
  }
  if (!Number.isInteger(within) || within < 0) throw badRequest("Invalid expiration value.");
  const { broker, node } = request.management;
  const limitMs = broker.clock.nowMs() + within * days * DAY_MS;
  const expired: ApiJson[] = [];
  for (const { certificate, protocol, port } of node.listeners()) {
    if (certificate === undefined) continue;
    const { validTo } = new X509Certificate(certificate);
    if (Date.parse(validTo) <= limitMs) expired.push({ protocol, port, expires_on: validTo });
  }
  if (expired.length === 0) return OK;
  return failed({ reason: "Certificates expiring", expired });
}

function portListener(request: ApiRequest): Answer {
  const port = Number(request.param("port"));
  if (!Number.isInteger(port)) throw badRequest("Invalid port");
  const ports = request.management.node.listeners().map((listener) => listener.port);
  if (ports.includes(port)) return json({ status: "ok", port });
  return failed({ reason: "No active listener", missing: port, ports });
}

/** Other names for the same protocol. */
const PROTOCOL_NAMES: Readonly<Record<string, string>> = {
  amqp091: "amqp",
  amqp10: "amqp",
  amqps: "amqp/ssl",
  "amqp/tls": "amqp/ssl",
  "amqp1.0": "amqp",
  https: "https",
};

function protocolListener(request: ApiRequest): Answer {
  const wanted = request.param("protocols").split(",");
  const served = request.management.node.listeners().map((listener) => listener.protocol);
  const missing = wanted.filter((name) => !served.includes(PROTOCOL_NAMES[name] ?? name));
  if (missing.length === 0) return json({ status: "ok", protocol: wanted[0] });
  return failed({
    reason: "No active listener",
    missing: missing.length === 1 ? missing[0] : missing,
    protocols: served,
  });
}
