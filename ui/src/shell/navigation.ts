// The pages in the menu, and who sees them.

import { shell } from "../texts/shell.ts";

export interface NavigationEntry {
  readonly path: string;
  readonly label: string;
  /** The least user tag that makes sense of the page. */
  readonly needs?: "monitoring" | "policymaker" | "administrator";
  /** Only where this extension of RabbitMQ's management is present. */
  readonly extension?: string;
  /** Leveret has it without an extension. */
  readonly builtIn?: boolean;
  /** Only on brokers with the functions beyond RabbitMQ's. */
  readonly leveretOnly?: boolean;
}

export interface NavigationGroup {
  readonly label: string;
  readonly entries: readonly NavigationEntry[];
}

const { pages, groups } = shell;

export const navigation: readonly NavigationGroup[] = [
  {
    label: groups.broker,
    entries: [
      { path: "/", label: pages.overview },
      { path: "/connections", label: pages.connections },
      { path: "/channels", label: pages.channels },
      { path: "/consumers", label: pages.consumers },
      { path: "/exchanges", label: pages.exchanges },
      { path: "/queues", label: pages.queues },
      {
        path: "/stream/super-streams",
        label: pages.superStreams,
        extension: "stream.js",
        builtIn: true,
      },
    ],
  },
  {
    label: groups.explore,
    entries: [
      { path: "/topology", label: pages.topology },
      { path: "/playground", label: pages.playground },
      { path: "/dead-letters", label: pages.deadLetters },
      { path: "/tap", label: pages.tap, leveretOnly: true },
      { path: "/timeline", label: pages.timeline, needs: "monitoring", leveretOnly: true },
      { path: "/logs", label: pages.logs, needs: "monitoring", leveretOnly: true },
    ],
  },
  {
    label: groups.admin,
    entries: [
      { path: "/users", label: pages.users, needs: "administrator" },
      { path: "/vhosts", label: pages.vhosts },
      { path: "/policies", label: pages.policies, needs: "policymaker" },
      { path: "/limits", label: pages.limits, needs: "administrator" },
      { path: "/feature-flags", label: pages.featureFlags, needs: "administrator" },
      { path: "/deprecated-features", label: pages.deprecated, needs: "administrator" },
      { path: "/cluster-name", label: pages.cluster, needs: "administrator" },
      {
        path: "/traces",
        label: pages.tracing,
        needs: "administrator",
        extension: "tracing.js",
        builtIn: true,
      },
    ],
  },
  {
    label: groups.plugins,
    entries: [
      { path: "/shovels", label: pages.shovelStatus, needs: "monitoring", extension: "shovel.js" },
      {
        path: "/dynamic-shovels",
        label: pages.shovels,
        needs: "policymaker",
        extension: "shovel.js",
      },
      {
        path: "/federation",
        label: pages.federation,
        needs: "monitoring",
        extension: "federation.js",
      },
      {
        path: "/federation-upstreams",
        label: pages.upstreams,
        needs: "policymaker",
        extension: "federation.js",
      },
      { path: "/stream/connections", label: pages.streams, extension: "stream.js" },
      { path: "/top", label: pages.processes, needs: "administrator", extension: "top.js" },
    ],
  },
];

const RANKS: Readonly<Record<string, readonly string[]>> = {
  monitoring: ["monitoring", "administrator"],
  policymaker: ["policymaker", "administrator"],
  administrator: ["administrator"],
};

/** True for users whose tags include the needed one or a higher one. */
export function hasTag(tags: readonly string[], needed: string | undefined): boolean {
  if (needed === undefined) return true;
  return (RANKS[needed] ?? []).some((tag) => tags.includes(tag));
}
