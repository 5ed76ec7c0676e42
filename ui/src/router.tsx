// Which address shows which page. RabbitMQ's own addresses all work; every page but its frame is a chunk of its own.

import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import type { ComponentType } from "react";
import { Empty, Failure, Page, Waiting } from "./parts/page.tsx";
import { AppShell } from "./shell/app-shell.tsx";
import { words } from "./texts/words.ts";

type PageModule = { readonly default: ComponentType };
type PageTable = Readonly<Record<string, () => Promise<PageModule>>>;

const pages: PageTable = {
  "/": () => import("./pages/overview/overview-page.tsx"),
  "/connections": () => import("./pages/connections/connections-page.tsx"),
  "/connections/$name": () => import("./pages/connections/connection-page.tsx"),
  "/channels": () => import("./pages/channels/channels-page.tsx"),
  "/channels/$name": () => import("./pages/channels/channel-page.tsx"),
  "/consumers": () => import("./pages/consumers/consumers-page.tsx"),
  "/exchanges": () => import("./pages/exchanges/exchanges-page.tsx"),
  "/exchanges/$vhost/$name": () => import("./pages/exchanges/exchange-page.tsx"),
  "/queues": () => import("./pages/queues/queues-page.tsx"),
  "/queues/$vhost/$name": () => import("./pages/queues/queue-page.tsx"),
  "/topology": () => import("./pages/topology/topology-page.tsx"),
  "/playground": () => import("./pages/playground/playground-page.tsx"),
  "/dead-letters": () => import("./pages/dead-letters/dead-letters-page.tsx"),
  "/tap": () => import("./pages/watch/tap-page.tsx"),
  "/timeline": () => import("./pages/watch/timeline-page.tsx"),
  "/logs": () => import("./pages/logs/logs-page.tsx"),
  "/nodes/$name": () => import("./pages/nodes/node-page.tsx"),
  "/users": () => import("./pages/users/users-page.tsx"),
  "/users/$name": () => import("./pages/users/user-page.tsx"),
  "/vhosts": () => import("./pages/vhosts/vhosts-page.tsx"),
  "/vhosts/$name": () => import("./pages/vhosts/vhost-page.tsx"),
  "/policies": () => import("./pages/policies/policies-page.tsx"),
  "/policies/$vhost/$name": () => import("./pages/policies/user-policy-page.tsx"),
  "/operator_policies/$vhost/$name": () => import("./pages/policies/operator-policy-page.tsx"),
  "/limits": () => import("./pages/limits/limits-page.tsx"),
  "/feature-flags": () => import("./pages/features/feature-flags-page.tsx"),
  "/deprecated-features": () => import("./pages/features/deprecated-features-page.tsx"),
  "/cluster-name": () => import("./pages/cluster/cluster-page.tsx"),
  "/traces": () => import("./pages/tracing/traces-page.tsx"),
  "/traces/$node/$vhost/$name": () => import("./pages/tracing/traces-page.tsx"),
  "/shovels": () => import("./pages/shovels/shovel-status-page.tsx"),
  "/dynamic-shovels": () => import("./pages/shovels/shovels-page.tsx"),
  "/dynamic-shovels/$vhost/$name": () => import("./pages/shovels/shovel-page.tsx"),
  "/federation": () => import("./pages/federation/federation-status-page.tsx"),
  "/federation-upstreams": () => import("./pages/federation/upstreams-page.tsx"),
  "/federation-upstreams/$vhost/$name": () => import("./pages/federation/upstream-page.tsx"),
  "/stream/connections": () => import("./pages/streams/stream-connections-page.tsx"),
  "/stream/super-streams": () => import("./pages/streams/super-streams-page.tsx"),
  "/top": () => import("./pages/top/top-page.tsx"),
};

const root = createRootRoute({
  component: AppShell,
  notFoundComponent: () => (
    <Page title={words.notFound}>
      <Empty title={words.notFound} />
    </Page>
  ),
  errorComponent: ({ error }) => <Failure error={error as Error} />,
});

const routes = Object.entries(pages).map(([path, load]) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(load),
    pendingComponent: Waiting,
    errorComponent: ({ error }) => <Failure error={error as Error} />,
  }),
);

/** Hash history, as RabbitMQ's UI has it; search parameters are plain text. */
export const router = createRouter({
  routeTree: root.addChildren(routes),
  history: createHashHistory(),
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text === "" ? "" : `?${text}`;
  },
});
