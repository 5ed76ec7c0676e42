// The node as a whole: overview, nodes, names, who am I.

import { badRequest, json, noContent, notFound } from "../answers.ts";
import { property } from "../api-json.ts";
import type { ApiRequest } from "../request.ts";
import { get, put, type Route, remove } from "../route.ts";
import { memoryView, nodeView } from "../views/node.ts";
import { overviewView } from "../views/overview.ts";
import { ownOverviewView } from "../views/own-overview.ts";

export const nodeRoutes: readonly Route[] = [
  get("/overview", "management", "The whole node at a glance", (request) => {
    const { management, view, isMonitor } = request;
    return json(isMonitor ? overviewView(management, view) : ownOverviewView(request));
  }),
  get("/cluster-name", "management", "The cluster's name", ({ management }) =>
    json({ name: management.broker.clusterName }),
  ),
  put("/cluster-name", "administrator", "Changes the cluster's name", renameCluster, {
    body: { name: "berlin" },
  }),
  get("/nodes", "monitoring", "All nodes", ({ management, view }) =>
    json([nodeView(management, view)]),
  ),
  get("/nodes/:node", "monitoring", "One node", (request) => {
    requireNode(request);
    return json(nodeView(request.management, request.view));
  }),
  get("/nodes/:node/memory", "monitoring", "Where the node's memory went, in bytes", (request) => {
    requireNode(request);
    return json(memoryView(request.management));
  }),
  get("/nodes/:node/memory/relative", "monitoring", "Where it went, in percent", (request) => {
    requireNode(request);
    return json(relativeMemory(request));
  }),
  get("/extensions", "management", "Extensions of the web pages", () => json([])),
  get("/version", "nothing", "Version of this API", ({ management }) =>
    json(management.node.rabbitmqVersion),
  ),
  get("/whoami", "management", "The user asking", ({ user, management }) =>
    json({
      name: user.name,
      tags: user.tags,
      is_internal_user: management.broker.access.store.get(user.name) !== undefined,
      login_session_timeout: management.options.sessionTimeoutMinutes,
    }),
  ),
  get("/auth", "nothing", "How the web pages log in", () =>
    json({ oauth_enabled: false, enable_uaa: false, uaa_client_id: "", uaa_location: "" }),
  ),
  remove(
    "/reset",
    "administrator",
    "Starts statistics anew; here they need no reset",
    () => noContent,
  ),
  remove("/reset/:node", "administrator", "The same for one node", () => noContent),
];

function requireNode(request: ApiRequest): void {
  if (request.param("node") !== request.management.broker.nodeName) throw notFound();
}

function renameCluster({ management, body, user }: ApiRequest) {
  const name = property(body, "name");
  if (typeof name !== "string" || name === "") throw badRequest("[{key_missing,name}]");
  management.renameCluster(name, user.name);
  return noContent;
}

function relativeMemory({ management }: ApiRequest) {
  const { node } = management;
  const total = node.sample().memoryBytes;
  const shares = Object.entries(node.memoryBreakdown()).map(([name, bytes]) => [
    name,
    Math.round((bytes * 100) / total),
  ]);
  return { memory: { ...Object.fromEntries(shares), strategy: "rss", total: 100 } };
}
